import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Simulator, SimulatorConfig } from '../../../lib/simulator/index.js'
import { authorization, get, order, post, send } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const NOW = Date.UTC(2026, 10, 24, 8)
const SECONDS = NOW / 1000
const PATH = '/v3/certificates'

let simulator: Simulator
let config: SimulatorConfig
let now = NOW

beforeAll(async () => {
  simulator = await startSimulator({ clock: () => now })
  config = simulator.config
})
beforeEach(() => {
  now = NOW
})
afterAll(() => simulator.close())

function refusal(field: string, issue: string) {
  const detail = { location: 'authorization', field, issue: expect.stringContaining(issue) }
  return { status: 401, json: { code: 'SIGN_ERROR', detail } }
}

describe('a request signed by the merchant', () => {
  it('is accepted', async () => {
    expect((await get(config, PATH, { timestamp: SECONDS })).status).toBe(200)
  })

  it('is accepted with its parameters in any order', async () => {
    const [scheme, list = ''] = authorization(config, { path: PATH, timestamp: SECONDS }).split(' ')
    const reversed = `${scheme} ${list.split(',').reverse().join(',')}`
    expect((await get(config, PATH, { authorization: reversed })).status).toBe(200)
  })

  it('is accepted up to 300 seconds early or late, and not one second more', async () => {
    for (const offset of [-300, 300]) {
      expect((await get(config, PATH, { timestamp: SECONDS + offset })).status).toBe(200)
    }
    expect(await get(config, PATH, { timestamp: SECONDS - 301 })).toMatchObject(
      refusal('timestamp', '301 seconds behind'),
    )
    expect(await get(config, PATH, { timestamp: SECONDS + 301 })).toMatchObject(
      refusal('timestamp', '301 seconds ahead'),
    )
  })

  it('covers the path and the query exactly as they were sent', async () => {
    const path = '/v3/certificates?algorithm_type=RSA&note=%e4%b8%ad'
    expect((await get(config, path, { timestamp: SECONDS })).status).toBe(200)
    const sentPath = '/v3/certificates?algorithm_type=RSA&note=%E4%B8%AD'
    expect(await get(config, path, { timestamp: SECONDS, sentPath })).toMatchObject(
      refusal('signature', 'sign not match'),
    )
  })
})

describe('a request without a valid signature of the merchant', () => {
  const timestamp = SECONDS

  it.each([
    ['no header', undefined, 'authorization', 'missing'],
    ['single quotes', "WECHATPAY2-SHA256-RSA2048 mchid='1'", 'authorization', 'name="value"'],
    ['an unknown parameter', 'WECHATPAY2-SHA256-RSA2048 extra="1"', 'authorization', 'extra'],
    ['a parameter twice', 'WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="1"', 'authorization', 'mchid'],
    ['a different scheme', 'Bearer token', 'scheme', 'WECHATPAY2-SHA256-RSA2048'],
    ['a scheme without parameters', 'WECHATPAY2-SHA256-RSA2048', 'authorization', 'name="value"'],
  ])('is refused for %s', async (_, header, field, issue) => {
    expect(await get(config, PATH, { authorization: header })).toMatchObject(refusal(field, issue))
  })

  it.each(['mchid', 'nonce_str', 'timestamp', 'serial_no', 'signature'])('is refused without %s', async name => {
    const header = authorization(config, { path: PATH, timestamp })
    const without = header.replace(new RegExp(`,?${name}="[^"]*"`), '').replace(' ,', ' ')
    expect(await get(config, PATH, { authorization: without })).toMatchObject(refusal('authorization', name))
  })

  it('is refused for an unknown mchid', async () => {
    expect(await get(config, PATH, { timestamp, mchid: '1900000110' })).toMatchObject(refusal('mchid', '1900000110'))
  })

  it('may write serial_no and Wechatpay-Serial in lower case', async () => {
    const serial = config.serial.toLowerCase()
    const [publicKeyId = ''] = Object.keys(config.certs).filter(name => name.startsWith('PUB_KEY_ID_'))
    const headers = { 'Wechatpay-Serial': publicKeyId.toLowerCase() }
    const response = await get(config, PATH, { timestamp, serial, headers })
    expect(response.status).toBe(200)
    expect(response.headers['wechatpay-serial']).toBe(publicKeyId)
  })

  it('is refused for an unknown serial', async () => {
    const serial = '5157F09EFDC096DE15EBE81A47057A7232F1B8E1'
    expect(await get(config, PATH, { timestamp, serial })).toMatchObject(refusal('serial_no', serial))
  })

  it('is refused for a timestamp that is not a number of seconds', async () => {
    expect(await get(config, PATH, { timestamp: '2026-11-24' })).toMatchObject(refusal('authorization', 'timestamp'))
  })

  it('is refused when it is signed with a different key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    expect(await get(config, PATH, { timestamp, privateKey })).toMatchObject(refusal('signature', 'sign not match'))
  })

  it('is refused when its signature is not base64', async () => {
    const header = authorization(config, { path: PATH, timestamp }).replace(/signature="[^"]*"/, 'signature="%%%"')
    expect(await get(config, PATH, { authorization: header })).toMatchObject(refusal('signature', 'sign not match'))
  })

  it('is refused when the path, the query or the method differs from the signed one', async () => {
    const path = '/v3/pay/transactions/out-trade-no/1217752501?mchid=1900000109'
    for (const sentPath of [path.replace('1217752501', '1217752502'), `${path}&x=1`, '/v3/certificates']) {
      expect(await get(config, path, { timestamp, sentPath })).toMatchObject(refusal('signature', 'sign not match'))
    }
    const header = authorization(config, { method: 'GET', path: '/v3/refund/domestic/refunds', body: '{}', timestamp })
    expect(await post(config, '/v3/refund/domestic/refunds', {}, { authorization: header })).toMatchObject(
      refusal('signature', 'sign not match'),
    )
  })

  it('is refused when one byte of the body changed, and has no effect', async () => {
    const payload = order(config)
    const sentBody = JSON.stringify(payload).replace('"total":100', '"total":101')
    const response = await post(config, '/v3/pay/transactions/native', payload, { timestamp, sentBody })
    expect(response).toMatchObject(refusal('signature', 'sign not match'))
    const path = `/v3/pay/transactions/out-trade-no/${payload.out_trade_no}?mchid=${config.mchid}`
    expect((await get(config, path, { timestamp })).status).toBe(404)
  })
})

