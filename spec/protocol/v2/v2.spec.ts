import { createHash } from 'node:crypto'
import { Dispatcher } from 'undici'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { openClient } from '../../../lib/client/open-client.js'
import { type Config, readConfig } from '../../../lib/config/config.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import type { Method } from '../../../lib/options.js'
import { sensitive } from '../../../lib/trust/sensitive.js'
import { systemClock } from '../../../lib/util/deadline.js'
import { answer, config, isSigned, rawAnswer, signOf, startGateway, unsignedAnswer } from '../../v2-gateway.js'

const ORDER = {
  appid: 'wx8888888888888888',
  body: 'QQ公仔',
  out_trade_no: '1217752501201407033233368018',
  total_fee: 888,
  spbill_create_ip: '8.8.8.8',
  notify_url: 'https://shop.example/pay',
  trade_type: 'NATIVE',
}

const gateway = await startGateway()
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer()]
})

/** A client that does not wait between attempts. */
const client = (changes: Partial<Config> = {}) =>
  openClient(readConfig({ ...config, base_uri: gateway.url, ...changes }, Date.now), {
    ...systemClock,
    random: () => 0,
    sleep: async () => {},
  }).send

const send = (
  template: string,
  options: object = {},
  { method = 'POST', ...changes }: { method?: Method } & Partial<Config> = {},
) => client(changes)(method, template, options)

/** What arrived for one call. */
async function sent(template: string, options: object, changes: object = {}) {
  await send(template, options, changes)
  return gateway.requests.at(-1) ?? expect.fail('nothing was sent')
}

const refusal = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(InvalidArgumentError)
  expect(gateway.requests).toEqual([])
  return String(error)
}

