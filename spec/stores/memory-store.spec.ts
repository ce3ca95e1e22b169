import { describe, expect, it, vi } from 'vitest'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { itForgetsInTime, itKeepsTheContract } from './contract.js'

describe('the memory store', () => {
  let time = 0
  const store = new MemoryStore({ now: () => time })
  itKeepsTheContract(() => store)
  itForgetsInTime(
    () => store,
    seconds => {
      time += seconds * 1000
    },
  )

  it('uses the time of the system by default', async () => {
    const own = new MemoryStore()
    await own.set('key', 'value', 60)
    expect(await own.get('key')).toBe('value')
  })

  it('releases expired entries', async () => {
    let now = 0
    const own = new MemoryStore({ now: () => now })
    for (const key of ['a', 'b', 'c']) await own.set(key, 'value', 1)
    now = 120_000
    const removed = vi.spyOn(Map.prototype, 'delete')
    await own.set('d', 'value', 1)
    expect(removed.mock.calls.flat()).toEqual(['a', 'b', 'c'])
    removed.mockRestore()
  })

  it('finds what has expired behind what has not', async () => {
    let now = 0
    const own = new MemoryStore({ now: () => now })
    await own.set('lasting', 'value', 1_000)
    for (let index = 0; index < 100; index++) await own.set(`expired ${index}`, 'value', 1)
    now = 2_000
    const removed = vi.spyOn(Map.prototype, 'delete')
    for (let index = 0; index < 30; index++) await own.set('new', 'value', 1)
    expect(new Set(removed.mock.calls.flat()).size).toBe(100)
    removed.mockRestore()
    expect(await own.get('lasting')).toBe('value')
  })

  it('looks at a few entries with each write, however many there are', async () => {
    let now = 0
    const own = new MemoryStore({ now: () => now })
    for (let index = 0; index < 1_000; index++) await own.set(`expired ${index}`, 'value', 1)
    now = 3_600_000
    const removed = vi.spyOn(Map.prototype, 'delete')
    await own.set('new', 'value', 1)
    expect(removed.mock.calls.length).toBeLessThan(10)
    removed.mockRestore()
  })

  it('goes by a clock that nobody sets', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const own = new MemoryStore()
    await own.set('key', 'value', 60)
    vi.setSystemTime(Date.now() + 3_600_000)
    expect(await own.get('key')).toBe('value')
    vi.useRealTimers()
  })
})
