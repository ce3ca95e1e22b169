import { createCipheriv, createHash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { vectors } from '../fixtures/vectors.js'
import { apiv3Key, encryptContent, encryptRefund, keys, type Notice, secret, xml, xmlNotice } from './wechat-pay.js'

const notification = Notification.create({ secret, apiv3Key })

const payment = {
  appid: 'wx2421b1c4370ec43b',
  attach: '支付测试',
  bank_type: 'CFT',
  is_subscribe: 'Y',
  mch_id: '10000100',
  nonce_str: '5d2b6c2a8db53831f7eda20af46e531c',
  openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
  out_trade_no: '1409811653',
  result_code: 'SUCCESS',
  return_code: 'SUCCESS',
  time_end: '20140903131540',
  total_fee: '1',
  coupon_fee: '',
  trade_type: 'JSAPI',
  transaction_id: '1004400740201409030005092168',
}

async function refusal(refused: Notice, receiver: Notification.Receiver = notification): Promise<unknown> {
  return receiver.parse(refused).then(
    () => expect.fail('it was accepted'),
    (error: unknown) => error,
  )
}

describe('a payment', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)('signed with %s is returned as its event', async algorithm => {
    const event = await notification.parse(xmlNotice(payment, algorithm))
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      event_type: 'v2/transaction-success',
      resource_type: 'xml',
      resource: { ...payment, sign: expect.any(String) },
    })
  })

  it('narrows by its event type', async () => {
    const event = await notification.parse(xmlNotice(payment))
    if (event.event_type !== 'v2/transaction-success') return expect.fail(event.event_type)
    const fee: string = event.resource.total_fee
    expect(fee).toBe('1')
  })

  it('keeps its id when it is sent again with a new nonce and sign', async () => {
    const first = await notification.parse(xmlNotice(payment))
    const again = await notification.parse(xmlNotice({ ...payment, nonce_str: 'another' }, 'HMAC-SHA256'))
    const other = await notification.parse(xmlNotice({ ...payment, out_trade_no: '1409811654' }))
    expect(again.id).toBe(first.id)
    expect(other.id).not.toBe(first.id)
  })

  it('keeps its id and its type under every change that its sign does not cover', async () => {
    const genuine = xmlNotice(payment)
    const { id } = await notification.parse(genuine)
    const altered = [
      genuine.body.replace('</xml>', '<x></x></xml>'),
      genuine.body.replace('</xml>', '<combine_out_trade_no></combine_out_trade_no></xml>'),
      genuine.body.replace('<coupon_fee><![CDATA[]]></coupon_fee>', ''),
      genuine.body
        .replace('<![CDATA[CFT]]>', '<![CDATA[CFT&is_subscribe=Y]]>')
        .replace('<is_subscribe><![CDATA[Y]]></is_subscribe>', ''),
    ]
    for (const body of altered) {
      expect(body).not.toBe(genuine.body)
      expect(await notification.parse({ ...genuine, body })).toMatchObject({ id, event_type: 'v2/transaction-success' })
    }
  })

  it('is refused without a sign, and with an empty one', async () => {
    for (const unsigned of [payment, { ...payment, sign: '' }]) {
      expect(await refusal(xml(unsigned))).toMatchObject({
        reason: 'headers',
        message: expect.stringContaining('sign'),
      })
    }
  })

  it.each(Object.entries(payment).filter(([, value]) => value !== ''))(
    'is refused with a different %s',
    async (name, value) => {
      const { headers, body } = xmlNotice(payment)
      const changed = body.replace(`<${name}><![CDATA[${value}]]>`, `<${name}><![CDATA[${value}0]]>`)
      expect(changed).not.toBe(body)
      expect(await refusal({ headers, body: changed })).toMatchObject({ reason: 'mismatch' })
    },
  )

  it('is refused when it is signed with a different key, or with a sign of an unknown length', async () => {
    const signed = xmlNotice(payment, 'MD5', 'another-merchants-key-0123456789')
    expect(await refusal(signed)).toMatchObject({ reason: 'mismatch', message: expect.stringContaining('`secret`') })
    expect(await refusal(xml({ ...payment, sign: '9A0A' }))).toMatchObject({ reason: 'mismatch' })
  })

  it('is refused with fields inside a field, which are not signed', async () => {
    const { headers, body } = xmlNotice(payment)
    const nested = body.replace('<![CDATA[1409811653]]>', '<a>1409811653</a>')
    expect(await refusal({ headers, body: nested })).toBeInstanceOf(SignatureError)
  })
})

