import { constants, createHash, createHmac, createSign, sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MISTAKE_CODES } from '../../../lib/simulator/gateway/diagnosis.js'
import type { Simulator, SimulatorConfig } from '../../../lib/simulator/index.js'
import { authorization, order, type RawCall, send } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const NOW = Date.UTC(2026, 10, 24, 8)
const timestamp = NOW / 1000
const NONCE = '593BEC0C930BF1AFEB40B4A08C8FB242'
const NATIVE = '/v3/pay/transactions/native'
const QUERY = '/v3/certificates?algorithm_type=RSA&note=%E4%B8%AD+%2F'

let simulator: Simulator
let config: SimulatorConfig
let body: string
let nonce: string
let count = 0
const seen = new Set<string>()

beforeAll(async () => {
  simulator = await startSimulator({ clock: () => NOW })
  config = simulator.config
})
beforeEach(() => {
  count += 1
  nonce = NONCE.slice(0, -4) + String(count).padStart(4, '0')
  body = JSON.stringify(order(config, { notify_url: 'https://shop.example/notify?a=1&b=<2>' }))
})
afterAll(() => simulator.close())

/** Of the last request, which must have been refused. */
function diagnosis() {
  const { diagnosis: found } = simulator.requests.at(-1) ?? {}
  for (const { code } of found?.mistakes ?? []) seen.add(code)
  return { ...found, mistakes: found?.mistakes.map(({ code }) => code) }
}

async function mistakesOf(call: RawCall): Promise<readonly string[] | undefined> {
  expect((await send(config, { timestamp, nonce, ...call })).status).toBe(401)
  return diagnosis().mistakes
}

/** The header for a string of one's own. */
function headerFor(string: string, algorithm = 'RSA-SHA256', privateKey = config.privateKey): string {
  return header(createSign(algorithm).update(string).sign(privateKey, 'base64'))
}

function header(signature: string): string {
  return authorization(config, { timestamp, nonce }).replace(/signature="[^"]*"/, `signature="${signature}"`)
}

const right = () => `POST\n${NATIVE}\n${timestamp}\n${nonce}\n${body}\n`

