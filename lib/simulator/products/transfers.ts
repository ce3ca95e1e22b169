/** The endpoints of transfers to users: create, query, cancel. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
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
  const find = (call: Call, name: string) => transfers.find(call.merchant.mchid, readParam(call, name))
  return [
    endpoint(
      'post /v3/fund-app/mch-transfer/transfer-bills',
      ({ merchant, body, now }) => {
        const { no, id, created, state, reason } = transfers.transfer(merchant.mchid, body, now)
        return ok({
          out_bill_no: no,
          transfer_bill_no: id,
          create_time: beijingTime(created),
          state,
          ...(reason !== undefined && { fail_reason: reason }),
          ...(state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(id).toString('base64') }),
        })
      },
      { rules: RULES, numbers: 'ledger' },
    ),
    endpoint('get /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}', call =>
      ok(describeTransfer(find(call, 'out_bill_no'))),
    ),
    endpoint('get /v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{transfer_bill_no}', call =>
      ok(describeTransfer(find(call, 'transfer_bill_no'))),
    ),
    endpoint('post /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel', call => {
      const transfer = transfers.move(find(call, 'out_bill_no'), 'cancel', call.now)
      return ok({
        out_bill_no: transfer.no,
        transfer_bill_no: transfer.id,
        state: transfer.state,
        update_time: beijingTime(transfer.updated),
      })
    }),
  ]
}
