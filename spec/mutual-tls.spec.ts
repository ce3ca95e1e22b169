import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { Agent } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import { type Config, readConfig } from '../lib/config/config.js'
import { InvalidArgumentError } from '../lib/errors.js'
import { failure } from './async.js'
import { platform } from './gateway.js'
import { mintTlsFiles } from './tls-files.js'
import { answer, type Gateway, isSigned, secret, startGateway } from './v2-gateway.js'

const MCHID = '1900000109'
const OTHER = '1900000208'
const files = mintTlsFiles([MCHID, OTHER])
const serialOf = (mchid: string) => new X509Certificate(files.read(`${mchid}.pem`)).serialNumber

/** Requires a certificate, as the money endpoints of WeChat Pay do. */
let strict: Gateway
/** Asks for a certificate and serves those without one as well, as WeChat Pay's host does. */
let lenient: Gateway

beforeAll(async () => {
  const tls = { key: files.read('server.key'), cert: files.read('server.pem'), ca: files.read('ca.pem') }
  strict = await startGateway({ ...tls, rejectUnauthorized: true })
  lenient = await startGateway({ ...tls, rejectUnauthorized: false })
})
afterAll(() => Promise.all([strict.close(), lenient.close()]))
beforeEach(() => {
  for (const gateway of [strict, lenient]) Object.assign(gateway, { requests: [], answers: [answer()], connections: 0 })
})

const merchantConfig = (changes: Partial<Config> = {}): Config => ({
  mchid: MCHID,
  certs: { [platform.serial]: platform.certificate },
  secret,
  ca: files.read('ca.pem'),
  base_uri: strict.url,
  ...changes,
})

const PEM = { cert: files.read(`${MCHID}.pem`), key: files.read(`${MCHID}.key`) }
const REFUND = { appid: 'wx1', out_trade_no: '1', out_refund_no: '2', total_fee: 100, refund_fee: 100 }

