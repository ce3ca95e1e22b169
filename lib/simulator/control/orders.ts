/** Orders as the control API lists them. */
import type { Order } from '../ledger/order.js'

export interface ListedOrder {
  readonly out_trade_no: string
  readonly mchid: string
  readonly description: string
  readonly trade_type: string
  readonly trade_state: string
  /** Fen. */
  readonly total: number
  /** Fen, including refunds in progress. */
  readonly refunded: number
  readonly currency: string
  readonly prepay_id: string
  readonly openid?: string
  readonly transaction_id?: string
  readonly success_time?: string
}

export function listOrder({ mchid, request, tradeType, state, prepayId, refunded, payment }: Order): ListedOrder {
  const openid = payment?.openid ?? request.payer?.openid ?? request.payer?.sp_openid
  return {
    out_trade_no: request.out_trade_no,
    mchid: request.mchid ?? mchid,
    description: request.description,
    trade_type: tradeType,
    trade_state: state,
    total: request.amount.total,
    refunded,
    currency: request.amount.currency ?? 'CNY',
    prepay_id: prepayId,
    ...(openid !== undefined && { openid }),
    ...(payment && { transaction_id: payment.transactionId, success_time: payment.successTime }),
  }
}
