import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import forge from 'node-forge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Finding } from '../../lib/cli/doctor/report.js'
import { EXIT } from '../../lib/cli/exit-codes.js'
import type { Simulator, SimulatorConfig } from '../../lib/simulator/index.js'
import { platform, merchant as stranger } from '../gateway.js'
import { startSimulator } from '../simulator/start.js'
import { type Folder, makeFolder, wechatpay } from './command-line.js'

const DAY = 24 * 60 * 60 * 1000

let simulator: Simulator
let folder: Folder
/** A merchant without platform certificates. */
let publicKeyOnly: Simulator
/** Whose clock is ten minutes ahead, and which has https. */
let ahead: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
  publicKeyOnly = await startSimulator({ publicKeyOnly: true })
  ahead = await startSimulator({ clock: () => Date.now() + 600_000, httpsPort: 0 })
  folder = makeFolder()
})
afterAll(async () => {
  folder.remove()
  await Promise.all([simulator.close(), publicKeyOnly.close(), ahead.close()])
})

type Config = Pick<SimulatorConfig, Exclude<keyof SimulatorConfig, 'ca'>>

function idOf({ certs }: Pick<Config, 'certs'>): string {
  return Object.keys(certs).find(name => name.startsWith('PUB_KEY_ID_')) ?? ''
}

function serialOf({ certs }: Pick<Config, 'certs'>): string {
  return Object.keys(certs).find(name => !name.startsWith('PUB_KEY_ID_')) ?? ''
}

function publicKeyOf(config: Config): string {
  return config.certs[idOf(config)] ?? ''
}

interface Report {
  ok: boolean
  checks: Finding[]
}

async function examine(config: object, ...argv: string[]): Promise<Report & { exitCode: number; output: string }> {
  const file = folder.write('config.json', config)
  const { exitCode, stdout, stderr } = await wechatpay(['doctor', '--json', '--config', file, ...argv])
  if (stdout === '') throw new Error(stderr)
  return { ...JSON.parse(stdout), exitCode, output: stdout }
}

const faultsOf = ({ checks }: Report) =>
  checks.filter(({ status }) => status === 'fault').map(({ id, code }) => `${id} ${code}`)

/** What a configuration is without its certificate: then only WeChat Pay knows whether key and serial fit. */
function withoutCertificate({ merchant: _, ...config }: Config): Omit<Config, 'merchant'> {
  return config
}

const decimal = (serial: string) => BigInt(`0x${serial}`).toString()

