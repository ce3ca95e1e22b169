import { createPrivateKey, X509Certificate } from 'node:crypto'
import tls from 'node:tls'
import { Agent, MockAgent, setGlobalDispatcher } from 'undici'
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { carrierFor } from '../../lib/transport/agents.js'
import { readProxy } from '../../lib/transport/proxy.js'
import type { PoolOptions } from '../../lib/transport/undici.js'
import { keyFile } from '../fixtures/vectors.js'

const createSecureContext = vi.spyOn(tls, 'createSecureContext')
afterEach(() => vi.clearAllMocks())
afterAll(() => createSecureContext.mockRestore())

const identity = (name: string) => ({
  certificate: new X509Certificate(keyFile(`${name}.crt`)),
  key: createPrivateKey(keyFile(`${name}.pkcs8.key`)),
})
const authority = keyFile('platform.crt')
const options = (changes: Partial<PoolOptions> = {}): PoolOptions => ({
  ca: undefined,
  proxy: undefined,
  connections: 256,
  ...changes,
})
const poolFor = async (pool: PoolOptions, certificate?: ReturnType<typeof identity>) =>
  (await carrierFor(undefined, pool, certificate)).dispatcher

describe('the pool of connections', () => {
  it('is shared by all clients that present no certificate and trust the well-known authorities', async () => {
    expect(await poolFor(options())).toBe(await poolFor(options()))
    expect(createSecureContext).not.toHaveBeenCalled()
  })

  it('is one for clients whose first calls are simultaneous', async () => {
    const pools = await Promise.all([1, 2, 3].map(() => poolFor(options({ connections: 7 }))))
    expect(new Set(pools).size).toBe(1)
  })

  it('is one for each certificate, list of authorities, proxy and limit, made once', async () => {
    // A limit that nothing else in this process has.
    const limited = (changes: Partial<PoolOptions> = {}) => options({ connections: 77, ...changes })
    const all = () =>
      Promise.all([
        poolFor(limited(), identity('merchant')),
        poolFor(limited(), identity('platform')),
        poolFor(limited({ ca: [authority] }), identity('merchant')),
        poolFor(limited({ ca: [authority] })),
        poolFor(limited({ ca: [authority, keyFile('merchant.crt')] })),
        poolFor(limited({ proxy: readProxy('http://127.0.0.1:1') })),
        poolFor(limited({ connections: 78 })),
        poolFor(limited()),
      ])
    const pools = await all()
    expect(new Set(pools).size).toBe(pools.length)
    expect(await all()).toEqual(pools)
    expect(createSecureContext).toHaveBeenCalledTimes(5)
  })

  it('that a client holds outlives any number of others, and a new client finds one of the last 256', async () => {
    const merchant = identity('merchant')
    const client = options({ connections: 9 })
    const [own, certified] = [await poolFor(client), await poolFor(options(), merchant)]
    for (let n = 0; n < 255; n++) await poolFor(options({ ca: [`${authority}# a ${n}`] }))
    expect(await poolFor(options(), identity('merchant'))).toBe(certified)
    for (let n = 0; n < 256; n++) await poolFor(options({ ca: [`${authority}# b ${n}`] }))
    expect(await poolFor(client)).toBe(own)
    expect(await poolFor(options(), merchant)).toBe(certified)
    expect(await poolFor(options(), identity('merchant'))).not.toBe(certified)
  })
})

it('a pool that cannot be set up is an error that says so, and nothing is sent', async () => {
  createSecureContext.mockImplementationOnce(() => {
    throw new Error('asn1 encoding routines::wrong tag')
  })
  await expect(poolFor(options({ ca: [`${authority}# broken`] }))).rejects.toMatchObject({
    code: 'ERR_DISPATCHER',
    sent: false,
    cause: { message: 'asn1 encoding routines::wrong tag' },
  })
})

describe('the global dispatcher of undici', () => {
  const leave = new Agent()
  const set = (dispatcher: Agent | MockAgent) => {
    setGlobalDispatcher(dispatcher)
    onTestFinished(() => setGlobalDispatcher(leave))
    return dispatcher
  }

  it('that importing undici leaves behind is not used', async () => {
    expect((await carrierFor(undefined, options())).foreign).toBeUndefined()
  })

  it.each([
    ['a MockAgent', () => new MockAgent()],
    ['an agent with options', () => new Agent({ connections: 2 })],
    ['an agent with its own connector', () => new Agent({ connect: { timeout: 1 } })],
  ])('that is set on purpose is used: %s', async (_what, make) => {
    const dispatcher = set(make())
    expect(await carrierFor(undefined, options())).toMatchObject({ dispatcher, foreign: 'The global dispatcher' })
  })

  it('is not used where something else is asked for', async () => {
    const mock = set(new MockAgent())
    const own = new Agent()
    expect((await carrierFor(own, options())).dispatcher).toBe(own)
    expect(await poolFor(options({ ca: [authority] }))).not.toBe(mock)
    expect(await poolFor(options({ proxy: readProxy('http://127.0.0.1:1') }))).not.toBe(mock)
    expect(await poolFor(options(), identity('merchant'))).not.toBe(mock)
  })
})
