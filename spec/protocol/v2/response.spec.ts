import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../lib/client/open-client.js'
import { readConfig } from '../../../lib/config/config.js'
import { OUTCOME_UNKNOWN } from '../../../lib/errors.js'
import type { Method } from '../../../lib/options.js'
import * as Transformer from '../../../lib/transformer.js'
import { failure } from '../../async.js'
import {
  type Answer,
  answer,
  config,
  rawAnswer,
  secret,
  signOf,
  startGateway,
  unsignedAnswer,
  xml,
} from '../../v2-gateway.js'

const gateway = await startGateway()
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
})

/** What a call comes to when it is answered so. */
async function answered(given: Answer, template = 'v2/pay/orderquery', method: Method = 'POST') {
  gateway.answers = [given]
  const client = openClient(readConfig({ ...config, base_uri: gateway.url }, Date.now)).send
  return client(method, template, method === 'GET' ? {} : { xml: {} })
}

describe('a signed response', () => {
  it.each(['MD5', 'HMAC-SHA256'])('by %s is data, with every value a string', async type => {
    const { data, statusCode, requestId } = await answered(answer({ total_fee: '100', attach: '<&]' }, { type }))
    expect(data).toMatchObject({ return_code: 'SUCCESS', result_code: 'SUCCESS', total_fee: '100', attach: '<&]' })
    expect([statusCode, requestId]).toEqual([200, '08D0BC9A0610B0-0'])
  })

  it('is signed over every field with a value', async () => {
    const fields = { empty: '', zero: '0', constructor: '1', __proto__2: '2' }
    expect((await answered(answer(fields))).data).toMatchObject(fields)
  })

  it('keeps a field by the name of a prototype harmless', async () => {
    const fields = Object.fromEntries([
      ['return_code', 'SUCCESS'],
      ['__proto__', '1'],
    ])
    const signed = `<xml><return_code>SUCCESS</return_code><__proto__>1</__proto__><sign>${signOf(fields)}</sign></xml>`
    const { data } = await answered(rawAnswer(signed))
    expect(Object.keys(Object(data))).toEqual(['return_code', '__proto__', 'sign'])
    expect({}).not.toHaveProperty('1')
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
  })
})

describe('a forged response is never data:', () => {
  it.each<[string, Answer, string]>([
    ['a changed value', answer({ total_fee: '100' }, { changes: { total_fee: '1' } }), 'mismatch'],
    ['an additional field', answer({}, { changes: { trade_state: 'SUCCESS' } }), 'mismatch'],
    ['a removed field', answer({ fee: '1' }, { changes: { fee: undefined } }), 'mismatch'],
    [
      'a field twice',
      rawAnswer(xml({ ...signedFields(), extra: 'x' }).replace('</xml>', '<a>1</a><a>2</a></xml>')),
      'mismatch',
    ],
    ['the key of a different merchant', answer({}, { key: 'x'.repeat(32) }), 'mismatch'],
    ['a sign in lower case', rawAnswer(xml(signedFields(sign => sign.toLowerCase()))), 'mismatch'],
    ['a sign that was cut short', rawAnswer(xml(signedFields(sign => sign.slice(1)))), 'mismatch'],
    ['no sign', unsignedAnswer({ trade_state: 'SUCCESS' }), 'headers'],
    ['an empty sign', answer({}, { changes: { sign: '' } }), 'headers'],
    ['neither return_code nor retcode', rawAnswer('<xml><trade_state>SUCCESS</trade_state></xml>'), 'format'],
    ['nothing but an element', rawAnswer('<xml/>'), 'format'],
    [
      'a refusal whose sign is wrong',
      answer({ result_code: 'FAIL', err_code: 'ORDERNOTEXIST' }, { changes: { err_code: 'A' } }),
      'mismatch',
    ],
    ['JSON', rawAnswer('{"return_code":"SUCCESS"}'), 'format'],
    ['plain text', rawAnswer('SUCCESS'), 'format'],
    ['nothing', rawAnswer(''), 'format'],
  ])('%s', async (_what, given, expected) => {
    const error = await failure(answered(given))
    if (expected === 'format') expect(error).toMatchObject({ name: 'WechatPayError', code: 'ERR_RESPONSE_FORMAT' })
    else expect(error).toMatchObject({ name: 'SignatureError', reason: expected, requestId: '08D0BC9A0610B0-0' })
    expect(String(error)).toContain(OUTCOME_UNKNOWN)
  })

  it.each([
    'v2/mmpaymkttransfers/pay_bank',
    'v2/mmpaymkttransfers/query_bank',
    'v2/pay/downloadbills',
    'v2/pay/downloadbill/',
    'v2/x/pay/downloadbill',
    'v2/pay/orderquery?/pay/downloadbill',
    'v2/risk/getpublickeys',
    'v2/pay/micropay',
  ])('what only looks like an unsigned endpoint, %s', async template => {
    expect(await failure(answered(unsignedAnswer(), template))).toMatchObject({ name: 'SignatureError' })
  })
})

