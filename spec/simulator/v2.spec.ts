import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Wechatpay } from 'wechatpay-axios-plugin'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { Simulator } from '../../lib/simulator/index.js'
import { failure } from '../async.js'
import { type Fields, signOf, xml, xmlFields } from '../v2-gateway.js'
import { startSimulator } from './start.js'

type Client = ReturnType<typeof Builder.factory>

const HOUR = 60 * 60 * 1000

let simulator: Simulator
let wxpay: Client
let now = Date.now()
let count = 0

beforeAll(async () => {
  simulator = await startSimulator({ https: true, clock: () => now })
  wxpay = Builder.factory(simulator.config)
})
afterAll(() => simulator.close())
beforeEach(() => {
  now = Date.now()
  simulator.behave()
})

const number = () => `V2SPEC${Date.now()}${count++}`

const order = (changes: object = {}) => ({
  appid: 'wxd678efh567hg6787',
  body: 'QQ公仔',
  out_trade_no: number(),
  total_fee: 100,
  spbill_create_ip: '8.8.8.8',
  notify_url: 'https://shop.example/pay',
  trade_type: 'NATIVE',
  ...changes,
})
const query = (out_trade_no: string) =>
  wxpay.v2.pay.orderquery.post({ xml: { appid: 'wx1', transaction_id: '', out_trade_no } })
const call = async (
  path: string,
  xml: object,
  { client = wxpay, ...options }: { client?: Client; security?: boolean } = {},
) => {
  const { data } = await client.chain(`v2/${path}`).post({ xml, ...options })
  return data
}

/** Sends a request without a client, over plain http. */
async function raw(fields: Fields, { secret }: { secret: string }, url: string, change = (body: string) => body) {
  const signed = { ...fields, sign: signOf(fields, secret) }
  const response = await fetch(url, { method: 'POST', body: change(xml(signed)) })
  return { status: response.status, fields: xmlFields(await response.text()) }
}

describe('an order', () => {
  it.each([
    ['NATIVE', {}, 'code_url'],
    ['JSAPI', { openid: 'oUpF8uMuAJO' }, 'prepay_id'],
    ['APP', {}, 'prepay_id'],
    ['MWEB', {}, 'mweb_url'],
  ])('of type %s can be created, queried and paid, and then not closed', async (trade_type, changes, link) => {
    const xml = order({ trade_type, ...changes })
    expect(await call('pay/unifiedorder', xml)).toMatchObject({
      result_code: 'SUCCESS',
      trade_type,
      [link]: expect.any(String),
    })
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'NOTPAY' })
    const { transaction_id } = simulator.pay(xml.out_trade_no)
    expect(await call('pay/orderquery', { appid: 'wx1', transaction_id })).toMatchObject({
      trade_state: 'SUCCESS',
      total_fee: '100',
      out_trade_no: xml.out_trade_no,
      time_end: expect.stringMatching(/^\d{14}$/),
    })
    expect(await failure(call('pay/closeorder', { appid: 'wx1', out_trade_no: xml.out_trade_no }))).toMatchObject({
      code: 'ORDERPAID',
    })
  })

  it('cannot be created again once closed, and is not found when it does not exist', async () => {
    const xml = order()
    await call('pay/unifiedorder', xml)
    expect(await call('pay/closeorder', { appid: 'wx1', out_trade_no: xml.out_trade_no })).toMatchObject({
      result_code: 'SUCCESS',
    })
    expect(await failure(call('pay/unifiedorder', xml))).toMatchObject({ code: 'ORDERCLOSED' })
    expect(await failure(query('UNKNOWN'))).toMatchObject({ code: 'ORDERNOTEXIST', statusCode: 200 })
  })

  it('is the same for the same request, and refused when any field differs', async () => {
    const xml = order()
    const { prepay_id } = Object(await call('pay/unifiedorder', xml))
    expect(await call('pay/unifiedorder', xml)).toMatchObject({ prepay_id })
    expect(await failure(call('pay/unifiedorder', { ...xml, total_fee: 101 }))).toMatchObject({
      code: 'OUT_TRADE_NO_USED',
    })
  })

  it('can be queried with APIv3', async () => {
    const xml = order()
    await call('pay/unifiedorder', xml)
    const { out_trade_no } = xml
    const found = await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({
      out_trade_no,
      query: { mchid: simulator.config.mchid },
    })
    expect(found.data).toMatchObject({ trade_state: 'NOTPAY', amount: { total: 100 } })
  })

  it.each([
    ['body', { body: '' }],
    ['notify_url', { notify_url: undefined }],
    ['openid', { trade_type: 'JSAPI' }],
  ])('without %s fails with return_code FAIL', async (name, changes) => {
    const error = await failure(call('pay/unifiedorder', order(changes)))
    expect(error).toMatchObject({ code: 'FAIL', message: expect.stringContaining(`缺少参数${name}`) })
  })

  it.each([{ total_fee: 0 }, { total_fee: 1.5 }, { trade_type: 'COIN' }, { out_trade_no: '单号' }])(
    'with %j is refused',
    async changes => {
      expect(await failure(call('pay/unifiedorder', order(changes)))).toMatchObject({ code: 'PARAM_ERROR' })
    },
  )
})

