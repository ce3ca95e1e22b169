import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import type { VerifiedCall, VerifiedRoute } from '../../../lib/simulator/gateway/endpoint.js'
import { withSensitiveFields } from '../../../lib/simulator/gateway/sensitive.js'
import { Simulator, type SimulatorConfig } from '../../../lib/simulator/index.js'
import { createMerchant } from '../../../lib/simulator/keys/merchant.js'
import { isSigned, post, send } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const ECHO = '/v3/security/echo'
const ADD = '/v3/profitsharing/receivers/add'
const NAME = '张𠮷😀'
/** 214 bytes: the maximum for a key of 2048 bits. */
const LONGEST = `${'名'.repeat(71)}a`

let simulator: Simulator
let config: SimulatorConfig
let certificate: { serial: string; privateKey: string }
let publicKey: { serial: string; privateKey: string }
beforeAll(async () => {
  simulator = await startSimulator()
  config = simulator.config
  certificate = simulator.keys.platformCertificate
  publicKey = simulator.keys.platformPublicKey
})
afterAll(() => simulator.close())

function encryptFor(value: string, serial: string, padding = constants.RSA_PKCS1_OAEP_PADDING): string {
  const key = createPublicKey(config.certs[serial] ?? expect.fail(`there is no key ${serial}`))
  return publicEncrypt({ key, padding }, Buffer.from(value)).toString('base64')
}

const decryptWith = (ciphertext: string, privateKey: string) =>
  privateDecrypt(privateKey, Buffer.from(ciphertext, 'base64')).toString()

const RECEIVER = {
  appid: 'wx8888888888888888',
  type: 'MERCHANT_ID',
  account: '86693852',
  relation_type: 'STORE',
} as const

const lastPayload = () => JSON.parse(simulator.requests.at(-1)?.body ?? '')

describe.each(['certificate', 'public key'])('a client that encrypts with the %s', keyType => {
  const keyOf = () => (keyType === 'certificate' ? certificate : publicKey)
  const wxpay = () => {
    const { certs, ...downloading } = config
    return Builder.factory(keyType === 'certificate' ? downloading : { ...downloading, certs })
  }

  it.each([NAME, LONGEST])('encrypts a name for WeChat Pay, and decrypts it in the response: %s', async name => {
    const { data } = await wxpay()
      .chain('v3/profitsharing/receivers/add')
      .post({ json: { ...RECEIVER, name } })
    expect(data).toMatchObject({ account: '86693852', name })
    expect(simulator.requests.at(-1)?.headers['wechatpay-serial']).toBe(keyOf().serial)
    expect(simulator.requests.at(-1)?.body).not.toContain(name)
    expect(decryptWith(lastPayload().name, keyOf().privateKey)).toBe(name)
  })

  it('receives the message that it encrypted', async () => {
    const message = { echo_message: 'hello', encrypted_echo_message: NAME }
    const { data } = await wxpay().chain('v3/security/echo').post({ json: message })
    expect(data).toStrictEqual(message)
    expect(decryptWith(lastPayload().encrypted_echo_message, keyOf().privateKey)).toBe(NAME)
  })
})

it('a client encrypts with the new certificate after a rotation', async () => {
  const rotating = await Simulator.start({ keys: simulator.keys })
  const { certs: _, ...rest } = rotating.config
  const wxpay = Builder.factory(rest)
  const add = () => wxpay.chain('v3/profitsharing/receivers/add').post({ json: { ...RECEIVER, name: NAME } })
  await add()
  const { serial } = await rotating.rotate()
  // The response contains a serial that the client does not know yet.
  expect((await add()).data).toMatchObject({ name: NAME })
  expect((await add()).data).toMatchObject({ name: NAME })
  const request = rotating.requests.at(-1)
  expect(request?.headers['wechatpay-serial']).toBe(serial)
  expect(decryptWith(JSON.parse(request?.body ?? '').name, rotating.keys.platformCertificate.privateKey)).toBe(NAME)
  await rotating.close()
})

