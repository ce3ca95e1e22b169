/** The endpoints of payments by code: pay, reverse; of merchants and of service providers. */
import { alsoAt, type Call, type Endpoint, endpoint, readParam, requireOwnBody } from '../gateway/endpoint.js'
import { CODE, codeEndingOf, DESCRIPTIONS, type Order, type OrderRequest } from '../ledger/order.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import type { Payments } from '../ledger/payments.js'
import { problem } from '../ledger/problem.js'
import { describeOrder } from './transactions.js'

// An order is shared with the other APIs: its ledger compares the numbers.
const PLACING = { numbers: 'ledger' } as const
/** Fen. Above this amount, the payer of a code must enter the password: USERPAYING. */
const WITHOUT_PASSWORD = 100_000

type OwnBody = { mchid?: string | undefined; sp_mchid?: string | undefined }

export function codepayEndpoints(orders: Orders, payments: Payments): readonly Endpoint[] {
  const pay = (call: Call<OrderRequest>) => {
    requireOwnBody(call)
    const { merchant, body, now } = call
    if (!CODE.test(body.payer?.auth_code ?? '')) throw problem(400, 'AUTH_CODE_INVALID', '授权码检验错误')
    const order = orders.place(merchant.mchid, 'MICROPAY', body, now)
    if (waitsForPassword(payments, order)) throw problem(202, 'USERPAYING', DESCRIPTIONS.USERPAYING)
    return call.respond(describeOrder(payments.pay(merchant.mchid, body.out_trade_no, undefined, now)))
  }
  const reverse = (call: Call<OwnBody>) => {
    requireOwnBody(call)
    payments.reverse(requireOrder(orders.find(call.merchant.mchid, readParam(call, 'out_trade_no'))), call.now)
    return call.respond({})
  }
  return alsoAt(
    '/v3/pay/',
    ['/v3/pay/partner/'],
    [
      endpoint('post /v3/pay/transactions/codepay', pay, PLACING),
      endpoint('post /v3/pay/transactions/out-trade-no/{out_trade_no}/reverse', reverse),
    ],
  )
}

/**
 * Whether the payer of a new order must enter the password.
 *
 * @throws ApiError 403 with the error of the payment code.
 */
export function waitsForPassword(payments: Payments, order: Order): boolean {
  const ending = codeEndingOf(order)
  if (ending && 'fail' in ending) {
    payments.fail(order, ending.fail)
    throw problem(403, ending.fail, ending.message)
  }
  if (order.state === 'USERPAYING') return true
  if (!ending && order.request.amount.total <= WITHOUT_PASSWORD) return false
  payments.ask(order)
  return true
}
