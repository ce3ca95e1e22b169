import { createCipheriv, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import type { Config } from '../../lib/config/config.js'
import type { WarningInfo } from '../../lib/config/hooks.js'
import { InvalidArgumentError, SignatureError } from '../../lib/errors.js'
import * as Invoke from '../../lib/invoke/index.js'
import * as Notification from '../../lib/notification/index.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { failure, skipPauses } from '../async.js'
import { answer, merchant, signatureHeaders, unsignedAnswer } from '../gateway.js'
import { apiv3Key, DAY, mintCertificate, publicKeyOf, sealList } from './platform.js'
import { startWechatPay, type WechatPaySide } from './wechatpay.js'

const now = Date.now()
const old = mintCertificate('platform', now - 1000 * DAY, now + 40 * DAY)
const young = mintCertificate('lowserial', now - DAY, now + 1000 * DAY)
const publicKey = publicKeyOf(young)

let side: WechatPaySide
beforeEach(async () => {
  side = await startWechatPay(old)
})
afterEach(() => side.gateway.close())

const own = { mchid: merchant.mchid, serial: merchant.serial, privateKey: merchant.privateKey }
const open = (changes: Partial<Config> = {}) =>
  Builder.factory({ ...own, apiv3Key, base_uri: side.gateway.url, ...changes })
const ask = (wxpay: ReturnType<typeof open>, path = 'v3/orders/1') => wxpay.chain(path).get()
const urls = () => side.gateway.requests.map(({ url }) => url)
const announced = () => side.gateway.requests.map(({ headers }) => headers['wechatpay-serial'])
describe('a client without certificates', () => {
  it('sends nothing until it is used, then downloads them before the first call', async () => {
    const wxpay = open()
    expect(side.gateway.requests).toEqual([])
    expect((await ask(wxpay)).data).toEqual({ ok: true })
    await ask(wxpay)
    expect(urls()).toEqual(['/v3/certificates', '/v3/orders/1', '/v3/orders/1'])
    expect(announced()).toEqual([undefined, old.serial, old.serial])
    expect(side.gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
  })

  it.each([
    ['the prefix of Hong Kong', 'hk/', 'v3/orders/1', '/hk/v3/certificates'],
    ['a path under hk', '', 'hk/v3/orders/1', '/hk/v3/certificates'],
    ['a path under v3/global', '', 'v3/global/orders/1', '/v3/global/certificates'],
    ['a path under global', '', 'global/v3/customs/orders', '/v3/global/certificates'],
    ['the prefix of customs', 'global/', 'v3/customs/orders', '/v3/global/certificates'],
    ['a prefix of a proxy', 'proxy/', 'v3/orders/1', '/proxy/v3/certificates'],
  ])('asks where its calls go by: %s', async (_what, prefix, path, expected) => {
    const wxpay = open({ base_uri: side.gateway.url + prefix })
    await ask(wxpay, path)
    await ask(wxpay, path)
    expect(urls()[0]).toBe(expected)
    expect(side.downloads).toBe(1)
  })

  it('asks once for each place', async () => {
    const wxpay = open()
    for (const path of ['v3/orders/1', 'v3/global/orders/1', 'v3/orders/2', 'v3/global/orders/2'])
      await ask(wxpay, path)
    expect(side.downloads).toBe(2)
  })

  it('asks at the host that a call names', async () => {
    const other = await startWechatPay(young)
    const wxpay = open()
    await ask(wxpay)
    await wxpay.chain('v3/orders/1').get({ base_uri: other.gateway.url })
    expect([side.downloads, other.downloads]).toEqual([1, 1])
    expect(other.gateway.requests[1]?.headers['wechatpay-serial']).toBe(young.serial)
    await other.gateway.close()
  })

  it.each([
    [404, 'RESOURCE_NOT_EXISTS'],
    [403, 'RESOURCE_NOT_EXISTS'],
    [403, 'NO_AUTH'],
  ])('of a merchant without certificates (%i %s) says what to configure, and where it is', async (status, code) => {
    const body = {
      code,
      message: '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥',
    }
    side.gateway.answers = [answer(status, body)]
    const error = await failure(ask(open()))
    expect(error).toMatchObject({
      code: 'ERR_NO_PLATFORM_CERTIFICATE',
      cause: { code, statusCode: status },
      message: expect.stringMatching(/商户平台 → 账户中心 → API安全 → 微信支付公钥.*PUB_KEY_ID_/),
    })
    expect(urls()).toEqual(['/v3/certificates'])
  })

  it('with a wrong APIv3 key says so, before the call itself is sent', async () => {
    const error = await failure(ask(open({ apiv3Key: 'x'.repeat(32) })))
    expect(error).toMatchObject({ code: 'ERR_APIV3_KEY', message: expect.stringContaining('`apiv3Key`') })
    expect(side.calls).toBe(0)
  })

  it('refuses a list that is not signed, or signed at a different time, or by a certificate that is not in it', async () => {
    const body = sealList([old])
    const wrong = [
      unsignedAnswer(200, body, { 'content-type': 'application/json' }),
      answer(200, body, signatureHeaders(body, { ...old, timestamp: Math.floor(now / 1000) - 400 })),
      answer(200, body, signatureHeaders(body, young)),
      answer(200, body, signatureHeaders(body, { ...old, privateKey: young.privateKey })),
    ]
    const reasons = []
    for (const given of wrong) {
      side.gateway.answers = [given]
      const error = await failure(ask(open()))
      reasons.push(error instanceof SignatureError && error.reason)
    }
    expect(reasons).toEqual(['headers', 'clock', 'serial', 'mismatch'])
  })

  it('tries a download again although its calls are not tried again', async () => {
    skipPauses()
    const [usual] = side.gateway.answers
    side.gateway.answers = [unsignedAnswer(502), unsignedAnswer(503), usual ?? expect.fail()]
    expect((await ask(open({ retry: false }))).data).toEqual({ ok: true })
  })

  it('is not misled by a signature that is wrong on purpose', async () => {
    const [usual] = side.gateway.answers
    const body = sealList([old])
    const probe = { ...signatureHeaders(body, old), 'wechatpay-signature': 'WECHATPAY/SIGNTEST/abc' }
    side.gateway.answers = [answer(200, body, probe), usual ?? expect.fail()]
    expect((await ask(open())).data).toEqual({ ok: true })
  })
})

describe('a call that waits for the first certificates', () => {
  const silent = () => {
    side.gateway.answers = [() => {}]
    return open()
  }

  it('ends with its signal, and is not sent', async () => {
    const wxpay = silent()
    const abort = new AbortController()
    const waiting = failure(wxpay.chain('v3/orders/1').get({ signal: abort.signal }))
    await vi.waitUntil(() => side.gateway.requests.length > 0)
    abort.abort()
    expect(await waiting).toMatchObject({ code: 'ERR_ABORTED', sent: false })
    expect(await failure(wxpay.chain('v3/orders/1').get({ signal: abort.signal }))).toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(urls()).toEqual(['/v3/certificates'])
  })

  it('ends at its timeout, and is not sent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const waiting = failure(silent().chain('v3/orders/1').get({ timeout: 1000 }))
    while (side.gateway.requests.length === 0) await nextTurn()
    await vi.advanceTimersByTimeAsync(2000)
    expect(await waiting).toMatchObject({ code: 'ERR_TIMEOUT', sent: false })
    expect(urls()).toEqual(['/v3/certificates'])
  })
})

describe('a response with an unknown serial', () => {
  it('costs one download, however many come, and is refused', async () => {
    const wxpay = open()
    await ask(wxpay)
    side.state.signing = { ...young, serial: 'F'.repeat(40) }
    const [usual] = side.gateway.answers
    side.gateway.answers = [
      (request, response) => {
        const isDownload = request.url.endsWith('/certificates')
        side.state.signing = isDownload ? old : { ...young, serial: 'F'.repeat(40) }
        usual?.(request, response)
      },
    ]
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => failure(ask(wxpay))))
    for (let index = 0; index < 20; index += 1) outcomes.push(await failure(ask(wxpay)))
    expect(outcomes.map(error => error instanceof SignatureError && error.reason)).toEqual(Array(40).fill('serial'))
    expect(side.downloads).toBe(2)
  })
})

