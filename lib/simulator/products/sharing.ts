/** The endpoints of profit sharing: receivers, orders, unfreezing, returns, amounts; of merchants, partners, brands and platforms. */
import { beijingTime } from '../../util/beijing-time.js'
import { alsoAt, type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { ProfitSharing, ReturnRequest, Sharing, SharingRequest, SharingReturn } from '../ledger/sharing.js'
import { detailIdOf, MAX_RATIO } from '../ledger/sharing-rules.js'
import type { Schema } from '../schema/catalogue.js'

const PLATFORM = '/v3/ecommerce/profitsharing'
const BRAND = '/v3/brand/profitsharing'

/** Rules that the documents give in prose. */
const NUMBER = { pattern: '^[0-9A-Za-z_\\-|*@]{1,64}$' }
const RULES: Schema = {
  properties: {
    out_order_no: NUMBER,
    receivers: {
      minItems: 1,
      maxItems: 50,
      items: { properties: { amount: { minimum: 1 }, description: { minLength: 1, maxLength: 80 } } },
    },
  },
}

const PLACING = { rules: RULES, numbers: 'ledger' } as const
const RETURNING = {
  rules: { properties: { out_return_no: NUMBER, amount: { minimum: 1 } } },
  numbers: 'ledger',
} as const

/** The owner of the receivers: a sub-merchant, a brand, or the caller. */
interface Owned {
  sub_mchid?: string | undefined
  brand_mchid?: string | undefined
}
type ReceiverCall = Call<Owned & { type: string; account: string }>

export function sharingEndpoints(sharing: ProfitSharing): readonly Endpoint[] {
  const add = ({ merchant, body, respond }: ReceiverCall) => {
    sharing.relate(merchant.mchid, body, ownerOf(body))
    return respond(body)
  }
  const remove = ({ merchant, body, respond }: ReceiverCall) => {
    sharing.unrelate(merchant.mchid, body, ownerOf(body))
    return respond(body)
  }
  const share = (call: Call, request: SharingRequest) => sharing.share(call.merchant.mchid, request, call.now)
  const finish = (call: Call<Omit<SharingRequest, 'unfreeze_unsplit'>>) =>
    share(call, { ...call.body, unfreeze_unsplit: true })
  const find = ({ merchant }: Call, number: string | null) => sharing.shares.find(merchant.mchid, number ?? '')
  const takeBack = ({ merchant, body, now }: Call<ReturnRequest>) =>
    describeReturn(sharing, sharing.takeBack(merchant.mchid, body, now))
  const returned = ({ merchant }: Call, number: string | null) =>
    describeReturn(sharing, sharing.returns.find(merchant.mchid, number ?? ''))
  const amounts = (call: Call) => {
    const transaction_id = readParam(call, 'transaction_id')
    return ok({ transaction_id, unsplit_amount: sharing.unsplit(call.merchant.mchid, transaction_id, call.now) })
  }
  const ratio = (call: Call) => call.respond({ max_ratio: MAX_RATIO })
  const own = (row: Sharing) => ok({ ...describe(sharing, row), receivers: partsOf(sharing, row) })
  const others = (row: Sharing) => ok(describe(sharing, row))
  return [
    endpoint('post /v3/profitsharing/receivers/add', add),
    endpoint('post /v3/profitsharing/receivers/delete', remove),
    endpoint(
      'post /v3/profitsharing/orders',
      call => own(share(call, { ...call.body, owner: ownerOf(call.body) })),
      PLACING,
    ),
    endpoint('post /v3/profitsharing/orders/unfreeze', call => own(finish(call)), PLACING),
    endpoint('get /v3/profitsharing/orders/{out_order_no}', call => own(find(call, readParam(call, 'out_order_no')))),
    endpoint('post /v3/profitsharing/return-orders', call => ok(takeBack(call)), RETURNING),
    endpoint('get /v3/profitsharing/return-orders/{out_return_no}', call =>
      ok(returned(call, readParam(call, 'out_return_no'))),
    ),
    endpoint('get /v3/profitsharing/transactions/{transaction_id}/amounts', amounts),
    endpoint('get /v3/profitsharing/merchant-configs/{sub_mchid}', ratio),

    ...alsoAt(
      PLATFORM,
      [BRAND],
      [
        endpoint(`post ${PLATFORM}/receivers/add`, add),
        endpoint(`post ${PLATFORM}/receivers/delete`, remove),
        endpoint(`get ${PLATFORM}/orders`, call => others(find(call, call.query.get('out_order_no')))),
        endpoint(`post ${PLATFORM}/finish-order`, call => others(finish(call)), PLACING),
        endpoint(`get ${PLATFORM}/orders/{transaction_id}/amounts`, amounts),
        endpoint(`post ${PLATFORM}/returnorders`, call => ok(inOtherWords(takeBack(call))), RETURNING),
        endpoint(`get ${PLATFORM}/returnorders`, call =>
          ok(inOtherWords(returned(call, call.query.get('out_return_no')))),
        ),
      ],
    ),
    endpoint(
      `post ${PLATFORM}/orders`,
      call => {
        const { finish: unfreeze_unsplit, receivers: given, ...request } = call.body
        const receivers = given.map(({ receiver_account: account, ...receiver }) => ({ ...receiver, account }))
        return others(share(call, { ...request, unfreeze_unsplit, receivers }))
      },
      PLACING,
    ),
    endpoint(
      `post ${BRAND}/orders`,
      call => {
        const { finish: unfreeze_unsplit, ...request } = call.body
        const row = share(call, { ...request, unfreeze_unsplit, owner: ownerOf(call.body) })
        return call.respond(describe(sharing, row))
      },
      PLACING,
    ),
    endpoint(`get ${BRAND}/brand-configs/{brand_mchid}`, ratio),
  ]
}

function ownerOf({ brand_mchid, sub_mchid }: Owned): string | undefined {
  return brand_mchid ?? sub_mchid
}

/** The receivers, and the merchant itself with the unfrozen amount. */
function partsOf(sharing: ProfitSharing, row: Sharing): object[] {
  const { receivers } = describe(sharing, row)
  const amount = sharing.unfrozenBy(row)
  const times = { create_time: beijingTime(row.created), finish_time: beijingTime(row.updated) }
  const own = amount && {
    type: 'MERCHANT_ID',
    account: sharing.payerOf(row),
    amount,
    description: '解冻给分账方',
    result: row.state === 'FINISHED' ? 'SUCCESS' : 'PENDING',
    detail_id: detailIdOf(row, receivers.length),
  }
  return [...receivers, ...(own ? [own] : [])].map(part => ({ ...part, ...times }))
}

/** The fields that the APIs return, under the names of each. */
function describe(sharing: ProfitSharing, row: Sharing) {
  const { sub_mchid, transaction_id } = row.request
  const finish_amount = sharing.unfrozenBy(row)
  return {
    ...(sub_mchid && { sub_mchid }),
    transaction_id,
    out_order_no: row.no,
    order_id: row.id,
    state: row.state,
    status: row.state,
    receivers: sharing.resultsOf(row).map(({ receiver, result, reason }, index) => ({
      type: receiver.type,
      account: receiver.account,
      receiver_account: receiver.account,
      ...(receiver.type === 'MERCHANT_ID' && { receiver_mchid: receiver.account }),
      amount: receiver.amount,
      description: receiver.description,
      result,
      ...(reason !== undefined && { fail_reason: reason }),
      detail_id: detailIdOf(row, index),
      ...(row.state === 'FINISHED' && { finish_time: beijingTime(row.updated) }),
    })),
    ...(finish_amount !== undefined && { finish_amount, finish_description: '分账完结' }),
  }
}

/** Platforms and brands have a different state for a failed return. */
function inOtherWords({ result, ...row }: ReturnType<typeof describeReturn>): object {
  return { ...row, result: result === 'FAILED' ? 'FAIL' : result }
}

function describeReturn(sharing: ProfitSharing, row: SharingReturn) {
  const { sub_mchid, return_mchid, amount, description } = row.request
  const share = sharing.shareOf(row)
  return {
    ...(sub_mchid && { sub_mchid }),
    order_id: share.id,
    out_order_no: share.no,
    out_return_no: row.no,
    return_id: row.id,
    return_no: row.id,
    return_mchid,
    amount,
    description,
    result: row.state,
    ...(row.reason !== undefined && { fail_reason: row.reason }),
    create_time: beijingTime(row.created),
    ...(row.state !== 'PROCESSING' && { finish_time: beijingTime(row.updated) }),
  }
}
