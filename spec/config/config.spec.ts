import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { type Config, readConfig } from '../../lib/config/config.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { keyFile } from '../fixtures/vectors.js'
import { config, merchant, platform } from '../gateway.js'

const read = (changes: Partial<Record<keyof Config | string, unknown>>) =>
  readConfig({ ...config, ...changes } as Config, Date.now)

const folder = mkdtempSync(join(tmpdir(), 'wechatpay-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a configuration', () => {
  it('is frozen, and has the hosts of WeChat Pay by default', () => {
    const settings = read({})
    expect(Object.isFrozen(settings)).toBe(true)
    expect(settings.transport.baseUri.href).toBe('https://api.mch.weixin.qq.com/')
    expect(settings.fallbackUri?.href).toBe('https://api2.mch.weixin.qq.com/')
  })

  it.each([
    ['a different base URI', { base_uri: 'https://apihk.mch.weixin.qq.com' }, undefined],
    ['false', { fallback_uri: false }, undefined],
    [
      'a custom fallback',
      { base_uri: 'http://a.example/hk', fallback_uri: 'http://b.example/hk' },
      'http://b.example/hk/',
    ],
  ])('falls back to where it is told: %s', (_what, changes, expected) => {
    expect(read(changes).fallbackUri?.href).toBe(expected)
  })

  it('reads the serial from the merchant certificate by default', () => {
    expect(read({ serial: undefined, merchant: { cert: merchant.certificate } }).signer.serial).toBe(merchant.serial)
  })

  it('writes the serial in upper case', () => {
    expect(read({ serial: merchant.serial.toLowerCase() }).signer.serial).toBe(merchant.serial)
  })

  const path = join(folder, 'key.pem')
  writeFileSync(path, merchant.privateKey)
  const key = createPrivateKey(merchant.privateKey)
  const base64 = (text: string) => text.replace(/-----[^-]+-----|\s/g, '')

  it.each<[string, unknown]>([
    ['PEM', merchant.privateKey],
    ['PKCS#1 PEM', keyFile('merchant.pkcs1.key')],
    ['PEM with escaped newlines', merchant.privateKey.replaceAll('\n', '\\n')],
    ['PEM with the line ends of Windows', merchant.privateKey.replaceAll('\n', '\r\n')],
    ['DER', key.export({ format: 'der', type: 'pkcs8' })],
    ['a file URL', pathToFileURL(path)],
    ['a file URL as a string', pathToFileURL(path).href],
    ['private.pkcs8://', `private.pkcs8://${base64(merchant.privateKey)}`],
    ['private.pkcs1://', `private.pkcs1://${base64(keyFile('merchant.pkcs1.key'))}`],
    ['a KeyObject', key],
    ['a JWK', key.export({ format: 'jwk' })],
  ])('takes the private key as %s', async (_what, privateKey) => {
    const signature = await read({ privateKey }).signer.sign(Buffer.from('message'))
    const expected = await read({}).signer.sign(Buffer.from('message'))
    expect(signature).toBe(expected)
  })

  it.each<[string, unknown]>([
    ['a certificate', platform.certificate],
    ['an X509Certificate', new X509Certificate(platform.certificate)],
    ['its public key alone, as the original takes it', createPublicKey(platform.certificate)],
    ['public.spki://', `public.spki://${base64(keyFile('platform.spki.pem'))}`],
    ['public.pkcs1://', `public.pkcs1://${base64(keyFile('platform.pkcs1.pem'))}`],
  ])('takes a platform certificate as %s', (_what, certificate) => {
    const [key] = read({ certs: { [platform.serial]: certificate } }).platformKeys
    expect(key?.serial).toBe(platform.serial)
    expect(key?.key.equals(createPublicKey(platform.certificate))).toBe(true)
  })

  it('prints nothing that is secret', () => {
    const settings = read({ apiv3Key: '0123456789abcdef0123456789abcdef', secret: 'exposed_your_key_here_have_risks' })
    const printed = inspect(settings, { depth: 20, showHidden: true })
    expect(printed).not.toMatch(/0123456789abcdef|exposed_your_key|PRIVATE KEY/)
    expect(printed).not.toContain(base64(merchant.privateKey).slice(64, 128))
  })
})

describe('a wrong input is named', () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['no mchid', { mchid: undefined }, /`mchid`/],
    ['an invalid mchid', { mchid: 'shop' }, /`mchid` must be the merchant number/],
    ['no private key', { privateKey: undefined }, /`privateKey` is missing/],
    [
      'a public key as the private key',
      { privateKey: keyFile('merchant.spki.pem') },
      /`privateKey` .*RSA or SM2 private key; got a public key/,
    ],
    ['a certificate as the private key', { privateKey: merchant.certificate }, /`privateKey` .*got a certificate/],
    ['an EC key', { privateKey: keyFile('ec.key') }, /`privateKey` .*got a key of type ec/],
    [
      'an encrypted key',
      { privateKey: keyFile('merchant.encrypted.pkcs8.key') },
      /`privateKey` .*got an encrypted private key without a passphrase/,
    ],
    ['a path instead of a file URL', { privateKey: '/etc/apiclient_key.pem' }, /`privateKey` .*file:\/\//],
    [
      'a file that does not exist',
      { privateKey: 'file:///does/not/exist.pem' },
      /`privateKey` .*\/does\/not\/exist\.pem/,
    ],
    ['no serial', { serial: undefined }, /`serial` is missing/],
    [
      'a public key id as the serial',
      { serial: 'PUB_KEY_ID_0114232134912410000000000000' },
      /`serial` must be .*belongs in `certs`/,
    ],
    [
      'the serial of a different certificate',
      { serial: platform.serial, merchant: { cert: merchant.certificate } },
      /`serial` must be .*`merchant\.cert`/,
    ],
    [
      'a certificate of a different key',
      { merchant: { cert: platform.certificate } },
      /`privateKey` .*`merchant\.cert`/,
    ],
    ['no certs', { certs: undefined }, /`certs`/],
    [
      'the merchant certificate among the certs',
      { certs: { [merchant.serial]: merchant.certificate } },
      /`certs\.\w+` .*merchant/,
    ],
    [
      'the merchant public key as WeChat Pay’s',
      { certs: { PUB_KEY_ID_1: keyFile('merchant.spki.pem') } },
      /`certs\.PUB_KEY_ID_1` .*merchant/,
    ],
    ['a certificate under a different serial', { certs: { ABCD: platform.certificate } }, /`certs\.ABCD` .*serial/],
    [
      'a private key among the certs',
      { certs: { [platform.serial]: platform.privateKey } },
      /`certs\.\w+` .*got a private key/,
    ],
    ['an APIv3 key that is too short', { apiv3Key: 'short' }, /`apiv3Key` .*32 bytes.*5 bytes/],
    ['an APIv2 key that is too long', { secret: 'x'.repeat(33) }, /`secret` .*33 bytes/],
    ['an APIv3 key that is not a string', { apiv3Key: 5 }, /`apiv3Key` must be/],
    ['an invalid base URI', { base_uri: 'api.mch.weixin.qq.com' }, /`base_uri` must be an http or https URL/],
    ['a base URI with credentials', { base_uri: 'https://a:b@c.example/' }, /`base_uri`/],
    ['a base URI with a query', { base_uri: 'https://c.example/?a=1' }, /`base_uri`/],
    ['an invalid timeout', { timeout: 0 }, /`timeout` must be a positive number of milliseconds/],
    ['an invalid retry', { retry: true }, /`retry` must be/],
    ['an unknown retry option', { retry: { tries: 2 } }, /`tries` .*`retry`/],
    ['too many attempts', { retry: { attempts: 100 } }, /`retry\.attempts`/],
    ['an invalid retry method', { retry: { methods: ['post'] } }, /`retry\.methods`/],
    ['an invalid dispatcher', { dispatcher: {} }, /`dispatcher` must be a dispatcher/],
    ['a header with a line break', { headers: { 'X-A': 'a\r\nb' } }, /`headers\.X-A`/],
    ['an unknown option', { baseUrl: 'https://c.example' }, /`baseUrl` .*Builder\.factory/],
  ]

  it.each(cases)('%s', (_what, changes, message) => {
    expect(() => read(changes)).toThrow(InvalidArgumentError)
    expect(() => read(changes)).toThrow(message)
  })

  it.each(cases)('without showing a key or a secret: %s', (_what, changes) => {
    const secrets = [merchant.privateKey, platform.privateKey, keyFile('ec.key'), 'x'.repeat(33)].map(text =>
      text.slice(30, 62),
    )
    let printed = ''
    try {
      read(changes)
    } catch (error) {
      printed = inspect(error, { depth: 10, showHidden: true })
    }
    expect(printed).not.toBe('')
    for (const secret of secrets) expect(printed).not.toContain(secret)
  })

  it('no configuration at all', () => {
    expect(() => readConfig(undefined as unknown as Config, Date.now)).toThrow(/takes an object of options/)
  })
})

it.each([{ base_uri: 'http://api.mch.weixin.qq.com/' }, { fallback_uri: 'http://api2.mch.weixin.qq.com/' }])(
  'no signed request goes to WeChat Pay in clear text: %o',
  changes => {
    expect(() => read(changes)).toThrow(InvalidArgumentError)
  },
)
