import { describe, expect, it } from 'vitest'
import {
  InvalidArgumentError,
  NOTHING_SENT,
  OUTCOME_UNKNOWN,
  TransportError,
  WechatPayError,
} from '../../lib/errors.js'
import type { Method } from '../../lib/options.js'
import { type Attempt, type RetryContext, retryDelay, withRetry } from '../../lib/transport/retry.js'
import type { IncomingResponse } from '../../lib/transport/send.js'
import { readTransportOptions } from '../../lib/transport/settings.js'
import { Deadline } from '../../lib/util/deadline.js'

const main = new URL('https://main.example/')
const second = new URL('https://second.example/')
const refused = new TransportError('refused', { code: 'ERR_CONNECT', sent: false })
const lost = new TransportError('lost', { code: 'ERR_CONNECTION_LOST', sent: true })
const late = new TransportError('late', { code: 'ERR_TIMEOUT', sent: true })
const status = (statusCode: number): IncomingResponse => ({ statusCode, headers: {}, body: Buffer.alloc(0) })

type Outcome = WechatPayError | IncomingResponse

/** Plays the outcomes in turn on a clock of its own, and tells which attempts were made. */
async function play(
  outcomes: Outcome[],
  {
    retry,
    timeout = 60_000,
    signal,
    ...options
  }: Partial<RetryContext> & { method: Method; retry?: object | false; timeout?: number; signal?: AbortSignal },
) {
  const attempts: Attempt[] = []
  const remaining: number[] = []
  const slept: number[] = []
  let now = 1_000_000
  const context: RetryContext = {
    policy: readTransportOptions({ ...(retry !== undefined && { retry }) }, main.href).retry,
    baseUris: [main, second],
    deadline: new Deadline({ timeout, signal, now: () => now }),
    onRetry: () => {},
    clock: {
      random: () => 0.5,
      sleep: async milliseconds => {
        slept.push(milliseconds)
        now += milliseconds
      },
    },
    ...options,
  }
  const result = await withRetry(context, async attempt => {
    attempts.push(attempt)
    remaining.push(context.deadline.remaining())
    const outcome = outcomes[attempts.length - 1] ?? status(200)
    if (outcome instanceof WechatPayError) throw outcome
    return outcome
  }).catch((error: unknown) => error)
  return {
    result,
    hosts: attempts.map(({ baseUri }) => baseUri.host),
    remaining,
    sent: context.deadline.sent,
    slept,
  }
}

describe('by default', () => {
  it('a call of any method that was not sent is retried, in turns over the second host', async () => {
    const { result, hosts } = await play([refused, refused], { method: 'POST' })
    expect(result).toMatchObject({ statusCode: 200 })
    expect(hosts).toEqual(['main.example', 'second.example', 'main.example'])
  })

  it.each([429, 500, 502, 503, 504])('a GET that failed with %i is retried, over the same host', async code => {
    const { result, hosts } = await play([status(code)], { method: 'GET' })
    expect(result).toMatchObject({ statusCode: 200 })
    expect(hosts).toEqual(['main.example', 'main.example'])
  })

  it('a GET whose connection was lost is retried', async () => {
    expect((await play([lost], { method: 'GET' })).result).toMatchObject({ statusCode: 200 })
  })

  it.each<[string, Outcome]>([
    ['a lost connection', lost],
    ['a timeout', late],
    ['503', status(503)],
    ['429', status(429)],
  ])('a POST that failed with %s is not retried', async (_what, outcome) => {
    const { result, hosts } = await play([outcome], { method: 'POST' })
    expect(result).toBe(outcome)
    expect(hosts).toHaveLength(1)
  })

  it.each<[string, Outcome]>([
    ['ran out of time', late],
    ['ran out of time before it was sent', new TransportError('late', { code: 'ERR_TIMEOUT', sent: false })],
    ['was aborted before it was sent', new TransportError('aborted', { code: 'ERR_ABORTED', sent: false })],
    ['got too large a response', new TransportError('large', { code: 'ERR_RESPONSE_TOO_LARGE', sent: true })],
  ])('a GET that %s is not retried', async (_what, outcome) => {
    const { result, hosts } = await play([outcome], { method: 'GET' })
    expect(result).toBe(outcome)
    expect(hosts).toHaveLength(1)
  })

  it.each([200, 204, 302, 400, 401, 404])('a GET that met %i does not go again', async code => {
    expect((await play([status(code)], { method: 'GET' })).hosts).toHaveLength(1)
  })

  it('three attempts are made at the most, and the last outcome is given', async () => {
    const { result, hosts } = await play([status(503), status(500), status(502), status(200)], { method: 'GET' })
    expect(hosts).toHaveLength(3)
    expect(result).toMatchObject({ statusCode: 502 })
  })
})

