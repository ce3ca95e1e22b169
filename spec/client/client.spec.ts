import { once } from 'node:events'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { MockAgent } from 'undici'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { openClient } from '../../lib/client/open-client.js'
import { type Config, readConfig } from '../../lib/config/config.js'
import type { RequestInfo, ResponseInfo, RetryInfo } from '../../lib/config/hooks.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { systemClock } from '../../lib/util/deadline.js'
import { failure } from '../async.js'
import { keyFile } from '../fixtures/vectors.js'
import { answer, config, dropConnection, merchant, signatureHeaders, startGateway, unsignedAnswer } from '../gateway.js'

const gateway = await startGateway()
let wxpay: ReturnType<typeof Builder.factory>
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
  wxpay = Builder.factory({ ...config, base_uri: gateway.url })
})

/** A client that does not wait between attempts. */
const impatient = (changes: Partial<Config> = {}) =>
  openClient(readConfig({ ...config, base_uri: gateway.url, ...changes }, Date.now), {
    ...systemClock,
    random: () => 0,
    sleep: async () => {},
  }).send

describe('the three forms', () => {
  const options = {
    card_id: '478515832665',
    code: 'a/b',
    json: { out_trade_no: '1', mchid: '2', sub_mchid: '3', bonus_value: 30 },
  }
  const wanted = '/v3/marketing/membercard-open/cards/478515832665/codes/a%2Fb/bonus/commit'

  it.each(['post', 'postAsync'] as const)('send the same request with %s', async verb => {
    const path = 'v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit'
    await wxpay.v3.marketing.membercardOpen.cards._card_id_.codes._code_.bonus.commit[verb](options)
    await wxpay.chain(path)[verb](options)
    await wxpay[path][verb](options)
    expect(gateway.requests.map(({ method, url, body, isSigned }) => [method, url, String(body), isSigned])).toEqual(
      Array(3).fill(['POST', wanted, JSON.stringify(options.json), true]),
    )
  })

  it.each(['get', 'post', 'put', 'patch', 'delete'] as const)('know the verb %s', async verb => {
    await wxpay.chain('v3/x')[verb]()
    await wxpay.chain('v3/x')[`${verb}Async`]()
    expect(gateway.requests.map(({ method }) => method)).toEqual(Array(2).fill(verb.toUpperCase()))
  })
})

describe('an order number in the chain', () => {
  // TypeScript knows no such property.
  const orders = () => Object(wxpay.v3.pay.transactions.outTradeNo)

  it.each(['ORDER123A', 'B123456', 'OrderA1', 'TX_1', 'oUpF8uMuAJO'])(
    'that would be rewritten is refused before anything is sent, and not shown: %s',
    async number => {
      for (const call of [
        orders()[number].get({ query: { mchid: '1' } }),
        orders()[number].close.post({ json: {} }),
        Object(wxpay).v3.pay.transactions.chain('out-trade-no')[number].get(),
        Object(wxpay).v3.marketing.membercardOpen.cards[number].codes._code_.get({ code: '1' }),
      ]) {
        const error = await failure(call)
        expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('placeholder') })
        expect(String(error)).not.toContain(number)
      }
      expect(gateway.requests).toEqual([])
    },
  )

  it('that stays as it is, or is written as a path or a value, is sent', async () => {
    const number = '20261128abc'
    const written = 'ORDER123A'
    await orders()[number].get()
    await orders().chain(written).get()
    await orders()._out_trade_no_.get({ out_trade_no: written })
    await wxpay.chain(`v3/pay/transactions/out-trade-no/${written}` as string).get()
    expect(gateway.requests.map(({ url }) => url.slice(url.lastIndexOf('/') + 1))).toEqual([
      number,
      written,
      written,
      written,
    ])
  })

  it('is none where nothing documented is a value', async () => {
    await Object(wxpay).v3.pay.transactions.newThing.post({ json: {} })
    await Object(wxpay).v3.brandNew.ThingOf.get()
    expect(gateway.requests.map(({ url }) => url)).toEqual(['/v3/pay/transactions/new-thing', '/v3/brand-new/thing-of'])
  })
})

