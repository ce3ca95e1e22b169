/** The content of the ledger in one form for all products, for the page and the control API. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Act } from './acts.js'

/** An entry of the ledger. */
export interface Entry {
  /** The product, by the name of its table, such as `refunds`. */
  readonly kind: string
  readonly mchid: string
  /** The kind within the product, such as the trade type of an order. */
  readonly type?: string | undefined
  /** The merchant's number. */
  readonly number: string
  /** WeChat Pay's number. */
  readonly id: string
  readonly state: string
  /** The reason why it failed or could not be paid. */
  readonly reason?: string | undefined
  /** The description in the request. */
  readonly title?: string | undefined
  /** Fen. */
  readonly amount?: number | undefined
  /** Default: CNY. */
  readonly currency?: string | undefined
  readonly created: EpochMilliseconds
  readonly updated: EpochMilliseconds
  /** The events that are possible in this state. */
  readonly events: readonly string[]
  /** The events from outside that are possible in this state. */
  readonly acts: readonly PossibleAct[]
  /** The event that happens by itself, unless a different event comes first. */
  readonly due?: { readonly at: EpochMilliseconds; readonly event: string } | undefined
  /** Its states, oldest first. */
  readonly history: readonly Step[]
}

export interface PossibleAct {
  readonly act: Act
  /** Whether it can fail for any reason, only for these, or not at all. */
  readonly fails: 'any' | 'listed' | 'never'
  /** The documented reasons for which it fails. */
  readonly reasons: readonly string[]
}

/** A step in the history of an entry. */
export interface Step {
  readonly at: EpochMilliseconds
  readonly state: string
  /** The event that led to it; undefined for the first. */
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

/**
 * The amount of a request in fen, under the names that the APIs of WeChat Pay use; undefined for a request without
 * money.
 */
export function amountOf(request: object): number | undefined {
  const { amount, receivers } = request as { amount?: unknown; receivers?: unknown }
  if (Array.isArray(receivers)) return receivers.reduce((sum, receiver) => sum + (amountOf(Object(receiver)) ?? 0), 0)
  const values = typeof amount === 'object' && amount !== null ? amount : request
  const found = AMOUNTS.map(name => Reflect.get(values, name)).find(value => Number.isSafeInteger(Number(value ?? NaN)))
  return found === undefined ? undefined : Number(found)
}

/** The description in a request. */
export function titleOf(request: object): string | undefined {
  return TITLES.map(name => Reflect.get(request, name)).find(value => typeof value === 'string')
}
