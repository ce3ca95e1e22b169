import { createHash, createPublicKey, createSign, createVerify, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Bill from '../../lib/bill/index.js'
import * as Builder from '../../lib/builder.js'
import type { BrandConfig } from '../../lib/config/config.js'
import { ApiError, InvalidArgumentError, SignatureError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { calls } from '../../lib/telemetry/trace.js'
import { sensitive } from '../../lib/trust/sensitive.js'
import { failure } from '../async.js'
import { keyFile } from '../fixtures/vectors.js'
import {
  answer,
  type Gateway,
  merchant,
  config as merchantConfig,
  platform,
  signatureHeaders,
  startGateway,
} from '../gateway.js'
import { startSimulator } from '../simulator/start.js'

const SCHEME = 'WECHATPAY-BRAND-SHA256-RSA2048'
const SERIAL = 'PUB_KEY_ID_0114232134912410000000000000'
const key = { serial: SERIAL, privateKey: platform.privateKey }
const publicKey = createPublicKey(platform.certificate).export({ type: 'spki', format: 'pem' }).toString()
const apiv3Key = 'apiv3-key-of-32-bytes-0123456789'
const config: BrandConfig = {
  brand_id: '10001',
  serial: merchant.serial,
  privateKey: merchant.privateKey,
  certs: { [SERIAL]: publicKey },
  apiv3Key,
}
const NOTIFY = 'brand/marketing/product-coupon/notify-configs'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [signed({ notify_url: 'https://shop.example/notify' })]
})

/** A response to a brand. */
const signed = (data: object, headers: Record<string, string> = {}) =>
  answer(200, data, { ...signatureHeaders(JSON.stringify(data), key), 'wechatpay-signature-type': SCHEME, ...headers })
const client = (changes: Partial<BrandConfig> = {}) =>
  Builder.factory({ ...config, base_uri: gateway.url, retry: false, ...changes })
const refusal = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return error
  }
  return expect.fail('it was accepted')
}