describe('a refund', () => {
  const content = {
    out_refund_no: '131811191610442717309',
    refund_fee: '3960',
    refund_status: 'SUCCESS',
    title: 'a & b',
  }
  const outer = {
    return_code: 'SUCCESS',
    appid: 'wx8888888888888888',
    mch_id: '1900000109',
    nonce_str: 'TeqClE3i0mvn3DrK',
  }

  it('is decrypted with the APIv2 key', async () => {
    const event = await notification.parse(xml({ ...outer, req_info: encryptRefund(content) }))
    expect(event).toMatchObject({ event_type: 'v2/refund-processed', resource: { ...outer, req_info: content } })
  })

  it('is decrypted as by the original', async () => {
    const [vector] = vectors('aesecb.reqinfo')
    const [ciphertext, key] = vector?.args ?? []
    const receiver = Notification.create({ secret: String(key) })
    const event = await receiver.parse(xml({ ...outer, req_info: String(ciphertext) }))
    expect(vector?.result).toBe('<root><a>1</a></root>')
    expect(event).toMatchObject({ resource: { req_info: { a: '1' } } })
  })

  it.each([
    ['encrypted with a different key', encryptRefund(content, 'another-merchants-key-0123456789')],
    ['cut', encryptRefund(content).slice(0, -24)],
    ['that is not base64', '!'],
    ['that is empty', ''],
  ])('is refused with a content %s', async (_, req_info) => {
    expect(await refusal(xml({ ...outer, req_info }))).toMatchObject({ reason: 'mismatch' })
  })

  it('stays a refund, whatever the unprotected fields around it say', async () => {
    const refund = { ...outer, req_info: encryptRefund(content) }
    const genuine = await notification.parse(xml(refund))
    const forged = { ...refund, event_type: 'transaction-success', event_id: 'EV-1', out_trade_no: '1', total_fee: '1' }
    const event = await notification.parse(xml(forged))
    expect(event.event_type).toBe('v2/refund-processed')
    expect(event.id).toBe(genuine.id)
    expect(event).toMatchObject({ resource: { req_info: content } })
  })

  it('that has a sign is verified by it', async () => {
    const refund = { ...outer, req_info: encryptRefund(content), sign: '0'.repeat(32) }
    expect(await refusal(xml(refund))).toMatchObject({ reason: 'mismatch' })
  })

  describe('whose encrypted blocks somebody rearranges without the key', () => {
    // The title begins a block, and holds two whole ones.
    const padding = 'x'.repeat(16 - ('<root><title><![CDATA['.length % 16))
    const arrange = async (fields: Record<string, string>, rearrange: (blocks: string[]) => string[]) => {
      const encrypted = encryptRefund(fields)
      const blocks = Buffer.from(encrypted, 'base64').toString('hex').match(/.{32}/g) ?? []
      const changed = Buffer.from(rearrange(blocks).join(''), 'hex').toString('base64')
      expect(changed).not.toBe(encrypted)
      const genuine = await notification.parse(xml({ ...outer, req_info: encrypted }))
      return { genuine, changed: xml({ ...outer, req_info: changed }) }
    }
    const numbers = { refund_id: '50000408942018111907145868882', out_refund_no: 'R1', refund_status: 'SUCCESS' }

    it('has the same id where the change leaves its number', async () => {
      const fields = { title: `${padding}${'a'.repeat(16)}${'b'.repeat(16)}`, ...numbers }
      const twice = ([first = '', second = '', third = '', ...rest]: string[]) => [first, second, third, third, ...rest]
      const { genuine, changed } = await arrange(fields, twice)
      const event = await notification.parse(changed)
      expect(event.resource).not.toEqual(genuine.resource)
      expect(event.id).toBe(genuine.id)
    })

    it.each(['refund_id', 'transaction_id', 'out_refund_no', 'out_trade_no'])(
      'is refused where it makes %s longer than any',
      async name => {
        const start = `<root><${name}><![CDATA[`.length % 16
        const fields = { [name]: `${'1'.repeat(16 - start)}${'2'.repeat(16)}`, title: 'a' }
        const index = (start === 0 ? 1 : 2) + Math.floor(`<root><${name}><![CDATA[`.length / 16) - 1
        const repeated = (blocks: string[]) =>
          blocks.flatMap((block, at) => (at === index ? Array(5).fill(block) : [block]))
        const { changed } = await arrange(fields, repeated)
        expect(await refusal(changed)).toMatchObject({ reason: 'mismatch', message: expect.stringContaining(name) })
      },
    )
  })

  it('has one id for each status, however it is encrypted and whatever is beside it', async () => {
    const idOf = async (fields: Record<string, string>) =>
      (await notification.parse(xml({ ...outer, req_info: encryptRefund(fields) }))).id
    const numbers = { refund_id: '50000408942018111907145868882', out_refund_no: 'R1' }
    const success = await idOf({ ...numbers, refund_status: 'SUCCESS', success_time: '2018-11-19 16:24:13' })
    expect(await idOf({ refund_status: 'SUCCESS', ...numbers, success_time: '2018-11-19 16:24:14' })).toBe(success)
    expect(await idOf({ ...numbers, refund_status: 'CHANGE' })).not.toBe(success)
    expect(await idOf({ ...numbers, refund_id: '50000408942018111907145868883', refund_status: 'SUCCESS' })).not.toBe(
      success,
    )
    expect(await idOf({ out_refund_no: 'R1' })).not.toBe(await idOf({ out_refund_no: 'R2' }))
  })

  it('is decrypted though its base64 has line breaks', async () => {
    const req_info = encryptRefund(content).replace(/.{40}/g, '$&\n')
    expect(await notification.parse(xml({ ...outer, req_info }))).toMatchObject({ resource: { req_info: content } })
  })

  it('with the same field twice is refused', async () => {
    const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(secret).digest('hex'), null)
    const twice = '<root><refund_id>1</refund_id><refund_id>2</refund_id></root>'
    const req_info = cipher.update(twice, 'utf8', 'base64') + cipher.final('base64')
    expect(await refusal(xml({ ...outer, req_info }))).toMatchObject({ reason: 'mismatch' })
  })
})

