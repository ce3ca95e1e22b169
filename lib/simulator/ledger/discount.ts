/** The discount of a cash coupon on an order, and the amounts for the payer and the merchant. */
import type { OrderRequest, PaidOrder, Payment } from './order.js'

/** Fen: what the payer paid, and what the merchant received. */
export function paidAmounts({ amount }: Pick<OrderRequest, 'amount'>, { discount }: Payment) {
  const { fen = 0, isPrepaid = true } = discount ?? {}
  return { payer: amount.total - fen, settled: amount.total - (isPrepaid ? 0 : fen), coupon: fen }
}

/** Fen of the discount that a refund returns: in proportion; the last refund returns the rest. */
export function returnedWith({ request, payment, refunded }: PaidOrder, fen: number): number {
  if (!payment.discount) return 0
  const { total } = request.amount
  const left = payment.discount.fen - payment.discount.returned
  const share = Math.min(Math.round((payment.discount.fen * fen) / total), left)
  const paidLeft = total - refunded - left
  return Math.max(share, fen - paidLeft)
}

/** In a query, and in the notification. */
export function describeDiscounts({ discount }: Payment, currency = 'CNY'): object[] {
  if (!discount) return []
  const { couponId, stockId, name, scope, fen, isPrepaid } = discount
  return [
    {
      coupon_id: couponId,
      name,
      scope,
      type: isPrepaid ? 'CASH' : 'NOCASH',
      amount: fen,
      stock_id: stockId,
      wechatpay_contribute: 0,
      merchant_contribute: fen,
      other_contribute: 0,
      currency,
    },
  ]
}

/** The fields of APIv2. */
export function describeV2Discount(request: Pick<OrderRequest, 'amount'>, payment: Payment) {
  const { discount } = payment
  if (!discount) return {}
  return {
    settlement_total_fee: paidAmounts(request, payment).settled,
    coupon_fee: discount.fen,
    coupon_count: 1,
    coupon_type_0: discount.isPrepaid ? 'CASH' : 'NO_CASH',
    coupon_id_0: discount.couponId,
    coupon_fee_0: discount.fen,
  }
}
