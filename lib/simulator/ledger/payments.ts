/** The actions of payers on orders, and their money: payments that succeed or fail, reversals, refunds, discounts. */
import { ApiError, InvalidArgumentError } from '../../errors.js'
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { paidAmounts } from './discount.js'
import {
  type Combined,
  codeEndingOf,
  currencyOf,
  DEFAULT_OPENID,
  type Discount,
  isPaid,
  MOVES,
  type Order,
  type PaidOrder,
  type Payment,
  payeeOf,
} from './order.js'
import { combinedNotice, deductionNotice, paymentNotice } from './order-notices.js'
import { requireOrder, requirePayable } from './order-problems.js'
import type { Orders } from './orders.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { keyOf, MINUTE } from './product.js'
import { unsplitOf } from './sharing-rules.js'

/** The task that makes a payment after it was accepted. */
const TASK = 'orders.deduct'

export class Payments {
  readonly #book: Book
  readonly #orders: Orders
  readonly #accounts: Accounts
  readonly #payers: Payers
  readonly #listeners: ((order: PaidOrder, now: EpochMilliseconds) => void)[] = []
  #discount: (order: Order, openid: string, now: EpochMilliseconds) => Discount | undefined = () => undefined
  #givenBack: (order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds) => void = () => {}

  constructor(book: Book, orders: Orders, accounts: Accounts, payers: Payers) {
    this.#book = book
    this.#orders = orders
    this.#accounts = accounts
    this.#payers = payers
    book.on(TASK, (key, at) => {
      const order = orders.findByKey(key)
      if (order?.state === 'ACCEPT') this.deduct(order.mchid, order.request.out_trade_no, at)
    })
    book.acts.add('pay', {
      ready: (mchid, number) => {
        const all = orders.allOf(mchid, number)
        return all.length > 0 ? all.every(({ state }) => MOVES[state].pay !== undefined) : undefined
      },
      run: (mchid, number, { openid, fail }, now) => {
        if (fail === undefined) this.pay(mchid, number, openid, now)
        else for (const order of orders.allOf(mchid, number)) this.fail(order, fail)
      },
    })
  }

  /** Returns the order that its merchant queries. The second query of an order by code ends the payment. */
  query(order: Order, now: EpochMilliseconds): Order {
    const ending = codeEndingOf(order)
    if (order.state !== 'USERPAYING' || !ending || !('by' in ending)) return order
    order.queries += 1
    this.#book.touch()
    if (order.queries < 2) return order
    if (ending.by === 'pay') this.#complete(order, undefined, now)
    else this.fail(order, 'PAYERROR')
    return order
  }

