/** The rules of a stock of cash coupons: the orders that its coupons apply to, and the discount. */
import { currencyOf, type Order, type OrderRequest, payeeOf, YUAN } from './order.js'

export interface StockRequest {
  stock_name: string
  available_begin_time: string
  available_end_time: string
  /** Fen. */
  stock_use_rule: {
    max_coupons: number
    max_amount: number
    max_amount_by_day?: number | undefined
    max_coupons_per_user: number
  }
  /** Whether the stock was not prepaid. */
  no_cash: boolean
  stock_type: string
  belong_merchant: string
  pattern_info?: { description: string } | undefined
  coupon_use_rule: {
    coupon_available_time?:
      | { second_day_available?: boolean | undefined; available_time_after_receive?: number | undefined }
      | undefined
    fixed_normal_coupon?: { coupon_amount: number; transaction_minimum: number } | undefined
    exchange_coupon?: { exchange_price?: number | undefined; transaction_minimum?: number | undefined } | undefined
    goods_tag?: readonly string[] | undefined
    available_items?: readonly string[] | undefined
    available_merchants?: readonly string[] | undefined
  }
  out_request_no: string
}

/** Fen of a coupon with a fixed amount. */
export function worthOfOne({ coupon_use_rule }: StockRequest): number {
  return coupon_use_rule.fixed_normal_coupon?.coupon_amount ?? 0
}

/** Whether a coupon of the stock can be used for an order of this merchant in yuan, with this mark. */
export function accepts({ belong_merchant, coupon_use_rule: rule }: StockRequest, order: Order): boolean {
  const { available_merchants = [belong_merchant], goods_tag = [] } = rule
  const isAccepted = available_merchants.includes(payeeOf(order)) || available_merchants.includes(order.mchid)
  const isInYuan = currencyOf(order) === YUAN
  return isAccepted && isInYuan && (goods_tag.length === 0 || goods_tag.includes(order.request.goods_tag ?? ''))
}

/** Fen that a coupon of the stock takes off an order; 0 below its threshold. */
export function worthOf({ coupon_use_rule: rule }: StockRequest, { amount, detail }: OrderRequest): number {
  const { available_items = [], fixed_normal_coupon: fixed, exchange_coupon: exchange } = rule
  const goods = (detail?.goods_detail ?? []).filter(item => available_items.includes(item.merchant_goods_id))
  const isSingle = available_items.length > 0
  const base = isSingle ? goods.reduce((sum, item) => sum + item.quantity * item.unit_price, 0) : amount.total
  if (fixed) return base >= fixed.transaction_minimum ? Math.min(fixed.coupon_amount, base) : 0
  const [item] = goods
  if (exchange?.exchange_price === undefined || !item || base < (exchange.transaction_minimum ?? 0)) return 0
  return Math.max(item.unit_price - exchange.exchange_price, 0)
}