describe('the change from certificates to the public key', () => {
  const certs = { [publicKey.id]: publicKey.pem }
  const byPublicKey = { serial: publicKey.id, privateKey: young.privateKey }

  it('continues while responses are signed by either, and always announces the public key', async () => {
    const wxpay = open({ certs })
    for (const signing of [old, byPublicKey, old, byPublicKey, young]) {
      side.state.listed = [old, young]
      side.state.signing = signing
      expect((await ask(wxpay)).data).toEqual({ ok: true })
    }
    expect(new Set(announced())).toEqual(new Set([publicKey.id]))
    expect(side.downloads).toBe(1)
  })

  it('needs no APIv3 key when both are configured', async () => {
    const wxpay = open({ ...own, certs: { ...certs, [old.serial]: old.certificate } })
    side.state.signing = old
    await ask(wxpay)
    side.state.signing = byPublicKey
    await ask(wxpay)
    expect(side.downloads).toBe(0)
  })

  it('continues for notifications, which share the keys of the client', async () => {
    const wxpay = open({ certs })
    const receiver = Notification.create(wxpay)
    for (const signing of [byPublicKey, old]) {
      expect(await receiver.parse(notify(signing))).toMatchObject({ resource: { out_trade_no: '1' } })
    }
    expect(side.downloads).toBe(1)
    side.state.signing = old
    await ask(wxpay)
    expect(side.downloads).toBe(1)
  })
})

