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
})
