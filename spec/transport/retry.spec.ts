import { describe, expect, it } from 'vitest'
import {
  InvalidArgumentError,
  NOTHING_SENT,
  OUTCOME_UNKNOWN,
  TransportError,
  WechatPayError,
} from '../../lib/errors.js'
import type { Method } from '../../lib/options.js'
import { asUnreachable, unsentError } from '../../lib/transport/faults.js'
import { type Attempt, Outages, type RetryContext, retryDelay, withRetry } from '../../lib/transport/retry.js'
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
    outages: new Outages(() => now),
    onBudgetSpent: () => {},
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
    const { hosts, slept } = await play([lost, lost], { method: 'GET', timeout: 300 })
    expect(slept).toEqual([187.5])
    expect(hosts).toHaveLength(2)
  })

  it('leaves later attempts the rest of the timeout', async () => {
    expect((await play([lost], { method: 'GET', timeout: 1000 })).remaining).toEqual([1000, 812.5])
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

describe('a host that could not be reached', () => {
  const atHosts = async (outcomes: Outcome[], options: Partial<RetryContext> & { retry?: object } = {}) =>
    (await play(outcomes, { method: 'POST', ...options })).hosts

  it('is left at once for one that has not been tried, and after a pause for one that has', async () => {
    const { hosts, slept } = await play([refused, refused], { method: 'POST' })
    expect(hosts).toEqual(['main.example', 'second.example', 'main.example'])
    expect(slept).toEqual([375])
  })

  it('is left aside by later calls for 30 seconds', async () => {
    let now = 0
    const outages = new Outages(() => now)
    expect(await atHosts([refused], { outages })).toEqual(['main.example', 'second.example'])
    now = 29_999
    expect(await atHosts([], { outages })).toEqual(['second.example'])
    now = 30_000
    expect(await atHosts([], { outages })).toEqual(['main.example'])
  })

  it('is tried when the other one cannot be reached either', async () => {
    const outages = new Outages(() => 0)
    outages.leaveAside(main)
    expect(await atHosts([refused], { outages })).toEqual(['second.example', 'main.example'])
    expect(await atHosts([], { outages })).toEqual(['main.example'])
  })

  it('is not left aside when there is no other', async () => {
    const outages = new Outages(() => 0)
    expect(await atHosts([refused, refused], { outages, baseUris: [main] })).toEqual(Array(3).fill('main.example'))
    expect(await atHosts([], { outages, baseUris: [main] })).toEqual(['main.example'])
  })

  it('is not left aside for a call that was sent, or for a fault of this machine', async () => {
    const outages = new Outages(() => 0)
    const problem = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE', syscall: 'connect' })
    const local = unsentError(problem, undefined)
    expect(await atHosts([lost], { outages })).toEqual(['main.example'])
    expect(await atHosts([local, local], { outages })).toEqual(Array(3).fill('main.example'))
    expect(await atHosts([], { outages })).toEqual(['main.example'])
  })

  it('is also one at which a call timed out before it was connected', async () => {
    const outages = new Outages(() => 0)
    const stuck = asUnreachable(new TransportError('late', { code: 'ERR_TIMEOUT', sent: false }))
    expect(await atHosts([stuck], { outages })).toEqual(['main.example'])
    expect(await atHosts([], { outages })).toEqual(['second.example'])
  })
})

describe('Retry-After', () => {
  const wait = (headers: Record<string, string>, statusCode = 503): IncomingResponse => ({
    statusCode,
    headers,
    body: Buffer.alloc(0),
  })
  const date = 'Sat, 28 Nov 2026 08:00:00 GMT'

  it.each<[string, Record<string, string>, number]>([
    ['in seconds is waited for', { 'retry-after': '2' }, 2000],
    ['as a date is read by the clock of the response', { 'retry-after': 'Sat, 28 Nov 2026 08:00:07 GMT', date }, 7000],
    ['that is shorter than the usual pause is not', { 'retry-after': '0' }, 187.5],
    ['in the past is not', { 'retry-after': 'Sat, 28 Nov 2026 07:00:00 GMT', date }, 187.5],
    ['that means nothing is not', { 'retry-after': 'soon' }, 187.5],
    ['as a date without a date of the response is not', { 'retry-after': date }, 187.5],
  ])('%s', async (_what, headers, pause) => {
    for (const statusCode of [429, 503]) {
      expect((await play([wait(headers, statusCode)], { method: 'GET' })).slept).toEqual([pause])
    }
  })

  it('that is beyond the timeout ends the call with the response', async () => {
    const { result, slept } = await play([wait({ 'retry-after': '60' })], { method: 'GET', timeout: 30_000 })
    expect(result).toMatchObject({ statusCode: 503 })
    expect(slept).toEqual([])
  })
})

describe('the retry budget of a client', () => {
  const timedOut = new TransportError('refused', {
    code: 'ERR_CONNECT',
    sent: false,
    cause: Object.assign(new Error('connect timeout'), { code: 'UND_ERR_CONNECT_TIMEOUT' }),
  })

  it.each<[string, Outcome, number]>([
    ['a retry costs 5', status(500), 5],
    ['a retry after a connection that was lost costs 5', lost, 5],
    ['a retry after a gateway timeout costs 10', status(504), 10],
    ['a retry after a connection that timed out costs 10', timedOut, 10],
  ])('%s', async (_what, outcome, cost) => {
    const outages = new Outages(() => 0)
    await play([outcome, status(500)], { method: 'GET', retry: { attempts: 2 }, outages })
    expect(outages.budget).toBe(500 - cost)
  })

  it('gets 1 back for each success, a refusal of WeChat Pay among them, and never has more than 500', async () => {
    const outages = new Outages(() => 0)
    outages.spend(3)
    for (const outcome of [status(200), status(404), status(500), status(429), refused]) {
      await play([outcome], { method: 'GET', retry: { attempts: 1 }, outages })
    }
    expect(outages.budget).toBe(499)
    await play([], { method: 'GET', outages })
    await play([], { method: 'GET', outages })
    expect(outages.budget).toBe(500)
  })

  it('that is spent leaves retries out, and says so', async () => {
    const outages = new Outages(() => 0)
    let spent = 0
    const onBudgetSpent = () => spent++
    const attempts: number[] = []
    for (let call = 0; call < 60; call++) {
      const { hosts } = await play([status(503), status(503), status(503)], { method: 'GET', outages, onBudgetSpent })
      attempts.push(hosts.length)
    }
    expect(attempts.slice(0, 50)).toEqual(Array(50).fill(3))
    expect(attempts.slice(50)).toEqual(Array(10).fill(1))
    expect(spent).toBe(10)
  })

  it('is not asked for what would not be retried anyway', async () => {
    const outages = new Outages(() => 0)
    outages.spend(500)
    const onBudgetSpent = () => expect.fail('asked')
    await play([status(503)], { method: 'POST', outages, onBudgetSpent })
    await play([status(503)], { method: 'GET', retry: false, outages, onBudgetSpent })
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
