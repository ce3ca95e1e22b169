/** The endpoints of profit sharing: receivers, orders, unfreezing, returns, amounts; of merchants, partners, brands and platforms. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import {
  detailIdOf,
  MAX_RATIO,
  type ProfitSharing,
  type ReturnRequest,
  type Sharing,
  type SharingReturn,
} from '../ledger/sharing.js'
import type { Schema } from '../schema/catalogue.js'

/** What the documents say in prose. */
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

interface Receiver {
  type: string
  account: string
}

export function sharingEndpoints(sharing: ProfitSharing): readonly Endpoint[] {
  const order = (share: Sharing) => ok(describe(sharing, share))
  const add =
    (owner?: (body: object) => string | undefined) =>
    ({ merchant, body, respond }: Call<Receiver>) => {
      sharing.relate(merchant.mchid, body, owner?.(body))
      return respond(owner === subMerchantOf ? body : {})
    }
  const remove =
    (owner?: (body: object) => string | undefined) =>
    ({ merchant, body, respond }: Call<Receiver>) => {
      sharing.unrelate(merchant.mchid, body, owner?.(body))
      return respond({ type: body.type, account: body.account })
    }
  const amounts = (call: Call) => {
    const transaction_id = readParam(call, 'transaction_id')
    return ok({ transaction_id, unsplit_amount: sharing.unsplit(call.merchant.mchid, transaction_id, call.now) })
  }
  const ratio = (name: string) => (call: Call) => ok({ [name]: readParam(call, name), max_ratio: MAX_RATIO })
  const named = ({ merchant, query }: Call) => sharing.shares.find(merchant.mchid, query.get('out_order_no') ?? '')
  const takeBack = ({ merchant, body, now }: Call<ReturnRequest>) => sharing.takeBack(merchant.mchid, body, now)
  const finish = ({ merchant, body, now, respond }: Call<FinishRequest>) => {
    const { description: _, ...request } = body
    const share = sharing.share(merchant.mchid, { ...request, unfreeze_unsplit: true }, now)
    return respond({ order_id: share.id })
  }
  const returned = (call: Call) =>
    ok(
      describePlatformReturn(sharing, sharing.returns.find(call.merchant.mchid, call.query.get('out_return_no') ?? '')),
    )
  return [
    endpoint('post /v3/profitsharing/receivers/add', add(subMerchantOf)),
    endpoint('post /v3/profitsharing/receivers/delete', remove(subMerchantOf)),
    endpoint(
      'post /v3/profitsharing/orders',
      ({ merchant, body, now }) => order(sharing.share(merchant.mchid, { ...body, owner: body.sub_mchid }, now)),
      PLACING,
    ),
    endpoint(
      'post /v3/profitsharing/orders/unfreeze',
      ({ merchant, body, now }) => order(sharing.share(merchant.mchid, { ...body, unfreeze_unsplit: true }, now)),
      PLACING,
    ),
    endpoint('get /v3/profitsharing/orders/{out_order_no}', call =>
      order(sharing.shares.find(call.merchant.mchid, readParam(call, 'out_order_no'))),
    ),
    endpoint('post /v3/profitsharing/return-orders', call => ok(describeReturn(sharing, takeBack(call))), RETURNING),
    endpoint('get /v3/profitsharing/return-orders/{out_return_no}', call =>
      ok(describeReturn(sharing, sharing.returns.find(call.merchant.mchid, readParam(call, 'out_return_no')))),
    ),
    endpoint('get /v3/profitsharing/transactions/{transaction_id}/amounts', amounts),
    endpoint('get /v3/profitsharing/merchant-configs/{sub_mchid}', ratio('sub_mchid')),

    endpoint('post /v3/ecommerce/profitsharing/receivers/add', add()),
    endpoint('post /v3/ecommerce/profitsharing/receivers/delete', remove()),
    endpoint(
      'post /v3/ecommerce/profitsharing/orders',
      ({ merchant, body, now }) => {
        const { sub_mchid, transaction_id, out_order_no, finish: unfreeze_unsplit, notify_url } = body
        const receivers = body.receivers.map(({ type, receiver_account: account, amount, description }) => ({
          type,
          account,
          amount,
          description,
        }))
        const request = { sub_mchid, transaction_id, out_order_no, unfreeze_unsplit, notify_url, receivers }
        return ok(describePlatform(sharing, sharing.share(merchant.mchid, request, now)))
      },
      PLACING,
    ),
    endpoint('get /v3/ecommerce/profitsharing/orders', call => ok(describePlatform(sharing, named(call)))),
    endpoint('post /v3/ecommerce/profitsharing/finish-order', finish, PLACING),
    endpoint('get /v3/ecommerce/profitsharing/orders/{transaction_id}/amounts', amounts),
    endpoint(
      'post /v3/ecommerce/profitsharing/returnorders',
      call => ok(describePlatformReturn(sharing, takeBack(call))),
      RETURNING,
    ),
    endpoint('get /v3/ecommerce/profitsharing/returnorders', returned),

    endpoint('post /v3/brand/profitsharing/receivers/add', add(brandOf)),
    endpoint('post /v3/brand/profitsharing/receivers/delete', remove(brandOf)),
    endpoint(
      'post /v3/brand/profitsharing/orders',
      ({ merchant, body, now, respond }) => {
        const { finish: unfreeze_unsplit, ...request } = body
        const owner = body.brand_mchid
        return respond(
          describeBrand(sharing, sharing.share(merchant.mchid, { ...request, unfreeze_unsplit, owner }, now)),
        )
      },
      PLACING,
    ),
    endpoint('get /v3/brand/profitsharing/orders', call => ok(describeBrand(sharing, named(call)))),
    endpoint('post /v3/brand/profitsharing/finish-order', finish, PLACING),
    endpoint('get /v3/brand/profitsharing/orders/{transaction_id}/amounts', amounts),
    endpoint(
      'post /v3/brand/profitsharing/returnorders',
      call => ok(describePlatformReturn(sharing, takeBack(call))),
      RETURNING,
    ),
    endpoint('get /v3/brand/profitsharing/returnorders', returned),
    endpoint('get /v3/brand/profitsharing/brand-configs/{brand_mchid}', ratio('brand_mchid')),
  ]
}