describe('the signed and the sent string', () => {
  it.each([
    ['the query left out', '/v3/certificates', QUERY, ['query-missing']],
    ['the whole URL', 'https://api.mch.weixin.qq.com/v3/certificates', '/v3/certificates', ['full-url']],
    [
      'the whole URL without its query',
      'http://api.mch.weixin.qq.com/v3/certificates',
      QUERY,
      ['full-url', 'query-missing'],
    ],
    ['no slash at the start', 'v3/certificates', '/v3/certificates', ['path-spelling']],
    ['the query decoded', '/v3/certificates?algorithm_type=RSA&note=中+/', QUERY, ['path-spelling']],
    ['the query sorted', '/v3/certificates?a=1&b=2', '/v3/certificates?b=2&a=1', ['path-spelling']],
  ])('%s', async (_, path, sentPath, codes) => {
    expect(await mistakesOf({ path, sentPath })).toEqual(codes)
    expect(diagnosis()).toMatchObject({
      expected: `GET\n${sentPath}\n${timestamp}\n${nonce}\n\n`,
      signed: `GET\n${path}\n${timestamp}\n${nonce}\n\n`,
    })
  })

  it('the URL of the simulator itself', async () => {
    const path = `${config.base_uri}v3/certificates`
    expect(await mistakesOf({ path, sentPath: '/v3/certificates' })).toEqual(['full-url'])
  })

  it.each([
    ['indented', (json: string) => JSON.stringify(JSON.parse(json), null, 2)],
    ['as Python writes it', (json: string) => json.replace(/(?<=[\]}"0-9])([,:])(?=[[{"0-9])/g, '$1 ')],
    [
      'as PHP writes it',
      (json: string) =>
        json.replaceAll('/', '\\/').replace(/[^\0-~]/g, char => `\\u${char.charCodeAt(0).toString(16)}`),
    ],
    ['as Go writes it', (json: string) => json.replace(/[<>&]/g, char => `\\u00${char.charCodeAt(0).toString(16)}`)],
    ['with a line feed at its end', (json: string) => `${json}\n`],
    [
      'with its fields sorted',
      (json: string) => {
        const { amount, ...rest } = JSON.parse(json)
        const { currency, total } = amount
        return JSON.stringify(Object.fromEntries(Object.entries({ ...rest, amount: { currency, total } }).sort()))
      },
    ],
  ])('a body that was signed %s', async (_, write) => {
    expect(write(body)).not.toBe(body)
    const call = { method: 'POST', path: NATIVE, body: write(body), sentBody: body }
    expect(await mistakesOf(call)).toEqual(['body-rewritten'])
    expect(diagnosis().signed).toBe(`POST\n${NATIVE}\n${timestamp}\n${nonce}\n${write(body)}\n`)
  })

  it('a body that was signed or sent alone', async () => {
    expect(await mistakesOf({ method: 'POST', path: NATIVE, body: '', sentBody: body })).toEqual(['body-missing'])
    nonce = nonce.toLowerCase()
    expect(await mistakesOf({ path: '/v3/certificates', body: '{}', sentBody: '' })).toEqual(['body-unsent'])
  })

  it('a different method, timestamp or nonce', async () => {
    const plain = { method: 'POST', path: NATIVE, sentBody: body }
    const signedAs = (string: string) => mistakesOf({ ...plain, authorization: headerFor(string) })
    expect(await signedAs(right().replace('POST', 'post'))).toEqual(['method'])
    expect(await signedAs(right().replace('POST', 'GET'))).toEqual(['method'])
    expect(await signedAs(right().replace(String(timestamp), `${timestamp}042`))).toEqual(['timestamp-milliseconds'])
    expect(await signedAs(right().replace(String(timestamp), String(timestamp - 2)))).toEqual(['timestamp-differs'])
    expect(await signedAs(right().replace(nonce, nonce.toLowerCase()))).toEqual(['nonce-case'])
  })

  it('lines that are joined differently', async () => {
    for (const string of [
      right().slice(0, -1),
      right().replaceAll('\n', '\r\n'),
      right().replaceAll('\n', '\\n'),
      `${timestamp}\n${nonce}\n${body}\n`,
    ]) {
      expect(
        await mistakesOf({ method: 'POST', path: NATIVE, sentBody: body, authorization: headerFor(string) }),
      ).toEqual(['lines'])
    }
  })

  it('two mistakes at once', async () => {
    const call = { method: 'POST', path: NATIVE, sentBody: body }
    const string = right()
      .replace('POST', 'GET')
      .replace(body, JSON.stringify(JSON.parse(body), null, 4))
    expect(await mistakesOf({ ...call, authorization: headerFor(string) })).toEqual(['body-rewritten', 'method'])
  })

  it('any other mistake is reported as unknown, with the expected string', async () => {
    const call = { method: 'POST', path: NATIVE, sentBody: body }
    expect(await mistakesOf({ ...call, authorization: headerFor('something') })).toEqual(['string-unknown'])
    expect(diagnosis()).toEqual({ mistakes: ['string-unknown'], expected: right() })
  })

  it('more than the meta of an upload', async () => {
    const meta = '{"filename":"a.png","sha256":"0"}'
    const form = `--b\r\nContent-Disposition: form-data; name="meta"\r\n\r\n${meta}\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nPNG\r\n--b--\r\n`
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
    const call = { method: 'POST', path: '/v3/merchant/media/upload', body: form, headers }
    expect(await mistakesOf(call)).toEqual(['upload-meta'])
    expect(diagnosis().expected).toBe(`POST\n${call.path}\n${timestamp}\n${nonce}\n${meta}\n`)
  })
})

describe('how it was signed', () => {
  const call = () => ({ method: 'POST', path: NATIVE, sentBody: body })
  const signedBy = (signature: string) => mistakesOf({ ...call(), authorization: header(signature) })

  it('a key that is not the one of the merchant', async () => {
    const { privateKey } = simulator.brand
    expect(await signedBy(createSign('RSA-SHA256').update(right()).sign(privateKey, 'base64'))).toEqual([
      'key-of-other',
    ])
    const { privateKey: foreign } = simulator.keys.platformPublicKey
    expect(await signedBy(createSign('RSA-SHA256').update(right()).sign(foreign, 'base64'))).toEqual(['other-key'])
    expect(diagnosis()).not.toHaveProperty('signed')
  })

  it('a different hash, a hash of the hash, a different padding', async () => {
    expect(await mistakesOf({ ...call(), authorization: headerFor(right(), 'RSA-SHA1') })).toEqual(['hash-algorithm'])
    const hashed = createHash('sha256').update(right()).digest('hex')
    expect(await mistakesOf({ ...call(), authorization: headerFor(hashed) })).toEqual(['hash-twice'])
    const pss = { key: config.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }
    expect(await signedBy(sign('sha256', Buffer.from(right()), pss).toString('base64'))).toEqual(['signature-padding'])
  })

  it('a signature in a different encoding or of a different length', async () => {
    const signature = sign('sha256', Buffer.from(right()), config.privateKey)
    expect(await signedBy(signature.toString('hex'))).toEqual(['signature-encoding'])
    expect(await signedBy(signature.toString('base64url'))).toEqual(['signature-encoding'])
    expect(await signedBy(Buffer.from(signature.toString('base64')).toString('base64'))).toEqual(['signature-encoding'])
    const hmac = createHmac('sha256', config.apiv3Key).update(right()).digest('base64')
    expect(await signedBy(hmac)).toEqual(['signature-length'])
  })
})