describe('a response that cannot be read', () => {
  it('has its bytes, to be repaired and verified by the program, and no log shows them', async () => {
    const fields = { return_code: 'SUCCESS', result_code: 'SUCCESS', openid: 'oSECRET1' }
    const message = xml({ ...fields, sign: signOf(fields) }).replace('oSECRET1', 'oSECRET1\u0010')
    const error = await failure(answered(rawAnswer(message)))
    expect(error).toMatchObject({ code: 'ERR_RESPONSE_FORMAT', message: expect.stringContaining('`error.body`') })
    const { sign, ...repaired } = Transformer.toObject(Transformer.sanitize(String(Object(error).body)))
    expect(signOf(Object(repaired))).toBe(sign)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('oSECRET1')
  })

  it('of JSON quotes none of its content', async () => {
    const error = await failure(answered(rawAnswer('{"openid":"oSECRET1"'), 'v2/appauth/getaccesstoken', 'GET'))
    expect(error).toMatchObject({
      code: 'ERR_RESPONSE_FORMAT',
      body: Buffer.from('{"openid":"oSECRET1"'),
    })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('oSECRET1')
  })

  it.each(['\ufeff{"retcode":0,"id":99999999999999999}', '{"retcode":0,"id":99999999999999999}'])(
    'is not one whose JSON has a byte order mark or long integers: %j',
    async json => {
      const { data } = await answered(rawAnswer(json), 'v2/appauth/getaccesstoken', 'GET')
      expect(data).toEqual({ retcode: 0, id: '99999999999999999' })
    },
  )
})

describe('a refusal in APIv2', () => {
  const no = (fields: Record<string, string>) =>
    unsignedAnswer({ return_code: 'SUCCESS', result_code: 'FAIL', ...fields })

  it.each(['err_code', 'err_code_des', 'return_msg'])(
    'with an endless %s of many lines is one short line',
    async name => {
      const text = `A\nFAKE LINE\u0085\u2028\u202e${'x'.repeat(10_000)}`
      const { message, code } = Object(await failure(answered(no({ [name]: text }))))
      expect(`${message}${code}`).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u)
      expect(message.length).toBeLessThan(600)
      expect(message).toMatch(/request\.$|requires\.$/)
      expect(code.length).toBeLessThanOrEqual(64)
    },
  )

  it('with the status 408 may be repeated', async () => {
    const late: Answer = (_request, response) => void response.writeHead(408).end()
    expect(await failure(answered(late))).toMatchObject({ code: 'HTTP_408', retryable: true })
  })
})

function signedFields(change: (sign: string) => string = sign => sign) {
  const fields = { return_code: 'SUCCESS', result_code: 'SUCCESS' }
  return { ...fields, sign: change(signOf(fields)) }
}

