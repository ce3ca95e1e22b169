import { createPublicKey } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { PlatformKeyRing } from '../../lib/trust/platform-key-ring.js'
import { failure } from '../async.js'
import { config, platform } from '../gateway.js'
import { DAY, mintCertificate } from '../trust/platform.js'
import { startWechatPay, type WechatPaySide } from '../trust/wechatpay.js'
import { encryptRefund, type Notice, notice, payment, signedAnew, xml, xmlNotice } from './wechat-pay.js'

const keyOf = (number: number) => `key-${number}-of-32-bytes-0123456789abcdef`.slice(0, 32)
const mchidOf = (number: number) => String(1_900_000_000 + number)

/** A merchant that shares WeChat Pay's key with all others, and has the other keys for itself. */
function shop(number: number) {
  const secret = `v2-${keyOf(number)}`.slice(0, 32)
  return { mchid: mchidOf(number), certs: config.certs, apiv3Key: keyOf(number), secret }
}

const [shopA, shopB, shopC] = [shop(1), shop(2), shop(3)] as const
const order = ({ mchid }: { mchid: string }) => ({ mch_id: mchid, out_trade_no: '1409811653', nonce_str: 'n' })
const refund = { refund_id: '50000408942018111907145868882', out_refund_no: '1318', refund_status: 'SUCCESS' }

const web = ({ headers, body }: Notice, path = '/notify') =>
  new Request(`https://example.com${path}`, { method: 'POST', headers, body })

