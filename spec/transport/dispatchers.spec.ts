/** Whether `sent` is true with the dispatchers of users: those that repeat, that hide, that throw. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, interceptors, MockAgent, RetryAgent } from 'undici'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError } from '../../lib/errors.js'
import type { Dispatcher } from '../../lib/options.js'
import { send } from '../../lib/transport/send.js'
import { Deadline } from '../../lib/util/deadline.js'
import { failure } from '../async.js'

let server: Server
let listener: RequestListener
let arrived: number

beforeEach(async () => {
  arrived = 0
  server = createServer((request, response) => {
    arrived++
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const put = (dispatcher: Dispatcher, { timeout = 20_000, signal }: { timeout?: number; signal?: AbortSignal } = {}) =>
  send(
    { method: 'PUT', origin: origin(), path: '/v3/pay', headers: {}, body: Buffer.from('{}') },
    { carrier: { dispatcher, foreign: '`dispatcher`' }, deadline: new Deadline({ timeout, signal }), download: false },
  )

/** Takes the request, then is gone: whoever repeats it is refused. */
const takeAndLeave: RequestListener = request => {
  request.on('data', () => {
    server.close()
    server.closeAllConnections()
  })
}

describe('a request that arrived was sent, whatever a later attempt of the dispatcher meets', () => {
  const retry = { minTimeout: 1, timeoutFactor: 1, maxRetries: 1, methods: ['PUT' as const] }

  it.each<[string, () => Dispatcher]>([
    ['a RetryAgent', () => new RetryAgent(new Agent(), retry)],
    ['an agent with the interceptor that retries', () => new Agent().compose(interceptors.retry(retry))],
  ])('%s', async (_what, make) => {
    listener = takeAndLeave
    const error = await failure(put(make()))
    expect(error).toMatchObject({ sent: true, message: expect.stringContaining(OUTCOME_UNKNOWN) })
    expect(arrived).toBe(1)
  })
})

describe('a dispatcher that does not say when it begins', () => {
  const replies = (error: Error) => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent.get(origin()).intercept({ path: '/v3/pay', method: 'PUT' }).replyWithError(error)
    return agent
  }
  const problem = (properties: object, message = 'failed') => Object.assign(new Error(message), properties)

  it.each([
    ['a reset connection', problem({ code: 'ECONNRESET', syscall: 'read' })],
    ['a broken pipe', problem({ code: 'EPIPE', syscall: 'write' })],
    ['a closed socket', problem({ code: 'UND_ERR_SOCKET' })],
    ['a time-out of the read', problem({ code: 'ETIMEDOUT', syscall: 'read' })],
    ['a host that became unreachable', problem({ code: 'EHOSTUNREACH', syscall: 'read' })],
    ['an alert of TLS 1.3', problem({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })],
    ['an error without a code', problem({})],
    ['several errors, of which one is a reset', new AggregateError([problem({ code: 'ECONNRESET', syscall: 'read' })])],
  ])('may have sent the request when it reports %s', async (_what, error) => {
    expect(await failure(put(replies(error)))).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: true })
  })

  it.each([
    ['a refused connection', problem({ code: 'ECONNREFUSED', syscall: 'connect' })],
    ['an unknown name', problem({ code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
    ['a name service that fails', problem({ code: 'EAI_AGAIN' })],
    ['an unreachable host', problem({ code: 'EHOSTUNREACH', syscall: 'connect' })],
    ['a connect timeout', problem({ code: 'UND_ERR_CONNECT_TIMEOUT' })],
    ['a certificate for a different host', problem({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
    ['a certificate that has expired', problem({ code: 'CERT_HAS_EXPIRED' })],
    ['an authority that is not known', problem({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })],
    ['a server without TLS', problem({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })],
    [
      'addresses that all refused',
      new AggregateError([problem({ code: 'ECONNREFUSED', syscall: 'connect' }), problem({ syscall: 'connect' })]),
    ],
  ])('sent nothing when it reports %s', async (_what, error) => {
    expect(await failure(put(replies(error)))).toMatchObject({ code: 'ERR_CONNECT', sent: false })
  })

  it('may have sent the request when the time is up, or the signal aborts', async () => {
    const silent: Dispatcher = { dispatch: () => true }
    expect(await failure(put(silent, { timeout: 1 }))).toMatchObject({ code: 'ERR_TIMEOUT', sent: true })
    const controller = new AbortController()
    const sending = failure(put(silent, { signal: controller.signal }))
    controller.abort()
    expect(await sending).toMatchObject({ code: 'ERR_ABORTED', sent: true })
  })
})

describe('a dispatcher that fails', () => {
  const boom = new TypeError('handler.onConnect is not a function')

  it('by throwing: its error names it, nothing was sent, and no timer is left', async () => {
    vi.useFakeTimers()
    const throwing: Dispatcher = {
      dispatch() {
        throw boom
      },
    }
    const error = await failure(put(throwing))
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ code: 'ERR_DISPATCHER', sent: false, cause: { message: boom.message } })
    expect(String(error)).toMatch(/`dispatcher`.*onConnect.*undici 7 or 8/)
    expect(String(error)).toContain(NOTHING_SENT)
  })

  it('by throwing after it handed the request on: it is not sent either', async () => {
    const agent = new Agent()
    listener = (_request, response) => response.end()
    const forwarding: Dispatcher = {
      dispatch(options, handler) {
        agent.dispatch(options, handler)
        throw boom
      },
    }
    expect(await failure(put(forwarding))).toMatchObject({ code: 'ERR_DISPATCHER', sent: false })
    await put(agent)
    expect(arrived).toBe(1)
    await agent.close()
  })

  it('by throwing after it began to send: the outcome is unknown', async () => {
    const late: Dispatcher = {
      dispatch(_options, handler) {
        handler.onRequestStart({ abort() {}, pause() {}, resume() {} }, {})
        throw boom
      },
    }
    expect(await failure(put(late))).toMatchObject({ code: 'ERR_DISPATCHER', sent: true })
  })

  it('by a promise that rejects: its error names it, and the outcome is unknown', async () => {
    const asynchronous = { dispatch: async () => Promise.reject(boom) }
    expect(await failure(put(asynchronous as never))).toMatchObject({ code: 'ERR_DISPATCHER', sent: true })
  })
})

it('a process that cannot run WebAssembly is told so', async () => {
  const agent: Dispatcher = {
    dispatch(_options, handler) {
      handler.onResponseError(
        { abort() {}, pause() {}, resume() {} },
        new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance'),
      )
      return true
    },
  }
  const error = await failure(put(agent))
  expect(error).toMatchObject({ code: 'ERR_WEBASSEMBLY', sent: false })
})

it('a process without file descriptors is told so, by the limit to raise', async () => {
  const agent = new MockAgent()
  const error = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE', syscall: 'connect' })
  agent.get(origin()).intercept({ path: '/v3/pay', method: 'PUT' }).replyWithError(error)
  const failed = await failure(put(agent))
  expect(failed).toMatchObject({ code: 'ERR_CONNECT', sent: false })
  expect(String(failed)).toMatch(/EMFILE.*`connections`/)
})

it('a MockAgent without a reply stopped the request, and nothing was sent', async () => {
  const agent = new MockAgent()
  agent.disableNetConnect()
  listener = () => expect.fail('sent')
  const error = await failure(put(agent))
  expect(error).toMatchObject({ code: 'ERR_DISPATCHER', sent: false })
  expect(String(error)).toContain('MockAgent')
})
