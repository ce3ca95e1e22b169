import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { register, type SharedSettings } from '../../lib/client/settings-of.js'
import * as Rsa from '../../lib/crypto/rsa.js'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../../lib/errors.js'
import { Builder } from '../../lib/index.js'
import * as Notification from '../../lib/notification/index.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { failure } from '../async.js'
import { config, merchant, platform } from '../gateway.js'
import { apiv3Key, keys, type Notice, notice, payment, signedAnew } from './wechat-pay.js'

const NOW = 1_764_000_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const notification = Notification.create(keys)

async function refusal({ headers, body }: Notice, receiver: Notification.Receiver = notification): Promise<unknown> {
  return receiver.parse({ headers, body }).then(
    () => expect.fail('it was accepted'),
    (error: unknown) => error,
  )
}

async function reasonOf(refused: Notice, receiver: Notification.Receiver = notification): Promise<string> {
  const error = await refusal(refused, receiver)
  if (!(error instanceof SignatureError)) throw error
  return error.reason
}

describe('a genuine notification', () => {
  it('returns its decrypted event', async () => {
    const event = await notification.parse(notice({ id: 'EV-2018022511223320873' }))
    expect(event).toEqual({
      id: 'EV-2018022511223320873',
      create_time: '2026-11-24T10:34:56+08:00',
      event_type: 'TRANSACTION.SUCCESS',
      resource_type: 'encrypt-resource',
      summary: '支付成功',
      original_type: 'transaction',
      resource: payment,
    })
  })

  it('has the original_type that WeChat Pay sends, or none', async () => {
    const shared = await notification.parse(notice({ original_type: 'profitsharing' }))
    expect(shared.original_type).toBe('profitsharing')
    expect((await notification.parse(notice({ original_type: undefined }))).original_type).toBeUndefined()
  })

  it('narrows by its event type', async () => {
    const event = await notification.parse(notice())
    if (event.event_type !== 'TRANSACTION.SUCCESS') return expect.fail(event.event_type)
    const outTradeNo: string = event.resource.out_trade_no
    expect(outTradeNo).toBe(payment.out_trade_no)
  })

  it.each([
    ['an unknown type', 'SOMETHING.NEW'],
    ['a documented one', 'REFUND.SUCCESS'],
  ])('of %s passes', async (_, type) => {
    const resource = { anything: [1, { deep: null }] }
    const event = await notification.parse(notice({ event_type: type, resource }))
    expect(event).toMatchObject({ event_type: type, resource })
  })

  it.each([
    ['absent', undefined],
    ['empty', ''],
  ])('is decrypted when its associated data is %s', async (_, associated_data) => {
    expect(await notification.parse(notice({ associated_data }))).toMatchObject({ resource: payment })
  })

  it('is read from bytes as from a string', async () => {
    const { headers, body } = notice()
    const bytes = Buffer.from(body)
    const forms = [bytes, new Uint8Array(bytes), new Uint8Array(bytes).buffer]
    for (const form of forms)
      expect(await notification.parse({ headers, body: form })).toMatchObject({ resource: payment })
  })

  it('is read with headers in every form that servers use', async () => {
    const { headers, body } = notice()
    const titled = Object.entries(headers).map(([name, value]): [string, string] => [
      name.replace(/\b\w/g, c => c.toUpperCase()),
      value,
    ])
    const forms = [
      headers,
      new Headers(headers),
      new Map(titled),
      titled,
      titled.flat(),
      Object.fromEntries(titled),
      Object.fromEntries(titled.map(([name, value]) => [name, [value]])),
    ]
    for (const form of forms) {
      expect(await notification.parse({ headers: form as Notification.NotificationHeaders, body })).toMatchObject({
        resource: payment,
      })
    }
  })

  it.each([-300, 0, 300])('may be signed %i s from now', async offset => {
    const signed = notice({ signature: { timestamp: NOW + offset } })
    expect(await notification.parse(signed)).toMatchObject({ resource: payment })
  })

  it('is verified with a serial whose letters have a different case', async () => {
    const signed = notice({ signature: { serial: platform.serial.toLowerCase() } })
    expect(await notification.parse(signed)).toMatchObject({ resource: payment })
  })

  it('may be signed with any of several keys, as during a key rotation', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const serial = 'PUB_KEY_ID_0114232134912410000000000000'
    const receiver = Notification.create({ ...keys, certs: { ...keys.certs, [serial]: publicKey } })
    expect(await receiver.parse(notice())).toMatchObject({ resource: payment })
    expect(await receiver.parse(notice({ signature: { serial, privateKey } }))).toMatchObject({ resource: payment })
  })
})

