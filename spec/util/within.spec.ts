import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { within } from '../../lib/util/deadline.js'

const never = new Promise<string>(() => {})

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('within', () => {
  it('gives what the work gives, and leaves no timer behind', async () => {
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

  it('fails with what the end throws', async () => {
    const ended = within(never, { milliseconds: 10 }, () => {
      throw new Error('too late')
    })
    const refused = expect(ended).rejects.toThrow('too late')
    await vi.advanceTimersByTimeAsync(10)
    await refused
  })
})
