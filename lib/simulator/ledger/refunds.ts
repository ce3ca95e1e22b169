/** Refunds of paid orders. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book, Notice } from './book.js'
import { paidAmounts, returnedWith } from './discount.js'
import { type ApiVersion, currencyOf, isPaid, type PaidOrder, payeeOf } from './order.js'
import type { Orders } from './orders.js'
import type { Payers } from './payers.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { keyOf, MINUTE, Product, type Row } from './product.js'
import { unsplitOf } from './sharing-rules.js'

export type RefundState = 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'CLOSED'
type RefundEvent = 'settle' | 'fail' | 'close' | 'retry'

/** The body of the request that created the refund. It names the order by at least one of its two numbers. */
export interface RefundRequest {
  transaction_id?: string | undefined
  out_trade_no?: string | undefined
  out_refund_no: string
  funds_account?: string | undefined
  /** `REFUND_SOURCE_PARTNER_ADVANCE`: the platform pays for its sub-merchant. */
  refund_account?: string | undefined
  notify_url?: string | undefined
  /** Fen. */
  amount: { refund: number; total: number; currency?: string | undefined }
}

type Placed = RefundRequest & { version: ApiVersion }
type RefundRow = Row<RefundState, Placed>

/** A refund and its order. */
export interface Refund {
  readonly row: RefundRow
  readonly order: PaidOrder
  /** Fen of the order's discount that it returns. */
  readonly discount: number
}

export const ADVANCED = 'REFUND_SOURCE_PARTNER_ADVANCE'

const EVENTS = { SUCCESS: '退款成功', ABNORMAL: '退款异常', CLOSED: '退款关闭' } as const

export class Refunds {
  readonly #orders: Orders
  readonly #payments: Payments
  readonly #accounts: Accounts
  readonly #listeners: ((order: PaidOrder, now: EpochMilliseconds) => void)[] = []
  readonly #refunds: Product<RefundState, RefundEvent, Placed>
  /** The returned parts of discounts, by the numbers of the refunds. */
  readonly #discounts: Map<string, { fen: number }>

  constructor(book: Book, orders: Orders, payments: Payments, accounts: Accounts, payers: Payers) {
    this.#orders = orders
    this.#payments = payments
    this.#accounts = accounts
    this.#discounts = book.table('refunds.discounts')
    this.#refunds = new Product<RefundState, RefundEvent, Placed>(book, 'refunds', {
      first: 'PROCESSING',
      moves: {
        PROCESSING: { settle: 'SUCCESS', fail: 'ABNORMAL', close: 'CLOSED' },
        // The money waits until the merchant names its destination.
        ABNORMAL: { retry: 'PROCESSING' },
        SUCCESS: {},
        CLOSED: {},
      },
      ends: { PROCESSING: { after: 20 * MINUTE, by: 'settle' } },
      acts: { settle: { succeed: 'settle', fail: { ABNORMAL: 'fail', CLOSED: 'close' } } },
      id: { prefix: '5030', digits: 11 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '退款单不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试'),
      refused: () => problem(400, 'INVALID_REQUEST', '退款单状态不允许该操作'),
      happened: (row, event) => {
        const refund = this.#refundOf(row)
        if (event === 'close') this.#undo(refund)
        if (event === 'settle') {
          payers.receive(refund.order.payment.openid, row.request.amount.refund - refund.discount)
          payments.giveBack(refund.order, row.id, refund.discount, row.updated)
          for (const listener of this.#listeners) listener(refund.order, row.updated)
        }
        const notice = refundNotice(refund)
        if (notice) book.announce(notice)
      },
    })
  }

  /**
   * Repeating the same request returns the same refund.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown or unpaid order, 400 `INVALID_REQUEST` when a request reuses
   *   an `out_refund_no` with different fields, or for a wrong total, or for more than can still be refunded, 403
   *   `NOT_ENOUGH` for more than the merchant has.
   */
  place(mchid: string, request: RefundRequest, now: EpochMilliseconds, version: ApiVersion = 'v3'): Refund {
    const row = this.#refunds.place(mchid, request.out_refund_no, { ...request, version }, now, id => {
      const order = this.#findOrder(mchid, request)
      requireConsistent(request, order)
      this.#payments.requireRefundable(order, request.amount.refund)
      const fen = returnedWith(order, request.amount.refund)
      this.#post(order, request, -settledOf(order, request, fen), { id, at: now })
      this.#payments.refund(order, request.amount.refund, fen)
      if (fen > 0) this.#discounts.set(keyOf(mchid, request.out_refund_no), { fen })
    })
    return this.#refundOf(row)
  }

  /** `listener` is called with the order when the money of a refund has arrived. */
  onSuccess(listener: (order: PaidOrder, now: EpochMilliseconds) => void): void {
    this.#listeners.push(listener)
  }

  /** Finds a refund by either number. @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(mchid: string, number: string): Refund {
    return this.#refundOf(this.#refunds.find(mchid, number))
  }

  /** Oldest first. */
  of(mchid: string): Refund[] {
    return this.#refunds.of(mchid).map(row => this.#refundOf(row))
  }

  /** The refunds that the merchant requested or paid, oldest first. */
  receivedBy(mchid: string): Refund[] {
    return this.#refunds
      .all()
      .map(row => this.#refundOf(row))
      .filter(({ row, order }) => row.mchid === mchid || payeeOf(order) === mchid)
  }

  /** Sends the money of an abnormal refund to a destination. @throws ApiError unless it is abnormal. */
  retry(mchid: string, number: string, now: EpochMilliseconds): Refund {
    const refund = this.find(mchid, number)
    this.#refunds.move(refund.row, 'retry', now)
    return refund
  }

  #refundOf(row: RefundRow): Refund {
    const { fen: discount = 0 } = this.#discounts.get(keyOf(row.mchid, row.no)) ?? {}
    return { row, order: this.#findOrder(row.mchid, row.request), discount }
  }

  #findOrder(mchid: string, { transaction_id, out_trade_no }: RefundRequest): PaidOrder {
    const order =
      transaction_id === undefined
        ? this.#orders.find(mchid, out_trade_no ?? '')
        : this.#orders.findByTransactionId(mchid, transaction_id)
    if (!order || !isPaid(order)) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
    return order
  }

  #undo({ row, order, discount }: Refund): void {
    order.refunded -= row.request.amount.refund
    if (order.payment.discount) order.payment.discount.returned -= discount
    this.#post(order, row.request, settledOf(order, row.request, discount), { id: row.id, at: row.updated })
  }

  #post(
    order: PaidOrder,
    { refund_account, out_refund_no: no }: RefundRequest,
    amount: number,
    entry: { id: string; at: EpochMilliseconds },
  ): void {
    const payer =
      refund_account === ADVANCED ? { mchid: order.mchid } : { mchid: payeeOf(order), held: unsplitOf(order, entry.at) }
    const business = amount < 0 ? '退款' : '退款退回'
    this.#accounts.post({ ...payer, business, currency: currencyOf(order), amount, no, ...entry })
  }
}

