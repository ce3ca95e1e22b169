/** The contract of every store. `open` gives a different handle on the same store, as a second process has one. */
import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Store } from '../../lib/stores/store.js'

type OwnStore = Required<Store>

export function itKeepsTheContract(open: () => OwnStore): void {
  const key = (name: string) => `${name}:${randomUUID()}`

  it('returns what was set, on every handle', async () => {
    const name = key('../a/b\\c:*?"<>|\u0000 微信')
    const value = JSON.stringify({ text: '微信支付 😀\n', size: 'x'.repeat(100_000) })
    await open().set(name, value, 60)
    expect(await open().get(name)).toBe(value)
  })

  it('returns undefined for an unknown key', async () => {
    expect(await open().get(key('unknown'))).toBeUndefined()
  })

  it('replaces with set, and not with add', async () => {
    const name = key('taken')
    const store = open()
    await store.set(name, 'first', 60)
    expect(await store.add(name, 'second', 60)).toBe(false)
    expect(await store.get(name)).toBe('first')
    await store.set(name, 'third', 60)
    expect(await store.get(name)).toBe('third')
  })

  it('lets one of many add a key', async () => {
    const name = key('contested')
    const winners = await Promise.all(Array.from({ length: 20 }, (_, index) => open().add(name, String(index), 60)))
    expect(winners.filter(Boolean)).toHaveLength(1)
    expect(await open().get(name)).toBe(String(winners.indexOf(true)))
  })

  it('deletes, after which the key can be added again', async () => {
    const name = key('deleted')
    const store = open()
    expect(await store.add(name, 'first', 60)).toBe(true)
    await store.delete(name)
    await store.delete(name)
    expect(await store.get(name)).toBeUndefined()
    expect(await store.add(name, 'second', 60)).toBe(true)
  })

  it('deletes a value that is still there, and leaves a different one', async () => {
    const name = key('released')
    await open().set(name, 'mine', 60)
    await open().deleteIf(name, 'of a different process')
    expect(await open().get(name)).toBe('mine')
    await open().deleteIf(name, 'mine')
    expect(await open().get(name)).toBeUndefined()
    await open().deleteIf(name, 'mine')
    expect(await open().add(name, 'next', 60)).toBe(true)
  })

  it('never deletes a value that was set in the meantime', async () => {
    for (let round = 0; round < 20; round++) {
      const name = key('released')
      await open().set(name, 'old', 60)
      const release = () => open().deleteIf(name, 'old')
      await Promise.all([release(), release(), open().set(name, 'new', 60), release(), release()])
      expect(await open().get(name)).toBe('new')
    }
  })

  it('lets one of many take a key that is released', async () => {
    const name = key('passed on')
    await open().set(name, 'old', 60)
    const taken = await Promise.all([
      ...Array.from({ length: 10 }, () =>
        open()
          .deleteIf(name, 'old')
          .then(() => false),
      ),
      ...Array.from({ length: 10 }, (_, index) => open().add(name, String(index), 60)),
    ])
    expect(taken.filter(Boolean).length).toBeLessThanOrEqual(1)
    expect(await open().get(name)).toBe(taken.includes(true) ? String(taken.indexOf(true) - 10) : undefined)
  })

  it('distinguishes keys that differ only in case', async () => {
    const name = key('case')
    await open().set(name, 'lower', 60)
    expect(await open().get(name.toUpperCase())).toBeUndefined()
  })
}

/** The contract of a store with its own clock; `advance` moves that clock by seconds. */
export function itForgetsInTime(open: () => Store, advance: (seconds: number) => void): void {
  it('forgets an expired key, and not before', async () => {
    const store = open()
    await store.set('short', 'value', 10)
    advance(9.9)
    expect(await store.get('short')).toBe('value')
    advance(0.1)
    expect(await store.get('short')).toBeUndefined()
  })

  it('lets one of many take over an expired key', async () => {
    await open().set('expired', 'old', 10)
    advance(10)
    const winners = await Promise.all(
      Array.from({ length: 20 }, (_, index) => open().add('expired', String(index), 10)),
    )
    expect(winners.filter(Boolean)).toHaveLength(1)
    expect(await open().get('expired')).toBe(String(winners.indexOf(true)))
  })

  it('counts the time to live from the last set', async () => {
    const store = open()
    await store.set('renewed', 'old', 10)
    advance(9)
    await store.set('renewed', 'new', 10)
    advance(9)
    expect(await store.get('renewed')).toBe('new')
  })
}