describe('a replayed nonce', () => {
  it('is refused while its timestamp is valid, even with a different timestamp', async () => {
    const nonce = 'replayed00000000000000000000000A'
    expect((await get(config, PATH, { timestamp: SECONDS, nonce })).status).toBe(200)
    const refused = refusal('nonce_str', 'nonce_str')
    expect(await get(config, PATH, { timestamp: SECONDS, nonce })).toMatchObject(refused)
    now += 299_000
    expect(await get(config, PATH, { timestamp: SECONDS, nonce })).toMatchObject(refused)
    expect(await get(config, PATH, { timestamp: SECONDS + 299, nonce })).toMatchObject(refused)
  })

  it('may be used again after a refused request', async () => {
    const nonce = 'replayed00000000000000000000000B'
    expect((await get(config, PATH, { timestamp: SECONDS, nonce, sentPath: `${PATH}?x` })).status).toBe(401)
    expect((await get(config, PATH, { timestamp: SECONDS, nonce })).status).toBe(200)
  })
})

describe('a SIGN_ERROR', () => {
  it('shows the verified message, with the first characters of the body and the total length', async () => {
    const body = JSON.stringify({ appid: 'wxd678efh567hg6787', description: '中文' })
    const nonce = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
    const path = '/v3/pay/transactions/native?a=1'
    const call = { method: 'POST', path, body: 'something else', sentBody: body, timestamp: SECONDS, nonce }
    const { json } = await send(config, call)
    expect(json).toStrictEqual({
      code: 'SIGN_ERROR',
      message: '错误的签名，验签失败',
      detail: {
        field: 'signature',
        issue: 'sign not match',
        location: 'authorization',
        sign_information: {
          method: 'POST',
          url: path,
          truncated_sign_message: `POST\n${path}\n${SECONDS}\n${nonce}\n{"appid"\n`,
          sign_message_length: Buffer.byteLength(`POST\n${path}\n${SECONDS}\n${nonce}\n${body}\n`),
        },
      },
    })
  })

  it('is not signed, because the merchant is unknown', async () => {
    const { status, headers } = await get(config, PATH, { authorization: undefined })
    expect(status).toBe(401)
    expect(Object.keys(headers).filter(name => name.startsWith('wechatpay-'))).toStrictEqual([])
    expect(headers['request-id']).toMatch(/^08[0-9A-F]{40}-[1-9]\d*$/)
  })
})

describe('Accept and User-Agent', () => {
  it.each(['Accept', 'User-Agent'])('are mandatory: %s', async name => {
    expect(await get(config, PATH, { timestamp: SECONDS, headers: { [name]: undefined } })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_REQUEST', message: 'Http头缺少Accept或User-Agent', detail: { field: name.toLowerCase() } },
    })
  })
})
