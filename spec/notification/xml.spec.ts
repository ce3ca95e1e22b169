import { describe, expect, it } from 'vitest'
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