interface FinishRequest {
  sub_mchid: string
  transaction_id: string
  out_order_no: string
  description: string
  notify_url?: string | undefined
}

function subMerchantOf(body: { sub_mchid?: string | undefined }): string | undefined {
  return body.sub_mchid
}

function brandOf(body: { brand_mchid?: string | undefined }): string | undefined {
  return body.brand_mchid
}

/** The receivers, and the merchant itself with what was unfrozen. */
function partsOf(sharing: ProfitSharing, share: Sharing) {
  const parts = sharing.resultsOf(share)
  const amount = sharing.unfrozenBy(share)
  if (!amount) return parts
  const receiver = { type: 'MERCHANT_ID', account: sharing.payerOf(share), amount, description: '解冻给分账方' }
  return [...parts, { receiver, result: share.state === 'FINISHED' ? 'SUCCESS' : 'PENDING', reason: undefined }]
}

function describe(sharing: ProfitSharing, share: Sharing): object {
  const { sub_mchid, transaction_id } = share.request
  return {
    ...(sub_mchid && { sub_mchid }),
    transaction_id,
    out_order_no: share.no,
    order_id: share.id,
    state: share.state,
    receivers: partsOf(sharing, share).map(({ receiver, result, reason }, index) => ({
      type: receiver.type,
      account: receiver.account,
      amount: receiver.amount,
      description: receiver.description,
      result,
      ...(reason !== undefined && { fail_reason: reason }),
      detail_id: detailIdOf(share, index),
      create_time: beijingTime(share.created),
      finish_time: beijingTime(share.updated),
    })),
  }
}

function describeBrand(sharing: ProfitSharing, share: Sharing) {
  const { sub_mchid, transaction_id, receivers } = share.request
  const finish_amount = sharing.unfrozenBy(share)
  return {
    sub_mchid,
    transaction_id,
    out_order_no: share.no,
    order_id: share.id,
    status: share.state,
    ...(receivers && {
      receivers: sharing.resultsOf(share).map(({ receiver, result, reason }, index) => ({
        type: receiver.type,
        account: receiver.account,
        amount: receiver.amount,
        description: receiver.description,
        result,
        ...(share.state === 'FINISHED' && { finish_time: beijingTime(share.updated) }),
        ...(reason !== undefined && { fail_reason: reason }),
        detail_id: detailIdOf(share, index),
      })),
    }),
    ...(finish_amount !== undefined && { finish_amount, finish_description: '分账完结' }),
  }
}

function describePlatform(sharing: ProfitSharing, share: Sharing): object {
  const { receivers, ...common } = describeBrand(sharing, share)
  if (!receivers) return common
  return {
    ...common,
    receivers: receivers.map(({ account, ...receiver }) => ({
      ...receiver,
      ...(receiver.type === 'MERCHANT_ID' && { receiver_mchid: account }),
      receiver_account: account,
    })),
  }
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
    return_mchid,
    amount,
    description,
    result: row.state,
    ...(row.reason !== undefined && { fail_reason: row.reason }),
    create_time: beijingTime(row.created),
    ...(row.state !== 'PROCESSING' && { finish_time: beijingTime(row.updated) }),
  }
}

function describePlatformReturn(sharing: ProfitSharing, row: SharingReturn): object {
  const { return_id, description: _, create_time: __, result, ...common } = describeReturn(sharing, row)
  return { ...common, return_no: return_id, result: result === 'FAILED' ? 'FAIL' : result }
}