describe('a certificate that ends soon', () => {
  it('is warned of, by a hook that may throw', async () => {
    const ending = mintCertificate('platform', now - 1000 * DAY, now + 10 * DAY)
    const warnings: WarningInfo[] = []
    const warning = (info: WarningInfo) => {
      warnings.push(info)
      throw new Error('the logger is broken')
    }
    side.state.signing = ending
    const { serial, certificate } = ending
    const wxpay = open({ certs: { [serial]: certificate }, on: { warning } })
    await ask(wxpay)
    await ask(wxpay)
    expect(warnings).toEqual([
      expect.objectContaining({
        mchid: merchant.mchid,
        code: 'CERTIFICATE_EXPIRES',
        serial,
        expires: expect.any(Date),
      }),
    ])
  })
})

describe('new keys for a running client', () => {
  const renewed = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const mine = { serial: 'AB'.repeat(20), privateKey: renewed.privateKey }

  it('sign the next call, and decrypt what is encrypted for them', async () => {
    const wxpay = open()
    await ask(wxpay)
    Builder.renew(wxpay, mine)
    side.state.data = {
      encrypted_echo_message: publicEncrypt(renewed.publicKey, Buffer.from('张三')).toString('base64'),
    }
    const { data } = await wxpay.v3.security.echo.post({ json: { echo_message: 'hello' } })
    expect(data).toEqual({ encrypted_echo_message: '张三' })
    const { authorization, isSigned } = side.gateway.requests.at(-1) ?? expect.fail()
    expect([authorization.serial_no, isSigned]).toEqual([mine.serial, false])
    expect(side.downloads).toBe(1)
  })

  it('leave a call that is under way with the keys that it began with', async () => {
    skipPauses()
    const wxpay = open({ retry: { attempts: 2 } })
    await ask(wxpay)
    const [usual] = side.gateway.answers
    side.gateway.answers = [
      (request, response) => {
        Builder.renew(wxpay, mine)
        unsignedAnswer(503)(request, response)
      },
      usual ?? expect.fail(),
    ]
    await ask(wxpay)
    expect(side.gateway.requests.slice(-2).map(({ authorization }) => authorization.serial_no)).toEqual([
      merchant.serial,
      merchant.serial,
    ])
  })

  it('make the parameters of the front end', () => {
    const wxpay = open()
    const order = { appId: 'wx1', prepay_id: '1', timeStamp: '1', nonceStr: 'n' }
    const before = Invoke.jsapi(order, wxpay)
    Builder.renew(wxpay, mine)
    const after = Invoke.jsapi(order, wxpay)
    expect(after.paySign).not.toBe(before.paySign)
    expect(after).toEqual(Invoke.jsapi(order, { privateKey: renewed.privateKey }))
  })

  it('decrypt lists of certificates, and notifications, with a new APIv3 key', async () => {
    const wxpay = open()
    const receiver = Notification.create(wxpay)
    await ask(wxpay)
    const newKey = 'the-new-api-v3-key-of-this-shop!'
    Builder.renew(wxpay, { apiv3Key: newKey })
    expect(await failure(receiver.parse(notify(old)))).toBeDefined()
    side.gateway.answers = [
      (request, response) => {
        const body = request.url.endsWith('/certificates') ? sealList([old], newKey) : '{"ok":true}'
        answer(200, body, signatureHeaders(body, old))(request, response)
      },
    ]
    expect((await ask(wxpay)).data).toEqual({ ok: true })
    expect(await receiver.parse(notify(old, newKey))).toMatchObject({ resource: { out_trade_no: '1' } })
  })

  it('verify with new `certs`, and no longer with those before', async () => {
    const wxpay = Builder.factory({ ...own, certs: { [old.serial]: old.certificate }, base_uri: side.gateway.url })
    await ask(wxpay)
    Builder.renew(wxpay, { certs: { [young.serial]: young.certificate } })
    expect(await failure(ask(wxpay))).toMatchObject({ reason: 'serial' })
    side.state.signing = young
    expect((await ask(wxpay)).data).toEqual({ ok: true })
  })

  it('come from a signer, and go back to a private key', async () => {
    const wxpay = open()
    Builder.renew(wxpay, { signer: { serial: 'FF', sign: () => 'c2lnbmVk' } })
    await ask(wxpay)
    Builder.renew(wxpay, { serial: own.serial, privateKey: own.privateKey })
    await ask(wxpay)
    expect(side.gateway.requests.map(({ authorization }) => authorization.serial_no)).toEqual([
      'FF',
      'FF',
      merchant.serial,
    ])
  })

  it.each<[string, object, RegExp]>([
    ['a private key without its serial', { privateKey: mine.privateKey }, /`serial` is missing/],
    ['a serial without its private key', { serial: mine.serial }, /`privateKey` is missing/],
    [
      'the certificate of a different key',
      { ...mine, merchant: { cert: merchant.certificate } },
      /`privateKey` .*`merchant\.cert`/,
    ],
    ['an APIv3 key that is too short', { apiv3Key: 'short' }, /`apiv3Key` .*5 bytes/],
    ['a key that is WeChat Pay’s, too', { serial: old.serial, privateKey: mine.privateKey }, /`serial`/],
    ['no certificates at all', { certs: {} }, /`certs` .*`apiv3Key`/],
    ['an option that is not a key', { mchid: '1' }, /`mchid` .*Builder\.renew/],
    ['nothing', {}, /takes an object with the new keys/],
  ])('that are not valid are refused, and the old ones stay: %s', async (_what, changes, message) => {
    const wxpay = Builder.factory({ ...own, certs: { [old.serial]: old.certificate }, base_uri: side.gateway.url })
    expect(() => Builder.renew(wxpay, changes)).toThrow(InvalidArgumentError)
    expect(() => Builder.renew(wxpay, changes)).toThrow(message)
    await ask(wxpay)
    expect(side.gateway.requests[0]).toMatchObject({ isSigned: true, authorization: { serial_no: merchant.serial } })
  })

  it('are for clients that Builder.factory made', () => {
    expect(() => Builder.renew({ chain: path => path }, mine)).toThrow(/Builder\.renew takes a client/)
  })
})