/**
 * Fen: the amounts that the payer receives and the merchant pays, and those that they paid and received for the order.
 */
export function amountsOf({ row: { request }, order, discount }: Refund) {
  const { payer: payerTotal, settled: settledTotal } = paidAmounts(order.request, order.payment)
  return {
    payerTotal,
    settledTotal,
    payer: request.amount.refund - discount,
    settled: settledOf(order, request, discount),
  }
}

function settledOf({ payment }: PaidOrder, { amount }: RefundRequest, discount: number): number {
  return amount.refund - (payment.discount?.isPrepaid === false ? discount : 0)
}

/** When the money arrived; undefined if it did not. */
export function successTimeOf({ state, updated }: Pick<RefundRow, 'state' | 'updated'>): string | undefined {
  return state === 'SUCCESS' ? beijingTime(updated) : undefined
}

export function refundReceiverOf({ state }: Pick<RefundRow, 'state'>): string {
  return state === 'ABNORMAL' ? '' : '支付用户零钱'
}

function requireConsistent({ out_trade_no, amount }: RefundRequest, { request }: PaidOrder): void {
  const isSameOrder = out_trade_no === undefined || out_trade_no === request.out_trade_no
  if (isSameOrder && amount.total === request.amount.total) return
  throw problem(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致')
}

/** Returns undefined in progress, and without a `notify_url`. */
function refundNotice(refund: Refund): Notice | undefined {
  const { row, order } = refund
  const { notify_url, amount, version } = row.request
  if (notify_url === undefined || row.state === 'PROCESSING') return undefined
  if (version === 'v2') return v2RefundNotice(refund, notify_url)
  const { mchid, sp_mchid, sub_mchid, out_trade_no } = order.request
  const { payerTotal, payer } = amountsOf(refund)
  const success_time = successTimeOf(row)
  const { total, refund: fen, currency = 'CNY' } = amount
  const amounts = { total, refund: fen, payer_total: payerTotal, payer_refund: payer }
  const account = refundReceiverOf(row)
  return {
    event_type: `REFUND.${row.state}`,
    notify_url,
    summary: EVENTS[row.state],
    resource: {
      ...(sp_mchid === undefined ? { mchid } : { sp_mchid, sub_mchid }),
      out_trade_no,
      transaction_id: order.payment.transactionId,
      out_refund_no: row.no,
      refund_id: row.id,
      refund_status: row.state,
      ...(success_time && { success_time }),
      ...(version === 'global'
        ? { recv_account: account, amount: { ...amounts, currency, payer_currency: currency } }
        : { user_received_account: account, amount: amounts }),
    },
  }
}

const V2_STATES = { PROCESSING: 'PROCESSING', SUCCESS: 'SUCCESS', ABNORMAL: 'CHANGE', CLOSED: 'REFUNDCLOSE' } as const

/** The state of a refund in APIv2. */
export function v2StateOf({ state }: Pick<RefundRow, 'state'>) {
  return V2_STATES[state]
}

function v2RefundNotice(refund: Refund, notify_url: string): Notice {
  const { row, order } = refund
  const { amount } = row.request
  const { settledTotal, settled } = amountsOf(refund)
  return {
    event_type: 'v2/refund-processed',
    notify_url,
    resource: {
      return_code: 'SUCCESS',
      appid: order.request.appid,
      mch_id: order.mchid,
      req_info: {
        transaction_id: order.payment.transactionId,
        out_trade_no: order.request.out_trade_no,
        refund_id: row.id,
        out_refund_no: row.no,
        total_fee: amount.total,
        settlement_total_fee: settledTotal,
        refund_fee: amount.refund,
        settlement_refund_fee: settled,
        refund_status: v2StateOf(row),
        success_time: successTimeOf(row)?.slice(0, 19).replace('T', ' '),
        refund_recv_accout: refundReceiverOf(row),
        refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
        refund_request_source: 'API',
      },
    },
  }
}
