/** Orders of every kind, of APIv3 and APIv2: one table, one life. */
import { ApiError, InvalidArgumentError } from '../../errors.js'
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { paidAmounts } from './discount.js'
import {
  type ApiVersion,
  type Combined,
  type CombinedRequest,
  codeEndingOf,
  DEFAULT_OPENID,
  DESCRIPTIONS,
  type Discount,
  isPaid,
  MOVES,
  type Order,
  type OrderRequest,
  type PaidOrder,
  type Payment,
  payeeOf,
  type TradeEvent,
  type TradeType,
} from './order.js'
import { entryOfCombined, entryOfOrder } from './order-entries.js'
import { combinedNotice, deductionNotice, paymentNotice } from './order-notices.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { keyOf, MINUTE } from './product.js'
import { isSame } from './same.js'
import { unsplitOf } from './sharing-rules.js'

/** Makes a payment that was accepted. */
const TASK = 'orders.deduct'

interface Placing {
  readonly version?: ApiVersion
  readonly combined?: string
}

export class Orders {
  readonly #book: Book
  readonly #accounts: Accounts
  readonly #payers: Payers
  readonly #orders: Map<string, Order>
  readonly #combined: Map<string, Combined>
  /** The paid orders by their transaction numbers, in the order in which they were paid. */
  readonly #paid: Map<string, { key: string }>
  readonly #listeners: ((order: PaidOrder, now: EpochMilliseconds) => void)[] = []
  #discount: (order: Order, openid: string, now: EpochMilliseconds) => Discount | undefined = () => undefined
  #givenBack: (order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds) => void = () => {}

