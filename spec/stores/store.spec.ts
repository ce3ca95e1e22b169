import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { deleteIf, type Store } from '../../lib/stores/store.js'

describe("a user's own store", () => {
  it('of four methods releases a lock by reading and deleting', async () => {
    const memory = new MemoryStore()
    const store: Store = {
      get: key => memory.get(key),
      set: (key, value, ttl) => memory.set(key, value, ttl),
      add: (key, value, ttl) => memory.add(key, value, ttl),
      delete: key => memory.delete(key),
    }
    await store.set('lock', 'mine', 60)
    await deleteIf(store, 'lock', 'of a different process')
    expect(await store.get('lock')).toBe('mine')
    await deleteIf(store, 'lock', 'mine')
    expect(await store.get('lock')).toBeUndefined()
  })

  it('with `deleteIf` decides by itself', async () => {
    const released: unknown[] = []
    const refuse = () => Promise.reject(new Error('not in one step'))
    const store: Store = {
      get: refuse,
      set: refuse,
      add: refuse,
      delete: refuse,
      deleteIf: async (...lock) => {
        released.push(lock)
      },
    }
    await deleteIf(store, 'lock', 'mine')
    expect(released).toEqual([['lock', 'mine']])
  })
})
