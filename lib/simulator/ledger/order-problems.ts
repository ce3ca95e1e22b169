/** Why a request or a payer cannot do something with an order, in the errors of WeChat Pay. */
import type { ApiError } from '../../errors.js'
import { DESCRIPTIONS, MOVES, type Order } from './order.js'
import { problem } from './problem.js'

/** @throws ApiError 404 `ORDER_NOT_EXIST` for undefined. */
export function requireOrder<Known>(order: Known | undefined): Known {
  if (order === undefined) throw problem(404, 'ORDER_NOT_EXIST', '订单不存在')
  return order
}

/** @throws ApiError as {@link stateError}. */
export function requirePayable(order: Order): void {
  if (MOVES[order.state].pay === undefined) throw stateError(order)
}

/** 400 `ORDERPAID`, `ORDERREVERSED`, `ORDER_CLOSED`, or `TRADE_ERROR`. */
export function stateError({ state, payment }: Order): ApiError {
  if (payment) return problem(400, 'ORDERPAID', '该订单已支付')
  if (state === 'REVOKED') return problem(400, 'ORDERREVERSED', '订单已撤销，请重新下单支付')
  if (state === 'CLOSED') return problem(400, 'ORDER_CLOSED', '该订单已关闭')
  return problem(400, 'TRADE_ERROR', DESCRIPTIONS[state])
}

export function numberUsed(): ApiError {
  return problem(403, 'OUT_TRADE_NO_USED', '商户订单号重复')
}