describe('a refund to a server that requires the merchant certificate', () => {
  it.each<[string, () => Partial<Config>]>([
    ['two PEM files', () => ({ merchant: PEM })],
    ['a certificate whose key is the privateKey', () => ({ merchant: { cert: PEM.cert }, privateKey: PEM.key })],
    ['an encrypted key', () => ({ merchant: { ...PEM, key: files.encryptedKey(MCHID, 'pass'), passphrase: 'pass' } })],
    [
      'an old PKCS#12 (RC2-40) whose passphrase is the mchid',
      () => ({ merchant: { pfx: files.pfx(MCHID, MCHID, '-legacy') } }),
    ],
    ['a modern PKCS#12 (AES) whose passphrase is the mchid', () => ({ merchant: { pfx: files.pfx(MCHID, MCHID) } })],
    [
      'an old PKCS#12 with a different passphrase',
      () => ({ merchant: { pfx: files.pfx(MCHID, 'own', '-legacy'), passphrase: 'own' } }),
    ],
    [
      'the URL of a PKCS#12 file',
      () => {
        files.pfx(MCHID, MCHID, '-legacy')
        return { merchant: { pfx: pathToFileURL(join(files.folder, `${MCHID}.p12`)).href } }
      },
    ],
    ['the base64 of a PKCS#12 file', () => ({ merchant: { pfx: files.pfx(MCHID, MCHID).toString('base64') } })],
  ])('succeeds with %s', async (_what, changes) => {
    const wxpay = Builder.factory(merchantConfig(changes()))
    const { data } = await wxpay.v2.secapi.pay.refund.post({ xml: REFUND })
    expect(data).toMatchObject({ return_code: 'SUCCESS' })
    const [request] = strict.requests
    expect([request?.url, request?.certificate]).toEqual(['/secapi/pay/refund', serialOf(MCHID)])
    expect(request && isSigned(request)).toBe(true)
  })

  it('is refused without one, before anything is sent', async () => {
    const wxpay = Builder.factory(merchantConfig({ privateKey: PEM.key, serial: serialOf(MCHID) }))
    const error = await failure(wxpay.v2.secapi.pay.refund.post({ xml: REFUND }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(String(error)).toMatch(/needs the merchant certificate.*\{ cert, key \}.*\{ pfx \}/)
    expect(strict.connections).toBe(0)
  })

  it('fails at the server if the caller turns it off', async () => {
    const wxpay = Builder.factory(merchantConfig({ merchant: PEM }))
    const call = wxpay.v2.secapi.pay.refund.post({ xml: REFUND, security: false })
    expect(await failure(call)).toMatchObject({ name: 'TransportError' })
    expect(strict.requests).toEqual([])
  })

  it('is left to a dispatcher of the user’s, which presents its own certificate', async () => {
    const dispatcher = new Agent({ connect: { ...PEM, ca: files.read('ca.pem') } })
    const wxpay = Builder.factory(merchantConfig({ privateKey: PEM.key, serial: serialOf(MCHID), dispatcher }))
    await wxpay.v2.secapi.pay.refund.post({ xml: REFUND })
    expect(strict.requests[0]?.certificate).toBe(serialOf(MCHID))
    await dispatcher.close()
  })
})

describe('the certificate', () => {
  it('is presented if the endpoint needs it or the caller requires it, on separate connections', async () => {
    const wxpay = Builder.factory(merchantConfig({ merchant: PEM, base_uri: lenient.url }))
    const own = serialOf(MCHID)
    const calls: [template: string, options: object, shown: string | undefined][] = [
      ['v2/pay/unifiedorder', {}, undefined],
      ['v2/secapi/pay/refund', {}, own],
      ['v2/pay/orderquery', {}, undefined],
      ['v2/pay/brandnew', { security: true }, own],
      ['v2/secapi/pay/reverse', { security: false }, undefined],
      ['v2/mmpaymkttransfers/sendredpack', {}, own],
    ]
    const rounds = Array.from({ length: 20 }, () => calls).flat()
    await Promise.all(rounds.map(([template, options]) => wxpay.chain(template).post({ xml: {}, ...options })))
    for (const [template, options] of calls) await wxpay.chain(template).post({ xml: {}, ...options })
    const shown = new Map(calls.map(([template, , serial]) => [template.replace('v2', ''), serial]))
    expect(lenient.requests).toHaveLength(126)
    expect(lenient.requests.filter(({ url, certificate }) => shown.get(url) !== certificate)).toEqual([])
  })

  it('of one merchant is never presented for a different one', async () => {
    const merchants = [MCHID, OTHER].map(mchid => {
      const merchant = { pfx: files.pfx(mchid, mchid, '-legacy') }
      return Builder.factory(merchantConfig({ mchid, merchant, base_uri: lenient.url }))
    })
    const rounds = Array.from({ length: 20 }, () => merchants).flat()
    await Promise.all(rounds.map(wxpay => wxpay.v2.secapi.pay.refund.post({ xml: REFUND })))
    const pairs = new Set(lenient.requests.map(({ fields, certificate }) => `${fields.mch_id} ${certificate}`))
    expect(pairs).toEqual(new Set([`${MCHID} ${serialOf(MCHID)}`, `${OTHER} ${serialOf(OTHER)}`]))
  })

  it('gives the serial and the private key that are not configured', () => {
    for (const merchant of [PEM, { pfx: files.pfx(MCHID, MCHID, '-legacy') }]) {
      const { signer } = readConfig(merchantConfig({ merchant }), Date.now)
      expect(signer.serial).toBe(serialOf(MCHID))
    }
  })

  it('is not printed with its key', async () => {
    const settings = readConfig(merchantConfig({ merchant: { pfx: files.pfx(MCHID, MCHID) } }), Date.now)
    const key = PEM.key.split('\n')[5] ?? expect.fail('no key')
    const wxpay = Builder.factory(merchantConfig({ merchant: PEM, base_uri: 'https://127.0.0.1:1/' }))
    const error = await failure(wxpay.v2.secapi.pay.refund.post({ xml: REFUND, retry: false }))
    for (const printed of [settings, wxpay, error].map(value => inspect(value, { depth: 20, showHidden: true })))
      expect(printed).not.toContain(key)
  })
})

describe('an invalid merchant certificate is named:', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a wrong passphrase',
      () => ({ pfx: files.pfx(MCHID, 'other', '-legacy') }),
      /passphrase of `merchant\.pfx` .*mchid/,
    ],
    [
      'a wrong passphrase of a modern file',
      () => ({ pfx: files.pfx(MCHID, MCHID), passphrase: 'x' }),
      /passphrase of `merchant\.pfx` /,
    ],
    ['PEM as PKCS#12', () => ({ pfx: PEM.cert }), /`merchant\.pfx` .*got PEM/],
    [
      'the key of a different certificate',
      () => ({ ...PEM, key: files.read(`${OTHER}.key`) }),
      /`merchant\.key` .*`merchant\.cert`/,
    ],
    [
      'an encrypted key without its passphrase',
      () => ({ ...PEM, key: files.encryptedKey(MCHID, 'p') }),
      /`merchant\.key` .*got an encrypted private key/,
    ],
    ['a key as certificate', () => ({ cert: PEM.key }), /`merchant\.cert` .*got a private key/],
    [
      'both forms',
      () => ({ ...PEM, pfx: 'x' }),
      /`merchant` must be \{ cert, key \} or \{ pfx, passphrase \};.*\{ cert, key, pfx \}/,
    ],
    ['neither form', () => ({}), /`merchant` must be/],
    ['a path', () => '/apiclient_cert.p12', /`merchant` must be/],
  ])('%s', (_what, merchant, message) => {
    const read = () => readConfig(merchantConfig({ merchant: merchant() } as Partial<Config>), Date.now)
    expect(read).toThrow(InvalidArgumentError)
    expect(read).toThrow(message)
  })

  it('a key that is not the certificate’s', () => {
    const changes = { merchant: { pfx: files.pfx(MCHID, MCHID) }, privateKey: files.read(`${OTHER}.key`) }
    expect(() => readConfig(merchantConfig(changes), Date.now)).toThrow(/`privateKey` .*`merchant\.pfx`/)
  })
})

describe('the authorities', () => {
  it('of `ca` only are trusted, and nothing is sent to the server of a different one', async () => {
    const { ca: _, ...trusting } = merchantConfig({ merchant: PEM, retry: false })
    for (const config of [trusting, { ...trusting, ca: platform.certificate }]) {
      const error = await failure(Builder.factory(config).v2.secapi.pay.refund.post({ xml: REFUND }))
      expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_CONNECT', sent: false })
    }
    expect(strict.requests).toEqual([])
  })

  it.each([[''], ['/etc/ca.pem'], [[]], [[5]], [Buffer.from('x')]])('that are not valid are refused: %j', ca => {
    expect(() => readConfig(merchantConfig({ merchant: PEM, ca } as Partial<Config>), Date.now)).toThrow(
      /`ca` must be the PEM/,
    )
  })
})