describe('a notification that WeChat Pay did not send, or not now, or not to this merchant, is refused', () => {
  it.each([
    ['301 s old', -301, 'ago'],
    ['from 301 s in the future', 301, 'in the future'],
  ])('%s', async (_, offset, words) => {
    const error = await refusal(notice({ signature: { timestamp: NOW + offset } }))
    expect(error).toMatchObject({ reason: 'clock', message: expect.stringContaining(words) })
  })

  it.each(['wechatpay-timestamp', 'wechatpay-nonce', 'wechatpay-signature', 'wechatpay-serial'])(
    'without %s',
    async name => {
      const { headers, body } = notice()
      const { [name]: _, ...others } = headers
      expect(await reasonOf({ headers: others, body })).toBe('headers')
    },
  )

  it.each(['', 'now', '1e9', ' ', '-1', '99999999999999999999'])('with the timestamp %j', async timestamp => {
    const { headers, body } = notice()
    expect(['headers', 'clock']).toContain(
      await reasonOf({ headers: { ...headers, 'wechatpay-timestamp': timestamp }, body }),
    )
  })

  it('with a repeated header', async () => {
    const { headers, body } = notice()
    const twice = { ...headers, 'Wechatpay-Signature': headers['wechatpay-signature'] ?? '' }
    expect(await reasonOf({ headers: twice, body })).toBe('headers')
  })

  it('from an unknown serial', async () => {
    expect(await reasonOf(notice({ signature: { serial: 'F'.repeat(40) } }))).toBe('serial')
  })

  it('signed by a different key under a known serial', async () => {
    expect(await reasonOf(notice({ signature: { privateKey: config.privateKey } }))).toBe('mismatch')
  })

  it('with the signature of a different notification', async () => {
    const [{ body }, { headers }] = [notice(), notice()]
    expect(await reasonOf({ headers, body })).toBe('mismatch')
  })

  it.each([
    ['of a scheme that is not known', 'WECHATPAY2-SHA1-RSA1024', 'headers'],
    ['of a different kind of key than the one that signed', 'WECHATPAY2-SM2-WITH-SM3', 'mismatch'],
  ])('%s', async (_what, type, reason) => {
    const { headers, body } = notice()
    expect(await reasonOf({ headers: { ...headers, 'wechatpay-signature-type': type }, body })).toBe(reason)
  })

  it('a probe, and it is recognised', async () => {
    const { headers, body } = notice()
    const probe = `WECHATPAY/SIGNTEST/${headers['wechatpay-signature']}`
    expect(await reasonOf({ headers: { ...headers, 'wechatpay-signature': probe }, body })).toBe('probe')
  })

  it('encrypted for a different merchant', async () => {
    const error = await refusal(notice({ apiv3Key: 'another-merchants-key-0123456789' }))
    expect(error).toMatchObject({ reason: 'mismatch', message: expect.stringContaining('apiv3Key') })
  })

  it('with the wrong APIv3 key configured', async () => {
    const receiver = Notification.create({ ...keys, apiv3Key: 'a-mistyped-key-of-32-bytes-01234' })
    expect(await reasonOf(notice(), receiver)).toBe('mismatch')
  })

  it.each([
    ['cut in the tag', (encrypted: Buffer) => encrypted.subarray(0, -1)],
    ['cut to the tag', (encrypted: Buffer) => encrypted.subarray(-16)],
    ['empty', () => Buffer.alloc(0)],
    ['with one bit changed', (encrypted: Buffer) => encrypted.fill((encrypted[0] ?? 0) ^ 1, 0, 1)],
  ])('with a ciphertext that is %s', async (_, ciphertext) => {
    expect(await reasonOf(notice({ ciphertext }))).toBe('mismatch')
  })

  it('with a plain resource in its place, signed or not', async () => {
    const { headers, body } = notice()
    const plain = JSON.stringify({ ...JSON.parse(body), resource: payment })
    expect(await reasonOf({ headers, body: plain })).toBe('mismatch')
    expect(await refusal(signedAnew(plain))).toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT' })
  })

  it.each(['', 'null', '[]', '"text"', '{', '{}', '{"id":"1"}'])('the body %j, even when it is signed', async body => {
    const error = await refusal(signedAnew(body))
    expect(error).toBeInstanceOf(WechatPayError)
    expect(error).toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT' })
  })

  it('and its error shows nothing of the keys or the content', async () => {
    const errors = [
      await refusal(notice({ apiv3Key: 'another-merchants-key-0123456789' })),
      await refusal(notice({ signature: { privateKey: config.privateKey } })),
      await refusal(notice({ ciphertext: encrypted => encrypted.subarray(1) })),
    ]
    for (const error of errors) {
      const shown = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)
      expect(shown).not.toContain(apiv3Key)
      expect(shown).not.toContain(payment.out_trade_no)
    }
  })
})