describe('the store', () => {
  it('brings certificates to a client that starts later', async () => {
    const store = new MemoryStore()
    await ask(open({ store }))
    await ask(open({ store }))
    expect(side.downloads).toBe(1)
  })

  it('keeps merchants apart', async () => {
    const store = new MemoryStore()
    await ask(open({ store }))
    await ask(open({ store, mchid: '1900000109' }))
    expect(side.downloads).toBe(2)
  })

  it('contains nothing unencrypted', async () => {
    const store = new MemoryStore()
    const written = vi.spyOn(store, 'set')
    await ask(open({ store }))
    const text = JSON.stringify(written.mock.calls)
    expect(text).toContain('ciphertext')
    expect(text).not.toMatch(/BEGIN CERTIFICATE/)
    expect(text).not.toContain(apiv3Key)
  })

  it.each([[{}], ['redis://127.0.0.1'], [{ get() {}, set() {}, add() {} }], [null]])('is not %j', store => {
    expect(() => open(Object({ store }))).toThrow(/`store` must be .*(?:get|delete)/)
  })
})

function notify(signing: { serial: string; privateKey: string }, key = apiv3Key) {
  const nonce = 'abcdefghijkl'
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('transaction'))
  const sealed = Buffer.concat([cipher.update('{"out_trade_no":"1"}'), cipher.final(), cipher.getAuthTag()])
  const body = JSON.stringify({
    id: 'EV-1',
    create_time: new Date(now).toISOString(),
    event_type: 'TRANSACTION.SUCCESS',
    resource_type: 'encrypt-resource',
    summary: '支付成功',
    resource: {
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: sealed.toString('base64'),
      associated_data: 'transaction',
      nonce,
      original_type: 'transaction',
    },
  })
  return { headers: signatureHeaders(body, signing), body }
}
