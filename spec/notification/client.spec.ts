import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { failure } from '../async.js'
import { config, merchant } from '../gateway.js'
import { apiv3Key, DAY, mintCertificate, publicKeyOf } from '../trust/platform.js'
import { startWechatPay, type WechatPaySide } from '../trust/wechatpay.js'
import { encryptRefund, notice, payment, secret, xml, xmlNotice } from './wechat-pay.js'

const renewed = 'the-renewed-apiv2-key-0123456789'
const order = { mch_id: merchant.mchid, out_trade_no: '1409811653', total_fee: '1', nonce_str: 'n' }
const refund = { out_refund_no: '1318', refund_status: 'SUCCESS' }
const refundNotice = (key: string) => xml({ mch_id: merchant.mchid, req_info: encryptRefund(refund, key) })

describe('notifications of APIv2 through a client', () => {
  it.each([
    ['with keys for both', () => Builder.factory({ ...config, secret })],
    ['of APIv2 alone', () => Builder.factory({ mchid: merchant.mchid, secret })],
  ])('%s are verified and decrypted', async (_what, create) => {
    const receiver = Notification.create(create())
    for (const algorithm of ['MD5', 'HMAC-SHA256'] as const) {
      expect(await receiver.parse(xmlNotice(order, algorithm))).toMatchObject({
        event_type: 'v2/transaction-success',
        resource: order,
      })
    }
    expect(await receiver.parse(refundNotice(secret))).toMatchObject({
      event_type: 'v2/refund-processed',
      resource: { req_info: refund },
    })
  })

  it('are acknowledged with XML, each handled once', async () => {
    const events: string[] = []
    const handler = Notification.create(Builder.factory({ ...config, secret })).handler(({ id }) => events.push(id))
    const { headers, body } = xmlNotice(order)
    for (let delivery = 0; delivery < 2; delivery++) {
      const response = await handler(new Request('https://example.com/notify', { method: 'POST', headers, body }))
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('SUCCESS')])
    }
    expect(events).toHaveLength(1)
  })

  it('are verified and decrypted with a renewed key, and no longer with the one before', async () => {
    const wxpay = Builder.factory({ ...config, secret })
    const receiver = Notification.create(wxpay)
    Builder.renew(wxpay, { secret: renewed })
    expect(await receiver.parse(xmlNotice(order, 'MD5', renewed))).toMatchObject({ resource: order })
    expect(await receiver.parse(refundNotice(renewed))).toMatchObject({ resource: { req_info: refund } })
    for (const outdated of [xmlNotice(order, 'MD5', secret), refundNotice(secret)]) {
      expect(await failure(receiver.parse(outdated))).toMatchObject({
        reason: 'mismatch',
        message: expect.stringContaining('`secret`'),
      })
    }
  })

  it('need the APIv2 key, which a client can be given later', async () => {
    const wxpay = Builder.factory({ ...config, apiv3Key })
    const receiver = Notification.create(wxpay)
    const error = await failure(receiver.parse(xmlNotice(order)))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ message: expect.stringContaining('`secret`') })
    Builder.renew(wxpay, { secret })
    expect(await receiver.parse(xmlNotice(order))).toMatchObject({ resource: order })
  })
})

describe('a configuration without `certs`', () => {
  const now = Date.now()
  const certificate = mintCertificate('platform', now - DAY, now + 1000 * DAY)
  const signed = (serial = certificate.serial) =>
    notice({ apiv3Key, signature: { serial, privateKey: certificate.privateKey } })
  let side: WechatPaySide
  beforeAll(async () => {
    side = await startWechatPay(certificate)
  })
  afterAll(() => side.gateway.close())

  it('downloads the platform certificates for the first notification, and only then', async () => {
    const { mchid, serial, privateKey } = config
    const receiver = Notification.create({ mchid, serial, privateKey, apiv3Key, base_uri: side.gateway.url })
    expect(side.downloads).toBe(0)
    for (let delivery = 0; delivery < 2; delivery++) {
      expect(await receiver.parse(signed())).toMatchObject({ resource: payment })
    }
    expect(await failure(receiver.parse(signed('F'.repeat(40))))).toMatchObject({ reason: 'serial' })
    expect(side.downloads).toBe(1)
    expect(side.gateway.requests[0]).toMatchObject({ isSigned: true, url: '/v3/certificates' })
  })

  it('also where it has a WeChat Pay public key, as during the switch from one to the other', async () => {
    const { mchid, serial, privateKey } = config
    const { id, pem } = publicKeyOf(certificate)
    const own = await startWechatPay(certificate)
    const options = { mchid, serial, privateKey, apiv3Key, base_uri: own.gateway.url, certs: { [id]: pem } }
    for (const receiver of [Notification.create(options), Notification.create(Builder.factory(options))]) {
      expect(await receiver.parse(signed())).toMatchObject({ resource: payment })
      expect(await receiver.parse(signed(id))).toMatchObject({ resource: payment })
    }
    expect(own.downloads).toBe(2)
    await own.gateway.close()
  })

  it('of a merchant who cannot ask for them is refused', () => {
    expect(() => Notification.create({ mchid: merchant.mchid, apiv3Key })).toThrow(/`certs`/)
  })
})