describe('the options', () => {
  it('`false` makes one attempt', async () => {
    expect((await play([refused], { method: 'GET', retry: false })).hosts).toHaveLength(1)
  })

  it('`methods` lets a POST go again after it may have been sent', async () => {
    const { result, hosts } = await play([lost, status(500)], { method: 'POST', retry: { methods: ['POST'] } })
    expect(result).toMatchObject({ statusCode: 200 })
    expect(hosts).toHaveLength(3)
  })

  it('`statuses` replaces the statuses', async () => {
    const options = { method: 'POST', retry: { methods: ['POST'], statuses: [202] } } as const
    expect((await play([status(202)], options)).result).toMatchObject({ statusCode: 200 })
    expect((await play([status(500)], options)).result).toMatchObject({ statusCode: 500 })
  })

  it('`attempts` bounds the attempts', async () => {
    expect(
      (await play([refused, refused, refused, refused, refused], { method: 'GET', retry: { attempts: 5 } })).hosts,
    ).toHaveLength(5)
  })
})

describe('waiting', () => {
  it('doubles, and half of it is random', () => {
    expect([1, 2, 3, 10].map(attempt => retryDelay(attempt, 0))).toEqual([125, 250, 500, 2500])
    expect([1, 2, 3, 10].map(attempt => retryDelay(attempt, 1))).toEqual([250, 500, 1000, 5000])
  })

  it('keeps to the timeout: no attempt starts without time left', async () => {
    const { hosts, slept } = await play([refused, refused], { method: 'GET', timeout: 300 })
    expect(slept).toEqual([187.5])
    expect(hosts).toHaveLength(2)
  })

  it('leaves later attempts the rest of the timeout', async () => {
    expect((await play([refused], { method: 'GET', timeout: 1000 })).remaining).toEqual([1000, 812.5])
  })

  it('ends at once when the signal aborts, and says whether anything was sent', async () => {
    const controller = new AbortController()
    const clock = { random: () => 0, sleep: async () => controller.abort() }
    const calls = { signal: controller.signal, clock }
    expect((await play([status(503)], { method: 'GET', ...calls })).result).toMatchObject({
      code: 'ERR_ABORTED',
      sent: true,
      message: expect.stringContaining(OUTCOME_UNKNOWN),
      cause: controller.signal.reason,
    })
    expect((await play([refused], { method: 'POST', ...calls })).result).toMatchObject({
      code: 'ERR_ABORTED',
      sent: false,
      message: expect.stringContaining(NOTHING_SENT),
    })
  })
})

it('a failure to connect after an attempt that was sent does not claim that nothing was', async () => {
  const { result } = await play([lost, refused, refused], { method: 'GET' })
  expect(result).toMatchObject({ code: 'ERR_CONNECT', sent: true })
})

describe('what fails on our side', () => {
  const signer = new WechatPayError('the signer failed', { code: 'ERR_SIGNER' })

  it('ends the call unchanged if nothing was sent', async () => {
    const { result, hosts } = await play([refused, signer], { method: 'POST' })
    expect(result).toBe(signer)
    expect(hosts).toHaveLength(2)
  })

  it.each<[string, Outcome]>([
    ['a lost connection', lost],
    ['503', status(503)],
  ])('does not claim, after %s, that nothing was sent', async (_what, outcome) => {
    const { result } = await play([outcome, signer], { method: 'POST', retry: { methods: ['POST'] } })
    expect(result).toMatchObject({ code: 'ERR_SIGNER', cause: signer })
    expect(result).toMatchObject({ message: expect.stringContaining(OUTCOME_UNKNOWN) })
  })

  it('is then not an InvalidArgumentError, which means that nothing was sent', async () => {
    const invalid = new InvalidArgumentError('a signature with a quote in it')
    const { result } = await play([status(503), invalid], { method: 'GET' })
    expect(result).not.toBeInstanceOf(InvalidArgumentError)
    expect(result).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', cause: invalid })
  })
})
