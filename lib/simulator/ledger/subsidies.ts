/**
 * Subsidies of a platform for the orders of its sub-merchants, their returns, and repayments of refunds that it
 * advanced.
 */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { currencyOf, isPaid, type PaidOrder, payeeOf } from './order.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { DAY, Product, type Row, refusals } from './product.js'
import { ADVANCED, type Refunds } from './refunds.js'
import { unsplitOf } from './sharing-rules.js'

export interface SubsidyRequest {
  sub_mchid: string
  transaction_id: string
  amount: number
  description: string
  refund_id?: string | undefined
  out_subsidy_no?: string | undefined
}

export interface SubsidyReturnRequest {
  sub_mchid: string
  out_order_no: string
  transaction_id: string
  refund_id?: string | undefined
  amount: number
  description: string
}

type AdvanceState = 'PROCESSING' | 'SUCCESS' | 'FAILED'
export type Subsidy = Row<'SUCCESS', SubsidyRequest>
export type SubsidyReturn = Row<'SUCCESS', SubsidyReturnRequest>
export type AdvanceReturn = Row<AdvanceState, { sub_mchid: string; amount: number }>

const invalid = (message: string) => problem(400, 'INVALID_REQUEST', message)

export class Subsidies {
  readonly #orders: Orders
  readonly #refunds: Refunds
  readonly #accounts: Accounts
  readonly #subsidies: Product<'SUCCESS', never, SubsidyRequest>
  readonly #returns: Product<'SUCCESS', never, SubsidyReturnRequest>
  readonly #advances: Product<AdvanceState, 'succeed' | 'fail', { sub_mchid: string; amount: number }>

