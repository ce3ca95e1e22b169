/** The endpoints of payments by code: pay, reverse, and a partner's query. */
import { type Call, type Endpoint, endpoint, ok, readParam, requireOwnBody } from '../gateway/endpoint.js'
import {
  CODE,
  describePayment,
  needsPassword,
  type Order,
  type OrderRequest,
  type Orders,
  requireOrder,
  stateOf,
  USER_PAYING,
} from '../ledger/orders.js'
import { parameterError, problem } from '../ledger/problem.js'

interface Payer {
  payer: { auth_code: string }
}

// An order is shared with the other APIs: its ledger compares the numbers.
const PLACING = { numbers: 'ledger' } as const

export function codepayEndpoints(orders: Orders): readonly Endpoint[] {
  const find = (call: Call, outTradeNo: string) => requireOrder(orders.find(call.merchant.mchid, outTradeNo))
  return [
    endpoint(
      'post /v3/pay/transactions/codepay',
      call => {
        requireOwnBody(call)
        return pay(call, orders, call.body)
      },
      PLACING,
    ),
    endpoint(
      'post /v3/pay/partner/transactions/codepay',
      call => {
        requirePartner(call, call.body.sp_mchid)
        return pay(call, orders, { ...call.body, mchid: call.body.sp_mchid })
      },
      PLACING,
    ),
    endpoint('post /v3/pay/transactions/out-trade-no/{out_trade_no}/reverse', call => {
      requireOwnBody(call)
      return reverse(call, orders)
    }),
    endpoint('post /v3/pay/partner/transactions/out-trade-no/{out_trade_no}/reverse', call => {
      requirePartner(call, call.body.sp_mchid)
      return reverse(call, orders)
    }),
    endpoint('get /v3/pay/partner/transactions/out-trade-no/{out_trade_no}', call => {
      requirePartner(call, call.query.get('sp_mchid') ?? '')
      return ok(describe(find(call, readParam(call, 'out_trade_no'))))
    }),
  ]
}

function pay(call: Call, orders: Orders, { payer, ...request }: OrderRequest & Payer) {
  if (!CODE.test(payer.auth_code)) throw problem(400, 'AUTH_CODE_INVALID', '授权码检验错误')
  const { mchid, out_trade_no } = request
  const order = orders.place('MICROPAY', request, call.now)
  if (needsPassword(order)) {
    return { statusCode: 202, body: JSON.stringify({ code: 'USERPAYING', message: USER_PAYING }) }
  }
  return call.respond(describe(orders.pay(mchid, out_trade_no, undefined, call.now)))
}

function reverse(call: Call, orders: Orders) {
  orders.reverse(call.merchant.mchid, readParam(call, 'out_trade_no'))
  return call.respond({})
}

/** The fields of the request, and the state of the order. */
function describe(order: Order): object {
  const { total, currency = 'CNY' } = order.request.amount
  const known = { ...order.request, ...stateOf(order), amount: { total, currency } }
  if (!order.payment) return known
  const { payer, ...payment } = describePayment(order, order.payment)
  return { ...known, ...payment, payer: 'sp_mchid' in order.request ? { sp_openid: payer.openid } : payer }
}

/** @throws ApiError 400 `PARAM_ERROR` unless the partner is the caller. */
function requirePartner({ merchant }: Pick<Call, 'merchant'>, mchid: string): void {
  if (mchid === merchant.mchid) return
  throw parameterError('http header中的mchid与请求中的sp_mchid不匹配', {
    field: '/sp_mchid',
    value: mchid,
    issue: 'not the mchid of the Authorization header',
    location: 'body',
  })
}
