import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Config, readConfig } from '../../lib/config/config.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { keyFile } from '../fixtures/vectors.js'
import { config, merchant, platform } from '../gateway.js'

const folder = mkdtempSync(join(tmpdir(), 'wechatpay-mistakes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The files of a merchant as they come out of the console and its tool, by name. */
const files = {
  'apiclient_key.pem': merchant.privateKey,
  'apiclient_cert.pem': merchant.certificate,
  'apiclient_cert.p12': pkcs12(),
  'pub_key.pem': keyFile('lowserial.spki.pem'),
  'wechatpay_cert.pem': platform.certificate,
}
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
const url = (name: keyof typeof files) => pathToFileURL(join(folder, name)).href

/** What a person copies out of the console. */
const texts = {
  'the APIv3 key': 'apiv3-key-of-32-bytes-0123456789',
  'the APIv2 key': 'APIV2KEYOF32BYTES012345678901234',
  'the merchant serial': merchant.serial,
  'the platform serial': platform.serial,
  'the public key id': 'PUB_KEY_ID_0114232134912410000000000000',
  'the mchid': merchant.mchid,
  'the appid': 'wxd678efh567hg6787',
  nothing: '',
}

const fileNames: readonly (keyof typeof files)[] = [
  'apiclient_key.pem',
  'apiclient_cert.pem',
  'apiclient_cert.p12',
  'pub_key.pem',
  'wechatpay_cert.pem',
]
const textNames: readonly (keyof typeof texts)[] = [
  'the APIv3 key',
  'the APIv2 key',
  'the merchant serial',
  'the platform serial',
  'the public key id',
  'the mchid',
  'the appid',
  'nothing',
]

interface Slot {
  /** How the option is called in the error. */
  option: string
  right: readonly string[]
  put: (value: unknown) => object
}

const slots: readonly Slot[] = [
  { option: 'privateKey', right: ['apiclient_key.pem'], put: privateKey => ({ privateKey }) },
  {
    option: 'merchant.cert',
    right: ['apiclient_cert.pem'],
    put: cert => ({ merchant: { cert } }),
  },
  {
    option: 'merchant.key',
    right: ['apiclient_key.pem'],
    put: key => ({ merchant: { cert: merchant.certificate, key } }),
  },
  { option: 'merchant.pfx', right: ['apiclient_cert.p12'], put: pfx => ({ merchant: { pfx } }) },
  {
    option: `certs.${platform.serial}`,
    right: ['wechatpay_cert.pem', 'pub_key.pem'],
    put: value => ({ certs: { [platform.serial]: value } }),
  },
  {
    option: 'certs.PUB_KEY_ID_01',
    right: ['pub_key.pem'],
    put: PUB_KEY_ID_01 => ({ certs: { PUB_KEY_ID_01 } }),
  },
  { option: 'certs', right: [], put: certs => ({ certs }) },
  // Keys are texts of 32 characters, which look alike.
  { option: 'apiv3Key', right: ['the APIv3 key', 'the APIv2 key'], put: apiv3Key => ({ apiv3Key }) },
  { option: 'secret', right: ['the APIv2 key', 'the APIv3 key'], put: secret => ({ secret }) },
  // A mchid is digits, as a serial may be.
  { option: 'serial', right: ['the merchant serial', 'the mchid'], put: serial => ({ serial }) },
  { option: 'mchid', right: ['the mchid'], put: mchid => ({ mchid }) },
]

const failureOf = (changes: object) => {
  try {
    readConfig({ ...config, ...changes } satisfies Config, Date.now)
    return undefined
  } catch (error) {
    return error
  }
}

describe.each(slots.map(slot => [slot.option, slot] as const))('`%s`', (option, { right, put }) => {
  const given = [
    ...fileNames.map(name => [name, url(name)] as const),
    ...fileNames.map(name => [`${name} as its content`, files[name]] as const),
    ...textNames.map(name => [name, texts[name]] as const),
  ]
  const isRight = (name: string) => right.includes(name.replace(' as its content', ''))

  it.each(given.filter(([name]) => !isRight(name)))('is not %s, and the error says so', (_name, value) => {
    const error = failureOf(put(value))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    const message = error instanceof Error ? error.message : ''
    expect(message).toContain(option)
    expect(message).toMatch(/got /)
    expect(message).toMatch(/expected|must be|has 32/)
    const secrets = [...Object.values(files), texts['the APIv3 key'], texts['the APIv2 key']].map(String)
    for (const secret of secrets) expect(message).not.toContain(secret.slice(40, 72) || secret)
  })
  it('is read when it is right', () => {
    for (const [name, value] of given.filter(([name]) => isRight(name))) {
      expect([name, failureOf(put(value))]).toEqual([name, undefined])
    }
  })
})

it.each<[string, object, RegExp]>([
  ['the platform serial as `serial`', { serial: platform.serial }, /`certs\.\w+` .*WeChat Pay's.*`serial`/],
  [
    'the merchant certificate among `certs`',
    { certs: { [merchant.serial]: merchant.certificate } },
    /`certs\.\w+` .*WeChat Pay's.*merchant's own/,
  ],
  [
    'the private key of a different merchant',
    { privateKey: platform.privateKey, merchant: { cert: merchant.certificate } },
    /`privateKey` .*`merchant\.cert`/,
  ],
  ['a signer that is a function', { signer: () => '' }, /`signer` must be .*`sign`/],
  ['a signer without a serial', { signer: { sign: () => '' } }, /`signer\.serial` must be/],
  ['a verifier that is a key', { verifier: platform.certificate }, /`verifier` must be .*`announcedSerial`, `verify`/],
  ['an APIv3 key with a line end', { apiv3Key: `${texts['the APIv3 key']}\n` }, /`apiv3Key` .*33 bytes.*white space/],
])('%s is found out', (_what, changes, message) => {
  expect(String(failureOf(changes))).toMatch(message)
})

function pkcs12(): Buffer {
  const [keyPath, certPath, path] = ['key.pem', 'cert.pem', 'made.p12'].map(name => join(folder, name))
  writeFileSync(String(keyPath), merchant.privateKey)
  writeFileSync(String(certPath), merchant.certificate)
  const args = `pkcs12 -export -inkey ${keyPath} -in ${certPath} -out ${path} -passout pass:${merchant.mchid}`
  const { status, stderr } = spawnSync('openssl', args.split(' '))
  expect([status, String(stderr)]).toEqual([0, ''])
  expect(new X509Certificate(merchant.certificate).serialNumber).toBe(merchant.serial)
  return readFileSync(String(path))
}