describe('bad input is refused before anything is sent', () => {
  const path = 'v3/cards/{card_id}/codes/{code}'
  it.each<[string, () => Promise<unknown>]>([
    ['a missing placeholder', () => wxpay.chain(path).get({ card_id: '1' })],
    ['a null placeholder', () => wxpay.chain(path).get({ card_id: '1', code: null })],
    ['an empty placeholder', () => wxpay.chain(path).get({ card_id: '1', code: '' })],
    ['a placeholder of two dots', () => wxpay.chain(path).get({ card_id: '1', code: '..' })],
    ['a placeholder of two encoded dots', () => wxpay.chain(path).get({ card_id: '1', code: '%2e%2e' })],
    ['a placeholder with a line break', () => wxpay.chain(path).get({ card_id: '1', code: 'a\r\nb' })],
    ['a placeholder with a NUL', () => wxpay.chain(path).get({ card_id: '1', code: 'a\0' })],
    ['a placeholder with a backslash', () => wxpay.chain(path).get({ card_id: '1', code: 'a\\b' })],
    ['a different host in a reserved placeholder', () => wxpay.chain('{+rest}').get({ rest: '//evil.example/x' })],
    ['a fragment in a reserved placeholder', () => wxpay.chain('v3/{+rest}').get({ rest: 'a#b' })],
    ['a different host as the path', () => wxpay.chain('//evil.example/v3/x').get()],
    ['an absolute URL as the path', () => wxpay.chain('https://evil.example/v3/x').get()],
    ['dots in the path', () => wxpay.chain('v3/a/../b').get()],
    ['encoded dots in the path', () => wxpay.chain('v3/a/%2e%2E/b').get()],
    ['a backslash in the path', () => wxpay.chain('v3/a\\b').get()],
    ['a line break in the path', () => wxpay.chain('v3/a\r\nHost: evil.example').get()],
    ['a fragment in the path', () => wxpay.chain('v3/a#b').get()],
    ['an unknown option', () => wxpay.chain('v3/x').post({ jsno: {} })],
    ['an option that is also a placeholder', () => wxpay.chain('v3/{query}').get({ query: 'a' })],
    ['options that are no object', () => wxpay.chain('v3/x').post('{}' as never)],
    ['an invalid signal', () => wxpay.chain('v3/x').get({ signal: {} as AbortSignal })],
    ['an invalid base URI', () => wxpay.chain('v3/x').get({ base_uri: 'nowhere' })],
    ['a null in the payload', () => wxpay.chain('v3/x').post({ json: { a: null } })],
  ])('%s', async (_what, call) => {
    const error = await failure(call())
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })

  it('and the error says which placeholder or option it is', async () => {
    expect(String(await failure(wxpay.chain(path).get({ card_id: '1' })))).toContain('code')
    expect(String(await failure(wxpay.chain('v3/x').post({ jsno: {} })))).toMatch(
      /`jsno` is neither an option nor a placeholder of `v3\/x`/,
    )
    expect(String(await failure(wxpay.chain('v3/{timeout}').get({ timeout: 5 })))).toMatch(
      /`timeout` .*option .*placeholder/,
    )
  })
})

describe('a lost connection', () => {
  it('after a POST arrived is reported, and the POST is not repeated', async () => {
    gateway.answers = [dropConnection]
    expect(await failure(impatient()('POST', 'v3/pay', { json: {} }))).toMatchObject({
      name: 'TransportError',
      sent: true,
    })
    expect(gateway.requests).toHaveLength(1)
  })

  it('of a GET is repeated, signed anew', async () => {
    gateway.answers = [dropConnection, answer(200, { ok: true })]
    expect((await impatient()('GET', 'v3/pay', {})).data).toEqual({ ok: true })
    expect(gateway.requests).toHaveLength(2)
  })
})