/** Each as people get it wrong: the configuration, and the one fault that is to be named. */
const BROKEN: readonly (readonly [name: string, fault: string, broken: (config: Config) => object])[] = [
  [
    'a certificate as private key',
    'private-key PRIVATE_KEY_WRONG_FILE',
    config => ({ ...withoutCertificate(config), privateKey: config.merchant.cert }),
  ],
  [
    'a public key as private key',
    'private-key PRIVATE_KEY_WRONG_FILE',
    config => ({ ...config, merchant: { cert: config.merchant.cert }, privateKey: publicKeyOf(config) }),
  ],
  [
    'a private key file that is not there',
    'private-key FILE_MISSING',
    config => ({ ...config, privateKey: './no-such-key.pem' }),
  ],
  [
    'a private key that is cut short',
    'private-key PRIVATE_KEY_WRONG_FILE',
    config => ({ ...config, privateKey: `${config.privateKey.slice(0, 500)}\n-----END PRIVATE KEY-----\n` }),
  ],
  [
    'a private key of a different certificate',
    'key-pair PRIVATE_KEY_OF_OTHER_CERTIFICATE',
    config => ({ ...config, merchant: { cert: config.merchant.cert }, privateKey: stranger.privateKey }),
  ],
  [
    'a private key that WeChat Pay does not know',
    'signature SIGNATURE_WRONG',
    config => ({ ...withoutCertificate(config), privateKey: stranger.privateKey }),
  ],
  [
    'a platform certificate as merchant certificate',
    'certificate CERTIFICATE_WRONG_FILE',
    config => ({ ...withoutCertificate(config), certificate: config.certs[serialOf(config)] }),
  ],
  [
    'a private key as merchant certificate',
    'certificate CERTIFICATE_WRONG_FILE',
    config => ({ ...withoutCertificate(config), certificate: config.privateKey }),
  ],
  [
    'the serial of a different certificate',
    'serial SERIAL_OF_OTHER_CERTIFICATE',
    config => ({ ...config, serial: '4'.repeat(40) }),
  ],
  [
    'a serial that WeChat Pay does not know',
    'signature SERIAL_UNKNOWN',
    config => ({ ...withoutCertificate(config), serial: '4'.repeat(40) }),
  ],
  [
    'the ID of the public key as serial',
    'serial SERIAL_IS_PUBLIC_KEY_ID',
    config => ({ ...config, serial: idOf(config) }),
  ],
  [
    "the platform certificate's serial as serial",
    'serial SERIAL_OF_PLATFORM',
    config => ({ ...withoutCertificate(config), serial: serialOf(config) }),
  ],
  ['a serial in decimal', 'serial SERIAL_DECIMAL', config => ({ ...config, serial: decimal(config.serial) })],
  ['no serial', 'serial SERIAL_MISSING', config => ({ ...withoutCertificate(config), serial: undefined })],
  [
    'the mchid of a different merchant',
    'certificate CERTIFICATE_OF_OTHER_MERCHANT',
    config => ({ ...config, mchid: '1900000110' }),
  ],
  [
    'an mchid that WeChat Pay does not know',
    'signature MCHID_UNKNOWN',
    config => ({ ...withoutCertificate(config), mchid: '1900000110' }),
  ],
  [
    'the merchant certificate among the keys of WeChat Pay',
    'platform-keys PLATFORM_KEY_WRONG_FILE',
    config => ({ ...config, certs: { [config.serial]: config.merchant.cert } }),
  ],
  [
    'a private key among the keys of WeChat Pay',
    'platform-keys PLATFORM_KEY_WRONG_FILE',
    config => ({ ...config, certs: { [idOf(config)]: config.privateKey } }),
  ],
  [
    'a public key without its ID',
    'platform-keys PUBLIC_KEY_ID_MALFORMED',
    config => ({ ...config, certs: { pub_key: publicKeyOf(config) } }),
  ],
  [
    'a different public key under the ID',
    'response PLATFORM_KEY_WRONG',
    config => ({
      ...config,
      certs: { [idOf(config)]: String(createPublicKey(platform.certificate).export({ type: 'spki', format: 'pem' })) },
    }),
  ],
  [
    'a public key under a different ID',
    'encryption ENCRYPTION_REFUSED',
    config => ({ ...config, certs: { PUB_KEY_ID_0199999999999999999999999999: publicKeyOf(config) } }),
  ],
  [
    'nothing to verify with',
    'platform-keys PLATFORM_KEYS_MISSING',
    config => ({ ...config, certs: {}, apiv3Key: undefined }),
  ],
  ['the APIv2 key as APIv3 key', 'certificates APIV3_KEY_WRONG', config => ({ ...config, apiv3Key: config.secret })],
  [
    'an APIv3 key of the wrong length',
    'apiv3-key KEY_LENGTH',
    config => ({ ...config, apiv3Key: config.apiv3Key.slice(1) }),
  ],
  [
    'an APIv3 key with a line end',
    'apiv3-key KEY_WITH_WHITE_SPACE',
    config => ({ ...config, apiv3Key: `${config.apiv3Key}\n` }),
  ],
  ['an APIv2 key of the wrong length', 'apiv2-key KEY_LENGTH', config => ({ ...config, secret: 'short' })],
  [
    'a host that nobody listens on',
    'reachable HOST_UNREACHABLE',
    config => ({ ...config, base_uri: 'http://127.0.0.1:1/' }),
  ],
  ['a proxy that is not there', 'reachable PROXY_FAILED', config => ({ ...config, proxy: 'http://127.0.0.1:1' })],
  [
    'a proxy that is not a URL',
    'configuration CONFIGURATION_REFUSED',
    config => ({ ...config, proxy: 'user:s3cret@proxy' }),
  ],
  [
    'a base_uri that is not a URL',
    'configuration CONFIGURATION_REFUSED',
    config => ({ ...config, base_uri: 'api.mch.weixin.qq.com' }),
  ],
  ['a misspelt option', 'configuration CONFIGURATION_REFUSED', config => ({ ...config, publicKey: 'x' })],
]