describe('a payment by code', () => {
  const pay = (changes: object = {}) => order({ auth_code: '120061098828009406', ...changes })

  it('is paid at once', async () => {
    const xml = pay()
    expect(await call('pay/micropay', xml)).toMatchObject({
      trade_type: 'MICROPAY',
      transaction_id: expect.any(String),
    })
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'SUCCESS' })
    expect(await failure(call('pay/micropay', xml))).toMatchObject({ code: 'ORDERPAID' })
  })

  it('waits for the password above 1000 yuan', async () => {
    const xml = pay({ total_fee: 100_001 })
    expect(await failure(call('pay/micropay', xml))).toMatchObject({ code: 'USERPAYING', retryable: false })
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'USERPAYING' })
    simulator.pay(xml.out_trade_no)
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'SUCCESS', trade_type: 'MICROPAY' })
  })

  it('with an invalid code is refused, and creates no order', async () => {
    const xml = pay({ auth_code: '910061098828009406' })
    expect(await failure(call('pay/micropay', xml))).toMatchObject({ code: 'AUTH_CODE_INVALID' })
    expect(await failure(query(xml.out_trade_no))).toMatchObject({ code: 'ORDERNOTEXIST' })
  })
})

describe('an outgoing payment', () => {
  const refund = async () => {
    const { out_trade_no } = await paid()
    return { appid: 'wx1', out_trade_no, out_refund_no: number(), total_fee: 100, refund_fee: 40 }
  }
  const paid = async () => {
    const xml = order()
    await call('pay/unifiedorder', xml)
    simulator.pay(xml.out_trade_no)
    return xml
  }
  const packet = () => ({
    mch_billno: number(),
    wxappid: 'wx1',
    send_name: '店',
    re_openid: 'o1',
    total_amount: 100,
    total_num: 1,
    wishing: '恭喜',
    client_ip: '8.8.8.8',
    act_name: '活动',
    remark: 'r',
  })

  it('is a refund, over mutual TLS', async () => {
    const xml = await refund()
    expect(await call('secapi/pay/refund', xml)).toMatchObject({ refund_fee: '40', refund_id: expect.any(String) })
    const status = () => call('pay/refundquery', { appid: 'wx1', out_refund_no: xml.out_refund_no })
    expect(await status()).toMatchObject({ refund_status_0: 'PROCESSING' })
    simulator.settle(xml.out_refund_no)
    expect(await status()).toMatchObject({ refund_status_0: 'SUCCESS', refund_fee_0: '40' })
    expect(await failure(call('secapi/pay/refund', { ...xml, refund_fee: 50 }))).toMatchObject({
      code: 'INVALID_REQUEST',
    })
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'REFUND' })
  })

  it('is a refund that is found by any of its numbers; the numbers of an order find all of its refunds', async () => {
    const xml = await refund()
    const { refund_id, transaction_id } = Object(await call('secapi/pay/refund', xml))
    const second = { ...xml, out_refund_no: number(), refund_fee: 30 }
    await call('secapi/pay/refund', second)
    const found = (numbers: object) => call('pay/refundquery', { appid: 'wx1', ...numbers })
    for (const numbers of [{ refund_id }, { out_refund_no: xml.out_refund_no }])
      expect(await found(numbers)).toMatchObject({ refund_count: '1', out_refund_no_0: xml.out_refund_no })
    for (const numbers of [{ transaction_id }, { out_trade_no: xml.out_trade_no }])
      expect(await found(numbers)).toMatchObject({
        refund_count: '2',
        out_refund_no_0: xml.out_refund_no,
        out_refund_no_1: second.out_refund_no,
        refund_fee_1: '30',
      })
    expect(await failure(found({ refund_id: '0' }))).toMatchObject({ code: 'REFUNDNOTEXIST' })
  })

  it('is a red packet, over mutual TLS, with an unsigned response', async () => {
    const xml = packet()
    const first = await call('mmpaymkttransfers/sendredpack', xml)
    expect(first).toMatchObject({ total_amount: '100', send_listid: expect.stringMatching(/^1000\d{28}$/) })
    expect(first).not.toHaveProperty('sign')
    const { send_listid } = Object(first)
    expect(await call('mmpaymkttransfers/sendredpack', xml)).toMatchObject({ send_listid })
    expect(await failure(call('mmpaymkttransfers/sendredpack', { ...xml, total_amount: 200 }))).toMatchObject({
      code: 'FATAL_ERROR',
    })
    expect(await failure(call('mmpaymkttransfers/sendredpack', { ...packet(), total_amount: 20_001 }))).toMatchObject({
      code: 'MONEY_LIMIT',
    })
  })

  it.each(['secapi/pay/refund', 'mmpaymkttransfers/sendredpack'])(
    'is refused without the certificate: %s',
    async path => {
      const error = await failure(call(path, packet(), { security: false }))
      expect(error).toMatchObject({ code: 'HTTP_400', message: expect.stringContaining('set `merchant`') })
    },
  )

  it('is refused with the certificate of a different merchant', async () => {
    const other = await Simulator.start({ mchid: '1230000109' })
    const { privateKey: _, serial: __, ...config } = simulator.config
    const stranger = Builder.factory({ ...config, merchant: other.config.merchant })
    await other.close()
    const error = await failure(call('secapi/pay/refund', await refund(), { client: stranger }))
    expect(error).toMatchObject({ code: 'CERT_ERROR' })
  })

  it('is refused over plain http, without client certificates', async () => {
    const plain = await startSimulator()
    const client = Builder.factory(plain.config)
    expect(await failure(call('secapi/pay/refund', packet(), { client }))).toMatchObject({
      code: 'HTTP_400',
    })
    await plain.close()
  })
})

