/** A till for specs, whose time passes only while it waits. */
import { type CourseOptions, takePayment } from '../../lib/till/course.js'
import type { CodePayProgress, OrderCalls } from '../../lib/till/payment.js'

export interface Till {
  /** Milliseconds since the beginning. */
  readonly now: () => number
  readonly states: CodePayProgress[]
  /** Called after each wait. */
  onTime: (now: number) => void
  take<Order>(calls: OrderCalls<Order>, options?: Partial<CourseOptions>): ReturnType<typeof takePayment<Order>>
}

export function createTill(): Till {
  let now = 0
  const states: CodePayProgress[] = []
  const till: Till = {
    now: () => now,
    states,
    onTime: () => {},
    take: (calls, options = {}) =>
      takePayment(
        calls,
        {
          wait: 30_000,
          interval: 5_000,
          signal: undefined,
          isResumed: false,
          onState: state => states.push(state),
          ...options,
        },
        {
          monotonic: () => now,
          async sleep(milliseconds, signal) {
            if (signal?.aborted) return
            now += milliseconds
            till.onTime(now)
          },
        },
      ),
  }
  return till
}