describe('a call of a brand', () => {
  it('is signed in the scheme of brands, with the brand_id', async () => {
    const brand = client()
    const { data } = await brand.brand.marketing.productCoupon.notifyConfigs.get()
    expect(data.notify_url).toBe('https://shop.example/notify')
    const [request] = gateway.requests
    expect(request).toMatchObject({ method: 'GET', url: `/${NOTIFY}`, isSigned: true })
    expect(request?.headers.authorization).toMatch(new RegExp(`^${SCHEME} brand_id="10001",serial_no=`))
    expect(request?.headers.authorization).not.toContain('mchid')
    expect(request?.headers['wechatpay-serial']).toBe(SERIAL)
  })

  it('goes out in all three forms', async () => {
    const brand = client()
    await brand.chain('brand/store/brandstores/{store_id}').get({ store_id: '7' })
    await brand['brand/store/brandstores/{store_id}'].get({ store_id: '7' })
    await brand.brand.store.brandstores._store_id_.get({ store_id: '7' })
    await brand.chain('/brand/undocumented').post({ json: { a: 1 } })
    const store = '/brand/store/brandstores/7'
    expect(gateway.requests.map(({ url }) => url)).toEqual([store, store, store, '/brand/undocumented'])
    expect(gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
  })

  it('may be signed by a signer of its own', async () => {
    const signer = {
      serial: merchant.serial,
      sign: (message: Uint8Array) => createSign('sha256').update(message).sign(merchant.privateKey, 'base64'),
    }
    const { brand_id, certs = {} } = config
    await Builder.factory({ brand_id, signer, certs, base_uri: gateway.url }).chain(NOTIFY).get()
    expect(gateway.requests[0]?.headers.authorization).toContain(`${SCHEME} brand_id="10001"`)
    expect(gateway.requests[0]?.isSigned).toBe(true)
  })

  it('encrypts what is sensitive with the WeChat Pay public key', async () => {
    await client()
      .chain('brand/undocumented')
      .post({ json: { phone: sensitive('13900000000') } })
    const [request] = gateway.requests
    expect(String(request?.body)).not.toContain('13900000000')
    expect(request?.headers['wechatpay-serial']).toBe(SERIAL)
  })

  it('uploads a file, and signs its meta', async () => {
    gateway.answers = [signed({ media_id: '1' })]
    const content = Buffer.from('an image')
    await client().brand.cardMember.media.imageUpload.post({ file: { content, filename: 'a.png' } })
    const [request] = gateway.requests
    const [, meta = ''] = /\r\n\r\n(\{.*?\})\r\n/s.exec(String(request?.body)) ?? []
    expect(JSON.parse(meta).file_digest).toBe(createHash('sha256').update(content).digest('hex'))
    const { timestamp, nonce_str, signature = '' } = request?.authorization ?? {}
    const message = `POST\n${request?.url}\n${timestamp}\n${nonce_str}\n${meta}\n`
    expect(createVerify('sha256').update(message).verify(merchant.certificate, signature, 'base64')).toBe(true)
  })

  it('is told of with its brand_id', async () => {
    const told: unknown[] = []
    const published: unknown[] = []
    const ignore = () => {}
    const subscriber = {
      start: (message: unknown) => published.push(message),
      end: ignore,
      asyncStart: ignore,
      asyncEnd: ignore,
      error: ignore,
    }
    calls.subscribe(subscriber)
    await client({ on: { request: info => told.push(info), response: info => told.push(info.brand_id) } })
      .chain(NOTIFY)
      .get()
    calls.unsubscribe(subscriber)
    expect(told).toEqual([expect.objectContaining({ brand_id: '10001', method: 'GET' }), '10001'])
    expect(published[0]).toMatchObject({ brand_id: '10001' })
    for (const info of [told[0], published[0]]) expect(info).not.toHaveProperty('mchid')
  })

  it('that WeChat Pay does not accept says which brand signed it', async () => {
    gateway.answers = [answer(401, { code: 'SIGN_ERROR', message: 'x' })]
    const error = await failure(client().chain(NOTIFY).get())
    expect(error).toBeInstanceOf(ApiError)
    expect(String(error)).toContain('brand_id 10001')
  })
})

describe('a response to a brand', () => {
  it.each<[string, Record<string, string>, string]>([
    ['in the scheme of merchants', { 'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048' }, 'headers'],
    ['in the scheme of SM2', { 'wechatpay-signature-type': 'WECHATPAY2-SM2-WITH-SM3' }, 'headers'],
    ['with an unknown key', { 'wechatpay-serial': 'PUB_KEY_ID_01' }, 'serial'],
    ['with the serial of a platform certificate', { 'wechatpay-serial': platform.serial }, 'serial'],
    ['with the signature of something else', signatureHeaders('{}', key), 'mismatch'],
  ])('%s is refused', async (_what, headers, reason) => {
    gateway.answers = [signed({ notify_url: 'x' }, headers)]
    const error = await failure(client().chain(NOTIFY).get())
    expect(error).toBeInstanceOf(SignatureError)
    expect(error).toMatchObject({ reason })
    // There is no list of certificates to look into.
    expect(gateway.requests).toHaveLength(1)
  })

  it('needs no signature type', async () => {
    gateway.answers = [answer(200, { notify_url: 'x' }, signatureHeaders('{"notify_url":"x"}', key))]
    expect((await client().chain(NOTIFY).get()).statusCode).toBe(200)
  })

  it('is refused by the client of a merchant', async () => {
    gateway.answers = [answer(200, { data: [] }, { 'wechatpay-signature-type': SCHEME })]
    const wxpay = Builder.factory({ ...merchantConfig, base_uri: gateway.url })
    expect(await failure(wxpay.v3.certificates.get())).toMatchObject({ reason: 'headers' })
  })
})

describe('the paths of the other are refused before anything is sent', () => {
  const merchantClient = () => Builder.factory({ ...merchantConfig, secret: apiv3Key, base_uri: gateway.url })
  const as = (wxpay: unknown) =>
    wxpay as { chain(path: string): Record<string, (options?: object) => Promise<unknown>> }

  it.each([
    ['a merchant', 'brand/store/brandstores', () => merchantClient(), 'brand_id'],
    ['a merchant', '/brand/undocumented?a=1', () => merchantClient(), 'brand_id'],
    ['a merchant', '{first}/store', () => merchantClient(), 'brand_id'],
    ['a brand', 'v3/certificates', () => client(), 'mchid'],
    ['a brand', 'v2/pay/orderquery', () => client(), 'mchid'],
    ['a brand', 'hk/v3/certificates', () => client(), 'mchid'],
    ['a brand', 'brandnew/path', () => client(), 'mchid'],
    ['a brand', 'v3/brand/applyments', () => client(), 'mchid'],
  ])('%s calls %s', async (_who, path, make, option) => {
    const options = path.includes('{') ? { first: 'brand' } : {}
    const error = await failure(as(make()).chain(path).get?.(options) ?? expect.fail('no verb'))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toContain(`\`${option}\``)
    expect(gateway.requests).toEqual([])
  })

  it('a brand asks for a bill', async () => {
    const error = await failure(Reflect.apply(Bill.trade, undefined, [client(), { bill_date: '2026-11-23' }]))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })
})

describe('the configuration of a brand', () => {
  const sm2 = keyFile('merchant.pkcs8.key')
  it.each<[string, string, Record<string, unknown>]>([
    ['a platform certificate', `certs.${platform.serial}`, { certs: { [platform.serial]: platform.certificate } }],
    [
      'a platform certificate beside the public key',
      `certs.${platform.serial}`,
      { certs: { ...config.certs, [platform.serial]: platform.certificate } },
    ],
    ['the key of a platform certificate', `certs.${platform.serial}`, { certs: { [platform.serial]: publicKey } }],
    ['no public key', 'certs', { certs: {} }],
    ['no public key at all', 'certs', { certs: undefined }],
    ['an mchid as well', 'mchid', { mchid: '1900000109' }],
    ['a brand_id with letters', 'brand_id', { brand_id: 'shop' }],
    ['an empty brand_id', 'brand_id', { brand_id: '' }],
    ['an APIv2 key', 'secret', { secret: apiv3Key }],
    ['a merchant certificate', 'merchant', { merchant: { cert: merchant.certificate, key: sm2 } }],
    ['the sandbox', 'sandbox', { sandbox: true }],
    ['no key', 'privateKey', { privateKey: undefined }],
    ['no serial', 'serial', { serial: undefined }],
  ])('with %s is refused by name', (_what, option, changes) => {
    const error = refusal(() => Reflect.apply(Builder.factory, undefined, [{ ...config, ...changes }]))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toContain(`\`${option}\``)
  })

  it('may have a number as its brand_id, as JSON has it', async () => {
    await Reflect.apply(Builder.factory, undefined, [{ ...config, brand_id: 10001, base_uri: gateway.url }])
      .chain(NOTIFY)
      .get()
    expect(gateway.requests[0]?.authorization.brand_id).toBe('10001')
  })

  it('takes new keys while it runs, of its own kind only', async () => {
    const brand = client()
    const next = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const serial = '5157F09EFDC096DE15EBE81A47057A7232F1B8E1'
    Builder.renew(brand, { serial, privateKey: next.privateKey })
    await brand.chain(NOTIFY).get()
    expect(gateway.requests[0]?.authorization).toMatchObject({ brand_id: '10001', serial_no: serial })
    for (const keys of [{ certs: { [platform.serial]: platform.certificate } }, { secret: apiv3Key }])
      expect(refusal(() => Builder.renew(brand, keys))).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('a notification to a brand', () => {
  const event = { event_type: 'PRODUCT_COUPON.USE', resource: { coupon_code: '123' } }
  const minted = (changes: object = {}) => Notification.mint(event, { ...key, apiv3Key, brand_id: '10001', ...changes })

  it('is signed in the scheme of brands', () => {
    expect(minted().headers['Wechatpay-Signature-Type']).toBe(SCHEME)
    expect(minted({ brand_id: undefined }).headers['Wechatpay-Signature-Type']).toBe('WECHATPAY2-SHA256-RSA2048')
  })

  it.each([
    ['the configuration', () => Notification.create(config)],
    ['the keys alone', () => Notification.create({ brand_id: '10001', certs: config.certs ?? {}, apiv3Key })],
    ['a client', () => Notification.create(client())],
  ])('is received with %s', async (_what, create) => {
    const received = await create().parse(minted())
    expect(received).toMatchObject(event)
    expect(
      await create().parse(
        Notification.mint(
          { ...event, event_type: 'BRAND_MEMBER_CARD.USER_CARD.CREATE' },
          { ...key, apiv3Key, brand_id: '10001' },
        ),
      ),
    ).toMatchObject({ event_type: 'BRAND_MEMBER_CARD.USER_CARD.CREATE' })
  })

  it('is refused in the scheme of merchants, and one to a merchant in that of brands', async () => {
    const error = await failure(Notification.create(config).parse(minted({ brand_id: undefined })))
    expect(error).toMatchObject({ reason: 'headers' })
    const receiver = Notification.create({ mchid: '1900000109', certs: config.certs ?? {}, apiv3Key })
    expect(await failure(receiver.parse(minted()))).toMatchObject({ reason: 'headers' })
  })

  it('finds the brand beside merchants behind one URL, also if they have the same keys', async () => {
    const brand = client()
    const shop = { mchid: '1900000109', certs: config.certs ?? {}, apiv3Key }
    const receiver = Notification.create([shop, brand])
    expect((await receiver.parse(minted())).recipient).toBe(brand)
    expect((await receiver.parse(minted({ brand_id: undefined }))).recipient).toBe(shop)
  })

  it('is handled once by the brand, and once by a merchant of the same number', async () => {
    const seen: string[] = []
    const both = [config, { mchid: '10001', certs: config.certs ?? {}, apiv3Key }]
    const receiver = Notification.create(both).handler(({ recipient }) => {
      seen.push('brand_id' in recipient ? 'brand' : 'merchant')
    })
    const send = async (brand_id: string | undefined) => {
      const id = 'the-same'
      const { headers, body } = Notification.mint({ ...event, id }, { ...key, apiv3Key, ...(brand_id && { brand_id }) })
      return (await receiver(new Request('https://shop.example/', { method: 'POST', headers, body }))).status
    }
    for (const brand_id of ['10001', '10001', undefined, undefined]) expect(await send(brand_id)).toBe(204)
    expect(seen).toEqual(['brand', 'merchant'])
  })

  it.each([
    ['a platform certificate', { certs: { [platform.serial]: platform.certificate } }],
    ['both numbers', { mchid: '1900000109' }],
  ])('cannot be configured with %s', (_what, changes) => {
    const error = refusal(() => Reflect.apply(Notification.create, undefined, [{ ...config, ...changes }]))
    expect(error).toBeInstanceOf(InvalidArgumentError)
  })
})

it('a brand works against the simulator, from its configuration', async () => {
  const simulator = await startSimulator()
  const brand = Builder.factory(simulator.brand)
  const json = { notify_url: 'https://shop.example/notify' }
  expect((await brand.brand.marketing.productCoupon.notifyConfigs.post({ json })).data.notify_url).toBe(json.notify_url)
  const file = { content: Buffer.from('an image'), filename: 'a.png' }
  expect((await brand.brand.cardMember.media.imageUpload.post({ file })).statusCode).toBe(200)
  simulator.misbehave({ signature: 'mismatch' })
  expect(await failure(brand.chain(NOTIFY).get())).toMatchObject({ reason: 'mismatch' })
  await simulator.close()
})