describe('XML with content that is encrypted with the APIv3 key', () => {
  const content = { state: 'USER_ACCEPTED', out_order_no: '1234323JKHDFE1243252' }
  const fields = (text: string) => ({
    mch_id: '1230000109',
    appid: 'wxcbda96de0b165489',
    algorithm: 'HMAC-SHA256',
    nonce_str: 'C380BEC2BFD727A4B684',
    event_id: 'EV-2018022511223320873',
    event_create_time: '20180225112233',
    event_type: 'CHECK.SUCCESS',
    event_algorithm: 'AEAD_AES_256_GCM',
    event_nonce: '0123456789ab',
    event_associated_data: 'payscore',
    event_ciphertext: encryptContent(text, '0123456789ab', 'payscore'),
  })

  it.each([
    ['JSON', JSON.stringify(content)],
    ['XML', '<xml><state>USER_ACCEPTED</state><out_order_no>1234323JKHDFE1243252</out_order_no></xml>'],
  ])('is decrypted to %s', async (_, text) => {
    expect(await notification.parse(xmlNotice(fields(text), 'HMAC-SHA256'))).toMatchObject({
      id: 'EV-2018022511223320873',
      create_time: '20180225112233',
      event_type: 'v2/CHECK.SUCCESS',
      resource: { event_ciphertext: content },
    })
  })

  it('is refused when it does not decrypt, even when it is signed', async () => {
    const changed = { ...fields(JSON.stringify(content)), event_associated_data: 'other' }
    expect(await refusal(xmlNotice(changed, 'HMAC-SHA256'))).toMatchObject({ reason: 'mismatch' })
  })

  it('names the APIv3 key when that is missing', async () => {
    const error = await refusal(xmlNotice(fields('{}'), 'HMAC-SHA256'), Notification.create({ secret }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ message: expect.stringContaining('`apiv3Key`') })
  })
})

describe('a body that is not XML of APIv2 is refused', () => {
  it.each([
    ['broken', '<xml><a>1</b></xml>'],
    ['with a DOCTYPE', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><a>&e;</a></xml>'],
    ['with only text', '<xml>text</xml>'],
    ['with bytes that are not UTF-8', Buffer.from('<xml><a>\xff</a></xml>', 'latin1')],
  ])('%s', async (_, body) => {
    const error = await notification.parse({ headers: {}, body }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(WechatPayError)
    expect(error).toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT' })
  })

  it('without fields, because it is not signed', async () => {
    expect(await refusal({ headers: {}, body: '<xml></xml>' })).toMatchObject({ reason: 'headers' })
  })

  it('and without the APIv2 key every notification is', async () => {
    const receiver = Notification.create({ certs: keys.certs, apiv3Key })
    expect(await refusal(xmlNotice(payment), receiver)).toMatchObject({
      message: expect.stringContaining('`secret`'),
    })
  })
})

describe('XML that a stranger sends', () => {
  it.each([
    ['more than 64 KiB', `<xml><a>${'x'.repeat(65_536)}</a></xml>`, '65536 bytes'],
    ['more than 256 elements', `<xml>${'<a>1</a>'.repeat(257)}</xml>`, '256 elements'],
    [
      'more than 256 elements with names of their own',
      `<xml>${Array.from({ length: 257 }, (_, n) => `<a${n}/>`).join('')}</xml>`,
      '256 elements',
    ],
  ])('of %s is not parsed to its end', async (_, body, found) => {
    const error = await refusal({ headers: {}, body })
    expect(error).toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT', cause: { message: expect.stringContaining(found) } })
  })

  it('may be as large as that', async () => {
    const fields = Object.fromEntries(Array.from({ length: 254 }, (_, number) => [`field_${number}`, 'x'.repeat(200)]))
    expect(await notification.parse(xmlNotice({ ...fields, out_trade_no: '1' }))).toMatchObject({ resource: fields })
  })
})

it('an error of ours, such as a missing module, is not taken for a flaw of the notification', async () => {
  vi.resetModules()
  vi.doMock('../../lib/xml/parse.js', () => ({
    toObjectWithin: () => {
      throw new Error("Cannot find module 'saxes'")
    },
  }))
  const { create } = await import('../../lib/notification/receiver.js')
  const errors: unknown[] = []
  const handler = create({ secret }).handler(() => {}, { onError: error => errors.push(error) })
  const response = await handler(new Request('https://example.com', { method: 'POST', ...xmlNotice(payment) }))
  expect(response.status).toBe(500)
  expect(errors).toMatchObject([{ message: "Cannot find module 'saxes'" }])
  vi.doUnmock('../../lib/xml/parse.js')
})
