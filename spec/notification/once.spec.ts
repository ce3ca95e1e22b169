import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Notification from '../../lib/notification/index.js'
import { FileStore } from '../../lib/stores/file-store.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import type { Store } from '../../lib/stores/store.js'
import { encryptRefund, keys, type Notice, notice, xml, xmlNotice } from './wechat-pay.js'

const directory = mkdtempSync(join(tmpdir(), 'once-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A separate process as far as the handler knows: only the store is shared. */
function process(store: Store, onEvent: Notification.OnEvent = () => {}) {
  const handled: string[] = []
  const errors: unknown[] = []
  const handler = Notification.create({ ...keys, mchid: '1230000109' }).handler(
    async event => {
      handled.push(event.id)
      await onEvent(event)
    },
    { store, onError: error => errors.push(error) },
  )
  const receive = async ({ headers, body }: Notice) => {
    const response = await handler(new Request('https://example.com/notify', { method: 'POST', headers, body }))
    return response.status
  }
  return { handled, errors, receive }
}

/** A promise, and the function that resolves it. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 10_000) expect.fail('the condition never became true')
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe.each([
  ['memory', () => new MemoryStore()],
  ['files', () => new FileStore(mkdtempSync(join(directory, 'store-')))],
])('processes that share a store of %s', (_, createStore) => {
  it('handle a notification once, however often and wherever it arrives', async () => {
    const store = createStore()
    const processes = [process(store), process(store), process(store)]
    const sent = Array.from({ length: 5 }, () => notice())
    for (let round = 0; round < 3; round++) {
      for (const [index, one] of sent.entries()) {
        const { receive } = processes[(index + round) % 3] ?? expect.fail()
        expect(await receive(one)).toBe(204)
      }
    }
    const handled = processes.flatMap(({ handled }) => handled)
    expect(handled.length).toBe(5)
    expect(new Set(handled).size).toBe(5)
  })

  it('handle it once when it arrives everywhere at the same moment, and acknowledge it when it is done', async () => {
    const store = createStore()
    const { opened, open } = gate()
    const processes = Array.from({ length: 4 }, () => process(store, () => opened))
    const sent = notice()
    const statuses = processes.map(({ receive }) => receive(sent))
    const others: number[] = []
    await new Promise<void>(resolve => {
      for (const status of statuses) status.then(value => others.push(value) === 3 && resolve())
    })
    expect(others).toEqual([500, 500, 500])
    open()
    expect((await Promise.all(statuses)).sort()).toEqual([204, 500, 500, 500])
    expect(await Promise.all(processes.map(({ receive }) => receive(sent)))).toEqual([204, 204, 204, 204])
    expect(processes.flatMap(({ handled }) => handled)).toHaveLength(1)
  })

  it('retry a notification that failed in a different process', async () => {
    const store = createStore()
    const failing = process(store, () => Promise.reject(new Error('out of memory')))
    const working = process(store)
    const sent = notice()
    expect([await failing.receive(sent), await working.receive(sent), await failing.receive(sent)]).toEqual([
      500, 204, 204,
    ])
    expect([failing.handled.length, working.handled.length]).toEqual([1, 1])
  })
})

describe('a process that dies in the middle', () => {
  it('blocks the notification for six minutes, and then a different process handles it', async () => {
    let now = Date.now()
    const store = new MemoryStore({ now: () => now })
    const sent = notice({ id: 'EV-1' })
    // It leaves a claim behind that is not renewed.
    await store.add('wechatpay-chain:notification:v3:1230000109:EV-1', 'of the dead', 360)
    const survivor = process(store)
    expect(await survivor.receive(sent)).toBe(500)
    now += 359_999
    expect(await survivor.receive(sent)).toBe(500)
    now += 1
    expect(await survivor.receive(sent)).toBe(204)
    expect(survivor.handled).toEqual(['EV-1'])
  })

  it('a slow process does not take the claim from its successor', async () => {
    let now = Date.now()
    const store = new MemoryStore({ now: () => now })
    const [slow, next] = [gate(), gate()]
    const first = process(store, () => slow.opened.then(() => Promise.reject(new Error('too late'))))
    const second = process(store, () => next.opened)
    const sent = notice()
    const firstStatus = first.receive(sent)
    await until(() => first.handled.length === 1)
    now += 360_000
    const secondStatus = second.receive(sent)
    await until(() => second.handled.length === 1)
    slow.open()
    expect(await firstStatus).toBe(500)
    expect(await process(store).receive(sent), 'the second is still at it').toBe(500)
    next.open()
    expect(await secondStatus).toBe(204)
    expect(await first.receive(sent)).toBe(204)
  })
})

describe('a handled notification is remembered', () => {
  it('for as long as WeChat Pay may send it again, and no longer', async () => {
    let now = Date.now()
    const store = new MemoryStore({ now: () => now })
    const { handled, receive } = process(store)
    const sent = notice()
    await receive(sent)
    now += 25 * 3600_000
    expect([await receive(sent), handled.length]).toEqual([204, 1])
    now += 3600_000
    expect([await receive(sent), handled.length]).toEqual([204, 2])
  })

  it.each([
    ['a payment', () => xmlNotice({ out_trade_no: '1', nonce_str: String(Math.random()) })],
    ['a refund', () => xml({ nonce_str: String(Math.random()), req_info: encryptRefund({ out_refund_no: '1' }) })],
  ])('even %s of APIv2, which has no id', async (_, send) => {
    const { handled, receive } = process(new MemoryStore())
    expect([await receive(send()), await receive(send()), await receive(send())]).toEqual([200, 200, 200])
    expect(handled).toHaveLength(1)
  })

  it('by default in the memory of the process', async () => {
    let count = 0
    const handler = Notification.create(keys).handler(() => {
      count++
    })
    const { headers, body } = notice()
    for (let time = 0; time < 3; time++) {
      await handler(new Request('https://example.com/notify', { method: 'POST', headers, body }))
    }
    expect(count).toBe(1)
  })
})

describe('a store that fails', () => {
  const failure = new Error('the store is away')
  const failing = (...methods: (keyof Store)[]): Store => {
    const store = new MemoryStore()
    const fail = () => Promise.reject(failure)
    return {
      get: key => (methods.includes('get') ? fail() : store.get(key)),
      set: (key, value, ttl) => (methods.includes('set') ? fail() : store.set(key, value, ttl)),
      add: (key, value, ttl) => (methods.includes('add') ? fail() : store.add(key, value, ttl)),
      delete: key => (methods.includes('delete') ? fail() : store.delete(key)),
    }
  }

  it('before the handler causes a resend, and the handler does not run', async () => {
    const { handled, errors, receive } = process(failing('add'))
    expect([await receive(notice()), handled, errors]).toEqual([500, [], [failure]])
  })

  it('after the handler undoes nothing: the notification is acknowledged', async () => {
    const { handled, errors, receive } = process(failing('set'))
    expect([await receive(notice()), handled.length, errors]).toEqual([204, 1, [failure]])
  })

  it('has the same effect when it throws as when it rejects', async () => {
    const store = new MemoryStore()
    const set = () => {
      throw failure
    }
    const throwing: Store = { get: key => store.get(key), add: (...claim) => store.add(...claim), set, delete: set }
    const { handled, errors, receive } = process(throwing)
    expect([await receive(notice()), handled.length, errors]).toEqual([204, 1, [failure]])
  })

  it('after the handler threw hides no error', async () => {
    const thrown = new Error('no')
    const { errors, receive } = process(failing('delete'), () => Promise.reject(thrown))
    expect([await receive(notice()), errors]).toEqual([500, [failure, thrown]])
  })
})

describe('a store that does not respond', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A store whose methods hang while they are in `hanging`, and go on when `resume` is called. */
  function hangingStore() {
    const memory = new MemoryStore({ now: () => 0 })
    const hanging = new Set<keyof Store>()
    const { opened, open } = gate()
    const respond = async <T>(method: keyof Store, operate: () => Promise<T>) => {
      if (hanging.has(method)) await opened
      return operate()
    }
    const store: Store = {
      get: key => respond('get', () => memory.get(key)),
      set: (...entry) => respond('set', () => memory.set(...entry)),
      add: (...entry) => respond('add', () => memory.add(...entry)),
      delete: key => respond('delete', () => memory.delete(key)),
    }
    return { store, hanging, resume: open }
  }

  it.each(['add', 'get'] as const)('to %s leads to a resend, and the handler does not run', async method => {
    const { store, hanging } = hangingStore()
    const sent = notice()
    const working = process(store, () => new Promise(() => {}))
    if (method === 'get') void working.receive(sent)
    await until(() => working.handled.length === (method === 'get' ? 1 : 0))
    hanging.add(method)
    const { handled, errors, receive } = process(store)
    const status = receive(sent)
    await vi.advanceTimersByTimeAsync(2_000)
    expect([await status, handled]).toEqual([500, []])
    expect(errors).toMatchObject([{ code: 'ERR_STORE_TIMEOUT' }])
  })

  it('to a claim in time, but grants it later, keeps nobody from the notification', async () => {
    const { store, hanging, resume } = hangingStore()
    const sent = notice()
    hanging.add('add')
    const status = process(store).receive(sent)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await status).toBe(500)
    hanging.clear()
    resume()
    await vi.advanceTimersByTimeAsync(0)
    const next = process(store)
    expect([await next.receive(sent), next.handled.length]).toEqual([204, 1])
  })

  it('to a renewal does not make a handler run again that has ended', async () => {
    const { store, hanging, resume } = hangingStore()
    const { opened, open } = gate()
    const first = process(store, () => opened)
    const sent = notice()
    void first.receive(sent)
    await until(() => first.handled.length === 1)
    hanging.add('set')
    await vi.advanceTimersByTimeAsync(30_000)
    hanging.clear()
    open()
    await vi.advanceTimersByTimeAsync(0)
    const second = process(store)
    expect([await second.receive(sent), second.handled]).toEqual([204, []])
    // The renewal arrives after all, and must not replace the outcome.
    resume()
    await vi.advanceTimersByTimeAsync(0)
    expect([await second.receive(sent), second.handled]).toEqual([204, []])
  })

  it('to the outcome is asked again, until it has the outcome', async () => {
    const { store, hanging } = hangingStore()
    const first = process(store)
    const sent = notice()
    hanging.add('set')
    const status = first.receive(sent)
    await vi.advanceTimersByTimeAsync(2_000)
    expect([await status, first.errors]).toMatchObject([204, [{ code: 'ERR_STORE_TIMEOUT' }]])
    const second = process(store)
    expect([await second.receive(sent), second.handled]).toEqual([500, []])
    hanging.clear()
    await vi.advanceTimersByTimeAsync(30_000)
    expect([await second.receive(sent), second.handled]).toEqual([204, []])
    expect(vi.getTimerCount(), 'timers left').toBe(0)
  })

  it('to the outcome, ever, is left alone in the end', async () => {
    const { store, hanging } = hangingStore()
    const { errors, receive } = process(store)
    hanging.add('set')
    const status = receive(notice())
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await status).toBe(204)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(errors.length).toBeLessThan(20)
    expect(vi.getTimerCount(), 'timers left').toBe(0)
  })
})