describe('a list of recipients', () => {
  const notification = Notification.create([shopA, shopB])

  it('of one serial: the one whose APIv3 key decrypts a notification is its recipient', async () => {
    for (const each of [shopA, shopB]) {
      const event = await notification.parse(notice({ apiv3Key: each.apiv3Key }))
      expect(event.recipient).toBe(each)
      expect(event).toMatchObject({ resource: payment })
    }
  })

  it('of different serials: the one that knows the serial is the recipient', async () => {
    const own = mintCertificate('lowserial', Date.now() - DAY, Date.now() + DAY)
    const other = { ...shopB, certs: { [own.serial]: own.certificate } }
    const receiver = Notification.create([shopA, other])
    const { serial, privateKey } = own
    const sent = notice({ apiv3Key: other.apiv3Key, signature: { serial, privateKey } })
    expect((await receiver.parse(sent)).recipient).toBe(other)
    expect((await receiver.parse(notice({ apiv3Key: shopA.apiv3Key }))).recipient).toBe(shopA)
    expect(await failure(receiver.parse(notice({ apiv3Key: other.apiv3Key })))).toMatchObject({ reason: 'mismatch' })
  })

  it.each(['MD5', 'HMAC-SHA256'] as const)('finds the recipient of APIv2 whose key made the %s', async algorithm => {
    for (const each of [shopA, shopB]) {
      const event = await notification.parse(xmlNotice(order(each), algorithm, each.secret))
      expect(event.recipient).toBe(each)
    }
  })

  it('takes nothing of APIv2 that names one recipient and is signed by a different one', async () => {
    const sent = xmlNotice(order(shopB), 'MD5', shopA.secret)
    expect(await failure(notification.parse(sent))).toMatchObject({ reason: 'mismatch' })
  })

  it.each([
    ['beside its number', shopB.mchid],
    ['beside a number that somebody changed', shopA.mchid],
    ['beside a number that nobody has', '1'],
  ])('finds the recipient of an encrypted refund of APIv2 %s', async (_, mch_id) => {
    const event = await notification.parse(xml({ mch_id, req_info: encryptRefund(refund, shopB.secret) }))
    expect(event.recipient).toBe(shopB)
    expect(event).toMatchObject({ resource: { req_info: refund } })
  })

  it('finds the merchant of a combined order', async () => {
    const fields = { combine_mch_id: shopB.mchid, combine_out_trade_no: '1', nonce_str: 'n' }
    expect((await notification.parse(xmlNotice(fields, 'MD5', shopB.secret))).recipient).toBe(shopB)
  })

  it('of a thousand is not searched for the one that knows the serial', async () => {
    const publicKey = createPublicKey(platform.privateKey)
    const idOf = (number: number) => `PUB_KEY_ID_${String(number).padStart(28, '0')}`
    const many = Array.from({ length: 1_000 }, (_, number) => ({
      ...shop(number),
      certs: { [idOf(number)]: publicKey },
    }))
    const receiver = Notification.create(many)
    const known = vi.spyOn(PlatformKeyRing.prototype, 'known')
    const signature = { serial: idOf(500), privateKey: platform.privateKey }
    expect((await receiver.parse(notice({ apiv3Key: keyOf(500), signature }))).recipient).toBe(many[500])
    expect(known.mock.calls.length).toBeLessThan(10)
    known.mockRestore()
  })

  it('of a thousand with one serial verifies the signature once', async () => {
    const many = Array.from({ length: 1_000 }, (_, number) => shop(number))
    const receiver = Notification.create(many)
    const verify = vi.spyOn(PlatformKeyRing.prototype, 'verify')
    expect((await receiver.parse(notice({ apiv3Key: keyOf(999) }))).recipient).toBe(many[999])
    expect(verify).toHaveBeenCalledTimes(1)
    verify.mockRestore()
  })

  it('may hold clients and configurations, and types the recipient as what was passed in', async () => {
    const client = Builder.factory({ ...config, ...shopC })
    const receiver = Notification.create([shopA, client])
    const event = await receiver.parse(notice({ apiv3Key: shopC.apiv3Key }))
    expect(event.recipient).toBe(client)
    expectTypeOf(event.recipient).toEqualTypeOf<typeof shopA | typeof client>()
    const single = Notification.create(shopA)
    expectTypeOf((await single.parse(notice({ apiv3Key: shopA.apiv3Key }))).recipient).toEqualTypeOf<typeof shopA>()
  })

  it('follows the keys of a client that are renewed', async () => {
    const client = Builder.factory({ ...config, ...shopC })
    const receiver = Notification.create([shopA, client])
    Builder.renew(client, { apiv3Key: keyOf(33) })
    expect((await receiver.parse(notice({ apiv3Key: keyOf(33) }))).recipient).toBe(client)
    expect(await failure(receiver.parse(notice({ apiv3Key: shopC.apiv3Key })))).toMatchObject({ reason: 'mismatch' })
  })

  it.each<[string, () => Notice, string]>([
    ['by nobody', () => ({ headers: {}, body: '{}' }), 'headers'],
    ['long ago', () => notice({ signature: { timestamp: 1_700_000_000 } }), 'clock'],
    ['by an unknown key', () => notice({ signature: { serial: 'F'.repeat(40) } }), 'serial'],
    [
      'by a different key under a known serial',
      () => notice({ signature: { privateKey: config.privateKey } }),
      'mismatch',
    ],
    ['for a merchant who is not in the list', () => notice({ apiv3Key: keyOf(9) }), 'mismatch'],
    [
      'for a merchant who is not in the list, in APIv2',
      () => xmlNotice(order(shop(9)), 'MD5', shop(9).secret),
      'serial',
    ],
    ['by nobody, in APIv2', () => xml(order(shopA)), 'headers'],
    [
      'as a refund for a merchant who is not in the list',
      () => xml({ req_info: encryptRefund(refund, keyOf(9)) }),
      'mismatch',
    ],
  ])('refuses what is signed %s', async (_, send, reason) => {
    expect(await failure(notification.parse(send()))).toMatchObject({ reason })
  })

  it('prints no keys with an event', async () => {
    const event = await notification.parse(notice({ apiv3Key: shopA.apiv3Key }))
    expect(inspect(event, { depth: 9 }) + JSON.stringify(event)).not.toContain(shopA.secret)
    expect(Object.keys(event)).not.toContain('recipient')
    const { body } = notice({ apiv3Key: shopA.apiv3Key })
    const named = await notification.parse(signedAnew(JSON.stringify({ ...JSON.parse(body), recipient: 'x' })))
    expect([named.recipient, Object.keys(named).includes('recipient')]).toEqual([shopA, false])
  })

  it('needs the keys of those only that a notification is for', async () => {
    const { mchid, secret } = shopA
    const mixed = Notification.create([
      { mchid, secret },
      { certs: config.certs, apiv3Key: shopB.apiv3Key },
    ])
    expect(await mixed.parse(notice({ apiv3Key: shopB.apiv3Key }))).toMatchObject({ resource: payment })
    expect(await mixed.parse(xmlNotice(order(shopA), 'MD5', secret))).toMatchObject({ resource: order(shopA) })
  })
})

