/** The endpoints of orders: create, query, close; of merchants and of service providers. */
import {
  alsoAt,
  type Call,
  type Endpoint,
  endpoint,
  NO_CONTENT,
  ok,
  readParam,
  requireOwnBody,
  requireOwnQuery,
} from '../gateway/endpoint.js'
import { DESCRIPTIONS, type Order, type OrderRequest, type TradeType } from '../ledger/order.js'
import { describePayment } from '../ledger/order-notices.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import type { Payments } from '../ledger/payments.js'
import type { Schema } from '../schema/catalogue.js'

/** Rules that the documents give in prose. */
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
type PlaceCall = Call<OrderRequest>

export function transactionEndpoints(orders: Orders, payments: Payments): readonly Endpoint[] {
  const prepare = (call: PlaceCall, tradeType: TradeType) => {
    requireOwnBody(call)
    return orders.place(call.merchant.mchid, tradeType, call.body, call.now).prepayId
  }
  const prepay = (tradeType: TradeType) => (call: PlaceCall) => ok({ prepay_id: prepare(call, tradeType) })
  const prepayWithContract = (tradeType: TradeType) => (call: PlaceCall) =>
    call.respond({ prepay_id: prepare(call, tradeType) })
  const native = (call: PlaceCall) => ok({ code_url: codeUrl(prepare(call, 'NATIVE')) })
  const h5 = (call: PlaceCall) => ok({ h5_url: h5Url(prepare(call, 'MWEB')) })
  const byNumber = (call: Call) =>
    query(call, payments, orders.find(call.merchant.mchid, readParam(call, 'out_trade_no')))
  const byTransaction = (call: Call) =>
    query(call, payments, orders.findByTransactionId(call.merchant.mchid, readParam(call, 'transaction_id')))
  const close = (call: Call<{ mchid?: string | undefined; sp_mchid?: string | undefined }>) => {
    requireOwnBody(call)
    orders.close(call.merchant.mchid, readParam(call, 'out_trade_no'))
    return NO_CONTENT
  }
  return alsoAt(
    '/v3/pay/',
    ['/v3/pay/partner/'],
    [
      endpoint('post /v3/pay/transactions/native', native, PLACING),
      endpoint('post /v3/pay/transactions/jsapi', prepay('JSAPI'), PLACING),
      endpoint('post /v3/pay/transactions/app', prepay('APP'), PLACING),
      endpoint('post /v3/pay/transactions/h5', h5, PLACING),
      endpoint('post /v3/pay/transactions/jsapi-with-contract', prepayWithContract('JSAPI'), PLACING),
      endpoint('post /v3/pay/transactions/app-with-contract', prepayWithContract('APP'), PLACING),
      endpoint('get /v3/pay/transactions/out-trade-no/{out_trade_no}', byNumber),
      endpoint('get /v3/pay/transactions/id/{transaction_id}', byTransaction),
      endpoint('post /v3/pay/transactions/out-trade-no/{out_trade_no}/close', close),
    ],
  )
}

export function codeUrl(prepayId: string): string {
  return `weixin://wxpay/bizpayurl?pr=${prepayId}`
}

export function h5Url(prepayId: string): string {
  return `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepayId}&package=1`
}

function query(call: Call, payments: Payments, found: Order | undefined) {
  requireOwnQuery(call)
  return ok(describeOrder(payments.query(requireOrder(found), call.now)))
}

/** All fields of the order. The registry leaves out those that the operation does not return. */
export function describeOrder({ request, state, tradeType, payment }: Order): object {
  const { total, currency = 'CNY' } = request.amount
  const { payer, ...sent } = request
  const named = payer && payer.auth_code === undefined && { payer }
  const known = { ...sent, ...named, trade_state: state, trade_state_desc: DESCRIPTIONS[state] }
  if (payment === undefined) return { ...known, amount: { total, currency } }
  return {
    ...known,
    promotion_detail: [],
    ...describePayment({ request, tradeType }, payment),
  }
}
