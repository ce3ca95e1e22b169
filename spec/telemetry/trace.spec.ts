/** What hooks and the tracing channel are told of a call. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { openClient } from '../../lib/client/open-client.js'
import { type Config, readConfig } from '../../lib/config/config.js'
import type { FailureInfo, Hooks, RetryInfo } from '../../lib/config/hooks.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import type { CallTrace } from '../../lib/telemetry/trace.js'
import { systemClock } from '../../lib/util/deadline.js'
import { failure } from '../async.js'
import { answer, config, dropConnection, merchant, signatureHeaders, startGateway, unsignedAnswer } from '../gateway.js'

const gateway = await startGateway()
const host = new URL(gateway.url).host
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
})

/** A client without pauses. */
const impatient = (changes: Partial<Config> = {}) =>
  openClient(readConfig({ ...config, base_uri: gateway.url, ...changes }, Date.now), {
    ...systemClock,
    random: () => 0,
    sleep: async () => {},
  }).send

describe('the `failure` hook', () => {
  let told: FailureInfo[]
  const on: Hooks = { failure: info => told.push(info) }
  beforeEach(() => {
    told = []
  })
  const fail = async (changes: Partial<Config>, ...call: Parameters<ReturnType<typeof impatient>>) => {
    await failure(impatient({ on, ...changes })(...call))
    expect(told).toHaveLength(1)
    return told[0]
  }
  const path = '/v3/pay/transactions/native'
  const call = ['POST', path.slice(1), { json: { out_trade_no: 'ORDER1' } }] as const

  it('is told of a refusal', async () => {
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: 'ORDER1' })]
    expect(await fail({}, ...call)).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      mchid: merchant.mchid,
      method: 'POST',
      path,
      host,
      attempt: 1,
      code: 'PARAM_ERROR',
      statusCode: 400,
      requestId: '08D0BC9A0610B0-0',
      sent: true,
      duration: expect.any(Number),
      isBudgetSpent: false,
    })
  })

  it.each<[string, () => void, object]>([
    ['a lost connection', () => (gateway.answers = [dropConnection]), { code: 'ERR_CONNECTION_LOST', sent: true }],
    [
      'a forged response',
      () => (gateway.answers = [answer(200, {}, signatureHeaders('x'))]),
      { code: 'ERR_SIGNATURE_MISMATCH', sent: true, statusCode: 200 },
    ],
    ['a 503', () => (gateway.answers = [unsignedAnswer(503)]), { code: 'HTTP_503', sent: true, statusCode: 503 }],
  ])('is told of %s', async (_what, prepare, info) => {
    prepare()
    expect(await fail({}, ...call)).toMatchObject({ attempt: 1, ...info })
  })

  it('is told of a host that cannot be reached, after all attempts', async () => {
    expect(await fail({ base_uri: 'http://127.0.0.1:1/' }, ...call)).toMatchObject({
      host: '127.0.0.1:1',
      attempt: 3,
      code: 'ERR_CONNECT',
      statusCode: undefined,
      sent: false,
    })
  })

  it('is told of a call that was refused before anything was sent', async () => {
    expect(await fail({}, 'POST', 'v3/x', { jsno: {} })).toMatchObject({
      path: '/v3/x',
      host,
      attempt: 0,
      code: 'ERR_INVALID_ARGUMENT',
      sent: false,
    })
    expect(gateway.requests).toEqual([])
  })

  it('is told of an aborted call, and of a signer that fails', async () => {
    expect(await fail({}, 'GET', 'v3/x', { signal: AbortSignal.abort() })).toMatchObject({ code: 'ERR_ABORTED' })
    told = []
    const { privateKey: _, serial, ...keys } = config
    const signer = { serial, sign: () => Promise.reject(new Error('no')) }
    await failure(
      openClient(readConfig({ ...keys, signer, on, base_uri: gateway.url }, Date.now)).send('GET', 'v3/x', {}),
    )
    expect(told).toMatchObject([{ code: 'ERR_SIGNER', sent: false }])
  })

  it('is told of an unverified first attempt although a later one was not sent', async () => {
    gateway.answers = [dropConnection]
    expect(await fail({}, 'GET', 'v3/x', {})).toMatchObject({ attempt: 3, sent: true })
  })

  it('is not told of a success, and does no harm when it throws', async () => {
    await impatient({ on })('GET', 'v3/x', {})
    expect(told).toEqual([])
    gateway.answers = [unsignedAnswer(404)]
    const throwing = () => {
      throw new Error('the log is away')
    }
    expect(await failure(impatient({ on: { failure: throwing } })('GET', 'v3/x', {}))).toMatchObject({
      statusCode: 404,
    })
  })

  it('and `retry` are told what the budget spends and refuses', async () => {
    gateway.answers = [unsignedAnswer(503)]
    const retries: RetryInfo[] = []
    const send = impatient({ on: { ...on, retry: info => retries.push(info) } })
    for (let n = 0; n < 51; n++) await failure(send('GET', 'v3/x', {}))
    expect(retries.map(({ budget }) => budget)).toEqual(Array.from({ length: 100 }, (_, n) => 495 - 5 * n))
    expect(told.map(({ isBudgetSpent }) => isBudgetSpent)).toEqual([...Array(50).fill(false), true])
  })
})

