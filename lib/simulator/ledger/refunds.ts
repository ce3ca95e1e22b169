/** Refunds of paid orders: PROCESSING until they are settled. */
import { isDeepStrictEqual } from 'node:util'
import { beijingDigits, beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { ApiVersion, Order, Orders, Payment } from './orders.js'
import { problem } from './problem.js'

/** The body of the request that created the refund. It names the order by at least one of its two numbers. */
export interface RefundRequest {
  transaction_id?: string
  out_trade_no?: string
  out_refund_no: string
  funds_account?: string
  notify_url?: string
  /** Fen. */
  amount: { refund: number; total: number; currency: string }
}

export interface Refund {
  readonly version: ApiVersion
  readonly request: RefundRequest
  readonly order: Order
  readonly payment: Payment
  readonly refundId: string
  readonly createTime: string
  successTime: string | undefined
}

export class Refunds {
  readonly #orders: Orders
  readonly #refunds = new Map<string, Refund>()

  constructor(orders: Orders) {
    this.#orders = orders
  }

  /**
   * Repeating the same request returns the same refund.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown or unpaid order, 400 `INVALID_REQUEST` when a request reuses
   *   an `out_refund_no` with different fields, or for a wrong total, or for more than can still be refunded.
   */
  place(mchid: string, request: RefundRequest, now: EpochMilliseconds, version: ApiVersion = 'v3'): Refund {
    const key = keyOf(mchid, request.out_refund_no)
    const known = this.#refunds.get(key)
    if (known) {
      if (isDeepStrictEqual(known.request, request)) return known
      throw problem(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试')
    }
    const order = this.#findOrder(mchid, request)
    if (order?.payment === undefined) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
    requireConsistent(request, order)
    this.#orders.refund(order, request.amount.refund)
    const refund: Refund = {
      version,
      request,
      order,
      payment: order.payment,
      refundId: `5030${beijingDigits(now)}${String(this.#refunds.size + 1).padStart(11, '0')}`,
      createTime: beijingTime(now),
      successTime: undefined,
    }
    this.#refunds.set(key, refund)
    return refund
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(mchid: string, outRefundNo: string): Refund {
    const refund = this.#refunds.get(keyOf(mchid, outRefundNo))
    if (refund === undefined) throw problem(404, 'RESOURCE_NOT_EXISTS', '退款单不存在')
    return refund
  }

  /** In the order in which they were created. */
  of(mchid: string): Refund[] {
    return [...this.#refunds.values()].filter(({ order }) => order.request.mchid === mchid)
  }

  /**
   * The money arrives at the payer. Returns undefined when the refund is already settled.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS`.
   */
  settle(mchid: string, outRefundNo: string, now: EpochMilliseconds): Refund | undefined {
    const refund = this.find(mchid, outRefundNo)
    if (refund.successTime !== undefined) return undefined
    refund.successTime = beijingTime(now)
    return refund
  }

  #findOrder(mchid: string, { transaction_id, out_trade_no }: RefundRequest): Order | undefined {
    if (transaction_id !== undefined) return this.#orders.findByTransactionId(mchid, transaction_id)
    return out_trade_no === undefined ? undefined : this.#orders.find(mchid, out_trade_no)
  }
}

function requireConsistent({ out_trade_no, amount }: RefundRequest, { request }: Order): void {
  const isSameOrder = out_trade_no === undefined || out_trade_no === request.out_trade_no
  if (isSameOrder && amount.total === request.amount.total) return
  throw problem(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致')
}

function keyOf(mchid: string, outRefundNo: string): string {
  return `${mchid}/${outRefundNo}`
}
