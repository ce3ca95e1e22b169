import { createPublicKey, verify } from 'node:crypto'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { ApiError, OUTCOME_UNKNOWN, SignatureError, WechatPayError } from '../../../lib/errors.js'
import { systemClock } from '../../../lib/util/deadline.js'
import { failure } from '../../async.js'
import { keyFile } from '../../fixtures/vectors.js'
import {
  answer,
  config,
  merchant,
  platform,
  sha1,
  signatureHeaders,
  startGateway,
  unsignedAnswer,
} from '../../gateway.js'

const gateway = await startGateway()
let wxpay: ReturnType<typeof Builder.factory>
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
  wxpay = Builder.factory({ ...config, base_uri: gateway.url, retry: false })
})

describe('a request', () => {
  it('is signed over the very bytes that arrive', async () => {
    await wxpay.chain('v3/orders').post({ json: { description: '深圳/Image形象店', amount: { total: 1 } } })
    const [request] = gateway.requests
    expect(request).toMatchObject({ method: 'POST', url: '/v3/orders', isSigned: true })
    expect(JSON.parse(String(request?.body))).toEqual({ description: '深圳/Image形象店', amount: { total: 1 } })
  })

  it('carries every header that WeChat Pay asks for', async () => {
    await wxpay.chain('v3/orders').post({ json: {} })
    expect(gateway.requests[0]?.headers).toMatchObject({
      accept: 'application/json, text/plain, application/x-gzip, application/pdf, image/png, image/*;q=0.5',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': '2',
      'user-agent': expect.stringMatching(/^wechatpay-chain\/\d/),
      'wechatpay-serial': platform.serial,
      authorization: expect.stringMatching(/^WECHATPAY2-SHA256-RSA2048 /),
    })
    expect(gateway.requests[0]?.authorization).toMatchObject({ mchid: merchant.mchid, serial_no: merchant.serial })
  })

  it('announces the public key where one is configured beside certificates', async () => {
    const PUB_KEY_ID_01 = keyFile('platform.spki.pem')
    wxpay = Builder.factory({ ...config, certs: { ...config.certs, PUB_KEY_ID_01 }, base_uri: gateway.url })
    await wxpay.chain('v3/certificates').get()
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe('PUB_KEY_ID_01')
  })

  it('without a body has no content type, and signs the empty string', async () => {
    await wxpay.chain('v3/things?algorithm_type=ALL').get({ query: { 中: "a'b" } })
    expect(gateway.requests[0]).toMatchObject({
      url: '/v3/things?algorithm_type=ALL&%E4%B8%AD=a%27b',
      isSigned: true,
    })
    expect(gateway.requests[0]?.headers['content-type']).toBeUndefined()
  })

  it('signs the prefix of the base URI with the path, also when it was written without its slash', async () => {
    await wxpay.chain('v3/statements-of').get({ base_uri: `${gateway.url}hk` })
    expect(gateway.requests[0]).toMatchObject({ url: '/hk/v3/statements-of', isSigned: true })
  })

  it('sends an upload whose meta part is what is signed', async () => {
    const meta = '{"filename":"a.png","sha256":"00"}'
    const body = new FormData()
    body.append('meta', new Blob([meta], { type: 'application/json' }))
    body.append('file', new Blob(['bytes'], { type: 'image/png' }), 'a.png')
    await wxpay.chain('v3/merchant/media/upload').post({ body })
    const { headers, authorization, url } = gateway.requests[0] ?? expect.fail()
    const message = `POST\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n${meta}\n`
    const signature = Buffer.from(authorization.signature ?? '', 'base64')
    expect(verify('sha256', Buffer.from(message), createPublicKey(merchant.certificate), signature)).toBe(true)
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  })

  it('merges headers over the defaults, in any case', async () => {
    wxpay = Builder.factory({ ...config, base_uri: gateway.url, headers: { 'X-Shop': '1', Accept: 'a/b' } })
    await wxpay.chain('v3/certificates').get({ headers: { ACCEPT: 'application/json', 'Accept-Language': 'en' } })
    expect(gateway.requests[0]?.headers).toMatchObject({
      'x-shop': '1',
      accept: 'application/json',
      'accept-language': 'en',
    })
  })

  it.each([
    ['an Authorization of its own', { Authorization: 'x' }],
    ['an encoding, which would be signed and not understood', { 'Accept-Encoding': 'gzip, deflate' }],
    ['what undici sends in no request', { Expect: '100-continue' }],
    ['a different host', { host: 'evil.example' }],
    ['a line break in a value', { 'X-A': 'a\r\nX-B: b' }],
    ['a line break in a name', { 'X-A\r\nX-B': 'b' }],
  ])('is refused with %s among its headers', async (_what, headers) => {
    expect(await failure(wxpay.chain('v3/certificates').get({ headers }))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
    expect(gateway.requests).toEqual([])
  })

  it.each([
    ['a payload on a GET', 'get', { json: {} }],
    ['two payloads', 'post', { json: {}, body: '{}' }],
    ['the payload of APIv2', 'post', { xml: {} }],
    ['a null in its JSON', 'post', { json: { a: null } }],
  ] as const)('is refused with %s', async (_what, verb, options) => {
    expect(await failure(wxpay.chain('v3/x')[verb](options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(gateway.requests).toEqual([])
  })
})

describe('a response', () => {
  const get = () => wxpay.chain('v3/certificates').get()

  it('is returned with its data, its exact bytes and its request ID', async () => {
    gateway.answers = [answer(200, '{"code_url" : "weixin://…"}')]
    const response = await get()
    expect(response.data).toEqual({ code_url: 'weixin://…' })
    expect(String(response.body)).toBe('{"code_url" : "weixin://…"}')
    expect(response.getBody()).toBe(response.body)
    expect([response.statusCode, response.getStatusCode()]).toEqual([200, 200])
    expect(response.requestId).toBe('08D0BC9A0610B0-0')
    expect(response.headers.get('Wechatpay-Serial')).toBe(platform.serial)
    expect(response.getHeaderLine('Content-Type')).toBe('application/json; charset=utf-8')
  })

  it('of 204 is verified over the empty body, and has no data', async () => {
    gateway.answers = [answer(204)]
    const response = await get()
    expect([response.statusCode, response.data, response.body.length]).toEqual([204, undefined, 0])
  })

  it('is accepted with its serial in any case, with or without leading zeros', async () => {
    const serial = keyFile('lowserial.serial.txt').trim()
    wxpay = Builder.factory({ ...config, certs: { [serial]: keyFile('lowserial.crt') }, base_uri: gateway.url })
    const changes = { serial: serial.toLowerCase().replace(/^0+/, ''), privateKey: keyFile('lowserial.pkcs8.key') }
    gateway.answers = [answer(200, '{}', signatureHeaders('{}', changes))]
    expect((await get()).data).toEqual({})
  })

  const now = () => Math.floor(Date.now() / 1000)
  const changed = (changes: Parameters<typeof signatureHeaders>[1]) =>
    answer(200, '{"ok":1}', signatureHeaders('{"ok":1}', changes))

  it.each([
    ['is unsigned', 'headers', () => unsignedAnswer(200, '{"ok":1}')],
    ['lacks a header', 'headers', () => answer(200, { ok: 1 }, { 'wechatpay-nonce': '' })],
    ['was tampered with', 'mismatch', () => answer(200, '{"ok":2}', signatureHeaders('{"ok":1}'))],
    ['has the signature of an empty body', 'mismatch', () => answer(200, '{"ok":1}', signatureHeaders(''))],
    ['is stale', 'clock', () => changed({ timestamp: now() - 302 })],
    ['is from the future', 'clock', () => changed({ timestamp: now() + 302 })],
    ['has a timestamp that is not a number', 'clock', () => answer(200, {}, { 'wechatpay-timestamp': 'NaN' })],
    [
      'is signed by a key under the serial of a different key',
      'mismatch',
      () => changed({ privateKey: keyFile('lowserial.pkcs8.key') }),
    ],
    [
      'is signed by an unknown key',
      'serial',
      () => changed({ serial: 'ABCDEF', privateKey: keyFile('lowserial.pkcs8.key') }),
    ],
    [
      'is signed by the merchant',
      'serial',
      () => changed({ serial: merchant.serial, privateKey: merchant.privateKey }),
    ],
    ['is a probe', 'probe', () => answer(200, {}, { 'wechatpay-signature': `WECHATPAY/SIGNTEST/${'A'.repeat(300)}` })],
    ['has a signature that is not base64', 'mismatch', () => answer(200, {}, { 'wechatpay-signature': '!!!' })],
    ['of 204 is unsigned', 'headers', () => unsignedAnswer(204)],
  ] as const)('that %s is never returned', async (_what, reason, make) => {
    gateway.answers = [make()]
    const error = await failure(get())
    expect(error).toBeInstanceOf(SignatureError)
    expect(error).toMatchObject({ reason, code: `ERR_SIGNATURE_${reason.toUpperCase()}` })
    expect(String(error)).toContain(OUTCOME_UNKNOWN)
  })

  it.each([
    ['a header twice', { 'wechatpay-timestamp': ['1', '1'] }, /more than one wechatpay-timestamp/],
    ['an empty signature type', { 'wechatpay-signature-type': '' }, /`Wechatpay-Signature-Type` ""/],
    ['a type that is unknown', { 'wechatpay-signature-type': 'RSA?' }, /`Wechatpay-Signature-Type` "RSA/],
  ])('with %s is refused for what it is', async (_what, headers, message) => {
    gateway.answers = [
      (_request, response) => response.writeHead(200, { ...signatureHeaders('{}'), ...headers }).end('{}'),
    ]
    expect(await failure(get())).toMatchObject({ reason: 'headers', message: expect.stringMatching(message) })
  })

  it.each([-300, 300])('that is %i s off is still accepted', async seconds => {
    const clock = { ...systemClock, now: () => 1_700_000_000_999, random: () => 0, sleep: async () => {} }
    const { openClient } = await import('../../../lib/client/open-client.js')
    const { readConfig } = await import('../../../lib/config/config.js')
    const send = openClient(readConfig({ ...config, base_uri: gateway.url }, clock.now), clock).send
    gateway.answers = [changed({ timestamp: 1_700_000_000 + seconds })]
    expect((await send('GET', 'v3/x', {})).data).toEqual({ ok: 1 })
  })

  it.each([
    ['is broken off', '{"phone":"13800138000"'],
    ['is a text', 'paid by 13800138000'],
  ])('that is signed but %s, not JSON, says so, and has its bytes where no log shows them', async (_what, body) => {
    gateway.answers = [answer(200, body)]
    const error = await failure(get())
    expect(error).toBeInstanceOf(WechatPayError)
    expect(error).toMatchObject({ code: 'ERR_RESPONSE_FORMAT', body: Buffer.from(body) })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('13800138000')
  })

  describe('has its data', () => {
    const typed = (body: string, headers: Record<string, string>) =>
      unsignedAnswer(200, body, { ...signatureHeaders(body), ...headers })

    it.each([
      ['in capital letters', { 'content-type': 'APPLICATION/JSON; charset=UTF-8' }],
      ['of text', { 'content-type': 'text/plain' }],
      ['of HTML', { 'content-type': 'text/html' }],
      ['of nothing', { 'content-type': '' }],
      ['that is absent', {}],
    ])('parsed where the catalogue expects JSON, with a type %s', async (_what, headers) => {
      gateway.answers = [typed('{"code_url":"weixin://a"}', Object.assign({}, headers))]
      expect((await get()).data).toEqual({ code_url: 'weixin://a' })
    })

    it.each([
      ['APPLICATION/JSON', '{"a":1}', { a: 1 }],
      ['application/problem+json', '[1]', [1]],
      ['', ' {"a":1}', { a: 1 }],
      ['', '[1]', [1]],
      ['', 'a=1', 'a=1'],
      ['text/plain', '{"a":1}', '{"a":1}'],
    ])('by its type %j on an undocumented path: %s', async (type, body, data) => {
      gateway.answers = [typed(body, type ? { 'content-type': type } : {})]
      expect((await wxpay.chain('v3/undocumented').get()).data).toEqual(data)
    })

    it('without a byte order mark, although it is signed with it', async () => {
      gateway.answers = [answer(200, '\ufeff{"ok":true}')]
      const { data, body } = await get()
      expect(data).toEqual({ ok: true })
      expect(String(body)).toBe('\ufeff{"ok":true}')
    })

    it('with integers beyond 2^53 as strings of their digits', async () => {
      gateway.answers = [answer(200, '{"applyment_id":9007199254740993,"plan_id":123,"ids":[271781022721654784]}')]
      expect((await get()).data).toEqual({
        applyment_id: '9007199254740993',
        plan_id: 123,
        ids: ['271781022721654784'],
      })
    })
  })

  describe('of 202', () => {
    const pay = () => wxpay.chain('v3/pay/transactions/codepay').post({ body: '{}' })

    it.each([
      ['its code', { code: 'USERPAYING', message: '需要用户输入支付密码' }, 'USERPAYING'],
      ['a code of ours where it has none', { trade_state: 'USERPAYING' }, 'ACCEPTED'],
      ['a code of ours where it has no content', undefined, 'ACCEPTED'],
    ])('is no success, but an error with %s', async (_what, data, code) => {
      gateway.answers = [answer(202, data)]
      const error = await failure(pay())
      expect(error).toBeInstanceOf(ApiError)
      expect(error).toMatchObject({ statusCode: 202, code, retryable: true, requestId: '08D0BC9A0610B0-0' })
      expect(gateway.requests).toHaveLength(1)
    })

    it('is none on an undocumented path either', async () => {
      gateway.answers = [answer(202, {})]
      expect(await failure(wxpay.chain('v3/undocumented').get())).toMatchObject({ statusCode: 202, code: 'ACCEPTED' })
    })

    it('is a success where it is the documented one', async () => {
      gateway.answers = [answer(202)]
      const path = 'v3/new-tax-control-fapiao/fapiao-applications'
      expect((await wxpay.chain(path as string).post({ body: '{}' })).statusCode).toBe(202)
    })

    it('is verified before it is believed', async () => {
      gateway.answers = [unsignedAnswer(202, '{"code":"USERPAYING"}')]
      expect(await failure(pay())).toMatchObject({ name: 'SignatureError', reason: 'headers' })
    })
  })
})

describe('a forgotten payload', () => {
  it.each([
    ['v3/pay/transactions/native', 'post', 'json'],
    ['v3/merchant/media/upload', 'post', 'file'],
    ['v3/smartguide/guides/1', 'patch', 'json'],
    ['v3/global/profit-sharing/receivers', 'delete', 'json'],
  ] as const)('of %s is refused before anything is sent', async (path, verb, option) => {
    expect(await failure(wxpay.chain(path as string)[verb]())).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(`\`${option}\``),
    })
    expect(gateway.requests).toEqual([])
  })

  it.each([
    ['an empty object', 'v3/pay/transactions/native', { json: {} }],
    ['a raw one', 'v3/pay/transactions/native', { body: '{}' }],
    ['not documented', 'v3/undocumented', {}],
  ])('is none if it is %s', async (_what, path, options) => {
    await wxpay.chain(path as string).post(options)
    expect(gateway.requests).toHaveLength(1)
  })
})

describe('a download', () => {
  const content = Buffer.from([0, 1, 2, 255])

  it.each([
    'v3/billdownload/file?token=a%2Bb',
    'v3/transferdownload/elecvoucherfile?token=x',
    'v3/transferdownload/signfile?token=x',
    'v3/bill/downloadurl?token=x',
    'v3/payscore/bill/downloadurl?token=x',
    'v3/transferbilldownload/elecvoucherfile?source=elecsign&token=x',
    'v3/new-tax-control-fapiao/download?token=x',
    'v3/merchant-service/images/Q2hlbg%2B%3D',
    'v3/global/merchant-service/images/Q2hlbg%2B%3D',
    'v3/merchant-service/images/ChsyMDAw/9CgBEAAY%3D%3D',
    'v3/merchant-service/images/a/b/',
  ])('%s is known to be unsigned, and returned as a stream', async path => {
    gateway.answers = [unsignedAnswer(200, content)]
    const response = await wxpay.chain(path).get()
    expect(response.data).toBeUndefined()
    expect(await buffer(response.body as unknown as Readable)).toEqual(content)
    expect(gateway.requests[0]).toMatchObject({ url: `/${path}`, isSigned: true })
  })

  it.each([
    'v3/billdownload/files?token=x',
    'v3/billdownload/file/x',
    'v3/pay?x=/v3/billdownload/file',
    'x/v3/billdownload/file',
    'v3/merchant-service/images/upload',
    'v3/merchant-service/images-of/a',
    'v3/merchant-service/images',
    'v3/merchant-service/images/',
    'v3/bill/downloadurl/x',
    'v3/payscore/bill/downloadurls?token=x',
  ])('%s, which only looks like one, is verified', async path => {
    gateway.answers = [unsignedAnswer(200, content)]
    expect(await failure(wxpay.chain(path).get())).toMatchObject({ reason: 'headers' })
  })

  it('with a different method is verified', async () => {
    gateway.answers = [unsignedAnswer(200, content)]
    expect(await failure(wxpay.chain('v3/billdownload/file' as string).post())).toMatchObject({ reason: 'headers' })
  })

  it('of an image keeps a plus sign in its id encoded once', async () => {
    gateway.answers = [unsignedAnswer(200, content)]
    await wxpay.chain('v3/merchant-service/images/{media_id}').get({ media_id: 'a+b/c' })
    await wxpay.chain('v3/merchant-service/images/{+media_id}').get({ media_id: 'a%2Bb' })
    await wxpay.chain('v3/merchant-service/images/{+media_id}').get({ media_id: 'a%2Bb/c%3D' })
    expect(gateway.requests.map(({ url }) => url)).toEqual([
      '/v3/merchant-service/images/a%2Bb%2Fc',
      '/v3/merchant-service/images/a%2Bb',
      '/v3/merchant-service/images/a%2Bb/c%3D',
    ])
  })
})

describe('an overseas statement', () => {
  const csv = '\ufeff交易时间,金额\r\n`2026-11-23,`1.00\r\n'
  const statement = (body: string, digest: string) =>
    unsignedAnswer(200, body, {
      'content-type': 'text/plain',
      'wechatpay-statement-sha1': digest,
      ...signatureHeaders(JSON.stringify({ sha1: digest })),
    })
  const query = { date: '20261123', mchid: '1230000109' }
  const get = async () => String(await buffer((await wxpay.chain('v3/global/statements').get({ query })).body))

  it('is verified by the signature of its digest', async () => {
    gateway.answers = [statement(csv, sha1(csv))]
    expect(await get()).toBe(csv)
  })

  it.each([
    ['whose content was changed', () => statement(`${csv}x`, sha1(csv))],
    [
      'whose digest was changed with it',
      () =>
        unsignedAnswer(200, `${csv}x`, {
          'wechatpay-statement-sha1': sha1(`${csv}x`),
          ...signatureHeaders(JSON.stringify({ sha1: sha1(csv) })),
        }),
    ],
  ])('%s is refused', async (_what, make) => {
    gateway.answers = [make()]
    expect(await failure(get())).toMatchObject({ reason: 'mismatch' })
  })

  it('without its digest is verified by its own bytes, like any other response', async () => {
    gateway.answers = [unsignedAnswer(200, csv, signatureHeaders(csv)), unsignedAnswer(200, csv)]
    expect(await get()).toBe(csv)
    expect(await failure(get())).toMatchObject({ reason: 'headers' })
  })

  it('that is given up before it is read gives its connection up', async () => {
    const closed = new Promise<void>(resolve => {
      gateway.answers = [
        (_request, response) => {
          response.socket?.once('close', () => resolve())
          response.writeHead(200, {
            'content-length': String(1 << 30),
            'wechatpay-statement-sha1': sha1(csv),
            ...signatureHeaders(JSON.stringify({ sha1: sha1(csv) })),
          })
          response.write(csv)
        },
      ]
    })
    const { body } = await wxpay.chain('v3/global/statements').get({ query })
    body.destroy()
    await closed
  })

  it('that is refused by WeChat Pay is an ApiError', async () => {
    gateway.answers = [answer(400, { code: 'NO_STATEMENT_EXIST', message: '账单文件不存在' })]
    expect(await failure(get())).toMatchObject({ code: 'NO_STATEMENT_EXIST' })
  })
})

describe('a refusal', () => {
  const get = () =>
    wxpay.chain('v3/pay/transactions/id/{transaction_id}').get({ transaction_id: '42', query: { mchid: '1' } })

  it('becomes an ApiError with the message of WeChat Pay', async () => {
    const detail = { field: '/amount/total', value: '13800138000', issue: 'must be positive', location: 'body' }
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: '参数错误', detail })]
    const error = await failure(get())
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      code: 'PARAM_ERROR',
      statusCode: 400,
      detail,
      requestId: '08D0BC9A0610B0-0',
      retryable: false,
    })
    expect(String(error)).toContain(
      'GET /v3/pay/transactions/id/{transaction_id} failed with 400 PARAM_ERROR: 参数错误 (/amount/total: must be positive)',
    )
    expect(String(error)).not.toContain('13800138000')
  })

  it.each([
    [429, '{"code":"FREQUENCY_LIMITED","message":"频率超限"}', 'FREQUENCY_LIMITED', true],
    [500, '{"code":"SYSTEM_ERROR"}', 'SYSTEM_ERROR', true],
    [502, '<html>Bad gateway</html>', 'HTTP_502', true],
    [503, '', 'HTTP_503', true],
    [404, '{"code":"ORDER_NOT_EXIST"}', 'ORDER_NOT_EXIST', false],
    [403, '"no"', 'HTTP_403', false],
    [400, '{"code":10001}', '10001', false],
    [400, '{"code":{}}', 'HTTP_400', false],
    [400, '\ufeff{"code":"PARAM_ERROR"}', 'PARAM_ERROR', false],
    [408, '', 'HTTP_408', true],
    [302, '', 'HTTP_302', false],
  ])('of %i with %j has a code, and says whether to try again', async (statusCode, body, code, retryable) => {
    gateway.answers = [unsignedAnswer(statusCode, body, statusCode === 302 ? { location: '/v3/other' } : {})]
    expect(await failure(get())).toMatchObject({ name: 'ApiError', statusCode, code, retryable })
    expect(gateway.requests).toHaveLength(1)
  })

  it('of the signature says what was signed, and what WeChat Pay saw', async () => {
    const sign_information = {
      method: 'GET',
      url: '/v3/pay/transactions/id/43',
      truncated_sign_message: 'GET\n…',
      sign_message_length: 99,
    }
    gateway.answers = [
      answer(401, { code: 'SIGN_ERROR', message: '签名错误', detail: { issue: 'sign not match', sign_information } }),
    ]
    const message = String(await failure(get()))
    expect(message).toContain('GET /v3/pay/transactions/id/{transaction_id} with no body')
    expect(message).toContain(`mchid ${merchant.mchid}`)
    expect(message).toContain(`serial ${merchant.serial}`)
    expect(message).toContain('WeChat Pay saw a different URL')
    expect(message).not.toMatch(/\/4[23]|mchid=1/)
  })

  it.each([
    ['GET', '/v3/pay/transactions/id/42?mchid=1', 'the same method and URL'],
    ['POST', '/v3/pay/transactions/id/42?mchid=1', 'a different method:'],
    ['POST', '/pay/transactions/id/42?mchid=1', 'a different method and URL:'],
  ])('of the signature compares what WeChat Pay saw: %s %s', async (method, url, difference) => {
    gateway.answers = [answer(401, { code: 'SIGN_ERROR', detail: { sign_information: { method, url } } })]
    expect(String(await failure(get()))).toContain(`WeChat Pay saw ${difference}`)
  })

  it('does not repeat the value that was sent, wherever WeChat Pay repeats it', async () => {
    const detail = { field: '/payer/openid', value: 'oSECRET1', issue: 'oSECRET1 is no openid' }
    gateway.answers = [answer(400, { code: 'PARAM_ERROR', message: 'openid oSECRET1 is wrong', detail })]
    const error = await failure(get())
    expect(String(error)).toContain('openid … is wrong (/payer/openid: … is no openid)')
    expect(inspect(error)).not.toContain('oSECRET1')
    expect(error).toMatchObject({ detail })
  })

  it.each([
    ['code', (text: string) => ({ code: text })],
    ['message', (text: string) => ({ code: 'A', message: text })],
    ['field', (text: string) => ({ code: 'A', detail: { field: text } })],
    ['issue', (text: string) => ({ code: 'A', detail: { issue: text } })],
    [
      'method and URL',
      (text: string) => ({ code: 'SIGN_ERROR', detail: { sign_information: { method: text, url: text } } }),
    ],
  ])('of an endless %s with control characters is one short line', async (_what, make) => {
    const text = `A\r\nFAKE LINE\u001b[2J\u2028\u2029\u202e\u2066\u200f\u0085${'x'.repeat(100_000)}`
    gateway.answers = [unsignedAnswer(400, JSON.stringify(make(text)))]
    const { message, code } = Object(await failure(get()))
    expect(`${message}${code}`).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200f]/u)
    expect(message.length).toBeLessThan(1_000)
    expect(message).toMatch(
      /Do not retry without changing the request\.$|clock is right: it agrees with the `Date` of the response\.$/,
    )
    expect(code.length).toBeLessThanOrEqual(64)
  })

  it('that is not signed can break neither the error nor a line of a log', async () => {
    const sign_information = { method: { toString: 1 }, url: { toString: 1, valueOf: 1 } }
    const problem = { code: 'SIGN_ERROR', message: 'no\n\u001b[2J2026-11-24 paid', detail: { sign_information } }
    gateway.answers = [answer(401, problem)]
    const error = await failure(get())
    expect(error).toMatchObject({ name: 'ApiError', code: 'SIGN_ERROR', statusCode: 401 })
    expect(String(error)).toContain('SIGN_ERROR: no [2J2026-11-24 paid. ')
  })
})