describe('a response that WeChat Pay does not sign', () => {
  it.each([
    ['v2/mmpaysptrans/pay_bank'],
    ['v2/mmpaysptrans/query_bank'],
    ['v2/mmpaymkttransfers/sendredpack'],
    ['v2/mmpaymkttransfers/promotion/transfers'],
    ['v2/risk/getpublickey'],
    ['v2/secapi/mch/submchmanage?action=add'],
    ['v2/xdc/apiv2getsignkey/sign/getsignkey'],
    ['v2/sandboxnew/pay/getsignkey'],
  ])('is data: %s', async template => {
    expect((await answered(unsignedAnswer({ a: '1' }), template)).data).toMatchObject({ a: '1' })
  })

  it('is a refusal all the same when it says no', async () => {
    const no = unsignedAnswer({ result_code: 'FAIL', err_code: 'NOTENOUGH', err_code_des: '余额不足' })
    expect(await failure(answered(no, 'v2/mmpaysptrans/pay_bank'))).toMatchObject({ code: 'NOTENOUGH' })
    const neither = rawAnswer('<xml><payment_no>1</payment_no></xml>')
    expect(await failure(answered(neither, 'v2/mmpaysptrans/pay_bank'))).toMatchObject({ code: 'ERR_RESPONSE_FORMAT' })
  })

  it('may be JSON', async () => {
    const template = 'v2/appauth/getaccesstoken'
    const yes = await answered(rawAnswer('{"retcode":0,"retmsg":"OK","access_token":"t"}'), template, 'GET')
    expect(yes.data).toEqual({ retcode: 0, retmsg: 'OK', access_token: 't' })
    const no = await failure(answered(rawAnswer('{"retcode":-1,"retmsg":"code invalid"}'), template, 'GET'))
    expect(no).toMatchObject({ name: 'ApiError', code: '-1', message: expect.stringContaining('code invalid') })
    for (const neither of ['{"retmsg":"OK"}', '{"retcode":'])
      expect(await failure(answered(rawAnswer(neither), template, 'GET'))).toMatchObject({
        code: 'ERR_RESPONSE_FORMAT',
      })
  })

  it('may be a table', async () => {
    const table = '100\n`2017-07-01 10:00:05`,`1001690740201411100005734289`,`5`,`赞,水果很新鲜`'
    const { data } = await answered(rawAnswer(table), 'v2/billcommentsp/batchquerycomment')
    expect(data).toBe(table)
    const no = unsignedAnswer({ result_code: 'FAIL', err_code: 'NO_COMMENT' })
    expect(await failure(answered(no, 'v2/billcommentsp/batchquerycomment'))).toMatchObject({ code: 'NO_COMMENT' })
  })
})

