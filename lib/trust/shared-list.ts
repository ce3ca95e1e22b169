/** The list of platform certificates in the store: downloaded by one process, used by all. */
import { randomUUID } from 'node:crypto'
import { deleteIf, type Store } from '../stores/store.js'

/** The answer's text as it was downloaded: still sealed, so that whoever reads it from a store can tell it is genuine. */
export interface DownloadedList {
  readonly body: string
  /** Milliseconds since 1970. */
  readonly fetchedAt: number
}

/** The time that keys live by; specs bring their own. */
export interface KeyClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after that many milliseconds, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void>
}

/** Long enough to outlive a weekend of failing downloads; how fresh a list is, is told by its time. */
const LIST_TTL = 7 * 24 * 60 * 60
/** Longer than a download takes; if it is not, there are two. */
const LOCK_TTL = 60
const LOCK_POLL = 50
const LONGEST_WAIT = 30_000
/** A store that is down must not hold up payments: it is waited for once, then not asked for a while. */
const STORE_TIMEOUT = 2_000
const SILENCE = 60_000

interface Options {
  store: Store
  /** Names the merchant and the list. */
  name: string
  clock: KeyClock
  /** Told when the store fails; things then go on without it. */
  onFailure(cause: unknown): void
}

/** One list, and the lock by which processes take turns at downloading it. */
export class SharedList {
  readonly #options: Options
  readonly #listKey: string
  readonly #lockKey: string
  readonly #gateKey: string
  #silentUntil = Number.NEGATIVE_INFINITY

  constructor(options: Options) {
    this.#options = options
    this.#listKey = `wechatpay-chain:certificates:${options.name}`
    this.#lockKey = `${this.#listKey}:lock`
    this.#gateKey = `${this.#listKey}:gate`
  }

  async read(): Promise<DownloadedList | undefined> {
    const text = await this.#ask(store => store.get(this.#listKey), undefined)
    return text === undefined ? undefined : parse(text, this.#options.clock.now())
  }

  async write(answer: DownloadedList): Promise<void> {
    await this.#ask(store => store.set(this.#listKey, JSON.stringify(answer), LIST_TTL), undefined)
  }

  /** Whether something that is allowed once in so many seconds, over all processes, is allowed now. */
  async passGate(seconds: number): Promise<boolean> {
    return this.#ask(store => store.add(this.#gateKey, '1', seconds), true)
  }

  /**
   * Runs `download` when no other process is at it. While another one is, waits, and asks `isDone` every time that it
   * may have finished; true ends the wait.
   */
  async takeTurn(isDone: () => Promise<boolean>, download: () => Promise<void>): Promise<void> {
    const { clock } = this.#options
    const token = randomUUID()
    const deadline = clock.now() + LONGEST_WAIT
    while (!(await this.#ask(store => store.add(this.#lockKey, token, LOCK_TTL), true))) {
      if (await isDone()) return
      if (clock.now() >= deadline) break
      await clock.sleep(LOCK_POLL, undefined)
    }
    try {
      if (!(await isDone())) await download()
    } finally {
      await this.#ask(store => deleteIf(store, this.#lockKey, token), undefined)
    }
  }

  async #ask<T>(question: (store: Store) => Promise<T>, otherwise: T): Promise<T> {
    const { store, clock, onFailure } = this.#options
    if (clock.now() < this.#silentUntil) return otherwise
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#silentUntil = clock.now() + SILENCE
        reject(new Error(`The store did not answer within ${STORE_TIMEOUT} ms.`))
      }, STORE_TIMEOUT)
    })
    try {
      return await Promise.race([question(store), timeout])
    } catch (cause) {
      onFailure(cause)
      return otherwise
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Milliseconds that the clocks of processes may differ. */
const LARGEST_SKEW = 300_000

// What comes out of a store is nobody's word: a time from the future would keep a list fresh for ever.
function parse(text: string, now: number): DownloadedList | undefined {
  try {
    const { body, fetchedAt } = JSON.parse(text)
    if (typeof body !== 'string' || typeof fetchedAt !== 'number') return undefined
    return { body, fetchedAt: fetchedAt > now + LARGEST_SKEW ? 0 : fetchedAt }
  } catch {
    return undefined
  }
}
