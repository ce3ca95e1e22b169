/** The endpoints of transfers to users: create, query. */
import { type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { describeTransfer, type Transfers } from '../ledger/transfers.js'
import type { Schema } from '../schema/catalogue.js'

/** What the documents say in prose. */
const RULES: Schema = {
  properties: {
    appid: { minLength: 1, maxLength: 32 },
    out_bill_no: { pattern: '^[0-9A-Za-z]{1,32}$' },
    openid: { minLength: 1, maxLength: 64 },
    transfer_amount: { minimum: 1 },
    transfer_remark: { minLength: 1, maxLength: 32 },
    transfer_scene_id: { minLength: 1, maxLength: 36 },
    notify_url: { maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
  },
}

export function transferEndpoints(transfers: Transfers): readonly Endpoint[] {
  return [
    endpoint(
      'post /v3/fund-app/mch-transfer/transfer-bills',
      ({ merchant, body, now }) => {
        const { request, transferBillNo, createTime, state } = transfers.place(merchant.mchid, body, now)
        return ok({
          out_bill_no: request.out_bill_no,
          transfer_bill_no: transferBillNo,
          create_time: createTime,
          state,
          ...(state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(transferBillNo).toString('base64') }),
        })
      },
      { rules: RULES, numbers: 'ledger' },
    ),
    endpoint('get /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}', call =>
      ok(describeTransfer(transfers.find(call.merchant.mchid, readParam(call, 'out_bill_no')))),
    ),
  ]
}
