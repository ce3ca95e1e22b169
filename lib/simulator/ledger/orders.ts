/** Orders of every kind, of APIv3 and APIv2, in one table: what merchants place, look up and close. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import {
  type ApiVersion,
  type Combined,
  type CombinedRequest,
  isPaid,
  MOVES,
  type Order,
  type OrderRequest,
  type PaidOrder,
  payeeOf,
  type TradeEvent,
  type TradeType,
} from './order.js'
import { entryOfCombined, entryOfOrder } from './order-entries.js'
import { numberUsed, requireOrder, requirePayable, stateError } from './order-problems.js'
import { keyOf } from './product.js'
import { isSame } from './same.js'

interface Placing {
  readonly version?: ApiVersion
  readonly combined?: string
}

export class Orders {
  readonly #book: Book
  readonly #orders: Map<string, Order>
  readonly #combined: Map<string, Combined>
  /** The paid orders by their transaction numbers, in the order in which they were paid. */
  readonly #paid: Map<string, { key: string }>

  constructor(book: Book) {
    this.#book = book
    this.#orders = book.table('orders')
    this.#combined = book.table('combined')
    this.#paid = book.table('payments')
    book.entries.add(() => this.all().map(entryOfOrder))
    book.entries.add(() =>
      [...this.#combined.values()].map(combined => entryOfCombined(combined, this.partsOf(combined))),
    )
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

  /** `key` comes from `keyOf`: the merchant and the order number. */
  findByKey(key: string): Order | undefined {
    return this.#current(key)
  }

  findByTransactionId(mchid: string, transactionId: string): Order | undefined {
    const paid = this.#paid.get(keyOf(mchid, transactionId))
    return paid && this.#current(paid.key)
  }

  /** The transaction ID of the order, or of the first part of a combined order; undefined until it is paid. */
  transactionIdOf(mchid: string, number: string): string | undefined {
    return this.allOf(mchid, number)[0]?.payment?.transactionId
  }

  findCombined(mchid: string, number: string): Combined | undefined {
    return this.#combined.get(keyOf(mchid, number))
  }

  /** The orders of a combined one. */
  partsOf({ mchid, request }: Combined): Order[] {
    return request.sub_orders.flatMap(({ out_trade_no }) => this.find(mchid, out_trade_no) ?? [])
  }

  /** The orders of all merchants, oldest first. */
  all(): Order[] {
    return [...this.#orders.keys()].flatMap(key => this.#current(key) ?? [])
  }

  /** The orders of one merchant, oldest first. */
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

  /** One order, or the parts of a combined one. */
  allOf(mchid: string, number: string): Order[] {
    const combined = this.findCombined(mchid, number)
    return combined ? this.partsOf(combined) : [this.find(mchid, number) ?? []].flat()
  }

  /** A closed order stays as it is. @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDERPAID` for a paid order. */
  close(mchid: string, outTradeNo: string): void {
    this.move(requireOrder(this.find(mchid, outTradeNo)), 'close')
  }

  /** The order is found by the number of its payment from now on. */
  addPaid({ mchid, request, payment }: PaidOrder): void {
    this.#paid.set(keyOf(mchid, payment.transactionId), { key: keyOf(mchid, request.out_trade_no) })
  }

  /** `at` is business time, by default now. @throws ApiError for an event that the state does not allow. */
  move(order: Order, event: TradeEvent, at = this.#book.clock.now(), reason?: string): void {
    const state = MOVES[order.state][event]
    if (state === undefined) throw stateError(order)
    // Closing a closed order changes nothing.
    if (state !== order.state || event === 'refund') {
      order.history.push({ at, state, event, ...(reason !== undefined && { reason }) })
    }
    order.state = state
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

/** The request of one part of a combined order. */
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
