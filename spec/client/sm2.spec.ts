import { Buffer } from 'node:buffer'
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as Bill from '../../lib/bill/index.js'
import * as Builder from '../../lib/builder.js'
import * as Certificates from '../../lib/certificates.js'
import type { Config } from '../../lib/config/config.js'
import { InvalidArgumentError, SignatureError } from '../../lib/errors.js'
import * as Invoke from '../../lib/invoke/index.js'
import * as Notification from '../../lib/notification/index.js'
import { failure, readAll } from '../async.js'
import * as Rsa from '../gateway.js'
import { answer, type Gateway, startGateway } from '../gateway.js'
import {
  apiv3Key,
  createParty,
  decryptBy,
  encryptFor,
  isSignedBy,
  openssl,
  RSA_TYPE,
  read,
  SM2_TYPE,
  type Sm2Party,
  seal,
  sign,
  signatureHeaders,
  sm4Gcm,
} from '../sm2.js'

const merchant = createParty('merchant')
const platform = createParty('platform')
const stranger = createParty('stranger')
const rsaPublicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const PUBLIC_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000'

let gateway: Gateway
beforeEach(async () => {
  gateway = await startGateway()
  gateway.answers = [signedAnswer({ ok: true })]
})
afterEach(() => gateway.close())

/** Answers with JSON that is signed with SM2; further headers replace the signed ones. */
function signedAnswer(data: unknown, changes: Record<string, string> = {}) {
  const body = JSON.stringify(data)
  return answer(200, body, { ...signatureHeaders(body, platform), ...changes })
}

function received(): Rsa.ReceivedRequest {
  const [request] = gateway.requests
  if (!request) throw new Error('Nothing was received.')
  return request
}

const own = { mchid: '1230000109', serial: merchant.serial, privateKey: merchant.privateKey }
const certs = { [platform.serial]: platform.certificate }
const open = (changes: Partial<Config> = {}) =>
  Builder.factory({ ...own, certs, base_uri: gateway.url, retry: false, ...changes })
const ask = (changes?: Partial<Config>) => open(changes).chain('v3/orders/1').get()
const reasonOf = async (changes?: Partial<Config>) => {
  const error = await failure(ask(changes))
  return error instanceof SignatureError ? error.reason : error
}

/** With one bit flipped; a negative number counts from the end. */
function flipped(base64: string, bit: number): string {
  const bytes = Buffer.from(base64, 'base64')
  const at = (bit >> 3) + (bit < 0 ? bytes.length : 0)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7))
  return bytes.toString('base64')
}