describe('a parsed body is refused, with the cure', () => {
  it.each([
    ['an object', {}],
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
  ])('%s', async (_, body) => {
    const { headers } = notice()
    const attempt = notification.parse({ headers, body: body as string })
    await expect(attempt).rejects.toThrow(InvalidArgumentError)
    await expect(attempt).rejects.toThrow(/express\.json\(\{ verify: Notification\.keepRawBody \}\)/)
  })

  it('and so are invalid headers', async () => {
    const { body } = notice()
    await expect(notification.parse({ headers: 'x' as unknown as Headers, body })).rejects.toThrow(
      /`headers` .*a string/,
    )
  })
})

describe('what is no message of HTTP is refused by name', () => {
  const { headers, body } = notice()
  const timestamp = 'wechatpay-timestamp'
  const number: unknown = 1_730_000_000

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /must be an object, \{ headers, body \}; got undefined/],
    ['a string', 'x', /must be an object.*got a string/],
    ['a list', [], /must be an object.*got an array/],
    ['no headers', { body }, /`headers` must be .*got undefined/],
    [
      'a number as a header',
      { body, headers: { ...headers, [timestamp]: number } },
      /got a number as `wechatpay-timestamp`/,
    ],
    ['a number in a list of a header', { body, headers: { ...headers, [timestamp]: [number] } }, /got a number as/],
    ['an object as a header', { body, headers: { ...headers, [timestamp]: {} } }, /got an object as/],
    ['null as a header', { body, headers: { ...headers, [timestamp]: null } }, /got null as/],
    ['a list with a hole', { body, headers: [undefined, ...Object.entries(headers)] }, /got undefined as the name/],
    ['a raw list with a hole', { body, headers: ['a', 'b', undefined, 'c'] }, /got undefined as the name/],
    ['a list of numbers', { body, headers: [1, 2] }, /got a number as the name/],
    ['a set', { body, headers: new Set([['a', 1], 2]) }, /got a number as the name/],
  ])('%s', async (_, message, expected) => {
    const error = await failure(notification.parse(message as Notification.NotificationMessage))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ message: expect.stringMatching(expected) })
  })

  it.each(['a', []])('headers without a signature: %j', async found => {
    const lacking = { body, headers: [found].flat() as Notification.NotificationHeaders }
    expect(await failure(notification.parse(lacking))).toMatchObject({ reason: 'headers' })
  })

  it('but not an odd value of a header that is not needed', async () => {
    const odd = { ...notice().headers, 'content-length': 10, 'x-a': null, 'x-b': {}, 'x-c': undefined }
    const sent = notice()
    const message = { body: sent.body, headers: { ...odd, ...sent.headers } as unknown as Record<string, string> }
    expect(await notification.parse(message)).toMatchObject({ resource: payment })
  })

  it('nor white space around a value, which HTTP strips', async () => {
    const sent = notice()
    const spaced = Object.fromEntries(Object.entries(sent.headers).map(([name, value]) => [name, ` ${value}\t`]))
    expect(await notification.parse({ headers: spaced, body: sent.body })).toMatchObject({ resource: payment })
  })

  it('a nonce that takes over the beginning of the body', async () => {
    const prefixed = signedAnew(`PREFIX\n${notice().body}`)
    const { 'wechatpay-nonce': nonce } = prefixed.headers
    const cut = { ...prefixed.headers, 'wechatpay-nonce': `${nonce}\nPREFIX` }
    const error = await refusal({ headers: cut, body: prefixed.body.slice('PREFIX\n'.length) })
    expect(error).toMatchObject({ reason: 'headers', message: expect.stringContaining('wechatpay-nonce') })
  })

  it.each(['timestamp', 'nonce', 'signature', 'serial'])('a %s that came twice', async name => {
    const sent = notice()
    const key = `wechatpay-${name}`
    const { [key]: value = '' } = sent.headers
    const repeated = [
      { ...sent.headers, [key]: [value, value] as unknown as string },
      new Headers([...Object.entries(sent.headers), [key, value]]),
    ]
    for (const headers of repeated) {
      const error = await failure(notification.parse({ headers, body: sent.body }))
      expect(error).toMatchObject({ reason: 'headers', message: expect.stringContaining('more than once') })
    }
  })
})