it('all hooks of a call have its id, and no two calls the same', async () => {
  const ids: string[] = []
  const tell = ({ id }: { id: string }) => ids.push(id)
  const send = impatient({ on: { request: tell, response: tell, retry: tell, failure: tell } })
  gateway.answers = [unsignedAnswer(503), answer(400, { code: 'PARAM_ERROR' })]
  await failure(send('GET', 'v3/x', {}))
  expect(ids).toHaveLength(6)
  expect(new Set(ids).size).toBe(1)
  await send('GET', 'v3/x', {}).catch(() => {})
  expect(new Set(ids).size).toBe(2)
})

describe('a path in hooks holds no values', () => {
  it.each([
    ['v3/pay/transactions/out-trade-no/{out_trade_no}', '/v3/pay/transactions/out-trade-no/{out_trade_no}'],
    ['v3/pay/transactions/out-trade-no/ORDER1?mchid=1', '/v3/pay/transactions/out-trade-no/{}'],
    ['v3/pay/transactions/out-trade-no/order', '/v3/pay/transactions/out-trade-no/{}'],
    ['v3/certificates?algorithm_type=ALL', '/v3/certificates'],
    ['v3/applyment4sub/applyment/', '/v3/applyment4sub/applyment/'],
    ['v3/unknown-things/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o/13800138000', '/v3/unknown-things/{}/{}'],
  ])('%s', async (written, path) => {
    const paths: string[] = []
    const send = impatient({ on: { request: info => paths.push(info.path), failure: info => paths.push(info.path) } })
    await send('GET', written, written.includes('{') ? { out_trade_no: 'ORDER1' } : {}).catch(() => {})
    expect(new Set(paths)).toEqual(new Set([path]))
  })
})

describe('an unknown hook', () => {
  it.each([{ error: () => {} }, { failure: 'log' }, [], () => {}])('is refused: %j', on => {
    expect(() => Builder.factory({ ...config, on: on as Hooks })).toThrow(InvalidArgumentError)
  })
})

describe('the tracing channel', () => {
  const channel = tracingChannel<unknown, CallTrace>('wechatpay-chain:call')
  const events: [name: string, trace: CallTrace][] = []
  const note = (name: string) => (trace: CallTrace) => {
    events.push([name, { ...trace }])
  }
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  }
  const subscribe = () => {
    channel.subscribe(subscribers)
    onTestFinished(() => {
      channel.unsubscribe(subscribers)
    })
  }
  afterEach(() => {
    events.length = 0
  })
  const call = { mchid: merchant.mchid, method: 'GET', path: '/v3/orders/{id}', protocol: 'http:', host }

  it('has the beginning and the end of a call', async () => {
    subscribe()
    await impatient()('GET', 'v3/orders/{id}', { id: 'ORDER1' })
    expect(events.map(([name]) => name)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(events.at(0)?.[1]).toMatchObject({ ...call, attempt: 0 })
    const ended = { attempt: 1, statusCode: 200, requestId: '08D0BC9A0610B0-0', duration: expect.any(Number) }
    expect(events.at(-1)?.[1]).toMatchObject({ ...call, ...ended })
    expect(new Set(events.map(([, { id }]) => id)).size).toBe(1)
  })

  it('has the error of one that fails, and nothing that the call carried', async () => {
    subscribe()
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: 'SECRET' })]
    await failure(impatient()('POST', 'v3/orders/{id}', { id: 'ORDER1', json: { openid: 'SECRET' } }))
    expect(events.map(([name]) => name)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    const { error, sent } = events.at(-1)?.[1] ?? {}
    expect([error, sent]).toEqual([{ name: 'ApiError', code: 'PARAM_ERROR' }, true])
    expect(inspect(events, { depth: 20, showHidden: true })).not.toMatch(/SECRET|ORDER1|WECHATPAY2/)
  })

  it('carries the stores that are bound to it through the call', async () => {
    const store = new AsyncLocalStorage<string>()
    channel.start.bindStore(store, ({ id }) => id)
    onTestFinished(() => {
      channel.start.unbindStore(store)
    })
    subscribe()
    const seen: (string | undefined)[] = []
    const { privateKey: _, serial, ...keys } = config
    const sign = async () => {
      seen.push(store.getStore())
      return 'c2lnbmVk'
    }
    const client = openClient(readConfig({ ...keys, signer: { serial, sign }, base_uri: gateway.url }, Date.now))
    await client.send('GET', 'v3/x', {})
    expect(seen).toEqual([events[0]?.[1].id])
  })

  it('costs nothing when nobody listens: no trace is made', async () => {
    const { Trace } = await import('../../lib/telemetry/trace.js')
    const run = vi.spyOn(Trace.prototype, 'run')
    await impatient({ on: { warning: () => {} } })('GET', 'v3/x', {})
    expect(run).not.toHaveBeenCalled()
    run.mockRestore()
  })
})
