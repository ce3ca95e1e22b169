/** Repeatable pseudo-random numbers. */
import { createHash } from 'node:crypto'

/** Returns the next integer from 0 to `below` - 1. */
export type Random = (below: number) => number

/** The same seed yields the same numbers. */
export function seeded(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return below => {
    // A linear congruential generator is sufficient for sample data. Its upper bits are the most random.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