describe('the parameters of the header', () => {
  const path = '/v3/certificates'

  it('a serial number of a different key', async () => {
    const { brand } = simulator
    const [platform = '', publicKey = ''] = Object.keys(config.certs)
    const spelt = `0x${config.serial}`
    const decimal = String(BigInt(spelt))
    const serials = [platform, publicKey, brand.serial, decimal, spelt, '1'.repeat(40)]
    const found: unknown[] = []
    for (const serial of serials) found.push(await mistakesOf({ path, serial }))
    expect(found.flat()).toEqual([
      'serial-platform',
      'serial-public-key',
      'serial-of-other',
      'serial-decimal',
      'serial-spelling',
      'serial-unknown',
    ])
  })

  it('an unknown merchant', async () => {
    expect(await mistakesOf({ path, mchid: '1' })).toEqual(['merchant-unknown'])
  })

  it('milliseconds, or a clock that is wrong', async () => {
    expect(await mistakesOf({ path, timestamp: NOW })).toEqual(['timestamp-milliseconds'])
    expect(await mistakesOf({ path, timestamp: timestamp - 3600 })).toEqual(['clock'])
  })

  it('a nonce that was used before', async () => {
    expect((await send(config, { path, timestamp, nonce })).status).toBe(200)
    expect(simulator.requests.at(-1)?.diagnosis).toBeUndefined()
    expect(await mistakesOf({ path })).toEqual(['nonce-repeated'])
  })
})

describe('APIv2', () => {
  const fields = { appid: 'wx1', body: 'a b', mch_id: '', nonce_str: 'abc', out_trade_no: 'v2', total_fee: '1' }

  async function ordered(sign: string, more: Record<string, string> = {}) {
    const message = { ...fields, ...more, mch_id: config.mchid, sign }
    const elements = Object.entries(message).map(([name, value]) => `<${name}>${value}</${name}>`)
    await send(config, { method: 'POST', path: '/pay/unifiedorder', sentBody: `<xml>${elements.join('')}</xml>` })
    return diagnosis().mistakes
  }

  const md5 = (data: string, key = config.secret) =>
    createHash('md5').update(`${data}&key=${key}`).digest('hex').toUpperCase()

  it('the likely mistake in its sign', async () => {
    const string = `appid=wx1&body=a b&mch_id=${config.mchid}&nonce_str=abc&out_trade_no=v2&total_fee=1`
    expect(await ordered(md5(string, config.apiv3Key))).toEqual(['v2-key'])
    expect(diagnosis()).toMatchObject({ expected: `${string}&key=<APIv2 key>` })
    expect(await ordered(md5(string).toLowerCase())).toEqual(['v2-sign-case'])
    expect(await ordered(md5(string.replace('a b', 'a%20b')))).toEqual(['v2-fields'])
    expect(await ordered(md5(string.replace('body=a b&', '')))).toEqual(['v2-fields'])
    const sign_type = 'HMAC-SHA256'
    const typed = string.replace('&total_fee', `&sign_type=${sign_type}&total_fee`)
    expect(await ordered(md5(typed), { sign_type })).toEqual(['v2-sign-type'])
    expect(await ordered(md5('something'))).toEqual(['v2-unknown'])
    expect(simulator.requests.at(-1)).toMatchObject({ statusCode: 200, refusal: expect.stringContaining('签名错误') })
  })
})

it('every known mistake is tested here', () => {
  expect(MISTAKE_CODES.filter(code => !seen.has(code))).toEqual([])
})
