/** The nonces seen lately: a signed request is good for one use. */

// A request that arrives 300 s before its timestamp is accepted until 300 s after it: 600 s in all.
const LIFETIME = 600_000
const LIMIT = 100_000

/** Forgets what is too old to be accepted anyway, and at the worst the oldest of 100,000. */
export class Nonces {
  readonly #seen = new Map<string, number>()

  has(nonce: string): boolean {
    return this.#seen.has(nonce)
  }

  /** `now` in milliseconds. */
  add(nonce: string, now: number): void {
    this.#seen.set(nonce, now)
    for (const [oldest, time] of this.#seen) {
      if (time >= now - LIFETIME && this.#seen.size <= LIMIT) break
      this.#seen.delete(oldest)
    }
  }
}
