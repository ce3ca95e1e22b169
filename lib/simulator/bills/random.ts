/** Chance that can be repeated: the same seed gives the same numbers. */
import { createHash } from 'node:crypto'

/** Integers from 0 up to, and without, `below`. */
export type Random = (below: number) => number

export function seeded(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return below => {
    // A linear congruential generator, of whose bits the upper ones are taken: enough for texts that vary.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