  /**
   * @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDER_CLOSED` or `ORDERPAID`, 403 `NOT_ENOUGH` when the payer has less: then
   *   the payment has failed. InvalidArgumentError when the order names a different payer.
   */
  pay(mchid: string, outTradeNo: string, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    const combined = this.#orders.findCombined(mchid, outTradeNo)
    if (combined) return this.#payCombined(combined, openid, now)
    const order = requireOrder(this.#orders.find(mchid, outTradeNo))
    if (order.combined !== undefined) {
      throw new InvalidArgumentError(
        `Order ${outTradeNo} is part of a combined order. Pay \`${order.combined}\` instead.`,
      )
    }
    return this.#complete(order, openid, now)
  }

  /** Pays without the payer's confirmation. Returns undefined when the payer has too little money. @throws as `pay`. */
  deduct(mchid: string, outTradeNo: string, now: EpochMilliseconds): PaidOrder | undefined {
    try {
      return this.pay(mchid, outTradeNo, undefined, now)
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_ENOUGH') return undefined
      throw error
    }
  }

  /** The payer has to type the password. */
  ask(order: Order): void {
    this.#orders.move(order, 'ask')
  }

  /** Accepts the payment, which is made without the payer after a minute. */
  accept(order: Order, now: EpochMilliseconds): void {
    this.#orders.move(order, 'accept')
    this.#book.later(now + MINUTE, TASK, keyOf(order.mchid, order.request.out_trade_no))
  }

  /**
   * The payer tries to pay and fails. This ends an order by code and a deduction; other orders can still be paid.
   *
   * @throws ApiError 400 `ORDER_CLOSED` or `ORDERPAID`.
   */
  fail(order: Order, reason: string): void {
    requirePayable(order)
    order.reason = reason
    if (order.tradeType === 'MICROPAY' || order.tradeType === 'PAP') this.#orders.move(order, 'fail', undefined, reason)
    else order.history.push({ at: this.#book.clock.now(), state: order.state, event: 'fail', reason })
    if (order.tradeType === 'PAP') this.#announce(deductionNotice(order))
  }

  /**
   * Ends an order that was paid by code, or deducted outside mainland China: closes it, or returns the money. A reversed
   * order stays as it is.
   *
   * @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `INVALID_REQUEST` for an order that was not paid by code or was refunded.
   */
  reverse(order: Order, now: EpochMilliseconds): Order {
    const wasPaid = order.state === 'SUCCESS'
    const isDeduction = order.tradeType === 'PAP' && order.version === 'global'
    if (order.tradeType !== 'MICROPAY' && !isDeduction) {
      throw problem(400, 'INVALID_REQUEST', '订单的支付场景不支持该请求')
    }
    if (MOVES[order.state].reverse === undefined) throw problem(400, 'INVALID_REQUEST', '订单已退款，不能撤销')
    if (wasPaid && isPaid(order)) {
      const { payer, settled } = paidAmounts(order.request, order.payment)
      this.#post(order, -settled, '撤销', now)
      this.#payers.receive(order.payment.openid, payer)
      order.refunded = order.request.amount.total
      order.reversed = now
      this.giveBack(order, '0', order.payment.discount?.fen ?? 0, now)
    }
    this.#orders.move(order, 'reverse', now)
    return order
  }

  /** @throws ApiError 400 `INVALID_REQUEST` for more than can still be refunded. */
  requireRefundable(order: Order, fen: number): void {
    if (order.refunded + fen <= order.request.amount.total && MOVES[order.state].refund !== undefined) return
    throw problem(400, 'INVALID_REQUEST', '申请退款金额大于订单可退金额')
  }

  /** Refunds `fen`. `discount` is the part of it that the discount had paid. */
  refund(order: PaidOrder, fen: number, discount: number): void {
    this.requireRefundable(order, fen)
    if (order.payment.discount) order.payment.discount.returned += discount
    order.refunded += fen
    this.#orders.move(order, 'refund')
  }

  /** `discount` returns what a payer saves with a coupon. */
  discountBy(discount: (order: Order, openid: string, now: EpochMilliseconds) => Discount | undefined): void {
    this.#discount = discount
  }

  /**
   * `listener` is called with the part of a discount that is returned, in fen, and the refund ID, or `0` for a
   * reversal.
   */
  onGivenBack(listener: (order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds) => void): void {
    this.#givenBack = listener
  }

  /** Reports a returned part of the discount, in fen. */
  giveBack(order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds): void {
    if (fen > 0) this.#givenBack(order, refundId, fen, now)
  }

  /** `listener` is called after each payment, and after its notification is due. */
  onPaid(listener: (order: PaidOrder, now: EpochMilliseconds) => void): void {
    this.#listeners.push(listener)
  }

  #payCombined(combined: Combined, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    const parts = this.#orders.partsOf(combined)
    for (const part of parts) requirePayable(part)
    const { openid: expected } = combined.request.combine_payer_info ?? {}
    requirePayer(combined.request.combine_out_trade_no, expected, openid)
    this.#requireFunds(parts, openid ?? expected)
    const paid = parts.map(part => this.#complete(part, openid ?? expected, now))
    this.#announce(combinedNotice(combined, paid))
    return requireOrder(paid[0])
  }

  #complete(order: Order, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    requirePayable(order)
    const { payer } = order.request
    const expected = payer?.openid ?? payer?.sp_openid ?? payer?.sub_openid
    requirePayer(order.request.out_trade_no, expected, openid)
    const payerId = openid ?? expected ?? DEFAULT_OPENID
    const discount = this.#discount(order, payerId, now)
    this.#requireFunds([order], payerId, discount?.fen)
    this.#orders.move(order, 'pay', now)
    const payment: Payment = {
      transactionId: this.#book.number('4200', now, 10),
      successTime: beijingTime(now),
      openid: payerId,
      ...(discount && { discount }),
    }
    this.#payers.receive(payerId, -paidAmounts(order.request, payment).payer)
    const paid: PaidOrder = Object.assign(order, { payment })
    this.#orders.addPaid(paid)
    this.#post(paid, paidAmounts(order.request, payment).settled, '交易', now)
    if (order.combined === undefined) this.#announce(paymentNotice(paid))
    for (const listener of this.#listeners) listener(paid, now)
    return paid
  }

  /** @throws ApiError 403 `NOT_ENOUGH`; the orders have then failed. */
  #requireFunds(orders: readonly Order[], openid: string | undefined, saved = 0): void {
    const fen = orders.reduce((sum, { request }) => sum + request.amount.total, -saved)
    if (this.#payers.canPay(openid ?? DEFAULT_OPENID, fen)) return
    for (const order of orders) this.fail(order, 'NOT_ENOUGH')
    throw problem(403, 'NOT_ENOUGH', '余额不足')
  }

  #post(order: PaidOrder, amount: number, business: string, at: EpochMilliseconds): void {
    const { payment, request } = order
    this.#accounts.post({
      mchid: payeeOf(order),
      at,
      currency: currencyOf(order),
      amount,
      held: unsplitOf(order, at),
      business,
      id: payment.transactionId,
      no: request.out_trade_no,
    })
  }

  #announce(notice: Parameters<Book['announce']>[0] | undefined): void {
    if (notice) this.#book.announce(notice)
  }
}

function requirePayer(number: string, expected: string | undefined, given: string | undefined): void {
  if (given === undefined || expected === undefined || given === expected) return
  throw new InvalidArgumentError(
    `\`openid\` must be the payer that order ${number} names; got a different one. Omit \`openid\`.`,
  )
}
