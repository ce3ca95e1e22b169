import { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import type { Config } from '../../lib/config/config.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { readProxy } from '../../lib/transport/proxy.js'
import { failure } from '../async.js'
import * as v3 from '../gateway.js'
import {
  type OwnProxy,
  type RunningProxy,
  SQUID_IS_MISSING,
  startProxy,
  startSquid,
  startTinyproxy,
  TINYPROXY_IS_MISSING,
} from '../proxies.js'
import { mintTlsFiles } from '../tls-files.js'
import { answer, type Gateway, secret, startGateway } from '../v2-gateway.js'

const MCHID = '1900000109'
const files = mintTlsFiles([MCHID])
const PEM = { cert: files.read(`${MCHID}.pem`), key: files.read(`${MCHID}.key`) }
const REFUND = { appid: 'wx1', out_trade_no: '1', out_refund_no: '2', total_fee: 100, refund_fee: 100 }

let proxy: OwnProxy
/** Requires the merchant certificate. */
let strict: Gateway
let gateway: v3.Gateway

beforeAll(async () => {
  const tls = { key: files.read('server.key'), cert: files.read('server.pem'), ca: files.read('ca.pem') }
  proxy = await startProxy()
  strict = await startGateway({ ...tls, rejectUnauthorized: true })
  gateway = await v3.startGateway()
})
afterAll(() => Promise.all([proxy.close(), strict.close(), gateway.close()]))
beforeEach(() => {
  Object.assign(proxy, { asked: [], refusal: undefined })
  Object.assign(strict, { requests: [], answers: [answer()] })
  Object.assign(gateway, { requests: [], answers: [v3.answer(200, { ok: true })] })
})

// No test may be led astray by the machine's own variables.
const environment = (variables: Record<string, string>) => {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, undefined)
    vi.stubEnv(name.toUpperCase(), undefined)
  }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
}

// Clients with the same options share their connections, and with them a tunnel that was made before.
let connections = 1
beforeEach(() => {
  connections++
})

const merchant = (changes: Partial<Config>) =>
  Builder.factory({
    mchid: MCHID,
    certs: { [v3.platform.serial]: v3.platform.certificate },
    secret,
    merchant: PEM,
    ca: files.read('ca.pem'),
    base_uri: strict.url,
    connections,
    ...changes,
  })
const client = (changes: Partial<Config>) =>
  Builder.factory({ ...v3.config, base_uri: gateway.url, connections, ...changes })

describe('a proxy', () => {
  it('carries calls, with its user and password, and shows neither', async () => {
    const wxpay = client({ proxy: `http://us%40er:pass-word@${proxy.host}` })
    await wxpay.chain('v3/x').get()
    const authorization = `Basic ${Buffer.from('us@er:pass-word').toString('base64')}`
    expect(proxy.asked).toEqual([{ to: new URL(gateway.url).host, authorization }])
    expect(gateway.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
    expect(inspect(wxpay, { depth: 20, showHidden: true })).not.toContain('pass-word')
  })

  it('carries mutual TLS', async () => {
    await merchant({ proxy: `http://${proxy.host}` }).v2.secapi.pay.refund.post({ xml: REFUND })
    expect(proxy.asked.map(({ to }) => to)).toEqual([new URL(strict.url).host])
    expect(strict.requests[0]?.certificate).toBe(new X509Certificate(PEM.cert).serialNumber)
  })

  it('carries the download of certificates', async () => {
    gateway.answers = [v3.answer(404, { code: 'RESOURCE_NOT_EXISTS' })]
    const { certs: _, ...keys } = v3.config
    const wxpay = client({ ...keys, certs: {}, apiv3Key: 'a'.repeat(32), proxy: `http://${proxy.host}` })
    await failure(wxpay.chain('v3/x').get())
    expect(gateway.requests.map(({ url }) => url)).toEqual(['/v3/certificates'])
    expect(proxy.asked).toHaveLength(1)
  })

  it.each([
    ['407 Proxy Authentication Required', /127\.0\.0\.1:\d+ .*407.*user name and a password/],
    ['403 Forbidden', /403.*allows connections/],
  ])('that refuses with %s is said by name, and not asked again', async (refusal, message) => {
    proxy.refusal = refusal
    const error = await failure(
      client({ proxy: `http://user:pass-word@${proxy.host}` })
        .chain('v3/x')
        .get(),
    )
    expect(error).toMatchObject({ code: 'ERR_PROXY', sent: false })
    expect(String(error)).toMatch(message)
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('pass-word')
    expect(proxy.asked).toHaveLength(1)
    expect(gateway.requests).toEqual([])
  })

  it('that does not reach the host, or is not there, is said by name as well', async () => {
    const away = client({ proxy: `http://${proxy.host}`, base_uri: 'http://127.0.0.1:1/', retry: false })
    expect(String(await failure(away.chain('v3/x').get()))).toMatch(/ERR_CONNECT|proxy 127\.0\.0\.1:\d+ .*502/)
    const error = await failure(
      client({ proxy: 'http://user:pass-word@127.0.0.1:1', retry: false }).chain('v3/x').get(),
    )
    expect(error).toMatchObject({ code: 'ERR_CONNECT', sent: false })
    expect(String(error)).toMatch(/The proxy 127\.0\.0\.1:1 could not be reached/)
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('pass-word')
  })

  it('is left out by a dispatcher of the call, and refused beside one of the client', async () => {
    const dispatcher = { dispatch: () => true }
    expect(() => client({ proxy: `http://${proxy.host}`, dispatcher })).toThrow(InvalidArgumentError)
    const wxpay = client({ proxy: `http://${proxy.host}` })
    await failure(wxpay.chain('v3/x').get({ dispatcher, timeout: 1 }))
    expect(proxy.asked).toEqual([])
  })
})

describe('the proxy of the environment', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('is the one of %s for http', async name => {
    environment({ [name]: `http://${proxy.host}` })
    await client({ proxy: true }).chain('v3/x').get()
    expect(proxy.asked).toHaveLength(1)
  })

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('is the one of %s for https', async name => {
    environment({ [name]: proxy.host })
    await merchant({ proxy: true }).v2.secapi.pay.refund.post({ xml: REFUND })
    expect(proxy.asked).toHaveLength(1)
  })

  it('is not used for a host of NO_PROXY, nor where `proxy` is not true', async () => {
    environment({ HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: 'example.com,127.0.0.1' })
    await client({ proxy: true }).chain('v3/x').get()
    vi.stubEnv('NO_PROXY', '')
    await client({}).chain('v3/x').get()
    await client({ proxy: false }).chain('v3/x').get()
    expect(proxy.asked).toEqual([])
    expect(gateway.requests).toHaveLength(3)
  })

  it('may be none', async () => {
    environment({})
    expect((await client({ proxy: true }).chain('v3/x').get()).statusCode).toBe(200)
  })

  it('that is not a URL is named, and not shown', () => {
    environment({ HTTPS_PROXY: 'ftp://user:pass-word@host' })
    expect(() => client({ proxy: true })).toThrow(/HTTPS_PROXY must be/)
    expect(() => client({ proxy: true })).not.toThrow(/pass-word/)
  })
})