describe('a merchant without this client', () => {
  const add = (name: unknown, serial: string | undefined) =>
    post(config, ADD, { ...RECEIVER, name }, { headers: { 'Wechatpay-Serial': serial } })

  it('receives the name encrypted with its own certificate', async () => {
    const response = await add(encryptFor(NAME, certificate.serial), certificate.serial)
    expect(response.status).toBe(200)
    expect(isSigned(response, config)).toBe(true)
    expect(decryptWith(response.json.name, config.privateKey)).toBe(NAME)
    expect(response.json.account).toBe('86693852')
  })

  it('may send the serial of a certificate in lower case', async () => {
    expect((await add(encryptFor(NAME, certificate.serial), certificate.serial.toLowerCase())).status).toBe(200)
  })

  it('needs no Wechatpay-Serial when there is no sensitive field', async () => {
    for (const name of [undefined, '', null])
      expect((await add(name, undefined)).status).toBe(name === null ? 400 : 200)
  })

  it.each([
    ['unencrypted', () => '张三'],
    ['a number', () => 42],
    ['base64 of a short value', () => Buffer.from('张三').toString('base64')],
    ['a truncated ciphertext', () => encryptFor(NAME, certificate.serial).slice(4)],
    ['base64 without padding', () => encryptFor(NAME, certificate.serial).replace(/=+$/, '')],
    ['an object', () => ({ first: '三' })],
  ])('is refused a name that is %s', async (_kind, name) => {
    const response = await add(name(), certificate.serial)
    expect(response).toMatchObject({
      status: 400,
      json: {
        code: 'PARAM_ERROR',
        message: '请确认待处理的消息是否为加密后的密文',
        detail: { field: expect.stringMatching(/^\/name/), location: 'body' },
      },
    })
    expect(response.text).not.toContain('三')
  })

  it.each([
    ['a key that Wechatpay-Serial does not name', () => encryptFor(NAME, publicKey.serial)],
    ['a different padding', () => encryptFor(NAME, certificate.serial, constants.RSA_PKCS1_PADDING)],
    ["the merchant's own key", () => publicEncrypt(config.merchant.cert, Buffer.from(NAME)).toString('base64')],
  ])('is refused a name that is encrypted with %s', async (_kind, name) => {
    expect(await add(name(), certificate.serial)).toMatchObject({
      status: 400,
      json: {
        code: 'PARAM_ERROR',
        message: '平台私钥解密失败',
        detail: { field: '/name', issue: expect.stringContaining('Wechatpay-Serial'), location: 'body' },
      },
    })
  })

  it('is refused a sensitive field without Wechatpay-Serial', async () => {
    expect(await add(encryptFor(NAME, certificate.serial), undefined)).toMatchObject({
      status: 400,
      json: {
        code: 'PARAM_ERROR',
        message: 'HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)',
        detail: { field: 'wechatpay-serial', location: 'header' },
      },
    })
  })

  it('is refused a Wechatpay-Serial of an unknown key', async () => {
    for (const serial of ['PUB_KEY_ID_0000000000000000000000000000', config.serial]) {
      expect(await add(encryptFor(NAME, certificate.serial), serial)).toMatchObject({
        status: 400,
        json: {
          code: 'PARAM_ERROR',
          message: '平台证书序列号Wechatpay-Serial错误',
          detail: { field: 'wechatpay-serial', value: serial, location: 'header' },
        },
      })
    }
  })

  it('may encrypt with the old certificate while it is valid', async () => {
    const rotating = await Simulator.start({ keys: simulator.keys })
    await rotating.rotate()
    const call = { headers: { 'Wechatpay-Serial': certificate.serial } }
    const response = await post(rotating.config, ADD, { ...RECEIVER, name: encryptFor(NAME, certificate.serial) }, call)
    await rotating.close()
    expect(decryptWith(response.json.name, config.privateKey)).toBe(NAME)
  })

  it('is refused a body that is not JSON', async () => {
    expect(await send(config, { method: 'POST', path: ECHO, body: '{' })).toMatchObject({
      status: 400,
      json: { code: 'PARAM_ERROR', detail: { issue: 'not valid JSON in UTF-8' } },
    })
  })
})

describe('a field that the catalogue marks as sensitive', () => {
  const marks = { encrypted: [], encryptedQuery: [], decrypted: [], padding: 'oaep' } as const

  function call(body: unknown, query: Record<string, string> = {}): VerifiedCall {
    return {
      merchant: createMerchant(config.mchid, simulator.keys),
      params: {},
      query: new URLSearchParams(query),
      request: {
        method: 'POST',
        target: '/',
        headers: { 'wechatpay-serial': certificate.serial },
        body: Buffer.from(JSON.stringify(body)),
      },
      now: Date.now(),
      machineTime: Date.now(),
    }
  }

  /** Returns the body and the query that it received. */
  const mirror: VerifiedRoute = {
    method: 'POST',
    path: '/v3/mirror',
    handle: ({ request, query }) => ({
      statusCode: 200,
      body: JSON.stringify({ body: JSON.parse(request.body.toString()), query: Object.fromEntries(query) }),
    }),
  }

  it('is decrypted at any depth, in every item of a list', async () => {
    const endpoint = withSensitiveFields(mirror, { ...marks, encrypted: ['/list/[]/name', '/contact/phone'] })
    const sent = (make: (value: string) => string) => ({
      list: [{ name: make('一') }, { name: make('二'), age: 3 }],
      contact: { phone: make('18888888888'), city: '深圳' },
    })
    const response = await endpoint.handle(call(sent(value => encryptFor(value, certificate.serial))))
    expect(JSON.parse(response.body).body).toStrictEqual(sent(value => value))
    const half = { list: [{ name: encryptFor('一', certificate.serial) }, { name: '二' }] }
    await expect(endpoint.handle(call(half))).rejects.toMatchObject({ detail: { field: '/list/1/name' } })
  })

  it('is decrypted in the query', async () => {
    const endpoint = withSensitiveFields(mirror, { ...marks, encryptedQuery: ['mobile'] })
    const response = await endpoint.handle(
      call({}, { mobile: encryptFor('18888888888', certificate.serial), limit: '1' }),
    )
    expect(JSON.parse(response.body).query).toStrictEqual({ mobile: '18888888888', limit: '1' })
    await expect(endpoint.handle(call({}, { mobile: '18888888888' }))).rejects.toMatchObject({
      detail: { field: 'mobile', location: 'query' },
    })
  })

  it('is decrypted with the padding of the endpoint', async () => {
    const endpoint = withSensitiveFields(mirror, { ...marks, encrypted: ['/name'], padding: 'pkcs1' })
    const response = await endpoint.handle(
      call({ name: encryptFor(NAME, certificate.serial, constants.RSA_PKCS1_PADDING) }),
    )
    expect(JSON.parse(response.body).body).toStrictEqual({ name: NAME })
    await expect(endpoint.handle(call({ name: encryptFor(NAME, certificate.serial) }))).rejects.toMatchObject({
      message: '平台私钥解密失败',
    })
  })

  it('does not affect endpoints without sensitive fields', () => {
    expect(withSensitiveFields(mirror)).toBe(mirror)
  })
})