describe('a refusal', () => {
  it('of the transport has no code of its own, and includes the response', async () => {
    const error = await failure(answered(rawAnswer(xml({ return_code: 'FAIL', return_msg: 'appid不能为空' }))))
    expect(error).toMatchObject({ name: 'ApiError', code: 'FAIL', statusCode: 200, retryable: false })
    expect(error).toMatchObject({ detail: { return_code: 'FAIL', return_msg: 'appid不能为空' } })
    expect(String(error)).toContain('POST /v2/pay/orderquery failed with FAIL: appid不能为空.')
  })

  it('of the signature names the algorithm that was filled in', async () => {
    gateway.answers = [rawAnswer(xml({ return_code: 'FAIL', return_msg: '签名错误' }))]
    const client = openClient(readConfig({ ...config, base_uri: gateway.url }, Date.now)).send
    const call = client('POST', 'v2/pay/profitsharingquery', { xml: {} })
    expect(String(await failure(call))).toContain('HMAC-SHA256')
  })

  it.each([{ return_msg: '签名错误' }, { return_msg: '签名失败' }, { return_code: 'FAIL', err_code: 'SIGNERROR' }])(
    'of the signature says what to check: %j',
    async fields => {
      gateway.answers = [rawAnswer(xml({ return_code: 'FAIL', ...fields }))]
      const client = openClient(readConfig({ ...config, base_uri: gateway.url }, Date.now)).send
      const call = client('POST', 'v2/pay/orderquery', { xml: { mch_id: '42', sign_type: 'HMAC-SHA256' } })
      expect(String(await failure(call))).toMatch(
        /HMAC-SHA256 .*`secret` of mchid 1230000109\. .* 42\. .*`secret` .*APIv2密钥.*`sign_type`/,
      )
    },
  )

  it.each([
    [
      'err_code',
      { result_code: 'FAIL', err_code: 'ORDERPAID', err_code_des: '该订单已支付' },
      'ORDERPAID: 该订单已支付',
    ],
    ['error_code', { return_code: 'FAIL', error_code: '20002', return_msg: 'No Bill Exist' }, '20002: No Bill Exist'],
    ['result_msg', { result_code: 'FAIL', result_msg: '参数错误' }, 'FAIL: 参数错误'],
  ])('is read from %s', async (_what, fields, expected) => {
    expect(String(await failure(answered(answer(fields))))).toContain(`failed with ${expected}. `)
  })

  it('that is not signed, or signed rightly, has the same class', async () => {
    const fields = { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' }
    for (const given of [answer(fields), answer(fields, { type: 'HMAC-SHA256' }), unsignedAnswer(fields)])
      expect(await failure(answered(given))).toMatchObject({ name: 'ApiError', code: 'ORDERNOTEXIST' })
  })

  it.each([
    ['SYSTEMERROR', true, 'merchant order number'],
    ['BIZERR_NEED_RETRY', true, 'merchant order number'],
    ['FREQUENCY_LIMITED', true, 'merchant order number'],
    ['USERPAYING', false, 'query the order every few seconds'],
    ['BANKERROR', false, 'query the order every few seconds'],
    ['CERT_ERROR', false, '`merchant` is the API certificate'],
    ['ORDERPAID', false, 'Do not retry'],
    ['constructor', false, 'Do not retry'],
  ])('%s may be repeated: %j', async (err_code, retryable, advice) => {
    const error = await failure(answered(answer({ result_code: 'FAIL', err_code })))
    expect(error).toMatchObject({ code: err_code, retryable })
    expect(String(error)).toContain(advice)
  })

  it.each<[number, string, string, boolean]>([
    [400, '<html>400 No required SSL certificate was sent</html>', 'set `merchant`', false],
    [404, '', 'Do not retry', false],
    [302, '', 'Redirects are not followed', false],
    [429, '', 'merchant order number', true],
    [502, '<html>502 Bad Gateway</html>', OUTCOME_UNKNOWN, true],
  ])('by HTTP %i has its status as code', async (statusCode, body, advice, retryable) => {
    const headers: Record<string, string> = statusCode === 302 ? { location: 'https://evil.example' } : {}
    const error = await failure(answered(rawAnswer(body, statusCode, headers)))
    expect(error).toMatchObject({ name: 'ApiError', code: `HTTP_${statusCode}`, statusCode, retryable })
    expect(String(error)).toContain(advice)
    expect(gateway.requests).toHaveLength(1)
  })

  it('prints neither the key, nor a sign, nor the response', async () => {
    const fields = { result_code: 'FAIL', err_code: 'A', openid: 'oUpF8uMuAJO', sign_type: 'MD5' }
    for (const given of [
      answer(fields),
      answer(fields, { changes: { err_code: 'B' } }),
      unsignedAnswer({ openid: 'oUpF8uMuAJO' }),
    ]) {
      const error = await failure(answered(given))
      const printed = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + String(error)
      for (const text of [secret, gateway.requests.at(-1)?.fields.sign ?? '', 'oUpF8uMuAJO'])
        expect(printed).not.toContain(text)
    }
  })
})

describe('hostile XML', () => {
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')

  it.each<[string, string | Buffer, RegExp]>([
    [
      'a billion laughs',
      `<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY l0 "ha">${laughs}]><xml><a>&l9;</a></xml>`,
      /a DOCTYPE/,
    ],
    [
      'an external entity',
      '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>',
      /a DOCTYPE/,
    ],
    ['an external DTD', '<!DOCTYPE xml SYSTEM "http://evil.example/x.dtd"><xml/>', /a DOCTYPE/],
    ['an entity of nowhere', '<xml><a>&x;</a></xml>', /not well-formed/],
    ['10 MB of nesting', '<xml>'.repeat(2_000_000), /more than 1048576 bytes/],
    ['1 MB of nesting', '<xml>'.repeat(200_000), /more than 256 levels/],
    ['10 MB in one element', `<xml><a>${'x'.repeat(10_000_000)}</a></xml>`, /more than 1048576 bytes/],
    ['UTF-16', Buffer.from('\uFEFF<xml/>', 'utf16le'), /not UTF-8/],
    ['GBK that says so', Buffer.from('<?xml version="1.0" encoding="GBK"?><xml><a>1</a></xml>'), /encoding GBK/],
    [
      'GBK that does not',
      Buffer.concat([Buffer.from('<xml><a>'), Buffer.of(0xc4, 0xe3), Buffer.from('</a></xml>')]),
      /not UTF-8/,
    ],
    ['a control character', '<xml><a>\u0001</a></xml>', /U\+0001/],
    ['an end that is missing', '<xml><return_code>SUCCESS</return_code>', /not well-formed/],
    ['a page', '<html><body>Please log in<br></body></html>', /not well-formed/],
  ])('is refused: %s', async (_what, body, message) => {
    const error = await failure(answered(rawAnswer(body)))
    expect(error).toMatchObject({ code: 'ERR_RESPONSE_FORMAT', message: expect.stringMatching(message) })
    expect(String(error).length).toBeLessThan(600)
  })
})

describe('a bill', () => {
  const csv = '\uFEFF交易时间,公众账号ID\r\n`2014-11-10 16:33:45,`wx2421b1c4370ec43b\r\n'

  async function bytesOf(given: Answer, template = 'v2/pay/downloadbill') {
    const { body, data } = await answered(given, template)
    expect(data).toBeUndefined()
    const chunks: Buffer[] = []
    for await (const chunk of body instanceof Readable ? body : expect.fail('no stream')) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  it.each<[string, Buffer]>([
    ['text', Buffer.from(csv)],
    ['gzip', gzipSync(csv)],
    ['a single byte', Buffer.from('x')],
    ['nothing', Buffer.alloc(0)],
    ['a megabyte', Buffer.alloc(1_000_000, '<xm')],
    ['text that only begins like XML', Buffer.from('<xmlish,a\r\n')],
  ])('is a stream of the very bytes: %s', async (_what, content) => {
    expect((await bytesOf(rawAnswer(content))).equals(content)).toBe(true)
    expect((await bytesOf(rawAnswer(content), 'v2/pay/downloadfundflow')).equals(content)).toBe(true)
  })

  it('is a stream when it comes byte by byte', async () => {
    const content = Buffer.from(csv.repeat(2))
    const slow: Answer = async (_request, response) => {
      for (const byte of content) await new Promise(done => response.write(Buffer.of(byte), done))
      response.end()
    }
    expect((await bytesOf(slow)).equals(content)).toBe(true)
  })

  it.each([
    [
      'as WeChat Pay writes it',
      '<xml><return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[No Bill Exist]]></return_msg>\n<error_code><![CDATA[20002]]></error_code></xml>',
    ],
    [
      'with a declaration',
      '<?xml version="1.0" encoding="UTF-8"?>\n<xml><return_code>FAIL</return_code><error_code>20002</error_code></xml>',
    ],
    [
      'after a byte order mark and white space',
      '\uFEFF \n<xml><return_code>FAIL</return_code><error_code>20002</error_code></xml>',
    ],
  ])('that there is not is a refusal: %s', async (_what, message) => {
    expect(await failure(answered(rawAnswer(message), 'v2/pay/downloadbill'))).toMatchObject({
      name: 'ApiError',
      code: '20002',
    })
  })

  it('that is endless XML is aborted', async () => {
    const endless = rawAnswer(`<xml><a>${'x'.repeat(3_000_000)}`)
    expect(await failure(answered(endless, 'v2/pay/downloadbill'))).toMatchObject({ code: 'ERR_RESPONSE_FORMAT' })
  })

  it('that breaks off says so to its reader', async () => {
    const broken: Answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('x'.repeat(500), () => response.socket?.destroy())
    }
    expect(await failure(bytesOf(broken))).toMatchObject({ name: 'TransportError', code: 'ERR_CONNECTION_LOST' })
  })

  it('that breaks off at its beginning fails the call', async () => {
    const broken: Answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('x', () => response.socket?.destroy())
    }
    expect(await failure(answered(broken, 'v2/pay/downloadbill'))).toMatchObject({ code: 'ERR_CONNECTION_LOST' })
  })
})
