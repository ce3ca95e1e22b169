/** The default store: the memory of one process. */
import type { Store } from './store.js'

interface Entry {
  value: string
  /** Milliseconds, by the store's clock. */
  expires: number
}

/** Entries that each write looks at. With 4, at most a third of the entries of a busy store have expired. */
const SWEPT_AT_ONCE = 4

/** Keeps everything in this process. `now` returns milliseconds, by default on a monotonic clock. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number
  #sweep = this.#entries.entries()

  constructor({ now = performance.now.bind(performance) }: { now?: () => number } = {}) {
    this.#now = now
  }

  async get(key: string): Promise<string | undefined> {
    return this.#live(key)?.value
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    this.#set(key, value, ttl)
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    if (this.#live(key)) return false
    this.#set(key, value, ttl)
    return true
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key)
  }

  async deleteIf(key: string, value: string): Promise<void> {
    if (this.#live(key)?.value === value) this.#entries.delete(key)
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.expires > this.#now() ? entry : undefined
  }

  #set(key: string, value: string, ttl: number): void {
    const now = this.#now()
    this.#sweepSome(now)
    this.#entries.set(key, { value, expires: now + ttl * 1000 })
  }

  // A few entries with each write: a timer would keep the process alive, and a sweep of all would block it.
  #sweepSome(now: number): void {
    for (let count = 0; count < SWEPT_AT_ONCE; count++) {
      const { done, value } = this.#sweep.next()
      if (done) {
        this.#sweep = this.#entries.entries()
        return
      }
      const [key, { expires }] = value
      if (expires <= now) this.#entries.delete(key)
    }
  }
}