describe('fields that are encrypted for the merchant', () => {
  const sealed = (text: string, key = merchant.certificate) =>
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from(text)).toString('base64')
  const card = (value: (text: string) => string) => ({
    event_type: 'BRAND_MEMBER_CARD_SP.USER_CARD.CREATE',
    resource: {
      card_id: 'p1',
      phone_number: value('13900000000'),
      user_information: {
        common_field_list: [{ name: 'USER_FORM_FLAG_NAME', value: value('张三𠮷') }],
        custom_field_list: [{ name: '口味', user_chosen_values: [value('甜'), value('咸')] }],
      },
    },
  })
  const plain = card(text => text)

  it.each([
    ['a client', () => Notification.create(Builder.factory({ ...config, apiv3Key }))],
    ['its private key', () => Notification.create({ ...config, apiv3Key })],
    [
      'its certificate',
      () => {
        const pem = { cert: merchant.certificate, key: merchant.privateKey }
        return Notification.create({ ...keys, mchid: config.mchid, merchant: pem })
      },
    ],
    [
      'a signer of its own',
      () => {
        const { privateKey } = config
        const decrypt = async (ciphertext: string) => Rsa.decrypt(ciphertext, privateKey)
        return Notification.create({ ...keys, signer: { serial: '', sign: () => '', decrypt } })
      },
    ],
  ])('are decrypted with %s', async (_, create) => {
    expect(await create().parse(notice(card(sealed)))).toMatchObject(plain)
  })

  it.each([
    ['without a private key', keys],
    ['with `encrypt: off`', { ...config, apiv3Key, encrypt: 'off' as const }],
  ])('stay encrypted %s', async (_, own) => {
    const event = card(sealed)
    expect(await Notification.create(own).parse(notice(event))).toMatchObject(event)
  })

  it('and do not lose the notification when they were encrypted for a different certificate', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
    const event = card(text => sealed(text, String(other)))
    expect(await Notification.create({ ...config, apiv3Key }).parse(notice(event))).toMatchObject(event)
  })

  it('are only those of the catalogue', async () => {
    const resource = { phone_number: sealed('13900000000') }
    const receiver = Notification.create({ ...config, apiv3Key })
    expect(await receiver.parse(notice({ resource }))).toMatchObject({ resource })
  })
})

