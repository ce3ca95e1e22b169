/** The money of orders with profit sharing that their merchants cannot use yet: not shared, or being shared. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { currencyOf, isPaid, type PaidOrder, payeeOf, YUAN } from './order.js'
import type { Orders } from './orders.js'
import { keyOf } from './product.js'
import { isFrozen, unsplitOf } from './sharing-rules.js'

export class FrozenFunds {
  readonly #orders: Orders
  /** The paid orders that may still be shared, by their keys, with the merchant that owns the money. */
  readonly #open: Map<string, { payee: string }>
  /** Fen of the shares in progress, by their keys, with the merchant that owns the money. */
  readonly #pending: Map<string, { payee: string; amount: number; currency?: string }>

  constructor(book: Book, orders: Orders) {
    this.#orders = orders
    this.#open = book.table('sharing.open')
    this.#pending = book.table('sharing.pending')
  }

  /** Freezes the money of an order with profit sharing. */
  freeze(order: PaidOrder): void {
    if (!order.isUnfrozen) this.#open.set(keyOf(order.mchid, order.request.out_trade_no), { payee: payeeOf(order) })
  }

  /** Keeps the money of the share with this key frozen until `release`. */
  hold(key: string, order: PaidOrder, amount: number): void {
    this.#pending.set(key, { payee: payeeOf(order), amount, currency: currencyOf(order) })
  }

  release(key: string): void {
    this.#pending.delete(key)
  }

  /** The frozen money in the account of a merchant, in fen or minor units of the currency. */
  of(mchid: string, now: EpochMilliseconds, currency: string): number {
    let frozen = 0
    for (const [key, { payee }] of this.#open) {
      const order = payee === mchid ? this.#orders.findByKey(key) : undefined
      if (!order || !isPaid(order)) continue
      if (!isFrozen(order, now)) this.#open.delete(key)
      else if (currencyOf(order) === currency) frozen += unsplitOf(order, now)
    }
    for (const { payee, amount, currency: own = YUAN } of this.#pending.values()) {
      if (payee === mchid && own === currency) frozen += amount
    }
    return frozen
  }
}
