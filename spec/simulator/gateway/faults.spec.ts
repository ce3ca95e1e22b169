import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../lib/errors.js'
import { Faults } from '../../../lib/simulator/gateway/faults.js'
import { type Misbehaviour, Simulator, type SimulatorConfig } from '../../../lib/simulator/index.js'
import { get, isSigned, order, post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const NATIVE = '/v3/pay/transactions/native'
const PATH = '/v3/certificates'

let simulator: Simulator
let config: SimulatorConfig
let slept: number[] = []
let wake: (() => void)[] = []

beforeAll(async () => {
  simulator = await startSimulator({
    sleep: milliseconds => {
      slept.push(milliseconds)
      return new Promise<void>(resolve => wake.push(resolve))
    },
  })
  config = simulator.config
})
afterEach(() => {
  simulator.behave()
  slept = []
  wake = []
})
afterAll(() => simulator.close())

function exists(number: string): Promise<boolean> {
  const path = `/v3/pay/transactions/out-trade-no/${number}?mchid=${config.mchid}`
  return get(config, path).then(({ status }) => status === 200)
}

describe('a status', () => {
  it.each([
    [429, 'FREQUENCY_LIMITED'],
    [500, 'SYSTEM_ERROR'],
    [503, 'SERVICE_UNAVAILABLE'],
    [504, 'SERVICE_UNAVAILABLE'],
  ] as const)('%i returns a signed %s, and the request has no effect', async (status, code) => {
    simulator.misbehave({ status })
    const payload = order(config)
    const response = await post(config, NATIVE, payload)
    expect(response).toMatchObject({ status, json: { code } })
    expect(isSigned(response, config)).toBe(true)
    expect(await exists(payload.out_trade_no)).toBe(false)
  })

  it('502 returns unsigned HTML', async () => {
    simulator.misbehave({ status: 502 })
    const { status, headers, text } = await get(config, PATH)
    expect([status, headers['content-type'], headers['wechatpay-signature']]).toStrictEqual([
      502,
      'text/html',
      undefined,
    ])
    expect(text).toContain('Bad Gateway')
  })
})

describe('a dropped connection', () => {
  it('comes before the request takes effect', async () => {
    simulator.misbehave({ drop: 'request' })
    const payload = order(config)
    await expect(post(config, NATIVE, payload)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(simulator.requests.at(-1)).toMatchObject({
      path: NATIVE,
      body: JSON.stringify(payload),
      statusCode: undefined,
    })
    expect(await exists(payload.out_trade_no)).toBe(false)
  })

  it('comes after the request took effect, and the same request can be repeated', async () => {
    simulator.misbehave({ drop: 'response' })
    const payload = order(config)
    await expect(post(config, NATIVE, payload)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await exists(payload.out_trade_no)).toBe(true)
    expect((await post(config, NATIVE, payload)).status).toBe(200)
  })
})

describe('a bad signature', () => {
  it('does not match the body', async () => {
    simulator.misbehave({ signature: 'mismatch' })
    const response = await get(config, PATH)
    expect(response.status).toBe(200)
    expect(Object.keys(config.certs)).toContain(response.headers['wechatpay-serial'])
    expect(Buffer.from(String(response.headers['wechatpay-signature']), 'base64')).toHaveLength(256)
    expect(isSigned(response, config)).toBe(false)
  })

  it('has no headers', async () => {
    simulator.misbehave({ signature: 'headers' })
    const { status, headers } = await get(config, PATH)
    expect(status).toBe(200)
    expect(Object.keys(headers).filter(name => name.startsWith('wechatpay-'))).toStrictEqual([])
  })

  it('is a SIGNTEST probe', async () => {
    simulator.misbehave({ signature: 'probe' })
    const response = await get(config, PATH)
    expect(response.headers['wechatpay-signature']).toMatch(/^WECHATPAY\/SIGNTEST\/.{300,}$/)
    expect(isSigned(response, config)).toBe(false)
  })

  it('names an unknown serial', async () => {
    simulator.misbehave({ signature: 'serial' })
    const { headers } = await get(config, PATH)
    expect(headers['wechatpay-serial']).toMatch(/^[0-9A-F]{40}$/)
    expect(Object.keys(config.certs)).not.toContain(headers['wechatpay-serial'])
  })
})

describe('every n-th response', () => {
  it('to a matching request is a SIGNTEST probe', async () => {
    simulator.misbehave({ signature: 'probe', every: 3, times: 2, match: { method: 'GET' } })
    const genuine: boolean[] = []
    for (let time = 0; time < 9; time += 1) {
      genuine.push(isSigned(await get(config, PATH), config))
      expect(isSigned(await post(config, NATIVE, order(config)), config)).toBe(true)
    }
    expect(genuine).toStrictEqual([true, true, false, true, true, false, true, true, true])
  })

  it('leaves the other requests to later rules', async () => {
    simulator.misbehave({ signature: 'probe', every: 2, times: Number.POSITIVE_INFINITY })
    simulator.misbehave({ status: 503 })
    expect((await get(config, PATH)).status).toBe(503)
    const response = await get(config, PATH)
    expect(response.status).toBe(200)
    expect(response.headers['wechatpay-signature']).toMatch(/^WECHATPAY\/SIGNTEST\//)
  })
})

it.each([-301, 301])('a timestamp that is %i seconds off has a valid signature', async clockSkew => {
  const frozen = await Simulator.start({ keys: simulator.keys, clock: () => 1_700_000_000_000 })
  frozen.misbehave({ clockSkew })
  const response = await get(frozen.config, PATH, { timestamp: 1_700_000_000 })
  await frozen.close()
  expect(Number(response.headers['wechatpay-timestamp'])).toBe(1_700_000_000 + clockSkew)
  expect(isSigned(response, config)).toBe(true)
})

describe('latency', () => {
  it('passes before anything else happens', async () => {
    simulator.misbehave({ latency: 1500, status: 503 })
    let isDone = false
    const response = get(config, PATH).finally(() => {
      isDone = true
    })
    await expect.poll(() => slept).toStrictEqual([1500])
    expect((await get(config, PATH)).status).toBe(200)
    expect(isDone).toBe(false)
    wake[0]?.()
    expect((await response).status).toBe(503)
  })

  it('of Infinity lasts until the client gives up', async () => {
    simulator.misbehave({ latency: Number.POSITIVE_INFINITY })
    const controller = new AbortController()
    const before = simulator.requests.length
    const response = get(config, PATH, { signal: controller.signal })
    await expect.poll(() => simulator.requests.length).toBe(before + 1)
    controller.abort()
    await expect(response).rejects.toMatchObject({ name: 'AbortError' })
    expect(slept).toStrictEqual([])
  })

  it('ends without a response when the simulator closes', async () => {
    const closing = await Simulator.start({ keys: simulator.keys, sleep: () => new Promise(() => {}) })
    closing.misbehave({ latency: 1 })
    closing.misbehave({ latency: Number.POSITIVE_INFINITY })
    const responses = Promise.allSettled([get(closing.config, PATH), get(closing.config, PATH)])
    await expect.poll(() => closing.requests.length).toBe(2)
    await closing.close()
    expect((await responses).map(({ status }) => status)).toStrictEqual(['rejected', 'rejected'])
  })

  it('returns a 500 when the sleep option rejects', async () => {
    const broken = await Simulator.start({ keys: simulator.keys, sleep: () => Promise.reject(new Error('no clock')) })
    broken.misbehave({ latency: 1 })
    expect(await get(broken.config, PATH)).toMatchObject({ status: 500, text: expect.stringContaining('no clock') })
    await broken.close()
  })

  it('uses a timer by default', async () => {
    const timed = await Simulator.start({ keys: simulator.keys })
    timed.misbehave({ latency: 1 })
    expect((await get(timed.config, PATH)).status).toBe(200)
    await timed.close()
  })
})

describe('a rule', () => {
  async function statuses(count: number, path = PATH) {
    const found: number[] = []
    while (found.length < count) found.push((await get(config, path)).status)
    return found
  }

  it('applies once by default, otherwise `times` times', async () => {
    simulator.misbehave({ status: 503 })
    simulator.misbehave({ status: 500, times: 2 })
    expect(await statuses(4)).toStrictEqual([503, 500, 500, 200])
  })

  it('applies until behave() is called when `times` is Infinity', async () => {
    simulator.misbehave({ status: 503, times: Number.POSITIVE_INFINITY })
    expect(await statuses(5)).toStrictEqual([503, 503, 503, 503, 503])
    simulator.behave()
    expect(await statuses(1)).toStrictEqual([200])
  })

  it('does not apply to requests that do not match', async () => {
    simulator.misbehave({ status: 503, match: { method: 'post' } })
    simulator.misbehave({ status: 500, match: { path: /out-trade-no/g } })
    simulator.misbehave({ status: 429, match: { method: 'GET', path: '/v3/certificates' } })
    expect(await statuses(2, `${PATH}?algorithm_type=RSA`)).toStrictEqual([429, 200])
    expect(await statuses(2, `/v3/pay/transactions/out-trade-no/1?mchid=${config.mchid}`)).toStrictEqual([500, 404])
    expect((await post(config, NATIVE, order(config))).status).toBe(503)
  })

  it('applies to an operation, whose placeholders stand for any segment', () => {
    const [ORDER, V2] = ['/v3/pay/transactions/id/4200', '/pay/unifiedorder']
    const isHit = (operation: string, method: string, path: string) => {
      const faults = new Faults()
      faults.add({ operation, status: 503 })
      return faults.take(method, path).status === 503
    }
    expect(isHit('GET /v3/pay/transactions/id/{transaction_id}', 'GET', ORDER)).toBe(true)
    expect(isHit('get /v3/pay/{a}/id/{…}', 'GET', ORDER)).toBe(true)
    expect(isHit('POST /v3/pay/transactions/id/{transaction_id}', 'GET', ORDER)).toBe(false)
    expect(isHit('GET /v3/pay/transactions/{id}', 'GET', ORDER)).toBe(false)
    expect(isHit('GET /v3/pay.transactions/id/{id}', 'GET', ORDER)).toBe(false)
    expect(isHit('POST /v2/pay/unifiedorder', 'POST', V2)).toBe(true)
    expect(isHit('POST /pay/unifiedorder', 'POST', V2)).toBe(true)
  })

  it('applies at random, in the same way for the same seed', () => {
    const hits = (rule: Misbehaviour) => {
      const faults = new Faults()
      faults.add({ status: 503, times: Number.POSITIVE_INFINITY, ...rule })
      return Array.from({ length: 1000 }, () => faults.take('GET', PATH).status === 503)
    }
    const count = (given: readonly boolean[]) => given.filter(Boolean).length
    const tenth = hits({ probability: 0.1 })
    expect(count(tenth)).toBeGreaterThan(60)
    expect(count(tenth)).toBeLessThan(140)
    expect(hits({ probability: 0.1 })).toEqual(tenth)
    expect(hits({ probability: 0.1, seed: 2 })).not.toEqual(tenth)
    expect(count(hits({ probability: 1 }))).toBe(1000)
    expect(count(hits({ probability: 0.5, times: 3 }))).toBe(3)
  })

  it('waits for a different time each time, with jitter', () => {
    const faults = new Faults()
    faults.add({ latency: 100, jitter: 50, times: Number.POSITIVE_INFINITY })
    const waits = Array.from({ length: 100 }, () => faults.take('GET', PATH).latency ?? 0)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...waits)).toBeLessThan(150)
    expect(new Set(waits).size).toBeGreaterThan(90)
  })

  it('is not used up by an unsigned request', async () => {
    simulator.misbehave({ status: 503 })
    expect((await get(config, PATH, { authorization: undefined })).status).toBe(401)
    expect(await statuses(1)).toStrictEqual([503])
  })

  it('is copied when it is added', async () => {
    const rule: Misbehaviour = { status: 503 }
    simulator.misbehave(rule)
    rule.status = 500
    expect(await statuses(1)).toStrictEqual([503])
  })

  it.each([
    [{ times: 0 }, /`times`.* 0/],
    [{ times: 1.5 }, /`times`.* 1\.5/],
    [{ every: 0 }, /`every`.* 0/],
    [{ every: 1.5 }, /`every`.* 1\.5/],
    [{ probability: 0 }, /`probability`.* 0/],
    [{ probability: 1.1 }, /`probability`.* 1\.1/],
    [{ seed: 0.5 }, /`seed`.* 0\.5/],
    [{ operation: '/v3/certificates' }, /`operation`.* \/v3\/certificates/],
    [{ operation: /GET/ }, /`operation`.* \/GET\//],
    [{ jitter: Number.POSITIVE_INFINITY }, /`jitter`.* Infinity/],
    [{ latency: -1 }, /`latency`.* -1/],
    [{ latency: Number.NaN }, /`latency`.* NaN/],
    [{ clockSkew: 0.5 }, /`clockSkew`.* 0\.5/],
    [{ status: 200 }, /`status`.* 429.* 200/],
    [{ drop: true }, /`drop`.* true/],
    [{ signature: 'bad' }, /`signature`.* bad/],
    [{ sttus: 503 }, /`sttus`/],
    [{ match: { pth: '/v3' } }, /`pth` .*`match`/],
    [{ match: { path: 3 } }, /`match\.path`.* 3/],
    [{ match: { method: ['POST'] } }, /`match\.method`.* POST/],
  ])('with an invalid option is refused: %o', (rule, message) => {
    const misbehave = () => Reflect.apply(simulator.misbehave, simulator, [rule])
    expect(misbehave).toThrow(InvalidArgumentError)
    expect(misbehave).toThrow(message)
  })
})
