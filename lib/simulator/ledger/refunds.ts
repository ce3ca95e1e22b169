/** Refunds of paid orders: PROCESSING until they are settled. */
import { isDeepStrictEqual } from 'node:util'
import { beijingDigits, beijingTime } from '../../util/beijing-time.js'
import type { ApiVersion, Order, Orders, Payment } from './orders.js'
import { problem } from './problem.js'

/** The body of the request; at least one of the order's two numbers is there. */
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
   * The same call again gives the same refund. `now` in milliseconds.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an order that is unknown or unpaid, 400 `INVALID_REQUEST` for the
   *   same number with anything else changed, a total that is not the order's, or more than is left to refund.
   */
  place(mchid: string, request: RefundRequest, now: number, version: ApiVersion = 'v3'): Refund {
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

  /**
   * The money has arrived; settling again changes nothing, and gives undefined.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS`.
   */
  settle(mchid: string, outRefundNo: string, now: number): Refund | undefined {
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
  const isItsNumber = out_trade_no === undefined || out_trade_no === request.out_trade_no
  if (isItsNumber && amount.total === request.amount.total) return
  throw problem(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致')
}

function keyOf(mchid: string, outRefundNo: string): string {
  return `${mchid}/${outRefundNo}`
}