describe('the option', () => {
  it.each<unknown>([
    '',
    'host:8080',
    'ftp://host',
    'socks5://host',
    'http://host/path',
    'http://host/?a',
    'http://us%ZZer:pass-word@host',
    'http://user@host',
    'http://:pass-word@host',
    8080,
    null,
    {},
  ])('%j is refused, and not shown', value => {
    const read = () => readProxy(value)
    expect(read).toThrow(InvalidArgumentError)
    expect(read).toThrow(/`proxy` must be/)
    expect(read).not.toThrow(/pass-word/)
  })

  it('takes a URL', () => {
    expect(readProxy(new URL('https://host:8443'))).toMatchObject({
      httpsProxy: 'https://host:8443/',
      host: 'host:8443',
    })
  })
})

describe.skipIf(TINYPROXY_IS_MISSING)('through tinyproxy', () => {
  let tinyproxy: RunningProxy
  beforeAll(async () => {
    tinyproxy = await startTinyproxy('user', 'pass-word')
  })
  afterAll(() => tinyproxy.close())

  it('a call and a refund over mutual TLS succeed', async () => {
    const url = `http://user:pass-word@${tinyproxy.host}`
    expect((await client({ proxy: url }).chain('v3/x').get()).data).toEqual({ ok: true })
    const { data } = await merchant({ proxy: url }).v2.secapi.pay.refund.post({ xml: REFUND })
    expect(data).toMatchObject({ return_code: 'SUCCESS' })
    expect(strict.requests[0]?.certificate).toBe(new X509Certificate(PEM.cert).serialNumber)
  })

  it.each(['', 'user:wrong@'])('credentials that are missing or wrong are said by name: %j', async credentials => {
    const error = await failure(
      client({ proxy: `http://${credentials}${tinyproxy.host}` })
        .chain('v3/x')
        .get(),
    )
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_PROXY$/), sent: false })
    expect(String(error)).toMatch(/40[17]/)
  })
})

describe.skipIf(SQUID_IS_MISSING)('through squid', () => {
  let squid: RunningProxy
  beforeAll(async () => {
    squid = await startSquid(Number(new URL(gateway.url).port))
  })
  afterAll(() => squid.close())

  it('a refund over mutual TLS succeeds', async () => {
    const { data } = await merchant({ proxy: `http://${squid.host}` }).v2.secapi.pay.refund.post({ xml: REFUND })
    expect(data).toMatchObject({ return_code: 'SUCCESS' })
  })

  it('a port that it forbids is said by name', async () => {
    const error = await failure(
      client({ proxy: `http://${squid.host}` })
        .chain('v3/x')
        .get(),
    )
    expect(error).toMatchObject({ code: 'ERR_PROXY', sent: false })
    expect(String(error)).toContain('403')
  })
})