  constructor(book: Book, orders: Orders, refunds: Refunds, accounts: Accounts) {
    this.#orders = orders
    this.#refunds = refunds
    this.#accounts = accounts
    const common = {
      first: 'SUCCESS',
      moves: { SUCCESS: {} },
      id: { prefix: '3010', digits: 14 },
      ...refusals(),
    } as const
    this.#subsidies = new Product<'SUCCESS', never, SubsidyRequest>(book, 'subsidies', {
      ...common,
      reused: () => invalid('一笔订单只能补差一笔'),
    })
    this.#returns = new Product<'SUCCESS', never, SubsidyReturnRequest>(book, 'subsidies.returns', common)
    this.#advances = new Product<AdvanceState, 'succeed' | 'fail', { sub_mchid: string; amount: number }>(
      book,
      'advances.returns',
      {
        first: 'PROCESSING',
        moves: { PROCESSING: { succeed: 'SUCCESS', fail: 'FAILED' }, SUCCESS: {}, FAILED: {} },
        ends: { PROCESSING: { after: 90 * DAY, by: 'fail' } },
        id: { prefix: '1215', digits: 14 },
        ...refusals(),
        happened: (row, event) => {
          if (event === 'fail') return
          const { sub_mchid, amount } = row.request
          const entry = { at: row.updated, business: '垫付退款回补', id: row.id, no: row.no }
          accounts.post({ ...entry, mchid: sub_mchid, amount: -amount })
          accounts.post({ ...entry, mchid: row.mchid, amount })
        },
      },
    )
  }

  /**
   * Adds the subsidy that was announced with the order, once, before its first share; less only after a partial refund.
   *
   * @throws ApiError 400 `INVALID_REQUEST` otherwise, 403 `NOT_ENOUGH` when the platform has less, 404
   *   `RESOURCE_NOT_EXISTS` for an unknown order.
   */
  create(mchid: string, request: SubsidyRequest, now: EpochMilliseconds): Subsidy {
    const { transaction_id, amount, refund_id } = request
    return this.#subsidies.place(mchid, transaction_id, request, now, id => {
      const order = this.#orderOf(mchid, transaction_id)
      const announced = order.request.settle_info?.subsidy_amount ?? 0
      if (order.subsidy !== undefined) throw invalid('订单的补差已取消')
      if (order.isUnfrozen || order.shared > 0) throw invalid('请在发起分账前补差')
      this.#requireRefundOf(order, refund_id)
      const isLess = amount < announced && refund_id !== undefined
      if (amount !== announced && !isLess) throw invalid('补差金额与下单时的补差金额不一致')
      this.#move(order, { id, no: request.out_subsidy_no ?? transaction_id, at: now, amount, business: '补差' })
      order.subsidy = amount
    })
  }

  /**
   * Returns part of a subsidy to the platform after a refund, once for each refund.
   *
   * @throws ApiError 400 `INVALID_REQUEST` without a refund, or for more than was added, 403 `NOT_ENOUGH` when the
   *   sub-merchant has less.
   */
  takeBack(mchid: string, request: SubsidyReturnRequest, now: EpochMilliseconds): SubsidyReturn {
    const { transaction_id, refund_id, out_order_no: no, amount } = request
    return this.#returns.place(mchid, no, request, now, id => {
      this.#subsidies.find(mchid, transaction_id)
      const order = this.#orderOf(mchid, transaction_id)
      if (order.refunded === 0) throw invalid('订单未发生退款')
      this.#requireRefundOf(order, refund_id)
      const before = this.#returns.of(mchid).filter(row => row.request.refund_id === refund_id)
      if (refund_id !== undefined && before.length > 0) throw invalid('一笔微信退款单只允许补差回退一次')
      if (amount > (order.subsidy ?? 0)) throw invalid('补差回退金额大于补差金额')
      this.#move(order, { id, no, at: now, amount: -amount, business: '补差回退' })
      order.subsidy = (order.subsidy ?? 0) - amount
    })
  }

  /** Cancels the subsidy. @throws ApiError 400 `INVALID_REQUEST` without a refund, or after the subsidy. */
  cancel(mchid: string, transactionId: string): void {
    const order = this.#orderOf(mchid, transactionId)
    if (order.refunded === 0) throw invalid('订单未发生退款')
    if (this.#subsidies.seek(mchid, transactionId)) throw invalid('订单已补差')
    order.subsidy = 0
  }

  /**
   * The sub-merchant repays a refund that the platform advanced: at once, or with a later request when it has enough.
   *
   * @throws ApiError 400 `INVALID_REQUEST` for a refund that was not advanced, 404 `RESOURCE_NOT_EXISTS`.
   */
  returnAdvance(mchid: string, refundId: string, now: EpochMilliseconds): AdvanceReturn {
    const { row: refund, order } = this.#refunds.find(mchid, refundId)
    if (refund.request.refund_account !== ADVANCED || refund.state === 'CLOSED') throw invalid('退款单不是垫付退款')
    const request = { sub_mchid: payeeOf(order), amount: refund.request.amount.refund }
    const row = this.#advances.place(mchid, refund.id, request, now)
    const isEnough = this.#accounts.available(request.sub_mchid, 'BASIC', now) >= request.amount
    return row.state === 'PROCESSING' && isEnough ? this.#advances.move(row, 'succeed', now) : row
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  findAdvance(mchid: string, refundId: string): AdvanceReturn {
    return this.#advances.find(mchid, refundId)
  }

  #requireRefundOf(order: PaidOrder, refundId: string | undefined): void {
    if (refundId === undefined || this.#refunds.find(order.mchid, refundId).order === order) return
    throw invalid('退款单不属于该订单')
  }

  #orderOf(mchid: string, transactionId: string): PaidOrder {
    const order = this.#orders.findByTransactionId(mchid, transactionId)
    if (!order || !isPaid(order)) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
    return order
  }

  /** Moves money from the platform to the sub-merchant, or back if the amount is negative. */
  #move(
    order: PaidOrder,
    { amount, ...entry }: { id: string; no: string; at: EpochMilliseconds; amount: number; business: string },
  ): void {
    const currency = currencyOf(order)
    const platform = { ...entry, currency, mchid: order.mchid, account: 'OPERATION', amount: -amount } as const
    const merchant = { ...entry, currency, mchid: payeeOf(order), amount, held: unsplitOf(order, entry.at) }
    // The payer's account comes first: if it has too little, nothing is moved.
    for (const movement of amount > 0 ? [platform, merchant] : [merchant, platform]) this.#accounts.post(movement)
  }
}
