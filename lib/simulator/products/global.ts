/** The endpoints of orders and refunds outside mainland China. They are in the same ledger, under names of their own. */
import {
  type Call,
  type Endpoint,
  endpoint,
  NO_CONTENT,
  readParam,
  requireOwnBody,
  requireOwnQuery,
} from '../gateway/endpoint.js'
import { CODE, type Order, type OrderRequest, type TradeType } from '../ledger/order.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import type { Payments } from '../ledger/payments.js'
import { problem } from '../ledger/problem.js'
import type { Refund, Refunds } from '../ledger/refunds.js'
import { waitsForPassword } from './codepay.js'
import { describe as describeRefund } from './refunds.js'
import { codeUrl, describeOrder, h5Url } from './transactions.js'

const PLACING = { numbers: 'ledger' } as const
/** With eight decimals: the payer pays in the currency of the price. */
const RATE = { type: 'SETTLEMENT_RATE', rate: 100_000_000 }

interface Parties {
  mchid?: string | undefined
  sp_mchid?: string | undefined
}
/** Goods are described differently there, and no coupon of the simulator applies to them. */
type Placing = Call<Parties & Omit<OrderRequest, 'detail'> & { detail?: unknown }>

export function globalEndpoints(orders: Orders, payments: Payments, refunds: Refunds): readonly Endpoint[] {
  const place = (tradeType: TradeType) => (call: Placing) => {
    requireOwnBody(call)
    const { merchant, body, now, respond } = call
    const { detail: _, ...request } = body
    const { prepayId } = orders.place(merchant.mchid, tradeType, request, now, { version: 'global' })
    return respond({ prepay_id: prepayId, code_url: codeUrl(prepayId), mweb_url: h5Url(prepayId) })
  }
  const byNumber = ({ merchant, params }: Call) => orders.find(merchant.mchid, params.out_trade_no ?? '')
  const byId = ({ merchant, params }: Call) => orders.findByTransactionId(merchant.mchid, params.transaction_id ?? '')
  const query = (call: Call, found: Order | undefined) => {
    requireOwnQuery(call)
    return call.respond(describe(payments.query(requireOrder(found), call.now)))
  }
  const close = (call: Call<Parties>, found: Order | undefined) => {
    requireOwnBody(call)
    orders.close(call.merchant.mchid, requireOrder(found).request.out_trade_no)
    return NO_CONTENT
  }
  const refund = (call: Call, name: string) => {
    requireOwnQuery(call)
    return call.respond(describeGlobal(refunds.find(call.merchant.mchid, readParam(call, name))))
  }
  const pay = (call: Placing) => {
    requireOwnBody(call)
    const { merchant, body, now, respond } = call
    const { detail: _, ...request } = body
    if (!CODE.test(body.payer?.auth_code ?? '')) throw problem(400, 'AUTH_CODE_INVALID', '授权码检验错误')
    const order = orders.place(merchant.mchid, 'MICROPAY', request, now, { version: 'global' })
    const paid = waitsForPassword(payments, order)
      ? order
      : payments.pay(merchant.mchid, body.out_trade_no, undefined, now)
    return respond(describe(paid))
  }
  const reverse = (call: Call<Parties>, found: Order | undefined) => {
    requireOwnBody(call)
    payments.reverse(requireOrder(found), call.now)
    return NO_CONTENT
  }
  return [
    endpoint('post /v3/global/micropay/transactions/pay', pay, PLACING),
    endpoint('post /v3/global/micropay/transactions/id/{transaction_id}/reverse', call => reverse(call, byId(call))),
    endpoint('post /v3/global/micropay/transactions/out-trade-no/{out_trade_no}/reverse', call =>
      reverse(call, byNumber(call)),
    ),
    endpoint('post /v3/global/transactions/app', place('APP'), PLACING),
    endpoint('post /v3/global/transactions/jsapi', place('JSAPI'), PLACING),
    endpoint('post /v3/global/transactions/mweb', place('MWEB'), PLACING),
    endpoint('post /v3/global/transactions/native', place('NATIVE'), PLACING),
    endpoint('get /v3/global/transactions/id/{transaction_id}', call => query(call, byId(call))),
    endpoint('get /v3/global/transactions/out-trade-no/{out_trade_no}', call => query(call, byNumber(call))),
    endpoint('post /v3/global/transactions/id/{transaction_id}/close', call => close(call, byId(call))),
    endpoint('post /v3/global/transactions/out-trade-no/{out_trade_no}/close', call => close(call, byNumber(call))),
    endpoint(
      'post /v3/global/refunds',
      call => {
        requireOwnBody(call)
        const { merchant, body, now, respond } = call
        const { amount = { refund: 0, total: 0 }, ...rest } = body
        return respond(describeGlobal(refunds.place(merchant.mchid, { ...rest, amount }, now, 'global')))
      },
      { ...PLACING, rules: { required: ['amount'] } },
    ),
    endpoint('get /v3/global/refunds/id/{refund_id}', call => refund(call, 'refund_id')),
    endpoint('get /v3/global/refunds/out-refund-no/{out_refund_no}', call => refund(call, 'out_refund_no')),
    endpoint('get /v3/global/refunds', call => {
      requireOwnQuery(call)
      const { merchant, query, respond } = call
      const order = requireOrder(
        query.has('transaction_id')
          ? orders.findByTransactionId(merchant.mchid, query.get('transaction_id') ?? '')
          : orders.find(merchant.mchid, query.get('out_trade_no') ?? ''),
      )
      const all = refunds.of(merchant.mchid).filter(one => one.order === order)
      const offset = Number(query.get('offset') ?? 0)
      const some = all.slice(offset, offset + Number(query.get('count') ?? all.length))
      return respond({
        ...describe(order),
        data: some.map(describeGlobal),
        total_num: all.length,
        current_total_num: some.length,
      })
    }),
  ]
}

/** The fields of an order. A deduction has the type AUTH there. */
export function describe(order: Order): object {
  const { total, currency = 'CNY' } = order.request.amount
  const { payment, tradeType } = order
  return {
    ...describeOrder(order),
    trade_type: tradeType === 'PAP' ? 'AUTH' : tradeType,
    ...(payment && { id: payment.transactionId }),
    amount: { total, currency, payer_total: total, payer_currency: currency, exchange_rate: RATE },
  }
}

function describeGlobal(given: Refund): object {
  const { refund_id: id, user_received_account: recv_account, funds_account: _, ...common } = describeRefund(given)
  const { total, refund, currency = 'CNY' } = given.row.request.amount
  const amount = { total, refund, currency, payer_total: total, payer_refund: refund, payer_currency: currency }
  return {
    ...common,
    id,
    recv_account,
    fund_source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
    ...(given.row.state === 'CLOSED' && { status: 'REFUNDCLOSE' }),
    amount: { ...amount, exchange_rate: RATE },
  }
}
