/** The default store: the memory of one process. */
import type { EpochMilliseconds } from '../util/beijing-time.js'
import type { Store } from './store.js'

interface Entry {
  value: string
  expires: EpochMilliseconds
}

const SWEEP_INTERVAL = 60_000

/** Keeps everything in this process. `now` returns the time. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => EpochMilliseconds
  #sweptAt: EpochMilliseconds

  constructor({ now = () => Date.now() }: { now?: () => EpochMilliseconds } = {}) {
    this.#now = now
    this.#sweptAt = now()
  }

  async get(key: string): Promise<string | undefined> {
    return this.#live(key)?.value
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    this.#sweep()
    this.#entries.set(key, { value, expires: this.#now() + ttl * 1000 })
  }

  async add(key: string, value: string, ttl: number): Promise<boolean> {
    if (this.#live(key)) return false
    await this.set(key, value, ttl)
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

  // Runs on a write: a timer would keep the process alive.
  #sweep(): void {
    const now = this.#now()
    if (now - this.#sweptAt < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const [key, { expires }] of this.#entries) if (expires <= now) this.#entries.delete(key)
  }
}