describe('a message', () => {
  it('keeps the order of its fields, and ends with its sign', async () => {
    const { fields, body, headers, url } = await sent('v2/pay/unifiedorder', {
      xml: { ...ORDER, mch_id: config.mchid },
    })
    expect(Object.keys(fields)).toEqual([...Object.keys(ORDER), 'mch_id', 'nonce_str', 'sign'])
    expect(fields).toMatchObject({ total_fee: '888', body: 'QQ公仔' })
    expect(String(body)).toMatch(/^<xml><appid>/)
    expect(url).toBe('/pay/unifiedorder')
    expect(headers).toMatchObject({
      'content-type': 'text/xml; charset=utf-8',
      accept: 'text/xml, text/plain, application/x-gzip',
      'accept-encoding': 'identity',
      'user-agent': expect.stringContaining('wechatpay-chain/'),
    })
    expect(headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['MD5 if it has none', {}, 32],
    ['MD5', { sign_type: 'MD5' }, 32],
    ['HMAC-SHA256', { sign_type: 'HMAC-SHA256' }, 64],
  ])('is signed with %s', async (_what, type, length) => {
    const request = await sent('v2/pay/unifiedorder', { xml: { ...ORDER, ...type } })
    expect(request.fields.sign).toHaveLength(length)
    expect(isSigned(request)).toBe(true)
  })

  it('names HMAC-SHA256 by itself where nothing else is allowed', async () => {
    const xml = { appid: 'wxd678efh567hg6787', sub_mch_id: '1900000109', receiver: '{}' }
    const request = await sent('v2/pay/profitsharingaddreceiver', { xml })
    expect(request.fields).toMatchObject({ sign_type: 'HMAC-SHA256', sign: expect.stringMatching(/^[\dA-F]{64}$/) })
    expect(isSigned(request)).toBe(true)
    const own = await sent('v2/pay/profitsharingaddreceiver', { xml: { ...xml, sign_type: 'MD5' } })
    expect(own.fields).toMatchObject({ sign_type: 'MD5', sign: expect.stringMatching(/^[\dA-F]{32}$/) })
  })

  it.each<[string, unknown, string | undefined]>([
    ['zero', 0, '0'],
    ['zero as a string', '0', '0'],
    ['an empty string', '', ''],
    ['null', null, ''],
    ['undefined', undefined, undefined],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a bigint', 9007199254740993n, '9007199254740993'],
    ['a URL', new URL('https://a.example/?a=1&b=2'), 'https://a.example/?a=1&b=2'],
    ['markup', '<a href="x">&amp;</a>', '<a href="x">&amp;</a>'],
    ['the end of a CDATA section', 'a]]>b', 'a]]>b'],
    ['white space', ' \t\n ', ' \t\n '],
    ['four-byte characters', '\u{1F9E7}', '\u{1F9E7}'],
    ['JSON', '{"a":[1,"<"]}', '{"a":[1,"<"]}'],
  ])('carries %s as it is', async (_what, value, expected) => {
    const request = await sent('v2/pay/unifiedorder', { xml: { ...ORDER, attach: value } })
    expect(request.fields.attach).toBe(expected)
    expect(isSigned(request)).toBe(true)
  })

  it.each<[string, unknown, RegExp]>([
    ['an object', { id: 1 }, /scene_info.*an object.*JSON\.stringify/],
    ['a list', ['a'], /scene_info.*an array/],
    ['NaN', Number.NaN, /scene_info.*NaN/],
    ['a number that is not exact', 2 ** 60, /scene_info/],
    ['a boxed number that is not exact', Object(2 ** 60), /scene_info.*2\^53/],
    ['a Date', new Date(0), /scene_info.*a Date/],
    ['an Error', new Error('no'), /scene_info.*an Error/],
    ['a regular expression', /a/, /scene_info.*a RegExp/],
    ['a Map', new Map(), /scene_info.*a Map/],
    ['bytes', Buffer.from('a'), /scene_info.*a Uint8Array/],
    ['a function', () => {}, /scene_info.*a function/],
    ['the result of 9.8 * 100', 9.8 * 100, /scene_info.*980\.0000000000001/],
    ['a forgotten await', Promise.resolve('a'), /scene_info.*a Promise/],
    ['a carriage return, which comes back as a line feed', 'line 1\r\nline 2', /scene_info.*U\+000D.*line feed/],
    ['a control character', 'a\u0000', /scene_info.*U\+0000/],
    ['half a surrogate pair', '\ud800', /scene_info.*U\+D800/],
  ])('that holds %s is refused before anything is sent, and the field is named', async (_what, scene_info, message) => {
    expect(await refusal(send('v2/pay/unifiedorder', { xml: { ...ORDER, scene_info } }))).toMatch(message)
  })

  it.each(['md5', 'RSA', 'SHA256', 5])('of the unknown sign_type %j is refused', async sign_type => {
    expect(await refusal(send('v2/pay/unifiedorder', { xml: { ...ORDER, sign_type } }))).toMatch(/`sign_type` .*"MD5"/)
  })

  it('gets a new sign in place of the one that it was given', async () => {
    const request = await sent('v2/pay/unifiedorder', { xml: { sign: 'C380BEC2BFD727A4B6845133519F3AD6', ...ORDER } })
    expect(isSigned(request)).toBe(true)
    expect(Object.keys(request.fields).at(-1)).toBe('sign')
  })

  it('may be empty', async () => {
    const { fields } = await sent('v2/pay/unifiedorder', { xml: {} })
    expect(Object.keys(fields)).toEqual(['mch_id', 'nonce_str', 'sign'])
  })

  it('does not change the object that it is made of', async () => {
    const xml = Object.freeze({ ...ORDER })
    await send('v2/pay/unifiedorder', { xml })
    expect(xml).toEqual(ORDER)
  })
})

describe('what a caller leaves out', () => {
  it.each([
    ['v2/pay/unifiedorder', 'mch_id'],
    ['v2/mmpaymkttransfers/promotion/transfers', 'mchid'],
    ['v2/pay/combinedorder', 'combine_mch_id'],
  ])('%s gets the merchant number as %s', async (template, name) => {
    expect((await sent(template, { xml: {} })).fields[name]).toBe(config.mchid)
  })

  it.each([
    ['mch_id where the message names no merchant', {}, ['mch_id']],
    ['nothing where it names one as mchid', { mchid: '1' }, ['mchid']],
    ['nothing where it names one as combine_mch_id', { combine_mch_id: '1' }, ['combine_mch_id']],
  ])('is the merchant number of an undocumented endpoint: it gets %s', async (_what, xml, names) => {
    const { fields } = await sent('v2/pay/brandnew', { xml })
    expect(Object.keys(fields)).toEqual([...names, 'nonce_str', 'sign'])
    expect(fields[names[0] ?? '']).toBe(Object.values(xml)[0] ?? config.mchid)
  })

  it('is the merchant number of an endpoint that is documented without one: it is not made up', async () => {
    const { fields } = await sent('v2/applyment/micro/signcontract', { xml: { a: 1 } })
    expect(Object.keys(fields)).not.toContain('mch_id')
  })

  it.each([
    ['v2/pay/unifiedorder', {}, 'xml'],
    ['v2/secapi/mch/uploadmedia', {}, 'file'],
  ])('is the whole payload of %s: it is refused', async (template, options, name) => {
    expect(await refusal(send(template, options))).toContain(`\`${name}\` must be the payload`)
  })

  it('is the payload of an undocumented endpoint', async () => {
    expect(Object.keys((await sent('v2/pay/brandnew', {})).fields)).toEqual(['mch_id', 'nonce_str', 'sign'])
  })

  it.each([[1900000100], ['1900000100']])(
    'a merchant number that is given stays, string or number: %j',
    async mch_id => {
      expect((await sent('v2/pay/unifiedorder', { xml: { mch_id } })).fields.mch_id).toBe('1900000100')
    },
  )

  it('a nonce that is given stays', async () => {
    const { fields } = await sent('v2/pay/unifiedorder', { xml: { nonce_str: 'mine' } })
    expect(fields.nonce_str).toBe('mine')
  })

  it.each([
    ['v2/papay/querycontract', {}, false],
    ['v2/papay/querycontract', { nonceless: false }, true],
    ['v2/pay/orderquery', {}, true],
    ['v2/pay/orderquery', { nonceless: true }, false],
    ['v2/pay/orderquery', { nonceless: false }, true],
  ])('%s with %j has a nonce_str: %j', async (template, options, expected) => {
    const { fields } = await sent(template, { xml: {}, ...options })
    expect('nonce_str' in fields).toBe(expected)
  })

  it('a flag that is no flag is refused', async () => {
    for (const name of ['nonceless', 'security', 'sandbox', 'encrypt']) {
      expect(await refusal(send('v2/pay/orderquery', { xml: {}, [name]: 'yes' }))).toContain(`\`${name}\` must be`)
    }
  })
})

describe('workwx_sign', () => {
  const template = 'v2/mmpaymkttransfers/sendworkwxredpack'
  const xml = { mch_billno: '1', wxappid: 'ww1', re_openid: 'o1', total_amount: 1000, act_name: '活动', remark: 'r' }

  it('is made with the secret of the WeCom application, and signed with the rest', async () => {
    const request = await sent(template, { xml }, { agentSecret: 'agent' })
    const { nonce_str, mch_id } = request.fields
    const covered = `act_name=活动&mch_billno=1&mch_id=${mch_id}&nonce_str=${nonce_str}&re_openid=o1&total_amount=1000&wxappid=ww1&secret=agent`
    expect(request.fields.workwx_sign).toBe(createHash('md5').update(covered).digest('hex').toUpperCase())
    expect(isSigned(request)).toBe(true)
  })

  it('stays as it is given, and out where there is no secret or no need', async () => {
    expect(
      (await sent(template, { xml: { ...xml, workwx_sign: 'MINE' } }, { agentSecret: 'a' })).fields.workwx_sign,
    ).toBe('MINE')
    expect((await sent(template, { xml })).fields).not.toHaveProperty('workwx_sign')
    expect((await sent('v2/pay/orderquery', { xml }, { agentSecret: 'a' })).fields).not.toHaveProperty('workwx_sign')
  })

  it('that cannot be made is refused, and names what is missing', async () => {
    const { act_name: _, ...rest } = xml
    expect(await refusal(send(template, { xml: rest }, { agentSecret: 'agent' }))).toContain('act_name')
  })
})

describe('a GET', () => {
  const query = {
    appid: 'wx1',
    plan_id: 12535,
    contract_display_account: '微信 代扣',
    notify_url: 'https://shop.example/a?b=c&d=e+f',
    timestamp: '1414488825',
  }

  it('is signed in its query, over the values before they are encoded', async () => {
    gateway.answers = [rawAnswer('<html>sign here</html>')]
    const request = await sent('v2/papay/entrustweb', { query }, { method: 'GET' })
    expect(request.fields).toEqual({ ...query, plan_id: '12535', mch_id: config.mchid, sign: expect.any(String) })
    expect(isSigned(request)).toBe(true)
    expect(request.url).toContain('contract_display_account=%E5%BE%AE%E4%BF%A1%20%E4%BB%A3%E6%89%A3&')
    expect(request.body).toHaveLength(0)
  })

  it('is refused with a carriage return in its query', async () => {
    const call = send(
      'v2/papay/entrustweb',
      { query: { ...query, contract_display_account: 'a\rb' } },
      { method: 'GET' },
    )
    expect(await refusal(call)).toContain('`contract_display_account`')
  })

  it('is signed with what sign_type says, in place of the sign that it was given', async () => {
    gateway.answers = [unsignedAnswer({ redirect_url: 'https://a.example' })]
    const given = { ...query, sign: 'x', sign_type: 'HMAC-SHA256' }
    const request = await sent('v2/papay/h5entrustweb', { query: given }, { method: 'GET' })
    expect(request.fields.sign).toHaveLength(64)
    expect(isSigned(request)).toBe(true)
  })

  it('is signed wherever its parameters stand', async () => {
    gateway.answers = [unsignedAnswer()]
    const request = await sent(
      'v2/papay/h5entrustweb?appid=wx1{&name}',
      { name: 'a b', query: 'c=%26' },
      { method: 'GET' },
    )
    expect(request.fields).toMatchObject({ appid: 'wx1', name: 'a b', c: '&' })
    expect(isSigned(request)).toBe(true)
  })

  it('returns a page as a string', async () => {
    gateway.answers = [rawAnswer('<html>sign here</html>')]
    const { data } = await send('v2/papay/entrustweb', { query }, { method: 'GET' })
    expect(data).toBe('<html>sign here</html>')
  })

  it('to the page where the payer logs in is not signed', async () => {
    gateway.answers = [rawAnswer('<html>')]
    const { fields } = await sent('v2/appauth/authindex', { query: { scope: 'pay_identity' } }, { method: 'GET' })
    expect(fields).toEqual({ scope: 'pay_identity', mch_id: config.mchid })
  })
})

describe('other payloads', () => {
  it('a body is sent as it is given', async () => {
    const { body, headers } = await sent('v2/pay/orderquery', { body: '<xml><sign>mine</sign></xml>' })
    expect(String(body)).toBe('<xml><sign>mine</sign></xml>')
    expect(headers['content-type']).toBe('text/xml; charset=utf-8')
  })

  it('an upload has the fields of its meta that are not empty', async () => {
    const file = { content: Buffer.from('bytes'), filename: 'a.png' }
    const { body } = await sent('v2/secapi/mch/uploadmedia', { file, meta: { a: undefined, b: null, c: 0, d: true } })
    const form = String(body)
    expect(form).toContain('name="c"\r\n\r\n0\r\n')
    expect(form).toContain('name="d"\r\n\r\ntrue\r\n')
    expect(form).not.toMatch(/name="[ab]"|undefined|null/)
    gateway.requests.length = 0
    for (const value of [{ deep: 1 }, 1e21, sensitive('张三')]) {
      await refusal(client()('POST', 'v2/secapi/mch/uploadmedia', { file, meta: { e: value } }))
    }
  })

  it('a form is signed by its texts', async () => {
    const form = new FormData()
    form.append('media', new Blob(['bytes']), '图.png')
    form.append('media_hash', 'abc')
    form.append('sign', 'x')
    const { body } = await sent('v2/secapi/mch/uploadmedia', { body: form })
    const fields = { mch_id: config.mchid, media_hash: 'abc' }
    expect(String(body)).toContain(`name="sign"\r\n\r\n${signOf(fields)}\r\n`)
    expect(String(body)).toContain('name="media"; filename="图.png"')
    expect(String(body)).not.toContain('nonce_str')
    expect([...form.keys()]).toEqual(['media', 'media_hash', 'sign'])
  })

  it.each<[string, Method, object, RegExp]>([
    ['JSON', 'POST', { json: {} }, /`json` is the payload of APIv3/],
    ['two payloads', 'POST', { xml: {}, body: '' }, /`xml` and `body`/],
    ['XML as a string', 'POST', { xml: '<xml/>' }, /`xml` must be an object of fields.*`body`/],
    ['a list', 'POST', { xml: [] }, /`xml` must be an object of fields/],
    ['null', 'POST', { xml: null }, /`xml` must be an object of fields/],
    ['a payload for a GET', 'GET', { xml: {} }, /`xml`.*`query`/],
    ['a body for a GET', 'GET', { body: '' }, /`body`.*`query`/],
  ])('%s is refused before anything is sent', async (_what, method, options, message) => {
    expect(await refusal(send('v2/pay/orderquery', options, { method }))).toMatch(message)
  })

  it('need no keys of APIv3, whose absence is reported by a call of APIv3', async () => {
    const wxpay = Builder.factory({ mchid: config.mchid, secret: config.secret, base_uri: gateway.url })
    const message = await refusal(wxpay.chain('v3/certificates').get())
    expect(message).toMatch(/APIv2.* `privateKey` and `serial` .* `certs` or `apiv3Key`/)
    await wxpay.chain('v2/pay/brandnew').post({ xml: {} })
    expect(gateway.requests).toHaveLength(1)
    const { secret } = config
    for (const some of [{ privateKey: config.privateKey }, { apiv3Key: 'x'.repeat(32) }, { certs: config.certs }])
      expect(() => Builder.factory({ mchid: config.mchid, secret, ...some })).toThrow(/is (?:missing|empty)/)
  })

  it('without the APIv2 key nothing is sent', async () => {
    const { secret: _, ...rest } = { ...config, base_uri: gateway.url }
    const wxpay = Builder.factory(rest)
    const message = await refusal(wxpay.chain('v2/pay/brandnew').post({ xml: {} }))
    expect(message).toMatch(/`secret`.*APIv2密钥/)
  })
})

describe('a repetition', () => {
  it('has a new nonce, a new sign and the same business number', async () => {
    gateway.answers = [rawAnswer('', 503), answer()]
    await send('v2/pay/unifiedorder', { xml: ORDER, retry: { methods: ['POST'] } })
    const [first, second] = gateway.requests
    expect(gateway.requests).toHaveLength(2)
    expect(gateway.requests.every(request => isSigned(request))).toBe(true)
    expect(second?.fields.out_trade_no).toBe(first?.fields.out_trade_no)
    expect(second?.fields.nonce_str).not.toBe(first?.fields.nonce_str)
    expect(second?.fields.sign).not.toBe(first?.fields.sign)
  })

  it('does not happen by itself once a POST was sent', async () => {
    gateway.answers = [rawAnswer('', 503), answer()]
    await expect(send('v2/pay/unifiedorder', { xml: ORDER })).rejects.toMatchObject({ code: 'HTTP_503' })
    expect(gateway.requests).toHaveLength(1)
  })
})

describe('the host', () => {
  /** The origins that a call without a base URI of its own goes to. */
  async function origins(template: string, changes: Partial<Config> = {}, options: object = {}): Promise<string[]> {
    const found: string[] = []
    const dispatcher = new (class extends Dispatcher {
      override dispatch({ origin }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        found.push(String(origin))
        const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController
        handler.onResponseError?.(controller, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
        return true
      }
    })()
    const { base_uri: _, ...own } = { ...config, base_uri: '' }
    const request = openClient(readConfig({ ...own, dispatcher, ...changes }, Date.now), {
      ...systemClock,
      random: () => 0,
      sleep: async () => {},
    }).send
    await expect(request('POST', template, { xml: {}, ...options })).rejects.toMatchObject({ code: 'ERR_CONNECT' })
    return found
  }

  const FRAUD = 'https://fraud.mch.weixin.qq.com'

  it('is the main one, then the second one, for what is documented there', async () => {
    const [main, second] = ['https://api.mch.weixin.qq.com', 'https://api2.mch.weixin.qq.com']
    expect(await origins('v2/pay/unifiedorder')).toEqual([main, second, main])
  })

  it.each([
    ['v2/risk/getpublickey', FRAUD],
    ['v2/secsvc/realnameauth', FRAUD],
    ['v2/face/get_wxpayface_authinfo', 'https://payapp.weixin.qq.com'],
  ])('of %s is %s, and no other', async (template, origin) => {
    expect(new Set(await origins(template))).toEqual(new Set([origin]))
  })

  it('is the one that is configured or given for the call, even if a different one is documented', async () => {
    const [hk, own] = ['https://apihk.mch.weixin.qq.com', 'https://own.example']
    expect(new Set(await origins('v2/risk/getpublickey', { base_uri: hk }))).toEqual(new Set([hk]))
    expect(new Set(await origins('v2/risk/getpublickey', {}, { base_uri: own }))).toEqual(new Set([own]))
  })
})
