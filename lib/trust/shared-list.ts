/** The list of platform certificates in the store: downloaded by one process, used by all. */
import { randomUUID } from 'node:crypto'
import { WechatPayError } from '../errors.js'
import { deleteIf, type Store } from '../stores/store.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import { askStore, type Clock } from '../util/deadline.js'
import { isRecord } from '../util/plain-object.js'

/** The body of the response as it was downloaded: still encrypted, so that every reader can check that it is genuine. */
export interface DownloadedList {
  readonly body: string
  readonly fetchedAt: EpochMilliseconds
}

/** The clock that keys live by. */
export type KeyClock = Pick<Clock, 'now' | 'monotonic' | 'sleep'>

/** Seconds; long enough for a weekend of failing downloads. A list is old by its `fetchedAt`, not by this. */
const LIST_TTL = 7 * 24 * 60 * 60
/** Seconds; longer than a download usually takes. If one takes longer, there are two. */
const LOCK_TTL = 10
const LOCK_POLL = 50
/** Milliseconds. A process that died while it downloaded must not stop the others, and two downloads do no harm. */
const LONGEST_WAIT = 3_000
/** A store that is down must not delay payments: after one timeout it is left alone for a while. */
const SILENCE = 60_000

interface Options {
  store: Store
  /** Identifies the merchant and the list. */
  name: string
  clock: KeyClock
  /** Called when the store fails; the list then works without it. */
  onFailure(cause: unknown): void
}

/** One list, and the lock that makes processes download it in turn. */
export class SharedList {
  readonly #options: Options
  readonly #listKey: string
  readonly #lockKey: string
  readonly #searchKey: string
  #silentUntil = Number.NEGATIVE_INFINITY

  constructor(options: Options) {
    this.#options = options
    this.#listKey = `wechatpay-chain:certificates:${options.name}`
    this.#lockKey = `${this.#listKey}:lock`
    this.#searchKey = `${this.#listKey}:search`
  }

  async read(): Promise<DownloadedList | undefined> {
    const stored = await this.#ask(store => store.get(this.#listKey), undefined)
    return stored === undefined ? undefined : parse(stored, this.#options.clock.now())
  }

  async write(list: DownloadedList): Promise<void> {
    await this.#ask(store => store.set(this.#listKey, JSON.stringify(list), LIST_TTL), undefined)
  }

  /** Whether a search may download: all processes together, once in `seconds` unless the download fails. */
  async claimSearch(seconds: number): Promise<boolean> {
    return this.#ask(store => store.add(this.#searchKey, '1', seconds), true)
  }

  /** Lets a different process search, after a search that failed. */
  async releaseSearch(): Promise<void> {
    await this.#ask(store => store.delete(this.#searchKey), undefined)
  }

  /**
   * Runs `download` when no other process does. While a different process downloads, waits and calls `isDone` whenever
   * that process may have finished; true ends the wait.
   */
  async takeTurn(isDone: () => Promise<boolean>, download: () => Promise<void>): Promise<void> {
    const { clock } = this.#options
    const token = randomUUID()
    const deadline = clock.monotonic() + LONGEST_WAIT
    while (!(await this.#ask(store => store.add(this.#lockKey, token, LOCK_TTL), true))) {
      if (await isDone()) return
      if (clock.monotonic() >= deadline) break
      await clock.sleep(LOCK_POLL)
    }
    try {
      if (!(await isDone())) await download()
    } finally {
      await this.#ask(store => deleteIf(store, this.#lockKey, token), undefined)
    }
  }

  async #ask<T>(access: (store: Store) => Promise<T>, otherwise: T): Promise<T> {
    const { store, clock, onFailure } = this.#options
    if (clock.monotonic() < this.#silentUntil) return otherwise
    try {
      return await askStore(() => access(store))
    } catch (cause) {
      if (cause instanceof WechatPayError && cause.code === 'ERR_STORE_TIMEOUT') {
        this.#silentUntil = clock.monotonic() + SILENCE
      }
      onFailure(cause)
      return otherwise
    }
  }
}

/** Milliseconds by which the clocks of processes may differ. */
const LARGEST_SKEW = 300_000

// A store cannot be trusted: a time in the future would keep a list fresh forever.
function parse(stored: string, now: EpochMilliseconds): DownloadedList | undefined {
  try {
    const list: unknown = JSON.parse(stored)
    if (!isRecord(list)) return undefined
    const { body, fetchedAt } = list
    if (typeof body !== 'string' || typeof fetchedAt !== 'number') return undefined
    return { body, fetchedAt: fetchedAt > now + LARGEST_SKEW ? 0 : fetchedAt }
  } catch {
    return undefined
  }
}
