/** What the ledger holds, of every product, in one form: for those who look at everything. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Act } from './acts.js'

/** Something in the ledger. */
export interface Entry {
  /** The product, by the name of its table, such as `refunds`. */
  readonly kind: string
  readonly mchid: string
  /** Which of its product, such as the trade type of an order. */
  readonly type?: string | undefined
  /** The merchant's number. */
  readonly number: string
  /** WeChat Pay's number. */
  readonly id: string
  readonly state: string
  /** Why it ended badly, or could not be paid. */
  readonly reason?: string | undefined
  /** What it is, in the words of the request. */
  readonly title?: string | undefined
  /** Fen. */
  readonly amount?: number | undefined
  /** Default: CNY. */
  readonly currency?: string | undefined
  readonly created: EpochMilliseconds
  readonly updated: EpochMilliseconds
  /** What can happen to it in this state, from outside, by itself or by the merchant. */
  readonly events: readonly string[]
  /** What can happen to it from outside in this state. */
  readonly acts: readonly PossibleAct[]
  /** What happens to it by itself, unless something else happens before. */
  readonly due?: { readonly at: EpochMilliseconds; readonly event: string } | undefined
  /** Its states, oldest first. */
  readonly history: readonly Step[]
}

export interface PossibleAct {
  readonly act: Act
  /** Whether any reason makes it fail, only these, or none. */
  readonly fails: 'any' | 'listed' | 'never'
  /** The documented reasons for which it fails. */
  readonly reasons: readonly string[]
}

/** A state that something has come to. */
export interface Step {
  readonly at: EpochMilliseconds
  readonly state: string
  /** What led to it; undefined for the first. */
  readonly event?: string
  readonly reason?: string
}

export class Entries {
  readonly #sources: (() => readonly Entry[])[] = []

  /** `source` returns all entries of a product, oldest first. */
  add(source: () => readonly Entry[]): void {
    this.#sources.push(source)
  }

  /** Of all products and merchants, oldest first. */
  list(): Entry[] {
    return this.#sources.flatMap(source => source()).sort((one, other) => one.created - other.created)
  }
}

const AMOUNTS = ['refund', 'total', 'total_amount', 'transfer_amount', 'total_fee', 'amount'] as const
const TITLES = ['description', 'transfer_remark', 'service_introduction', 'stock_name', 'body', 'remark'] as const

/** Fen: what a request is about, under the names that the APIs of WeChat Pay use; undefined for one without money. */
export function amountOf(request: object): number | undefined {
  const { amount, receivers } = request as { amount?: unknown; receivers?: unknown }
  if (Array.isArray(receivers)) return receivers.reduce((sum, receiver) => sum + (amountOf(Object(receiver)) ?? 0), 0)
  const values = typeof amount === 'object' && amount !== null ? amount : request
  const found = AMOUNTS.map(name => Reflect.get(values, name)).find(value => Number.isSafeInteger(Number(value ?? NaN)))
  return found === undefined ? undefined : Number(found)
}

/** What a request says of itself. */
export function titleOf(request: object): string | undefined {
  return TITLES.map(name => Reflect.get(request, name)).find(value => typeof value === 'string')
}