describe('a look-up of recipients', () => {
  it.each<[string, Notification.LookUp<typeof shopA>]>([
    ['one', () => shopB],
    ['one, later', async () => shopB],
    ['a list', () => [shopB]],
    ['several', async () => [shopA, shopB, shopC]],
  ])('may return %s', async (_, lookUp) => {
    const receiver = Notification.create(lookUp)
    expect((await receiver.parse(notice({ apiv3Key: shopB.apiv3Key }))).recipient).toBe(shopB)
    expect((await receiver.parse(xmlNotice(order(shopB), 'MD5', shopB.secret))).recipient).toBe(shopB)
  })

  it.each([[undefined], [null], [[]]])('that returns %j refuses the notification', async none => {
    const receiver = Notification.create(() => none)
    expect(await failure(receiver.parse(notice()))).toMatchObject({ reason: 'serial' })
    expect(await failure(receiver.parse(xmlNotice(order(shopA), 'MD5', shopA.secret)))).toMatchObject({
      reason: 'serial',
    })
  })

  it('is called with the serial, or with the merchant number of APIv2, and where the notification was sent to', async () => {
    const lookUp = vi.fn(() => shopA)
    const handler = Notification.create(lookUp).handler(() => {})
    expect((await handler(web(notice({ apiv3Key: shopA.apiv3Key }), '/notify/1?shop=a'))).status).toBe(204)
    expect((await handler(web(xmlNotice(order(shopA), 'MD5', shopA.secret)))).status).toBe(200)
    expect(lookUp.mock.calls).toEqual([
      [{ serial: platform.serial, mchid: undefined, url: '/notify/1?shop=a' }],
      [{ serial: undefined, mchid: shopA.mchid, url: '/notify' }],
    ])
  })

  it.each([
    ['/notify/1?shop=a', '/notify/1?shop=a'],
    ['https://example.com/notify/1?shop=a', '/notify/1?shop=a'],
    [undefined, undefined],
  ])('is called with the path and query of the url %s of parse', async (url, expected) => {
    const lookUp = vi.fn(() => shopA)
    await Notification.create(lookUp).parse({ ...notice({ apiv3Key: shopA.apiv3Key }), url })
    expect(lookUp).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ url: expected }))
  })

  it('is not called for what nobody has signed', async () => {
    const lookUp = vi.fn(() => shopA)
    const receiver = Notification.create(lookUp)
    const stale = notice({ signature: { timestamp: 1_700_000_000 } })
    for (const sent of [{ headers: {}, body: '{}' }, stale, xml(order(shopA))]) {
      await failure(receiver.parse(sent))
    }
    expect(lookUp).not.toHaveBeenCalled()
  })

  it('reads the keys of a configuration once', async () => {
    const read = vi.fn(() => config.certs)
    const counted = Object.defineProperty({ ...shopA }, 'certs', { get: read, enumerable: true })
    const receiver = Notification.create(() => counted)
    for (let turn = 0; turn < 3; turn++) await receiver.parse(notice({ apiv3Key: shopA.apiv3Key }))
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('that fails, or returns what is no recipient, leads to a resend', async () => {
    const broken = new Error('the database is away')
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const failing = Notification.create(() => Promise.reject<typeof shopA>(broken)).handler(() => {}, { onError })
    expect((await failing(web(notice()))).status).toBe(500)
    const wrong = Notification.create((): object => ({})).handler(() => {}, { onError })
    expect((await wrong(web(notice()))).status).toBe(500)
    expect(errors).toEqual([broken, expect.any(InvalidArgumentError)])
  })
})