describe('a request of a client with an SM2 key', () => {
  it('is signed with SM2, as openssl verifies, and announces the SM2 certificate of WeChat Pay', async () => {
    const json = { description: '商品' }
    await open()
      .chain('v3/orders')
      .post({ json, query: { a: '中 文' } })
    const { method, url, headers, authorization, body } = received()
    expect(headers.authorization).toMatch(/^WECHATPAY2-SM2-WITH-SM3 mchid="1230000109",serial_no="/)
    expect(authorization.serial_no).toBe(merchant.serial)
    const { timestamp, nonce_str, signature = '' } = authorization
    const message = `${method}\n${url}\n${timestamp}\n${nonce_str}\n${body}\n`
    expect(isSignedBy(merchant, message, signature)).toBe(true)
    expect(isSignedBy(merchant, `${message}.`, signature)).toBe(false)
    expect(headers['wechatpay-serial']).toBe(platform.serial)
  })

  const { privateKey, serial, certificate } = merchant
  it.each<[string, () => Partial<Config>]>([
    ['PEM in two files', () => ({ merchant: { cert: certificate, key: privateKey } })],
    ['a certificate beside the key', () => ({ privateKey, merchant: { cert: certificate } })],
    ['PKCS#12', () => ({ merchant: { pfx: container() } })],
    ['PKCS#12 of an old form', () => ({ merchant: { pfx: container('-legacy') } })],
    ['a KeyObject', () => ({ privateKey: createPrivateKey(privateKey), serial })],
    ['a signer', () => ({ signer: remoteSigner })],
  ])('takes its key and its serial from %s', async (_form, keys) => {
    const wxpay = Builder.factory({ mchid: own.mchid, certs, base_uri: gateway.url, retry: false, ...keys() })
    await wxpay.chain('v3/orders/1').get()
    const { url, headers, authorization } = received()
    const message = `GET\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n\n`
    expect(headers.authorization).toMatch(/^WECHATPAY2-SM2-WITH-SM3 /)
    expect(authorization.serial_no).toBe(serial)
    expect(isSignedBy(merchant, message, authorization.signature ?? '')).toBe(true)
  })

  const container = (...args: string[]) => {
    const files = ['-inkey', 'merchant.key', '-in', 'merchant.crt', '-out', 'merchant.p12']
    openssl('pkcs12', '-export', '-passout', 'pass:1230000109', ...files, ...args)
    return read('merchant.p12')
  }
  const remoteSigner = {
    serial: merchant.serial,
    algorithm: 'SM2' as const,
    sign: async (message: Uint8Array) => sign(Buffer.from(message).toString(), merchant),
  }
})

describe('a response to a client with an SM2 key', () => {
  it('is verified with SM2', async () => {
    expect((await ask()).data).toEqual({ ok: true })
  })

  it('is verified by the WeChat Pay public key, if that is one of SM2', async () => {
    const headers = { ...signatureHeaders('{"ok":true}', platform), 'wechatpay-serial': PUBLIC_KEY_ID }
    gateway.answers = [answer(200, { ok: true }, headers)]
    expect((await ask({ certs: { [PUBLIC_KEY_ID]: platform.publicKey } })).data).toEqual({ ok: true })
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(PUBLIC_KEY_ID)
  })

  it('is refused with any byte of the signature changed', async () => {
    const headers = signatureHeaders('{"ok":true}', platform)
    const signature = headers['wechatpay-signature'] ?? ''
    const length = Buffer.from(signature, 'base64').length
    for (let byte = 0; byte < length; byte++) {
      const changed = { ...headers, 'wechatpay-signature': flipped(signature, byte * 8 + (byte % 8)) }
      gateway.answers = [answer(200, { ok: true }, changed)]
      expect(await reasonOf()).toBe('mismatch')
    }
  })

  it.each<[string, () => Record<string, string>, string]>([
    [
      'of a stranger under the serial',
      () => ({ ...signatureHeaders('{"ok":true}', stranger), 'wechatpay-serial': platform.serial }),
      'mismatch',
    ],
    ['of a stranger', () => signatureHeaders('{"ok":true}', stranger), 'serial'],
    ['with a different nonce', () => ({ 'wechatpay-nonce': 'another' }), 'mismatch'],
    ['of a type that is not known', () => ({ 'wechatpay-signature-type': 'WECHATPAY2-SM2-WITH-SHA256' }), 'headers'],
    ['of an empty type', () => ({ 'wechatpay-signature-type': '' }), 'headers'],
    ['that names RSA for a key of SM2', () => ({ 'wechatpay-signature-type': RSA_TYPE }), 'mismatch'],
    [
      'of RSA under the serial of SM2',
      () => ({
        ...Rsa.signatureHeaders('{"ok":true}', { serial: platform.serial }),
        'wechatpay-signature-type': RSA_TYPE,
      }),
      'mismatch',
    ],
    [
      'of RSA that names SM2',
      () => ({ ...Rsa.signatureHeaders('{"ok":true}'), 'wechatpay-signature-type': SM2_TYPE }),
      'mismatch',
    ],
    ['of the merchant itself', () => signatureHeaders('{"ok":true}', merchant), 'serial'],
  ])('is refused with a signature %s', async (_what, changes, reason) => {
    gateway.answers = [signedAnswer({ ok: true }, changes())]
    expect(await reasonOf({ certs: { ...certs, [Rsa.platform.serial]: Rsa.platform.certificate } })).toBe(reason)
  })

  it('is refused with a different body', async () => {
    gateway.answers = [answer(200, { ok: false }, signatureHeaders('{"ok":true}', platform))]
    expect(await reasonOf()).toBe('mismatch')
  })

  it('is verified without the type of its signature, since the key has one', async () => {
    const { 'wechatpay-signature-type': _type, ...headers } = signatureHeaders('{"ok":true}', platform)
    gateway.answers = [answer(200, { ok: true }, headers)]
    expect((await ask()).data).toEqual({ ok: true })
  })

  it('is verified with RSA, if it names RSA and a key of RSA is configured for it', async () => {
    const headers = { ...Rsa.signatureHeaders('{"ok":true}'), 'wechatpay-signature-type': RSA_TYPE }
    gateway.answers = [answer(200, { ok: true }, headers)]
    const both = { [Rsa.platform.serial]: Rsa.platform.certificate, ...certs }
    expect((await ask({ certs: both })).data).toEqual({ ok: true })
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(platform.serial)
    expect(await reasonOf()).toBe('serial')
  })

  it('to a client with an RSA key is refused with SM2, unless a key of SM2 is configured for it', async () => {
    const rsa = { ...Rsa.config, base_uri: gateway.url }
    const headersOf = () => gateway.requests.map(({ headers }) => headers['wechatpay-serial'])
    expect(await reasonOf(rsa)).toBe('serial')
    expect((await ask({ ...rsa, certs: { ...certs, ...Rsa.config.certs } })).data).toEqual({ ok: true })
    expect(headersOf()).toEqual([Rsa.platform.serial, Rsa.platform.serial])
  })
})

describe('the certificates of a client with an SM2 key', () => {
  const entry = ({ serial, certificate }: Sm2Party, encrypted = seal(certificate, 'certificate')) => ({
    serial_no: serial,
    effective_time: '2026-01-01T00:00:00+08:00',
    expire_time: '2031-01-01T00:00:00+08:00',
    encrypt_certificate: encrypted,
  })
  const serve = (...entries: unknown[]) => {
    const list = signedAnswer({ data: entries })
    const other = signedAnswer({ ok: true })
    gateway.answers = [(request, response) => (request.url.includes('/certificates') ? list : other)(request, response)]
  }
  const urls = () => gateway.requests.map(({ url }) => url)
  const download: Partial<Config> = { certs: {}, apiv3Key }

  it('are downloaded before the first call, decrypted with SM4, and verify the list itself', async () => {
    serve(entry(platform))
    const wxpay = open(download)
    expect((await wxpay.chain('v3/orders/1').get()).data).toEqual({ ok: true })
    await wxpay.chain('v3/orders/2').get()
    expect(urls()).toEqual(['/v3/certificates?algorithm_type=SM2', '/v3/orders/1', '/v3/orders/2'])
    expect(gateway.requests.map(({ headers }) => headers['wechatpay-serial'])).toEqual([
      undefined,
      platform.serial,
      platform.serial,
    ])
  })

  it('are downloaded where the calls go: of Hong Kong', async () => {
    serve(entry(platform))
    await open(download).chain('hk/v3/orders/1').get()
    expect(urls()).toEqual(['/hk/v3/certificates?algorithm_type=SM2', '/hk/v3/orders/1'])
  })

  it('are those of SM2 alone, whatever else is listed', async () => {
    const rsa = { ...platform, serial: Rsa.platform.serial, certificate: Rsa.platform.certificate }
    serve(entry(rsa), entry(platform), {
      ...entry(stranger),
      encrypt_certificate: { algorithm: 'AEAD_NEW', nonce: '', ciphertext: '' },
    })
    expect((await ask(download)).data).toEqual({ ok: true })
    const found = await Certificates.download(open(download))
    expect(found.map(({ serial }) => serial)).toEqual([platform.serial])
  })

  it.each([
    ['a different key', () => seal(platform.certificate, 'certificate', 'the-key-of-a-different-merchant!')],
    ['AES', () => ({ ...seal(platform.certificate, 'certificate'), algorithm: 'AEAD_AES_256_GCM' })],
    ['the data changed', () => ({ ...seal(platform.certificate, 'certificate'), associated_data: 'changed' })],
    [
      'a bit flipped',
      () => {
        const encrypted = seal(platform.certificate, 'certificate')
        return { ...encrypted, ciphertext: flipped(encrypted.ciphertext, 77) }
      },
    ],
  ])('are refused with %s, and nothing is called', async (_what, encrypted) => {
    serve(entry(platform, encrypted()))
    expect(await failure(ask(download))).toMatchObject({ code: 'ERR_APIV3_KEY' })
    expect(urls()).toEqual(['/v3/certificates?algorithm_type=SM2'])
  })

  it('that WeChat Pay does not list are missed by name', async () => {
    serve()
    expect(await failure(ask(download))).toMatchObject({
      code: 'ERR_NO_PLATFORM_CERTIFICATE',
      message: expect.stringContaining('SM2'),
    })
  })

  it('are given by Certificates.download', async () => {
    serve(entry(platform))
    const [found] = await Certificates.download(open({ apiv3Key }))
    const expected = new X509Certificate(platform.certificate)
    expect(new X509Certificate(found?.certificate ?? '').raw).toEqual(expected.raw)
    expect(found).toMatchObject({ serial: platform.serial, validTo: new Date(expected.validTo) })
    await expect(Certificates.download(open())).rejects.toBeInstanceOf(InvalidArgumentError)
  })

  it('of both kinds are given by Certificates.download, if it is asked for them', async () => {
    const rsa = { ...platform, serial: Rsa.platform.serial, certificate: Rsa.platform.certificate }
    serve(entry(rsa), entry(platform))
    const found = await Certificates.download(open({ apiv3Key }), 'v3/certificates?algorithm_type=ALL')
    expect(found.map(({ serial }) => serial)).toEqual([rsa.serial, platform.serial])
    expect(urls()).toEqual(['/v3/certificates?algorithm_type=ALL'])
  })
})

describe('sensitive fields of a client with an SM2 key', () => {
  const path: string = 'v3/brand/partner/card-member/user-cards/import-by-phone'
  const send = (phone_number: string, changes?: Partial<Config>, options: object = {}) =>
    open(changes)
      .chain(path)
      .post({ json: { phone_number }, ...options })
  const sent = () => JSON.parse(String(gateway.requests[0]?.body)).phone_number

  it('are encrypted for WeChat Pay, as openssl decrypts, and named by the serial', async () => {
    await send('13800000000')
    expect(sent()).not.toContain('13800000000')
    expect(decryptBy(platform, sent())).toBe('13800000000')
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe(platform.serial)
  })

  it('are encrypted with the WeChat Pay public key, if that is one of SM2', async () => {
    const headers = { ...signatureHeaders('{"ok":true}', platform), 'wechatpay-serial': PUBLIC_KEY_ID }
    gateway.answers = [answer(200, { ok: true }, headers)]
    await send('13800000000', { certs: { ...certs, [PUBLIC_KEY_ID]: stranger.publicKey } }).catch(() => {})
    expect(decryptBy(stranger, sent())).toBe('13800000000')
  })

  it('are encrypted with the key of SM2, whatever else is configured', async () => {
    const rsa = { [Rsa.platform.serial]: Rsa.platform.certificate, [PUBLIC_KEY_ID]: rsaPublicKey }
    await send('13800000000', { certs: { ...rsa, ...certs } })
    expect(decryptBy(platform, sent())).toBe('13800000000')
    expect(received().headers['wechatpay-serial']).toBe(platform.serial)
  })

  it('that are encrypted already stay as they are', async () => {
    const ciphertext = encryptFor(platform, '13800000000')
    await send(ciphertext)
    expect(sent()).toBe(ciphertext)
  })

  it('of the response are decrypted with the merchant key', async () => {
    gateway.answers = [signedAnswer({ phone_number: encryptFor(merchant, '13900000000') })]
    expect((await send('13800000000')).data).toEqual({ phone_number: '13900000000' })
  })

  it('of the response that were changed or encrypted for a different key are named', async () => {
    for (const phone_number of [encryptFor(stranger, '13900000000'), flipped(encryptFor(merchant, '139'), -1)]) {
      gateway.answers = [signedAnswer({ phone_number })]
      expect(await failure(send('13800000000'))).toMatchObject({
        code: 'ERR_FIELD_NOT_DECRYPTED',
        message: expect.stringContaining('phone_number'),
      })
    }
  })

  it('have no padding to choose', async () => {
    expect(await failure(send('13800000000', {}, { encrypt: 'pkcs1' }))).toBeInstanceOf(InvalidArgumentError)
    expect(gateway.requests).toEqual([])
  })
})

describe('notifications for a client with an SM2 key', () => {
  const payment = { out_trade_no: '1217752501201407033233368018', trade_state: 'SUCCESS' }
  const notice = (encrypted: object = seal(JSON.stringify(payment), 'transaction'), by = platform) => {
    const body = JSON.stringify({
      id: 'EV-2018022511223320873',
      create_time: '2026-11-24T10:34:56+08:00',
      resource_type: 'encrypt-resource',
      event_type: 'TRANSACTION.SUCCESS',
      summary: '支付成功',
      resource: { original_type: 'transaction', ...encrypted },
    })
    return { headers: signatureHeaders(body, by), body }
  }
  const receivers: [string, () => Notification.Receiver][] = [
    ['a client', () => Notification.create(open({ apiv3Key }))],
    ['certificates and the APIv3 key', () => Notification.create({ certs, apiv3Key })],
    ['a whole configuration', () => Notification.create({ ...own, certs, apiv3Key })],
  ]

  it.each(receivers)('are verified and decrypted: by %s', async (_keys, create) => {
    const event = await create().parse(notice())
    expect(event).toMatchObject({ event_type: 'TRANSACTION.SUCCESS', resource: payment })
  })

  it('are refused with a byte of the signature or of the body changed, or of a stranger', async () => {
    const receiver = Notification.create({ certs, apiv3Key })
    const { headers, body } = notice()
    const signature = headers['wechatpay-signature'] ?? ''
    for (const bit of [0, 40, 99, 333, 500]) {
      const changed = { ...headers, 'wechatpay-signature': flipped(signature, bit) }
      await expect(receiver.parse({ headers: changed, body })).rejects.toMatchObject({ reason: 'mismatch' })
    }
    await expect(receiver.parse({ headers, body: `${body} ` })).rejects.toMatchObject({ reason: 'mismatch' })
    await expect(receiver.parse(notice(undefined, stranger))).rejects.toMatchObject({ reason: 'serial' })
    const type = { 'wechatpay-signature-type': RSA_TYPE }
    await expect(receiver.parse({ headers: { ...headers, ...type }, body })).rejects.toMatchObject({
      reason: 'mismatch',
    })
    const handler = receiver.handler(() => {}, { onError: () => {} })
    const request = new Request('https://shop.example/', { method: 'POST', headers: { ...headers, ...type }, body })
    expect((await handler(request)).status).toBe(401)
  })

  it('are refused if they were encrypted with a different key', async () => {
    const receiver = Notification.create({ certs, apiv3Key })
    const other = seal(JSON.stringify(payment), 'transaction', 'the-key-of-a-different-merchant!')
    await expect(receiver.parse(notice(other))).rejects.toMatchObject({ reason: 'mismatch' })
    const genuine = seal(JSON.stringify(payment), 'transaction')
    const changed = { ...genuine, ciphertext: flipped(genuine.ciphertext, 13) }
    await expect(receiver.parse(notice(changed))).rejects.toMatchObject({ reason: 'mismatch' })
    const unknown = { ...genuine, algorithm: 'AEAD_SM4_CCM' }
    await expect(receiver.parse(notice(unknown))).rejects.toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT' })
  })

  it('have their sensitive fields decrypted with the merchant key; those for a different key stay as they are', async () => {
    const other = encryptFor(stranger, '139')
    for (const [sent, expected] of [
      [encryptFor(merchant, '13800000000'), '13800000000'],
      [other, other],
    ]) {
      const content = seal(JSON.stringify({ phone_number: sent }), 'membercard')
      const body = JSON.stringify({ id: 'EV-2', event_type: 'MEMBERCARD.ACCEPT_CARD', resource: content })
      const message = { headers: signatureHeaders(body, platform), body }
      for (const source of [open({ apiv3Key }), { ...own, certs, apiv3Key }]) {
        const { resource } = await Notification.create(source).parse(message)
        expect(resource).toEqual({ phone_number: expected })
      }
    }
  })

  it('may be encrypted with AES', async () => {
    const { resource } = JSON.parse(
      Notification.mint(
        { event_type: 'TRANSACTION.SUCCESS', resource: payment },
        { serial: Rsa.platform.serial, privateKey: Rsa.platform.privateKey, apiv3Key },
      ).body,
    )
    expect(resource.algorithm).toBe('AEAD_AES_256_GCM')
    expect(await Notification.create({ certs, apiv3Key }).parse(notice(resource))).toMatchObject({ resource: payment })
  })

  it('find their recipient among several with the same key', async () => {
    const shops = ['a', 'b', 'c'].map(letter => ({ certs, apiv3Key: letter.repeat(32) }))
    const own = { certs, apiv3Key }
    const content = seal(JSON.stringify(payment), 'transaction')
    const event = await Notification.create([...shops, own]).parse(notice(content))
    expect(event.recipient).toBe(own)
    await expect(Notification.create(shops).parse(notice(content))).rejects.toMatchObject({ reason: 'mismatch' })
  })

  it('are minted as WeChat Pay makes them: signed for openssl, and encrypted with SM4', async () => {
    const event = { event_type: 'TRANSACTION.SUCCESS', resource: payment }
    const keys = { serial: platform.serial, privateKey: platform.privateKey, apiv3Key }
    const { headers, body } = await Notification.mint(event, { ...keys, algorithm: 'SM2' })
    const message = `${headers['Wechatpay-Timestamp']}\n${headers['Wechatpay-Nonce']}\n${body}\n`
    expect(headers['Wechatpay-Signature-Type']).toBe(SM2_TYPE)
    expect(isSignedBy(platform, message, headers['Wechatpay-Signature'] ?? '')).toBe(true)
    const { algorithm, nonce, associated_data, ciphertext } = JSON.parse(body).resource
    const key = createHash('sm3').update(apiv3Key).digest().subarray(0, 16)
    const expected = sm4Gcm(Buffer.from(JSON.stringify(payment)), key, Buffer.from(nonce), Buffer.from(associated_data))
    expect([algorithm, ciphertext]).toEqual(['AEAD_SM4_GCM', expected.toString('base64')])
    expect(await Notification.create({ certs, apiv3Key }).parse({ headers, body })).toMatchObject({ resource: payment })
    expect(() => Notification.mint(event, keys)).toThrow(/`algorithm` must be 'SM2'/)
    const rsa = { ...keys, privateKey: Rsa.platform.privateKey, algorithm: 'SM2' as const }
    await expect(Notification.mint(event, rsa)).rejects.toThrow(InvalidArgumentError)
  })
})

describe('an encrypted bill of a client with an SM2 key', () => {
  const parts = ['\uFEFF记账时间,备注\r\n`2026-11-23,`a\r\n', '`2026-11-23,`b\r\n资金流水总笔数\r\n`2\r\n']
  const query = { bill_date: '2026-11-23', sub_mchid: '1900000110', account_type: 'BASIC' } as const

  // The documents show a nonce of 16 characters, which is not the length that GCM is usual with.
  const encryptPart = (part: string, index: number, change = (_encrypted: Buffer) => {}) => {
    const key = randomBytes(8).toString('hex')
    const nonce = 'a8607ef79034c49c'
    const encrypted = sm4Gcm(gzipSync(part), Buffer.from(key), Buffer.from(nonce), Buffer.of())
    change(encrypted)
    const announced = {
      bill_sequence: index + 1,
      hash_type: 'SHA1',
      hash_value: createHash('sha1').update(part).digest('hex'),
      download_url: `${gateway.url}v3/billdownload/file?token=${index}`,
      encrypt_key: encryptFor(merchant, key),
      nonce,
    }
    return { announced, encrypted }
  }
  const serve = (encrypted: ReturnType<typeof encryptPart>[]) => {
    const list = encrypted.map(({ announced }) => announced)
    gateway.answers = [
      signedAnswer({ download_bill_count: list.length, download_bill_list: list }),
      ...encrypted.map(part => Rsa.unsignedAnswer(200, part.encrypted)),
    ]
  }

  it('is requested in SM4, decrypted, joined and checked', async () => {
    serve(parts.map((part, index) => encryptPart(part, index)))
    const bill = await Bill.subMerchantFundflow(open(), query)
    expect(await readAll(bill.rows())).toEqual([
      { 记账时间: '2026-11-23', 备注: 'a' },
      { 记账时间: '2026-11-23', 备注: 'b' },
    ])
    expect(received().url).toContain('algorithm=SM4_GCM')
  })

  it.each([0, 20, -1])('with byte %i changed yields nothing', async at => {
    const flip = (encrypted: Buffer) => {
      const index = at < 0 ? encrypted.length + at : at
      encrypted[index] = (encrypted[index] ?? 0) ^ 1
    }
    serve(parts.map((part, index) => encryptPart(part, index, flip)))
    const bill = await Bill.subMerchantFundflow(open(), query)
    expect(await failure(readAll(bill.rows()))).toMatchObject({ code: 'ERR_BILL_CONTENT' })
  })

  it('whose key was encrypted for a different merchant is refused', async () => {
    const [part] = parts.map((part, index) => encryptPart(part, index))
    if (!part) throw new Error('There is no part.')
    const announced = { ...part.announced, encrypt_key: encryptFor(stranger, '0123456789abcdef') }
    serve([{ ...part, announced }])
    const bill = await Bill.subMerchantFundflow(open(), query)
    expect(await failure(readAll(bill.rows()))).toMatchObject({ code: 'ERR_BILL_KEY' })
  })

  it('may be requested in AES', async () => {
    serve([])
    await Bill.ecommerceFundflow(open(), {
      bill_date: '2026-11-23',
      account_type: 'ALL',
      algorithm: 'AEAD_AES_256_GCM',
    })
    expect(received().url).toContain('algorithm=AEAD_AES_256_GCM')
  })
})

describe('a configuration with keys of two kinds is refused:', () => {
  const rsa = { privateKey: Rsa.merchant.privateKey, serial: Rsa.merchant.serial }
  it.each<[string, Partial<Config>, RegExp]>([
    [
      'an SM2 key with an RSA certificate',
      { merchant: { cert: Rsa.merchant.certificate } },
      /`privateKey`.*`merchant\.cert`.*SM2.*RSA/,
    ],
    [
      'an RSA key with an SM2 certificate',
      { ...rsa, merchant: { cert: merchant.certificate } },
      /`privateKey`.*`merchant\.cert`.*RSA.*SM2/,
    ],
    ['an SM2 key with the RSA certificate of WeChat Pay', { certs: Rsa.config.certs }, /`certs`.*SM2.*RSA/],
    ['an RSA key with the SM2 certificate of WeChat Pay', rsa, /`certs`.*RSA.*SM2/],
    [
      'the merchant SM2 certificate for that of WeChat Pay',
      { certs: { [merchant.serial]: merchant.certificate } },
      /certs\..*merchant's own/,
    ],
    [
      'a different SM2 key than that of the certificate',
      { privateKey: stranger.privateKey, merchant: { cert: merchant.certificate } },
      /`privateKey`.*different key/,
    ],
    [
      'a signer of RSA with an SM2 certificate',
      { signer: { serial: merchant.serial, sign: () => '' }, merchant: { cert: merchant.certificate } },
      /`signer\.algorithm`.*'SM2'.*`merchant\.cert`.*'RSA'/,
    ],
    [
      'a signer of SM2 without an SM2 key of WeChat Pay',
      { signer: { serial: merchant.serial, algorithm: 'SM2', sign: () => '' }, certs: Rsa.config.certs },
      /`certs`.*SM2.*RSA/,
    ],
  ])('%s', (_what, changes, message) => {
    expect(() => open(changes)).toThrow(InvalidArgumentError)
    expect(() => open(changes)).toThrow(message)
  })

  it.each([['sm2'], [2], [null]])('a signer of the unknown algorithm %j', algorithm => {
    const signer = Object.assign({ serial: merchant.serial, sign: () => '' }, { algorithm })
    // @ts-expect-error The types refuse it too.
    expect(() => open({ signer })).toThrow(/`signer\.algorithm` must be 'RSA' or 'SM2'/)
  })

  it('but with the APIv3 key the certificates of the right kind are downloaded', () => {
    expect(() => open({ certs: Rsa.config.certs, apiv3Key })).not.toThrow()
  })

  it('a running client changes to SM2 with all of its keys', async () => {
    const wxpay = open({ ...rsa, certs: Rsa.config.certs })
    expect(() => Builder.renew(wxpay, { privateKey: merchant.privateKey, serial: merchant.serial })).toThrow(/`certs`/)
    Builder.renew(wxpay, { privateKey: merchant.privateKey, serial: merchant.serial, certs })
    expect((await wxpay.chain('v3/orders/1').get()).data).toEqual({ ok: true })
    expect(gateway.requests[0]?.headers.authorization).toMatch(/^WECHATPAY2-SM2-WITH-SM3 /)
  })
})

describe('what knows no SM2 says so:', () => {
  const order = { appId: 'wx8888888888888888', prepay_id: 'wx201410272009395522657a690389285100' }

  it('front-end parameters, which take the RSA key instead', async () => {
    expect(() => Invoke.jsapi(order, open())).toThrow(/RSA/)
    expect(() => Invoke.miniProgram(order, { privateKey: merchant.privateKey })).toThrow(InvalidArgumentError)
    const signer = { serial: merchant.serial, algorithm: 'SM2' as const, sign: () => '' }
    await expect(Invoke.jsapi(order, { signer })).rejects.toThrow(InvalidArgumentError)
    expect(Invoke.jsapi(order, { privateKey: Rsa.merchant.privateKey })).toMatchObject({ signType: 'RSA' })
  })

  it('APIv2 over mutual TLS', async () => {
    const wxpay = open({ secret: 'apiv2-key-of-32-bytes-0123456789', merchant: { cert: merchant.certificate } })
    const path: string = 'v2/secapi/pay/refund'
    const refund = wxpay.chain(path).post({ xml: { out_trade_no: '1' } })
    expect(await failure(refund)).toMatchObject({ message: expect.stringMatching(/`merchant`.*RSA.*SM2/) })
    expect(gateway.requests).toEqual([])
  })
})