  constructor(book: Book, accounts: Accounts, payers: Payers) {
    this.#book = book
    this.#accounts = accounts
    this.#payers = payers
    this.#orders = book.table('orders')
    this.#combined = book.table('combined')
    this.#paid = book.table('payments')
    book.on(TASK, (key, at) => {
      const order = this.findByKey(key)
      if (order?.state === 'ACCEPT') this.deduct(order.mchid, order.request.out_trade_no, at)
    })
    book.entries.add(() => this.all().map(entryOfOrder))
    book.entries.add(() =>
      [...this.#combined.values()].map(combined => entryOfCombined(combined, this.partsOf(combined))),
    )
    book.acts.add('pay', {
      ready: (mchid, number) => {
        const orders = this.#ordersOf(mchid, number)
        return orders.length > 0 ? orders.every(({ state }) => MOVES[state].pay !== undefined) : undefined
      },
      run: (mchid, number, { openid, fail }, now) => {
        if (fail === undefined) this.pay(mchid, number, openid, now)
        else for (const order of this.#ordersOf(mchid, number)) this.fail(order, fail)
      },
    })
  }

  /**
   * Repeating the same request returns the same order.
   *
   * @throws ApiError 403 `OUT_TRADE_NO_USED` when a request reuses an `out_trade_no` with different fields, 400
   *   `ORDER_CLOSED` or `ORDERPAID` when the order is closed or paid.
   */
  place(
    mchid: string,
    tradeType: TradeType,
    request: OrderRequest,
    now: EpochMilliseconds,
    { version = 'v3', combined }: Placing = {},
  ): Order {
    const key = keyOf(mchid, request.out_trade_no)
    const known = this.#current(key)
    if (known) {
      requirePayable(known)
      if (known.tradeType === tradeType && isSame(known.request, request)) return known
      throw numberUsed()
    }
    const order: Order = {
      version,
      tradeType,
      mchid,
      request,
      prepayId: this.#book.number('wx', now, 20),
      combined,
      state: 'NOTPAY',
      payment: undefined,
      refunded: 0,
      shared: 0,
      isUnfrozen: !request.settle_info?.profit_sharing,
      created: now,
      history: [{ at: now, state: 'NOTPAY' }],
      queries: 0,
    }
    this.#orders.set(key, order)
    return order
  }

  /** @throws ApiError as `place`. */
  combine(mchid: string, tradeType: TradeType, request: CombinedRequest, now: EpochMilliseconds): Combined {
    const key = keyOf(mchid, request.combine_out_trade_no)
    const known = this.#combined.get(key)
    if (known && !(known.tradeType === tradeType && isSame(known.request, request))) throw numberUsed()
    const requests = request.sub_orders.map(sub => partOf(request, sub))
    if (!known) for (const { out_trade_no } of requests) if (this.find(mchid, out_trade_no)) throw numberUsed()
    for (const part of requests) {
      this.place(mchid, tradeType, part, now, { combined: request.combine_out_trade_no })
    }
    const combined = known ?? { mchid, tradeType, request, prepayId: this.#book.number('wx', now, 20), created: now }
    this.#combined.set(key, combined)
    return combined
  }

  find(mchid: string, outTradeNo: string): Order | undefined {
    return this.#current(keyOf(mchid, outTradeNo))
  }

  /** By the key of its row: the merchant and its number. */
  findByKey(key: string): Order | undefined {
    return this.#current(key)
  }

  findByTransactionId(mchid: string, transactionId: string): Order | undefined {
    const paid = this.#paid.get(keyOf(mchid, transactionId))
    return paid && this.#current(paid.key)
  }

  /** An order that is asked for by its merchant: the payer of a till goes on meanwhile. */
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

  /** Of the order, or of the first part of the combined order; undefined until it is paid. */
  transactionIdOf(mchid: string, number: string): string | undefined {
    return this.#ordersOf(mchid, number)[0]?.payment?.transactionId
  }

  findCombined(mchid: string, number: string): Combined | undefined {
    return this.#combined.get(keyOf(mchid, number))
  }

  /** The orders of a combined one. */
  partsOf({ mchid, request }: Combined): Order[] {
    return request.sub_orders.flatMap(({ out_trade_no }) => this.find(mchid, out_trade_no) ?? [])
  }

  /** Of all merchants, in the order in which they were placed. */
  all(): Order[] {
    return [...this.#orders.keys()].flatMap(key => this.#current(key) ?? [])
  }

  /** In the order in which they were placed. */
  of(mchid: string): Order[] {
    return [...this.#orders.values()].filter(order => order.mchid === mchid)
  }

  /** The paid orders that the merchant placed or received, in the order in which they were paid. */
  paidBy(mchid: string): PaidOrder[] {
    return [...this.#paid.values()]
      .flatMap(({ key }) => this.#orders.get(key) ?? [])
      .filter(isPaid)
      .filter(order => order.mchid === mchid || payeeOf(order) === mchid)
  }

  /** A closed order stays as it is. @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDERPAID` for a paid order. */
  close(mchid: string, outTradeNo: string): void {
    this.#move(requireOrder(this.find(mchid, outTradeNo)), 'close')
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
    this.#move(order, 'reverse', now)
    return order
  }

  /**
   * @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDER_CLOSED` or `ORDERPAID`, 403 `NOT_ENOUGH` when the payer has less: then
   *   the payment has failed. InvalidArgumentError when the order names a different payer.
   */
  pay(mchid: string, outTradeNo: string, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    const combined = this.findCombined(mchid, outTradeNo)
    if (combined) return this.#payCombined(combined, openid, now)
    const order = requireOrder(this.find(mchid, outTradeNo))
    if (order.combined !== undefined) {
      throw new InvalidArgumentError(
        `Order ${outTradeNo} is part of a combined order. Pay \`${order.combined}\` instead.`,
      )
    }
    return this.#complete(order, openid, now)
  }

  /** The payer pays without being there. Returns undefined when the payer has too little. @throws as `pay`. */
  deduct(mchid: string, outTradeNo: string, now: EpochMilliseconds): PaidOrder | undefined {
    try {
      return this.pay(mchid, outTradeNo, undefined, now)
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_ENOUGH') return undefined
      throw error
    }
  }

  /** `discount` says what a payer saves with a coupon. */
  discountBy(discount: (order: Order, openid: string, now: EpochMilliseconds) => Discount | undefined): void {
    this.#discount = discount
  }

  /** `listener` is called with the fen of a discount that have come back, and the number of the refund or `0`. */
  onGivenBack(listener: (order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds) => void): void {
    this.#givenBack = listener
  }

  /** A part of the discount has come back. */
  giveBack(order: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds): void {
    if (fen > 0) this.#givenBack(order, refundId, fen, now)
  }

  /** `listener` is called after each payment, and after its notification is due. */
  onPaid(listener: (order: PaidOrder, now: EpochMilliseconds) => void): void {
    this.#listeners.push(listener)
  }

  /** The payer has to type the password. */
  ask(order: Order): void {
    this.#move(order, 'ask')
  }

  /** The payment is accepted, and is made without the payer after a minute. */
  accept(order: Order, now: EpochMilliseconds): void {
    this.#move(order, 'accept')
    this.#book.later(now + MINUTE, TASK, keyOf(order.mchid, order.request.out_trade_no))
  }

  /**
   * The payer tries to pay and fails. Only a till's order ends with that; others can be paid still.
   *
   * @throws ApiError 400 `ORDER_CLOSED` or `ORDERPAID`.
   */
  fail(order: Order, reason: string): void {
    requirePayable(order)
    order.reason = reason
    if (order.tradeType === 'MICROPAY' || order.tradeType === 'PAP') this.#move(order, 'fail', undefined, reason)
    else order.history.push({ at: this.#book.clock.now(), state: order.state, event: 'fail', reason })
    if (order.tradeType === 'PAP') this.#announce(deductionNotice(order))
  }

  /** @throws ApiError 400 `INVALID_REQUEST` for more than can still be refunded. */
  requireRefundable(order: Order, fen: number): void {
    if (order.refunded + fen <= order.request.amount.total && MOVES[order.state].refund !== undefined) return
    throw problem(400, 'INVALID_REQUEST', '申请退款金额大于订单可退金额')
  }

  /** Refunds `fen`, of which `discount` come back from the discount. */
  refund(order: PaidOrder, fen: number, discount: number): void {
    this.requireRefundable(order, fen)
    if (order.payment.discount) order.payment.discount.returned += discount
    order.refunded += fen
    this.#move(order, 'refund')
  }

  /** One order, or the parts of a combined one. */
  #ordersOf(mchid: string, number: string): Order[] {
    const combined = this.findCombined(mchid, number)
    return combined ? this.partsOf(combined) : [this.find(mchid, number) ?? []].flat()
  }

  #payCombined(combined: Combined, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    const parts = this.partsOf(combined)
    for (const part of parts) requirePayable(part)
    const { openid: expected } = combined.request.combine_payer_info ?? {}
    requirePayer(combined.request.combine_out_trade_no, expected, openid)
    this.#requireFunds(parts, openid ?? expected)
    const paid = parts.map(part => this.#complete(part, openid ?? expected, now))
    this.#announce(combinedNotice(combined, paid))
    const [first] = paid
    if (!first) throw orderUnknown()
    return first
  }

  #complete(order: Order, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    requirePayable(order)
    const { payer } = order.request
    const expected = payer?.openid ?? payer?.sp_openid ?? payer?.sub_openid
    requirePayer(order.request.out_trade_no, expected, openid)
    const payerId = openid ?? expected ?? DEFAULT_OPENID
    const discount = this.#discount(order, payerId, now)
    this.#requireFunds([order], payerId, discount?.fen)
    this.#move(order, 'pay', now)
    const payment: Payment = {
      transactionId: this.#book.number('4200', now, 10),
      successTime: beijingTime(now),
      openid: payerId,
      ...(discount && { discount }),
    }
    this.#payers.receive(payerId, -paidAmounts(order.request, payment).payer)
    const paid: PaidOrder = Object.assign(order, { payment })
    this.#paid.set(keyOf(order.mchid, payment.transactionId), { key: keyOf(order.mchid, order.request.out_trade_no) })
    this.#post(paid, paidAmounts(order.request, payment).settled, '交易', now)
    if (order.combined === undefined) this.#announce(paymentNotice(paid))
    for (const listener of this.#listeners) listener(paid, now)
    return paid
  }

  /** @throws ApiError 403 `NOT_ENOUGH`, for which the orders have failed. */
  #requireFunds(orders: readonly Order[], openid: string | undefined, saved = 0): void {
    const fen = orders.reduce((sum, { request }) => sum + request.amount.total, -saved)
    if (this.#payers.canPay(openid ?? DEFAULT_OPENID, fen)) return
    for (const order of orders) this.fail(order, 'NOTENOUGH')
    throw problem(403, 'NOT_ENOUGH', '余额不足')
  }

  #post(order: PaidOrder, amount: number, business: string, at: EpochMilliseconds): void {
    const { payment, request } = order
    this.#accounts.post({
      mchid: payeeOf(order),
      at,
      amount,
      held: unsplitOf(order, at),
      business,
      id: payment.transactionId,
      no: request.out_trade_no,
    })
  }

  /** By default now, in business time. @throws ApiError for an event that the state does not have. */
  #move(order: Order, event: TradeEvent, at = this.#book.clock.now(), reason?: string): void {
    const state = MOVES[order.state][event]
    if (state === undefined) throw stateError(order)
    // What is closed already stays as it is.
    if (state !== order.state || event === 'refund') {
      order.history.push({ at, state, event, ...(reason !== undefined && { reason }) })
    }
    order.state = state
  }

  #announce(notice: Parameters<Book['announce']>[0] | undefined): void {
    if (notice) this.#book.announce(notice)
  }

  /** An order whose `time_expire` has passed is closed. */
  #current(key: string): Order | undefined {
    const order = this.#orders.get(key)
    if (order?.state === 'NOTPAY' && expiryOf(order.request) <= this.#book.clock.now()) {
      order.state = 'CLOSED'
      order.history.push({ at: expiryOf(order.request), state: 'CLOSED', event: 'expire' })
    }
    return order
  }
}

/** @throws ApiError 404 `ORDER_NOT_EXIST` for undefined. */
export function requireOrder<Known>(order: Known | undefined): Known {
  if (order === undefined) throw orderUnknown()
  return order
}

/** What a combined order says of one of its parts. */
function partOf(
  { combine_appid, notify_url, time_expire }: CombinedRequest,
  { amount, ...sub }: CombinedRequest['sub_orders'][number],
): OrderRequest {
  const { mchid, sub_mchid, sub_appid, out_trade_no, attach, description, settle_info } = sub
  return {
    appid: combine_appid,
    mchid,
    out_trade_no,
    description,
    amount: { total: amount.total_amount, currency: amount.currency },
    ...(sub_mchid && { sub_mchid }),
    ...(sub_appid && { sub_appid }),
    ...(attach && { attach }),
    ...(settle_info && { settle_info }),
    ...(notify_url && { notify_url }),
    ...(time_expire && { time_expire }),
  }
}

/** Milliseconds since 1970; an order without a valid `time_expire` does not expire. */
function expiryOf({ time_expire = '' }: OrderRequest): number {
  const [, date, hour, minute, second] = /^(\d{8})(\d\d)(\d\d)(\d\d)$/.exec(time_expire) ?? []
  const day = date?.replace(/(....)(..)(..)/, '$1-$2-$3')
  const time = Date.parse(day ? `${day}T${hour}:${minute}:${second}+08:00` : time_expire)
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time
}

function requirePayable(order: Order): void {
  if (MOVES[order.state].pay === undefined) throw stateError(order)
}

function requirePayer(number: string, expected: string | undefined, given: string | undefined): void {
  if (given === undefined || expected === undefined || given === expected) return
  throw new InvalidArgumentError(
    `\`openid\` must be the payer that order ${number} names; got a different one. Omit \`openid\`.`,
  )
}

function stateError({ state, payment }: Order): ApiError {
  if (payment) return problem(400, 'ORDERPAID', '该订单已支付')
  if (state === 'REVOKED') return problem(400, 'ORDERREVERSED', '订单已撤销，请重新下单支付')
  if (state === 'CLOSED') return problem(400, 'ORDER_CLOSED', '该订单已关闭')
  return problem(400, 'TRADE_ERROR', DESCRIPTIONS[state])
}

function numberUsed(): ApiError {
  return problem(403, 'OUT_TRADE_NO_USED', '商户订单号重复')
}

function orderUnknown(): ApiError {
  return problem(404, 'ORDER_NOT_EXIST', '订单不存在')
}
