/** The endpoints of profit sharing: receivers, orders, unfreezing, returns, amounts. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { ProfitSharing, Sharing, SharingReturn } from '../ledger/sharing.js'

const PLACING = { numbers: 'ledger' } as const

export function sharingEndpoints(sharing: ProfitSharing): readonly Endpoint[] {
  const order = (share: Sharing) => ok(describe(sharing, share))
  const back = (row: SharingReturn) => ok(describeReturn(sharing, row))
  return [
    endpoint('post /v3/profitsharing/receivers/add', ({ merchant, body, respond }) => {
      sharing.relate(merchant.mchid, body)
      return respond(body)
    }),
    endpoint('post /v3/profitsharing/receivers/delete', ({ merchant, body, respond }) => {
      sharing.unrelate(merchant.mchid, body)
      return respond({ type: body.type, account: body.account })
    }),
    endpoint(
      'post /v3/profitsharing/orders',
      ({ merchant, body, now }) => order(sharing.share(merchant.mchid, body, now)),
      PLACING,
    ),
    endpoint(
      'post /v3/profitsharing/orders/unfreeze',
      ({ merchant, body, now }) => order(sharing.share(merchant.mchid, { ...body, unfreeze_unsplit: true }, now)),
      PLACING,
    ),
    endpoint('get /v3/profitsharing/orders/{out_order_no}', call => order(find(call, sharing))),
    endpoint(
      'post /v3/profitsharing/return-orders',
      ({ merchant, body, now }) => back(sharing.takeBack(merchant.mchid, body, now)),
      PLACING,
    ),
    endpoint('get /v3/profitsharing/return-orders/{out_return_no}', call =>
      back(sharing.returns.find(call.merchant.mchid, readParam(call, 'out_return_no'))),
    ),
    endpoint('get /v3/profitsharing/transactions/{transaction_id}/amounts', call => {
      const transaction_id = readParam(call, 'transaction_id')
      return ok({ transaction_id, unsplit_amount: sharing.unsplit(call.merchant.mchid, transaction_id) })
    }),
  ]
}

function find(call: Call, sharing: ProfitSharing): Sharing {
  return sharing.shares.find(call.merchant.mchid, readParam(call, 'out_order_no'))
}

function describe(sharing: ProfitSharing, share: Sharing): object {
  const { sub_mchid, transaction_id } = share.request
  return {
    ...(sub_mchid && { sub_mchid }),
    transaction_id,
    out_order_no: share.no,
    order_id: share.id,
    state: share.state,
    receivers: sharing.resultsOf(share).map(({ receiver, result, reason }, index) => ({
      type: receiver.type,
      account: receiver.account,
      amount: receiver.amount,
      description: receiver.description,
      result,
      ...(reason !== undefined && { fail_reason: reason }),
      detail_id: `${share.id}${String(index + 1).padStart(4, '0')}`,
      create_time: beijingTime(share.created),
      finish_time: beijingTime(share.updated),
    })),
  }
}

function describeReturn(sharing: ProfitSharing, row: SharingReturn): object {
  const { sub_mchid, return_mchid, amount, description } = row.request
  const share = sharing.shareOf(row)
  return {
    ...(sub_mchid && { sub_mchid }),
    order_id: share.id,
    out_order_no: share.no,
    out_return_no: row.no,
    return_id: row.id,
    return_mchid,
    amount,
    description,
    result: row.state,
    ...(row.reason !== undefined && { fail_reason: row.reason }),
    create_time: beijingTime(row.created),
    ...(row.state !== 'PROCESSING' && { finish_time: beijingTime(row.updated) }),
  }
}