describe('each recipient', () => {
  it('handles a notification once, whatever a different one has handled under the same id', async () => {
    const store = new MemoryStore()
    const handled: unknown[] = []
    const handler = Notification.create([shopA, shopB]).handler(({ recipient }) => handled.push(recipient), { store })
    const event = { event_id: 'EV-2018022511223320873' }
    const sent = [
      xmlNotice({ ...order(shopA), ...event }, 'MD5', shopA.secret),
      xmlNotice({ ...order(shopB), ...event }, 'MD5', shopB.secret),
      notice({ apiv3Key: shopA.apiv3Key, id: event.event_id }),
      notice({ apiv3Key: shopB.apiv3Key, id: event.event_id }),
    ]
    for (const each of [...sent, ...sent]) expect([200, 204]).toContain((await handler(web(each))).status)
    expect(handled).toEqual([shopA, shopB, shopA, shopB])
  })

  it('is told apart by its keys where its merchant number is not known', async () => {
    const store = new MemoryStore()
    const nameless = [shopA, shopB].map(({ secret }) => ({ secret }))
    const handled: unknown[] = []
    const handler = Notification.create(nameless).handler(({ recipient }) => handled.push(recipient), { store })
    for (const { secret } of [shopA, shopB, shopA]) {
      await handler(web(xmlNotice({ event_id: 'EV-1', nonce_str: 'n' }, 'MD5', secret)))
    }
    expect(handled).toEqual(nameless)
  })

  it('uses its own store', async () => {
    const [a, b] = [new MemoryStore(), new MemoryStore()]
    const handler = Notification.create([
      { ...shopA, store: a },
      { ...shopB, store: b },
    ]).handler(() => {})
    await handler(web(notice({ apiv3Key: shopB.apiv3Key, id: 'EV-1' })))
    const key = `wechatpay-chain:notification:v3:${shopB.mchid}:EV-1`
    expect([await a.get(key), await b.get(key)]).toEqual([undefined, 'done'])
  })
})

describe('recipients that download their certificates', () => {
  const now = Date.now()
  const certificate = mintCertificate('platform', now - DAY, now + 1000 * DAY)
  const sides: WechatPaySide[] = []
  beforeAll(async () => {
    for (let number = 0; number < 2; number++) sides.push(await startWechatPay(certificate))
  })
  afterAll(() => Promise.all(sides.map(({ gateway }) => gateway.close())))

  it('do so for a serial that none of them knows, and each finds its notifications', async () => {
    const { apiv3Key } = await import('../trust/platform.js')
    const { serial, privateKey } = config
    const shops = sides.map(({ gateway }, number) => ({
      mchid: mchidOf(number),
      serial,
      privateKey,
      apiv3Key,
      base_uri: gateway.url,
    }))
    const receiver = Notification.create(shops)
    const sent = () => notice({ apiv3Key, signature: certificate })
    expect((await receiver.parse(sent())).recipient).toBe(shops[0])
    expect((await receiver.parse(sent())).recipient).toBe(shops[0])
    expect(sides.map(({ downloads }) => downloads)).toEqual([1, 1])
    const unknown = notice({ apiv3Key, signature: { ...certificate, serial: 'F'.repeat(40) } })
    expect(await failure(receiver.parse(unknown))).toMatchObject({ reason: 'serial' })
    expect(sides.map(({ downloads }) => downloads)).toEqual([1, 1])
  })
})
