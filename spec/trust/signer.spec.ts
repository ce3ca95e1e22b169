import { createPublicKey, createVerify, publicEncrypt } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import type { Config } from '../../lib/config/config.js'
import { NOTHING_SENT, OUTCOME_UNKNOWN } from '../../lib/errors.js'
import * as Invoke from '../../lib/invoke/index.js'
import * as Notification from '../../lib/notification/index.js'
import { answer, config, merchant, platform, startGateway } from '../gateway.js'
import { type RemoteSigner, startKms } from './kms.js'
import { startToken, TOKEN_IS_MISSING } from './soft-token.js'

const apiv3Key = 'an-apiv3-key-of-thirty-two-bytes'
const SERIAL = '40E2'.padEnd(40, '0')

const gateway = await startGateway()
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
})

if (TOKEN_IS_MISSING) it.skip(`no PKCS#11 token is tried: ${TOKEN_IS_MISSING}`, () => {})

describe.each<[string, (serial: string) => Promise<RemoteSigner> | RemoteSigner]>([
  ['in a different process, over a socket', startKms],
  ...(TOKEN_IS_MISSING ? [] : [['in a PKCS#11 token', startToken] satisfies [string, typeof startToken]]),
])('a private key %s', (_where, start) => {
  let remote: RemoteSigner
  beforeAll(async () => {
    remote = await start(SERIAL)
  }, 60_000)
  afterAll(() => remote.close())
  const open = () => {
    const { mchid, certs } = config
    return Builder.factory({ mchid, certs, signer: remote.signer, base_uri: gateway.url })
  }

  it('signs requests, under its serial', async () => {
    const { data } = await open()

      .chain('v3/some/path')
      .post({ json: { description: '微信' } })
    expect(data).toEqual({ ok: true })
    const { method, url, body, authorization } = gateway.requests[0] ?? expect.fail()
    const message = `${method}\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n${body}\n`
    const isSigned = createVerify('sha256')
      .update(message)
      .verify(createPublicKey(remote.publicKey), authorization.signature ?? '', 'base64')
    expect(isSigned).toBe(true)
    expect(authorization).toMatchObject({ serial_no: SERIAL, mchid: merchant.mchid })
  })

  it('signs simultaneous calls, each with its own signature', async () => {
    const wxpay = open()
    await Promise.all(Array.from({ length: 8 }, (_, id) => wxpay.chain(`v3/x/${id}`).get()))
    const isSigned = gateway.requests.map(({ method, url, authorization }) =>
      createVerify('sha256')
        .update(`${method}\n${url}\n${authorization.timestamp}\n${authorization.nonce_str}\n\n`)
        .verify(createPublicKey(remote.publicKey), authorization.signature ?? '', 'base64'),
    )
    expect(isSigned).toEqual(Array.from({ length: 8 }, () => true))
  })

  it('decrypts the fields of a response that are encrypted for it', async () => {
    const name = publicEncrypt(createPublicKey(remote.publicKey), Buffer.from('张三😀')).toString('base64')
    gateway.answers = [answer(200, { echo_message: 'hello', encrypted_echo_message: name })]
    const { data } = await open()
      .chain('v3/security/echo')
      .post({ json: { echo_message: 'hello' } })
    expect(data).toEqual({ echo_message: 'hello', encrypted_echo_message: '张三😀' })
  })
})

describe('a signer', () => {
  const { mchid, certs } = config
  const open = (sign: () => string | Promise<string>) =>
    Builder.factory({ mchid, certs, signer: { serial: SERIAL, sign }, base_uri: gateway.url })

  it('that fails ends the call before anything is sent', async () => {
    const cause = new Error('the service is down')
    const call = open(() => Promise.reject(cause))
      .chain('v3/certificates')
      .get()
    await expect(call).rejects.toMatchObject({ code: 'ERR_SIGNER', cause })
    expect(gateway.requests).toEqual([])
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty string', ''],
    ['bytes', Buffer.from('signed')],
    ['an object', { Signature: 'c2lnbmVk' }],
    ['a string that is not base64', 'signed by me'],
    ['the signature in hex', '0f'.repeat(129)],
    ['the URL-safe alphabet', 'c2ln-mVk'],
    ['a line break', 'c2ln\nbmVk'],
    ['missing padding', 'c2lnbmV'],
  ])('that returns %s ends the call before anything is sent', async (_what, signature) => {
    const sign: () => string = Object(() => signature)
    await expect(open(sign).chain('v3/certificates').get()).rejects.toMatchObject({
      code: 'ERR_SIGNER',
      message: expect.stringContaining(NOTHING_SENT),
    })
    const parameters = Invoke.jsapi({ appId: 'wx1', prepay_id: 'wx2' }, { signer: { serial: SERIAL, sign } })
    await expect(parameters).rejects.toMatchObject({ code: 'ERR_SIGNER' })
    expect(gateway.requests).toEqual([])
  })

  it('may sign without a promise, and without being able to decrypt', async () => {
    const ciphertext = Buffer.alloc(256, 1).toString('base64')
    gateway.answers = [answer(200, { encrypted_echo_message: ciphertext })]
    const { data } = await open(() => 'c2lnbmVk')
      .chain('v3/security/echo')
      .post({ json: { echo_message: 'hello' } })
    expect(data).toEqual({ encrypted_echo_message: ciphertext })
    expect(gateway.requests[0]?.authorization.signature).toBe('c2lnbmVk')
  })
})

