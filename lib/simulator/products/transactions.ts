/** The endpoints of orders: create, query, close. */
import {
  type Call,
  type Endpoint,
  endpoint,
  NO_CONTENT,
  ok,
  readParam,
  requireOwnBody,
  requireOwnQuery,
} from '../gateway/endpoint.js'
import { describePayment, type Order, type Orders, requireOrder, stateOf } from '../ledger/orders.js'
import type { Schema } from '../schema/catalogue.js'

/** What the documents say in prose. */
const RULES: Schema = {
  properties: {
    appid: { minLength: 1, maxLength: 32 },
    description: { minLength: 1, maxLength: 127 },
    attach: { maxLength: 128 },
    out_trade_no: { pattern: '^[0-9A-Za-z_\\-|*]{6,32}$' },
    notify_url: { maxLength: 255, pattern: '^https?://[^\\s?#]+$' },
    amount: { properties: { total: { minimum: 1 }, currency: { enum: ['CNY'], 'x-closed': true } } },
    payer: { properties: { openid: { minLength: 1, maxLength: 128 } } },
  },
}

// An order is shared with APIv2: its ledger compares the numbers.
const PLACING = { rules: RULES, numbers: 'ledger' } as const

export function transactionEndpoints(orders: Orders): readonly Endpoint[] {
  return [
    endpoint(
      'post /v3/pay/transactions/native',
      call => {
        requireOwnBody(call)
        const { prepayId } = orders.place('NATIVE', call.body, call.now)
        return ok({ code_url: `weixin://wxpay/bizpayurl?pr=${prepayId}` })
      },
      PLACING,
    ),
    endpoint(
      'post /v3/pay/transactions/jsapi',
      call => {
        requireOwnBody(call)
        return ok({ prepay_id: orders.place('JSAPI', call.body, call.now).prepayId })
      },
      PLACING,
    ),
    endpoint('get /v3/pay/transactions/out-trade-no/{out_trade_no}', call =>
      query(call, mchid => orders.find(mchid, readParam(call, 'out_trade_no'))),
    ),
    endpoint('get /v3/pay/transactions/id/{transaction_id}', call =>
      query(call, mchid => orders.findByTransactionId(mchid, readParam(call, 'transaction_id'))),
    ),
    endpoint('post /v3/pay/transactions/out-trade-no/{out_trade_no}/close', call => {
      requireOwnBody(call)
      orders.close(call.merchant.mchid, readParam(call, 'out_trade_no'))
      return NO_CONTENT
    }),
  ]
}

function query(call: Pick<Call, 'query' | 'merchant'>, find: (mchid: string) => Order | undefined) {
  requireOwnQuery(call)
  return ok(describe(requireOrder(find(call.merchant.mchid))))
}

/** The fields of the request, and the state of the order. */
function describe(order: Order): object {
  const { request, tradeType, payment } = order
  const { total, currency = 'CNY' } = request.amount
  const known = { ...request, ...stateOf(order) }
  if (payment === undefined) return { ...known, amount: { total, currency } }
  return {
    ...known,
    ...describePayment({ request, tradeType }, payment),
    promotion_detail: [],
  }
}
