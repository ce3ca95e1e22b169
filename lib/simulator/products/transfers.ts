/** The endpoints of transfers to users: create, query. */
import { type Endpoint, ok, readJson, readParam } from '../gateway/endpoint.js'
import { describeTransfer, type Transfers } from '../ledger/transfers.js'

const TRANSFER = {
  type: 'object',
  required: ['appid', 'out_bill_no', 'openid', 'transfer_amount', 'transfer_remark', 'transfer_scene_id'],
  properties: {
    appid: { type: 'string', title: '商户AppID', minLength: 1, maxLength: 32 },
    out_bill_no: { type: 'string', title: '商户单号', pattern: '^[0-9A-Za-z]{1,32}$' },
    openid: { type: 'string', title: '收款用户OpenID', minLength: 1, maxLength: 64 },
    user_name: { type: 'string', title: '收款用户姓名' },
    transfer_amount: { type: 'integer', title: '转账金额', minimum: 1 },
    transfer_remark: { type: 'string', title: '转账备注', minLength: 1, maxLength: 32 },
    transfer_scene_id: { type: 'string', title: '转账场景ID', minLength: 1, maxLength: 36 },
    notify_url: { type: 'string', title: '通知地址', maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
  },
} as const

export function transferEndpoints(transfers: Transfers): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/v3/fund-app/mch-transfer/transfer-bills',
      handle(call) {
        const { request, transferBillNo, createTime, state } = transfers.place(
          call.merchant.mchid,
          readJson(call, TRANSFER),
          call.now,
        )
        return ok({
          out_bill_no: request.out_bill_no,
          transfer_bill_no: transferBillNo,
          create_time: createTime,
          state,
          ...(state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(transferBillNo).toString('base64') }),
        })
      },
    },
    {
      method: 'GET',
      path: '/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}',
      handle: call => ok(describeTransfer(transfers.find(call.merchant.mchid, readParam(call, 'out_bill_no')))),
    },
  ]
}