describe('a bill', () => {
  const bill = (changes: { bill_date: string; tar_type?: 'GZIP' }) =>
    wxpay.chain('v2/pay/downloadbill').post({ xml: { appid: 'wx1', bill_type: 'ALL', ...changes } })
  const content = async (changes: { bill_date: string; tar_type?: 'GZIP' }) => {
    const { body } = await bill(changes)
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  }

  it('contains the orders that were paid on the day, with or without gzip', async () => {
    now = Date.UTC(2026, 0, 10, 15, 59, 59)
    const [first, last] = [order({ total_fee: 1 }), order({ total_fee: 20_000, body: 'a,b' })]
    for (const xml of [first, last]) {
      await call('pay/unifiedorder', xml)
      simulator.pay(xml.out_trade_no)
    }
    now += 1000
    await call('pay/micropay', order({ auth_code: '120061098828009406' }))
    now += 10 * HOUR
    const bytes = await content({ bill_date: '20260110' })
    const lines = String(bytes).split('\r\n')
    expect(lines).toHaveLength(6)
    expect(lines[0]).toMatch(/^\uFEFF交易时间,公众账号ID,/)
    expect(lines[1]).toMatch(new RegExp(`^\`2026-01-10 23:59:59,.*,\`${first.out_trade_no},.*,\`0\\.01,`))
    expect(lines[2]?.split(',')).toHaveLength(27)
    expect(lines[4]).toBe('`2,`200.01,`0.00,`0.00,`0.00000,`200.01,`0.00')
    expect(gunzipSync(await content({ bill_date: '20260110', tar_type: 'GZIP' })).equals(bytes)).toBe(true)
    simulator.misbehave({ content: 'flip', match: { path: '/pay/downloadbill' } })
    expect((await content({ bill_date: '20260110' })).equals(bytes)).toBe(false)
    simulator.misbehave({ content: 'cut', match: { path: '/pay/downloadbill' } })
    await expect(content({ bill_date: '20260110' })).rejects.toThrow()
  })

  it.each([
    ['today', () => new Date(now + 8 * HOUR).toISOString().slice(0, 10).replaceAll('-', ''), '20001'],
    ['a day without orders', () => '20010101', '20002'],
  ])('for %s does not exist', async (_what, date, code) => {
    expect(await failure(bill({ bill_date: date() }))).toMatchObject({ name: 'ApiError', code })
  })
})