describe('the doctor', () => {
  it('finds no fault in a correct configuration', async () => {
    const { ok, exitCode, checks } = await examine(simulator.config)
    expect({ ok, exitCode }).toEqual({ ok: true, exitCode: EXIT.done })
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(checks).toHaveLength(16)
    const certs = { [idOf(simulator.config)]: publicKeyOf(simulator.config) }
    const { checks: ofPublicKey } = await examine({ ...publicKeyOnly.config, certs })
    expect(ofPublicKey.filter(({ status }) => status !== 'ok').map(({ id, status }) => `${id} ${status}`)).toEqual([
      'certificates skipped',
    ])
  })

  it.each(BROKEN)('names %s, and nothing else: %s', async (_, fault, broken) => {
    const report = await examine(broken({ ...simulator.config }))
    expect(faultsOf(report), report.output).toEqual([fault])
    expect(report).toMatchObject({ ok: false, exitCode: EXIT.failed })
    const { apiv3Key, secret, privateKey } = simulator.config
    for (const key of [apiv3Key, secret, privateKey.split('\n')[1] ?? '', 's3cret'])
      expect(report.output).not.toContain(key)
  })

  it('continues after a fault that it can correct, and names all faults at once', async () => {
    const { apiv3Key } = simulator.config
    const config = { ...simulator.config, serial: idOf(simulator.config), apiv3Key: `${apiv3Key}x`, secret: 'short' }
    const report = await examine(config)
    const faults = ['serial SERIAL_IS_PUBLIC_KEY_ID', 'apiv3-key KEY_LENGTH', 'apiv2-key KEY_LENGTH']
    expect(faultsOf(report)).toEqual(faults)
    const skipped = report.checks.filter(({ status }) => status === 'skipped').map(({ id }) => id)
    expect(skipped).toEqual(['certificates', 'callback'])
  })

  it('names the fault that caused a skipped check', async () => {
    const { checks } = await examine({ ...simulator.config, privateKey: simulator.config.merchant.cert })
    const skipped = checks.filter(({ status }) => status === 'skipped')
    expect(skipped.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['key-pair', 'configuration', 'signature', 'response', 'encryption', 'callback']),
    )
    for (const { text } of skipped) expect(text).toMatch(/ private key$/)
  })

  it('names a wrong clock, and whether it is ahead or behind', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_000 })
    const report = await examine(simulator.config)
    vi.useRealTimers()
    expect(faultsOf(report)).toEqual(['clock CLOCK_WRONG'])
    expect(report.output).toMatch(/(?:599|600|601) seconds ahead/)
  })

  it('names a time that WeChat Pay does not accept', async () => {
    expect(faultsOf(await examine(ahead.config))).toEqual(['signature SIGNATURE_TIME'])
  })

  it.each([
    ['has expired', -1, 'fault', 'CERTIFICATE_EXPIRED'],
    ['expires soon, without a fault', 10, 'warning', 'CERTIFICATE_EXPIRES_SOON'],
  ])('names a merchant certificate that %s', async (_, days, status, code) => {
    const { merchant, privateKey } = simulator.config
    const certificate = forge.pki.certificateFromPem(merchant.cert)
    certificate.validity.notAfter = new Date(Date.now() + days * DAY)
    certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
    const config = { ...simulator.config, merchant: { cert: forge.pki.certificateToPem(certificate) } }
    const { ok, checks } = await examine(config, '--offline')
    expect(checks.filter(check => check.status === status)).toMatchObject([{ id: 'certificate', code }])
    expect(ok).toBe(status === 'warning')
  })

  it('names https that is not trusted', async () => {
    const { ca: _, ...config } = ahead.config
    expect(faultsOf(await examine({ ...config, base_uri: `${ahead.httpsUrl}/` }))).toEqual(['reachable TLS_UNTRUSTED'])
  })

  it('names a missing public key of a merchant without platform certificates', async () => {
    const { exitCode, ...report } = await examine({ ...publicKeyOnly.config, certs: {} })
    expect(faultsOf(report)).toEqual(['response PUBLIC_KEY_MISSING'])
    expect(exitCode).toBe(EXIT.failed)
  })

  it('names a wrong APIv3 key of a merchant without platform certificates by the notification', async () => {
    const certs = { [idOf(publicKeyOnly.config)]: publicKeyOf(publicKeyOnly.config) }
    const report = await examine({ ...publicKeyOnly.config, certs, apiv3Key: publicKeyOnly.config.secret })
    expect(faultsOf(report)).toEqual(['callback APIV3_KEY_WRONG'])
  })

  it('names a URL that the notification does not reach', async () => {
    const elsewhere = createServer((_, response) => response.writeHead(204).end()).listen(0, '127.0.0.1')
    await new Promise(resolve => elsewhere.once('listening', resolve))
    const url = `http://127.0.0.1:${Object(elsewhere.address()).port}/`
    const report = await examine(simulator.config, '--notify-url', url, '--port', '0', '--wait', '0')
    elsewhere.close()
    expect(faultsOf(report)).toEqual(['callback CALLBACK_MISSING'])
  })

  it('compares the key with a given certificate', async () => {
    const cert = folder.write('apiclient_cert.pem', simulator.config.merchant.cert)
    const { merchant: _, serial: __, ...config } = simulator.config
    expect(faultsOf(await examine({ ...config, serial: 'ABC' }, '--cert', cert))).toEqual([
      'serial SERIAL_OF_OTHER_CERTIFICATE',
    ])
    expect((await examine(config, '--cert', cert)).ok).toBe(true)
  })

  it('sends nothing with --offline', async () => {
    const before = simulator.requests.length
    const { ok, checks } = await examine(simulator.config, '--offline')
    expect(ok).toBe(true)
    expect(checks.filter(({ status }) => status === 'skipped')).toHaveLength(7)
    expect(simulator.requests).toHaveLength(before)
  })

  it('skips the checks that do not apply to a brand', async () => {
    const { ok, checks } = await examine(simulator.brand)
    expect(ok).toBe(true)
    expect(checks.filter(({ status }) => status === 'ok').map(({ id }) => id)).toContain('platform-keys')
  })

  it('prints a line for each check, and what to do, in English and Chinese', async () => {
    const file = folder.write('config.json', { ...simulator.config, serial: idOf(simulator.config) })
    const english = await wechatpay(['doctor', '--config', file])
    expect(english.exitCode).toBe(EXIT.failed)
    expect(english.stdout).toMatch(/^✓ merchant ID: 1900000109$/m)
    expect(english.stdout).toMatch(/^✗ serial: .*`certs`\.$/m)
    expect(english.stdout).toMatch(/^1 fault\.\n$/m)
    const chinese = await wechatpay(['doctor', '--config', file, '--lang', 'zh'])
    expect(chinese.stdout).toMatch(/^✗ 证书序列号：.*公钥 ID/m)
    expect(chinese.stdout).toMatch(/^发现 1 个问题。$/m)
  })
})