it('a GET that meets 503 once succeeds with two requests, two nonces, two signatures', async () => {
  gateway.answers = [unsignedAnswer(503), answer(200, { ok: true })]
  expect((await impatient()('GET', 'v3/certificates', {})).data).toEqual({ ok: true })
  const sent = gateway.requests.map(({ authorization }) => authorization)
  expect(gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
  expect(new Set(sent.map(({ nonce_str }) => nonce_str)).size).toBe(2)
  expect(new Set(sent.map(({ signature }) => signature)).size).toBe(2)
})

it('a POST that may be repeated carries the same body each time, signed anew', async () => {
  gateway.answers = [unsignedAnswer(500), dropConnection, answer(200, {})]
  await impatient()('POST', 'v3/pay', { json: { out_trade_no: '1' }, retry: { methods: ['POST'] } })
  expect(gateway.requests.map(({ body }) => String(body))).toEqual(Array(3).fill('{"out_trade_no":"1"}'))
  expect(gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
  expect(new Set(gateway.requests.map(({ authorization }) => authorization.nonce_str)).size).toBe(3)
})

describe('a host that cannot be reached', () => {
  const nobody = 'http://127.0.0.1:1/'

  it('is left for the fallback, also by a POST', async () => {
    const send = impatient({ base_uri: nobody, fallback_uri: gateway.url })
    expect((await send('POST', 'v3/pay', { json: {} })).statusCode).toBe(200)
    expect(gateway.requests).toHaveLength(1)
  })

  it('is reported as not sent when there is no fallback', async () => {
    const error = await failure(impatient({ base_uri: nobody })('POST', 'v3/pay', { json: {} }))
    expect(error).toMatchObject({ code: 'ERR_CONNECT', sent: false })
  })

  it('that the call itself named is not left', async () => {
    const send = impatient({ fallback_uri: gateway.url })
    expect(await failure(send('GET', 'v3/x', { base_uri: nobody }))).toMatchObject({ sent: false })
    expect(gateway.requests).toEqual([])
  })
})

describe('several merchants in one process', () => {
  it('sign with their own keys and trust only their own keys', async () => {
    const other = Builder.factory({
      ...config,
      mchid: '1900000109',
      certs: { PUB_KEY_ID_2: keyFile('lowserial.spki.pem') },
      base_uri: gateway.url,
    })
    gateway.answers = [(request, response) => answer(200, { mchid: request.authorization.mchid })(request, response)]
    const [first, second] = await Promise.allSettled([wxpay.chain('v3/x').get(), other.chain('v3/x').get()])
    expect(first).toMatchObject({ status: 'fulfilled', value: { data: { mchid: '1230000109' } } })
    expect(second).toMatchObject({ status: 'rejected', reason: { reason: 'serial' } })
  })
})

it('a dispatcher of the user carries the requests: a MockAgent of undici', async () => {
  const agent = new MockAgent()
  agent.disableNetConnect()
  agent
    .get('https://api.mch.weixin.qq.com')
    .intercept({ path: '/v3/x', method: 'GET' })
    .reply(200, '{"mocked":true}', {
      headers: { 'content-type': 'application/json', ...signatureHeaders('{"mocked":true}') },
    })
  wxpay = Builder.factory({ ...config, dispatcher: agent })
  expect((await wxpay.chain('v3/x').get()).data).toEqual({ mocked: true })
})

it('an error of the connection has nothing of the response, wherever it is printed', async () => {
  const response = [
    'HTTP/1.1 200 OK',
    'Wechatpay-Signature: SECRET',
    'X-Bad: a\u0001b',
    'Content-Length: 22',
    '',
    '{"phone":"13800138000"}',
  ].join('\r\n')
  const server = createServer(socket => socket.on('error', () => {}).once('data', () => socket.end(response)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const told: unknown[] = []
  const send = impatient({
    base_uri: `http://127.0.0.1:${Object(server.address()).port}/`,
    on: { retry: info => void told.push(info) },
  })
  const error = await failure(send('GET', 'v3/x', {}))
  server.close()
  expect(error).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: true, cause: { name: 'HTTPParserError' } })
  const printed =
    inspect([error, told], { depth: 9, showHidden: true }) + JSON.stringify([error, told, Object(error).cause])
  expect(told).toHaveLength(2)
  expect(printed).not.toMatch(/SECRET|13800138000/)
})

describe('hooks', () => {
  it.each([
    ['an unknown name', { error: () => {} }, /`error` is not an option of `on`.*request, response/],
    ['a misspelt name', { requests: () => {} }, /`requests`/],
    ['what is no function', { request: 'log' }, /`on\.request` must be a function/],
    ['a function in place of the object', () => {}, /`on` must be an object/],
    ['null', null, /`on` must be an object/],
  ])('are refused when the client is made with %s', (_what, on, message) => {
    const make = () => Builder.factory({ ...config, on: on === null ? JSON.parse('null') : Object(on) })
    expect(make).toThrow(InvalidArgumentError)
    expect(make).toThrow(message)
  })

  it('may be left out one by one', () => {
    expect(() => Builder.factory({ ...config, on: Object({ request: undefined }) })).not.toThrow()
  })

  it('are called for requests, responses and retries, and get nothing secret', async () => {
    const told: (RequestInfo | ResponseInfo | RetryInfo)[] = []
    const tell = (info: RequestInfo | ResponseInfo | RetryInfo) => {
      told.push(info)
    }
    gateway.answers = [unsignedAnswer(503), answer(200, { ok: true })]
    const send = impatient({ on: { request: tell, response: tell, retry: tell } })
    await send('GET', 'v3/cards/{code}', { code: '13800138000', query: { openid: 'secret' } })
    const call = { mchid: merchant.mchid, method: 'GET', path: '/v3/cards/{code}', host: new URL(gateway.url).host }
    expect(told).toMatchObject([
      { ...call, attempt: 1, bytes: 0 },
      { ...call, attempt: 1, statusCode: 503 },
      { ...call, attempt: 1, cause: { statusCode: 503 }, delay: 125 },
      { ...call, attempt: 2, bytes: 0 },
      { ...call, attempt: 2, statusCode: 200, requestId: '08D0BC9A0610B0-0' },
    ])
    expect(inspect(told, { depth: 10 })).not.toMatch(/13800138000|secret|WECHATPAY2/)
  })

  it('that throw do not break a call', async () => {
    const on = {
      request: () => {
        throw new Error('the disk is full')
      },
    }
    expect((await impatient({ on })('GET', 'v3/x', {})).statusCode).toBe(200)
  })
})

it('a hook that rejects does not break a call, nor the process', async () => {
  const rejections: unknown[] = []
  const note = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', note)
  const on = { response: async () => Promise.reject(new Error('the log is away')) }
  expect((await impatient({ on })('GET', 'v3/x', {})).statusCode).toBe(200)
  await new Promise(resolve => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(rejections).toEqual([])
})

describe('a call that is aborted while it waits for what is not ours', () => {
  const aborted = async (changes: Partial<Config>, options: (stop: () => void) => object = () => ({})) => {
    const controller = new AbortController()
    const stop = () => controller.abort()
    const { privateKey: _, serial, ...rest } = config
    const signer = { serial, sign: () => 'c2lnbmVk' }
    const client = Builder.factory({ ...rest, signer, base_uri: gateway.url, ...changes })
    stopped.push(stop)
    return failure(client.chain('v3/x').post({ signal: controller.signal, ...options(stop) }))
  }
  const stopped: (() => void)[] = []
  const never = () => {
    stopped.at(-1)?.()
    return new Promise<never>(() => {})
  }

  it('its signer: nothing was sent', async () => {
    const signer = { serial: merchant.serial, sign: never }
    expect(await aborted({ signer })).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(gateway.requests).toEqual([])
  })

  it('its payload: nothing was sent', async () => {
    const payload = (stop: () => void) => ({ body: new Readable({ read: stop }) })
    expect(await aborted({}, payload)).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(gateway.requests).toEqual([])
  })

  it('its verifier: the outcome is unknown', async () => {
    const verifier = { announcedSerial: () => undefined, verify: never }
    expect(await aborted({ certs: {}, verifier })).toMatchObject({ code: 'ERR_ABORTED', sent: true })
    expect(gateway.requests).toHaveLength(1)
  })
})

describe('what is printed', () => {
  const secrets = (requestNumber = 0) => [
    gateway.requests[requestNumber]?.authorization.signature ?? expect.fail('nothing was sent'),
    'WECHATPAY2-SHA256-RSA2048',
    'PRIVATE KEY',
    'wechatpay-signature',
    '13800138000',
  ]
  const print = (value: unknown) =>
    [inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value)].join('\n')

  it('of a client, a node or a response shows no key, secret, signature or personal data', async () => {
    const response = await wxpay.chain('v3/x').post({ json: { phone: '13800138000' } })
    for (const secret of secrets()) {
      for (const value of [wxpay, wxpay.chain('v3/x'), response, { response }])
        expect(print(value)).not.toContain(secret)
    }
    expect(inspect(response)).toBe(
      `WechatPayResponse { statusCode: 200, requestId: '08D0BC9A0610B0-0', body: 11 bytes }`,
    )
  })

  it.each([
    ['refusal', () => answer(400, { code: 'PARAM_ERROR', message: 'no', detail: { value: '13800138000' } })],
    [
      'refused signature',
      () =>
        answer(401, { code: 'SIGN_ERROR', detail: { sign_information: { truncated_sign_message: '13800138000' } } }),
    ],
    ['forged response', () => answer(200, {}, signatureHeaders('x'))],
    ['lost connection', () => dropConnection],
  ])('of the error of a %s neither', async (_what, make) => {
    gateway.answers = [make()]
    const error = await failure(impatient({ retry: false })('POST', 'v3/x', { json: { phone: '13800138000' } }))
    expect(error).toBeInstanceOf(Error)
    for (const secret of secrets()) expect(print(error)).not.toContain(secret)
  })
})