describe('a receiver', () => {
  const settings: SharedSettings = {
    caller: { option: 'mchid', id: '1230000109' },
    signer: { serial: '', sign: () => '' },
    verifier: { announcedSerial: () => undefined, verify: () => true },
    apiv3Key: undefined,
    secret: undefined,
    privateKey: undefined,
    store: new MemoryStore(),
  }

  it('takes the whole configuration of a client', async () => {
    const receiver = Notification.create({ ...config, apiv3Key, secret: keys.secret, timeout: 1000 })
    expect(await receiver.parse(notice())).toMatchObject({ resource: payment })
  })

  it('without an APIv3 key names the missing key when it is needed', async () => {
    const receiver = Notification.create({ certs: keys.certs, secret: keys.secret })
    expect(String(await refusal(notice(), receiver))).toContain('`apiv3Key`')
  })

  it.each([{ id: '' }, { event_type: '' }])('refuses an event with %j', async lack => {
    expect(await refusal(notice(lack))).toMatchObject({ code: 'ERR_NOTIFICATION_FORMAT' })
  })

  it('takes a custom verifier in place of certificates', async () => {
    const seen: string[] = []
    const verifier = {
      announcedSerial: () => undefined,
      verify: async (_: Uint8Array, __: string, serial: string) => seen.push(serial) > 0,
    }
    const receiver = Notification.create({ verifier, apiv3Key })
    expect(await receiver.parse(notice())).toMatchObject({ resource: payment })
    expect(seen).toEqual([platform.serial])
  })

  it('shares the live keys of a client', async () => {
    const { createSecretKey } = await import('node:crypto')
    let isTrusted = false
    const client = { chain: (path: string) => path }
    register(client, {
      ...settings,
      verifier: { announcedSerial: () => undefined, verify: () => isTrusted || undefined },
      apiv3Key: createSecretKey(Buffer.from(apiv3Key)),
    })
    const receiver = Notification.create(client)
    expect(await reasonOf(notice(), receiver)).toBe('serial')
    isTrusted = true
    expect(await receiver.parse(notice())).toMatchObject({ resource: payment })
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', {}, /^`certs`/],
    ['certificates alone', { certs: keys.certs }, /^`apiv3Key`/],
    ['an APIv3 key alone', { apiv3Key }, /^`certs`/],
    ['an APIv3 key that is too short', { ...keys, apiv3Key: 'short' }, /`apiv3Key` .*32 bytes/],
    ['an APIv2 key that is too short', { secret: 'short' }, /`secret` .*32 bytes/],
    [
      "the merchant's own certificate",
      { ...keys, ...config, certs: { [config.serial]: config.privateKey } },
      /certs\./,
    ],
    ['an empty list', [], /^Notification\.create .*at least one/],
    ['a list with null', [null], /^Notification\.create /],
    ['null', null, /^Notification\.create /],
  ])('refuses %s, by name', (_, source, message) => {
    expect(() => Notification.create(source as Notification.NotificationConfig)).toThrow(message)
    expect(() => Notification.create(source as Notification.NotificationConfig)).toThrow(InvalidArgumentError)
  })

  it('with only the APIv2 key names the keys of APIv3', async () => {
    const receiver = Notification.create({ secret: keys.secret })
    expect(await refusal(notice(), receiver)).toMatchObject({ message: expect.stringContaining('`certs`') })
  })
})
