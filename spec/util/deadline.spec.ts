import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError } from '../../lib/errors.js'
import { Deadline, timerDelay, within } from '../../lib/util/deadline.js'

const never = new Promise<string>(() => {})

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('within', () => {
  it('returns the result of the work, and leaves no timer behind', async () => {
    expect(await within(Promise.resolve('done'), { milliseconds: 10 }, why => why)).toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('fails as the work does', async () => {
    const failure = new Error('failed')
    await expect(within(Promise.reject(failure), { milliseconds: 10 }, String)).rejects.toBe(failure)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends when the time is up', async () => {
    const ended = within(never, { milliseconds: 10 }, why => `ended by ${why}`)
    await vi.advanceTimersByTimeAsync(10)
    expect(await ended).toBe('ended by timeout')
  })

  it.each(['before', 'during'])('ends when the signal aborts %s the work', async when => {
    const controller = new AbortController()
    if (when === 'before') controller.abort()
    const ended = within(never, { milliseconds: 10, signal: controller.signal }, why => `ended by ${why}`)
    controller.abort()
    expect(await ended).toBe('ended by abort')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('fails with the error of its end', async () => {
    const ended = within(never, { milliseconds: 10 }, () => {
      throw new Error('too late')
    })
    const refused = expect(ended).rejects.toThrow('too late')
    await vi.advanceTimersByTimeAsync(10)
    await refused
  })
})

describe('a deadline', () => {
  it('counts down on its own clock, and never to zero', () => {
    let now = 5
    const deadline = new Deadline({ timeout: 100, now: () => now })
    expect(deadline.remaining()).toBe(100)
    now = 65
    expect(deadline.remaining()).toBe(40)
    now = 1_000
    expect(deadline.remaining()).toBe(1)
  })

  it('lets a value pass that is not a promise', () => {
    expect(new Deadline({ timeout: 100 }).wait('value')).toBe('value')
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    [false, NOTHING_SENT],
    [true, OUTCOME_UNKNOWN],
  ])('that passes says what became of a request, if sent is %j', async (sent, outcome) => {
    const deadline = new Deadline({ timeout: 100 })
    deadline.sent = sent
    const failed = Promise.resolve(deadline.wait(never)).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(200)
    expect(await failed).toBeInstanceOf(TransportError)
    expect(await failed).toMatchObject({ code: 'ERR_TIMEOUT', sent, message: expect.stringContaining(outcome) })
  })

  it('ends with its signal, whose reason is the cause', async () => {
    const deadline = new Deadline({ timeout: 100, signal: AbortSignal.abort('the user left') })
    await expect(deadline.wait(never)).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      sent: false,
      cause: 'the user left',
    })
  })
})

describe('the delay of a timer', () => {
  it('is never shorter than the wait, and longer by a sixty-fourth at most', () => {
    for (let wait = 1; wait < 2 ** 31 - 1; wait = wait * 1.7 + 0.3) {
      const delay = timerDelay(wait)
      expect(delay).toBeGreaterThanOrEqual(wait)
      expect(delay).toBeLessThanOrEqual(Math.min(Math.ceil(wait) * (1 + 1 / 64), 2 ** 31 - 1))
    }
    expect(timerDelay(2 ** 31 - 1)).toBe(2 ** 31 - 1)
  })

  it('is one of a few for the calls of a moment', () => {
    const delays = Array.from({ length: 1000 }, (_, index) => timerDelay(30_000 - index))
    expect(new Set(delays).size).toBeLessThan(10)
  })
})