describe('the sign', () => {
  const fields = () => ({ appid: 'wx1', mch_id: '1900000109', nonce_str: 'n', out_trade_no: 'UNKNOWN' })
  let plain: Simulator
  beforeAll(async () => {
    plain = await startSimulator()
  })
  afterAll(() => plain.close())
  const post = (given: Fields, change?: (body: string) => string, secret = plain.config.secret) =>
    raw(given, { secret }, `${plain.url}/pay/orderquery`, change)

  it.each([{}, { sign_type: 'MD5' }, { sign_type: 'HMAC-SHA256' }])(
    'of the response has the sign_type of the request: %j',
    async type => {
      const response = await post({ ...fields(), ...type })
      expect(response).toMatchObject({ status: 200, fields: { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' } })
      const { sign } = response.fields
      expect(sign).toBe(signOf(response.fields, plain.config.secret, type.sign_type ?? 'MD5'))
    },
  )

  it.each<[string, Fields, ((body: string) => string) | undefined, string]>([
    ['is wrong', {}, body => body.replace('UNKNOWN', 'CHANGED'), '签名错误'],
    ['is missing', {}, body => body.replace(/<sign>.*<\/sign>/, ''), '签名错误'],
    ['has an invalid sign_type', { sign_type: 'RSA' }, undefined, '签名错误'],
    ['names an unknown merchant', { mch_id: '42' }, undefined, '商户号mch_id或sub_mch_id不存在'],
    ['has no nonce', { nonce_str: '' }, undefined, '缺少参数nonce_str'],
    ['names no merchant', { mch_id: '' }, undefined, '缺少参数mch_id'],
    ['covers a body that is not XML', {}, () => '{}', 'XML格式错误'],
    ['covers truncated XML', {}, body => body.slice(0, -6), 'XML格式错误'],
    [
      'covers nested XML',
      {},
      body => body.replace('UNKNOWN', '<a>1</a>').replace(/<!\[CDATA\[<a>1<\/a>\]\]>/, '<a>1</a>'),
      'XML格式错误',
    ],
  ])('that %s is refused with an unsigned response', async (_what, changes, change, message) => {
    const response = await post({ ...fields(), ...changes }, change)
    expect(response).toEqual({ status: 200, fields: { return_code: 'FAIL', return_msg: message } })
  })

  it('is verified before a rule of misbehave applies', async () => {
    plain.misbehave({ drop: 'request' })
    const unsigned = await post(fields(), body => body.replace(/<sign>.*<\/sign>/, ''))
    expect(unsigned.fields).toMatchObject({ return_code: 'FAIL' })
    await expect(post(fields())).rejects.toThrow()
    expect((await post(fields())).status).toBe(200)
  })

  it('with a wrong key makes the client name the `secret`', async () => {
    const wrong = Builder.factory({ ...plain.config, secret: 'x'.repeat(32) })
    const error = await failure(call('pay/orderquery', { out_trade_no: '1' }, { client: wrong }))
    expect(error).toMatchObject({ code: 'FAIL', message: expect.stringContaining('`secret` is the APIv2 key') })
  })

  it('is accepted with POST only', async () => {
    const response = await fetch(`${plain.url}/pay/orderquery`)
    expect(xmlFields(await response.text())).toEqual({ return_code: 'FAIL', return_msg: '请使用post方法' })
  })
})

describe('misbehaviour', () => {
  it.each([
    [{ signature: 'mismatch' }, { name: 'SignatureError', reason: 'mismatch' }],
    [{ signature: 'headers' }, { name: 'SignatureError', reason: 'headers' }],
    [{ status: 429 }, { name: 'ApiError', code: 'FREQUENCY_LIMITED', retryable: true }],
    [{ status: 500 }, { name: 'ApiError', code: 'SYSTEMERROR', retryable: true }],
    [{ status: 502 }, { name: 'ApiError', code: 'HTTP_502' }],
    [{ drop: 'request' }, { name: 'TransportError', sent: true }],
  ] as const)('%j makes the client fail', async (rule, expected) => {
    const xml = order()
    simulator.misbehave(rule)
    expect(await failure(call('pay/unifiedorder', xml))).toMatchObject(expected)
  })

  it('after the order took effect leaves the order in place', async () => {
    const xml = order()
    simulator.misbehave({ drop: 'response', match: { path: '/pay/unifiedorder' } })
    expect(await failure(call('pay/unifiedorder', xml))).toMatchObject({ name: 'TransportError', sent: true })
    expect((await query(xml.out_trade_no)).data).toMatchObject({ trade_state: 'NOTPAY' })
  })
})

describe('wechatpay-axios-plugin, an independent client,', () => {
  it('creates and queries an order', async () => {
    const plain = await startSimulator()
    const { base_uri, ...config } = plain.config
    const peer = new Wechatpay({ ...config, baseURL: base_uri, proxy: false })
    const xml = { ...order(), mch_id: config.mchid }
    const created = await peer.chain('v2/pay/unifiedorder').post(xml)
    expect(created.data).toMatchObject({ result_code: 'SUCCESS', code_url: expect.stringContaining('weixin://') })
    const found = await peer
      .chain('v2/pay/orderquery')
      .post({ appid: 'wx1', mch_id: config.mchid, out_trade_no: xml.out_trade_no, sign_type: 'HMAC-SHA256' })
    expect(found.data).toMatchObject({ trade_state: 'NOTPAY' })
    await plain.close()
  })
})

describe('the simulator over https', () => {
  it('is trusted with its own configuration only, which can be stored as JSON', async () => {
    const { ca: _, ...distrusting } = simulator.config
    const error = await failure(
      call('pay/orderquery', {}, { client: Builder.factory({ ...distrusting, retry: false }) }),
    )
    expect(error).toMatchObject({ code: 'ERR_CONNECT', sent: false })
    const copy = Builder.factory(JSON.parse(JSON.stringify(simulator.config)))
    expect(simulator.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(
      await failure(call('pay/orderquery', { appid: 'wx1', out_trade_no: 'UNKNOWN' }, { client: copy })),
    ).toMatchObject({
      code: 'ORDERNOTEXIST',
    })
  })

  it('serves APIv3', async () => {
    expect((await wxpay.chain('v3/certificates').get()).statusCode).toBe(200)
  })

  it('requires true or false as the option', async () => {
    // @ts-expect-error: a caller without types.
    await expect(Simulator.start({ https: 'yes' })).rejects.toThrow(InvalidArgumentError)
  })
})
