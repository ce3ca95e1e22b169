/** A cash coupon and its stock: their states, when a coupon can be used, and its wire fields. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { StockRequest } from './coupon-rules.js'
import { MINUTE, type Row } from './product.js'
import { midnightAfter, type Period } from './validity.js'

export type StockState = 'unactivated' | 'running' | 'paused' | 'stoped'
export type StockEvent = 'start' | 'pause' | 'restart' | 'stop'
export type CouponState = 'SENDED' | 'USED' | 'EXPIRED'
export type CouponEvent = 'use' | 'return' | 'expire'

export interface SendRequest {
  openid: string
  stock_id: string
  out_request_no: string
  appid: string
  stock_creator_mchid: string
}

export type Stock = Row<StockState, StockRequest>
export type Coupon = Row<CouponState, SendRequest>

/** A coupon in an order. */
export interface Use {
  readonly coupon: string
  readonly stockId: string
  /** The merchant that received the money of the order. */
  readonly mchid: string
  readonly transactionId: string
  readonly tradeType: string
  /** Fen of the order, and of the coupon. */
  readonly total: number
  readonly fen: number
  readonly at: EpochMilliseconds
  /** The parts that refunds have returned. */
  readonly returns: { readonly refundId: string; readonly fen: number; readonly at: EpochMilliseconds }[]
}

/** When a coupon can be used. */
export function validityOfCoupon({ created }: Pick<Coupon, 'created'>, { request }: Pick<Stock, 'request'>): Period {
  const { second_day_available, available_time_after_receive } = request.coupon_use_rule.coupon_available_time ?? {}
  const received = second_day_available ? midnightAfter(created, 1) : created
  const begin = Math.max(Date.parse(request.available_begin_time), received)
  const end = Date.parse(request.available_end_time)
  if (!available_time_after_receive) return { begin, end }
  return { begin, end: Math.min(end, created + available_time_after_receive * MINUTE) }
}

/** `use` is its last use, unless it was returned. */
export function describeCoupon(coupon: Coupon, stock: Stock, use: Use | undefined): object {
  const { id, request } = stock
  const { fixed_normal_coupon, available_items } = request.coupon_use_rule
  const { begin, end } = validityOfCoupon(coupon, stock)
  return {
    stock_creator_mchid: coupon.request.stock_creator_mchid,
    stock_id: id,
    coupon_id: coupon.id,
    coupon_name: request.stock_name,
    status: coupon.state,
    description: request.pattern_info?.description ?? '',
    create_time: beijingTime(coupon.created),
    coupon_type: 'NORMAL',
    no_cash: request.no_cash,
    available_begin_time: beijingTime(begin),
    available_end_time: beijingTime(end),
    singleitem: (available_items?.length ?? 0) > 0,
    ...(fixed_normal_coupon && { normal_coupon_information: fixed_normal_coupon }),
    ...(use && {
      consume_information: {
        consume_time: beijingTime(use.at),
        consume_mchid: use.mchid,
        transaction_id: use.transactionId,
      },
    }),
  }
}