describe('a verifier', () => {
  const ask = (verifier: NonNullable<Config['verifier']>) => {
    const { mchid, serial, privateKey } = config
    return Builder.factory({ mchid, serial, privateKey, verifier, base_uri: gateway.url, retry: false })
      .chain('v3/certificates')
      .get()
  }

  it('is given what was signed, and decides', async () => {
    const asked: string[] = []
    const { data } = await ask({
      announcedSerial: async () => 'PUB_KEY_ID_1',
      verify: async (message, signature, serial) => {
        asked.push(serial, signature)
        expect(Buffer.from(message).toString()).toMatch(/^\d+\n\w+\n\{"ok":true\}\n$/)
        return true
      },
    })
    expect(data).toEqual({ ok: true })
    expect(asked[0]).toBe(platform.serial)
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe('PUB_KEY_ID_1')
  })

  it.each([
    [false, 'mismatch'],
    [undefined, 'serial'],
  ])('that returns %s refuses the response: %s', async (verdict, reason) => {
    await expect(ask({ announcedSerial: () => undefined, verify: () => verdict })).rejects.toMatchObject({ reason })
    expect(gateway.requests[0]?.headers).not.toHaveProperty('wechatpay-serial')
  })

  it.each([
    ['a response of a KMS that says no', { SignatureValid: false }],
    ['a response of a KMS that says yes', { SignatureValid: true }],
    ['the word', 'true'],
    ['a number', 1],
    ['zero', 0],
    ['null', null],
    ['an empty string', ''],
    ['a function', () => true],
  ])('that says %s has not said yes', async (_what, verdict) => {
    const verify: () => boolean = Object(() => verdict)
    await expect(ask({ announcedSerial: () => undefined, verify })).rejects.toMatchObject({
      code: 'ERR_VERIFIER',
      message: expect.stringContaining(OUTCOME_UNKNOWN),
    })
    const notification = Notification.mint(
      { event_type: 'TRANSACTION.SUCCESS', resource: { out_trade_no: '1' } },
      { privateKey: platform.privateKey, serial: platform.serial, apiv3Key },
    )
    const receiver = Notification.create({ verifier: { announcedSerial: () => undefined, verify }, apiv3Key })
    await expect(receiver.parse(notification)).rejects.toMatchObject({ code: 'ERR_VERIFIER' })
    const handled: unknown[] = []
    const handler = receiver.handler(event => void handled.push(event), { onError: () => {} })
    const { status } = await handler(new Request('https://a.example/', { method: 'POST', ...notification }))
    expect([status, handled]).toEqual([500, []])
  })

  it('that fails before the call says that nothing was sent', async () => {
    const cause = new Error('the KMS is down')
    const call = ask({ announcedSerial: () => Promise.reject(cause), verify: () => true })
    await expect(call).rejects.toMatchObject({
      code: 'ERR_VERIFIER',
      cause,
      message: expect.stringContaining(NOTHING_SENT),
    })
    expect(gateway.requests).toEqual([])
  })

  it('that fails after the call says what to do about it', async () => {
    const cause = new Error('the KMS is down')
    const verify = () => {
      throw cause
    }
    const call = ask({ announcedSerial: () => undefined, verify })
    await expect(call).rejects.toMatchObject({
      code: 'ERR_VERIFIER',
      cause,
      message: expect.stringContaining('out_trade_no'),
    })
    expect(gateway.requests).toHaveLength(1)
  })

  it('keeps its own `this`', async () => {
    class Kms {
      readonly #serial = 'PUB_KEY_ID_1'
      announcedSerial() {
        return this.#serial
      }
      encryptionKey() {
        return { serial: this.#serial, key: createPublicKey(platform.certificate) }
      }
      verify() {
        return this.#serial.startsWith('PUB_KEY_ID_')
      }
    }
    expect(await ask(new Kms())).toMatchObject({ data: { ok: true } })
  })
})
