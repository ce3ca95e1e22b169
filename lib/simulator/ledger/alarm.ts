/** Runs the ledger when a task is due and no request comes. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'

/** Milliseconds. Timers cannot wait longer than 24 days. */
const LONGEST = 2 ** 31 - 1

export class Alarm {
  readonly #now: () => EpochMilliseconds
  readonly #ring: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** `now` returns business time. */
  constructor(now: () => EpochMilliseconds, ring: () => void) {
    this.#now = now
    this.#ring = ring
  }

  /** A later call replaces the time. */
  set(at: EpochMilliseconds): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(this.#ring, Math.min(Math.max(at - this.#now(), 0), LONGEST))
    this.#timer.unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
