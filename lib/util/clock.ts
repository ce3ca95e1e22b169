/** The clock and the random numbers that the client uses; specs pass their own. */
import { setTimeout as delay } from 'node:timers/promises'
import type { EpochMilliseconds } from './beijing-time.js'

export interface Clock {
  /** The wall clock: for signatures and validity. */
  now(): EpochMilliseconds
  /** Milliseconds from an arbitrary start: for durations, since this clock is never set. */
  monotonic(): number
  /** From 0 to 1, 1 excluded. */
  random(): number
  /** Resolves after that many milliseconds, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: performance.now.bind(performance),
  random: Math.random,
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { ...(signal && { signal }) }).catch(() => {}),
}
