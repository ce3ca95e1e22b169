/** Recently used nonces: a signed request is accepted only once. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'

/** Milliseconds. A timestamp is accepted from 300 s before to 300 s after the clock. */
const LIFETIME = 600_000
const LIMIT = 100_000

/** Keeps the nonces whose timestamp may still be accepted, but at most 100,000 of them. */
export class Nonces {
  readonly #seen = new Map<string, number>()

  has(nonce: string): boolean {
    return this.#seen.has(nonce)
  }

  add(nonce: string, now: EpochMilliseconds): void {
    this.#seen.set(nonce, now)
    for (const [oldest, time] of this.#seen) {
      if (time >= now - LIFETIME && this.#seen.size <= LIMIT) break
      this.#seen.delete(oldest)
    }
  }
}
