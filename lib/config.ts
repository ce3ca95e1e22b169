/** What a merchant configures, checked once and kept as key objects: no PEM, nothing that prints. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { type KeyInput, keyMatchesCertificate, loadCertificate, loadPrivateKey } from './crypto/keys.js'
import { signAsync } from './crypto/rsa.js'
import { normalizeSerial, serialOf } from './crypto/x509.js'
import { InvalidArgumentError } from './errors.js'
import type { Hooks } from './hooks.js'
import type { TransportOptions } from './options.js'
import { readHeaders } from './protocol/headers.js'
import type { Settings } from './settings.js'
import { readBaseUri, readTransportOptions } from './transport/settings.js'
import { loadPlatformKeys, StaticKeys } from './trust/platform-keys.js'
import type { Signer, Verifier } from './trust/verifier.js'

/** The options of `Builder.factory`. */
export interface Config extends TransportOptions {
  /** The merchant number, or a service provider's. */
  mchid: string
  /** The merchant API certificate's serial, hex. Read from `merchant.cert` when absent. */
  serial?: string
  /** The merchant API private key, `apiclient_key.pem`. Not needed with `signer`. */
  privateKey?: KeyInput
  /** Platform certificates by serial and WeChat Pay public keys by `PUB_KEY_ID_…`, side by side. */
  certs?: Readonly<Record<string, KeyInput>>
  /** The APIv3 key, 32 bytes: opens downloaded certificates and notifications. */
  apiv3Key?: string | Uint8Array
  /** The APIv2 key, 32 bytes. */
  secret?: string | Uint8Array
  /** The merchant API certificate, `apiclient_cert.pem`. */
  merchant?: { cert: KeyInput; key?: KeyInput }
  /** Where to go when `base_uri` cannot be reached; `false` for nowhere. Default: WeChat Pay's second host, for its first. */
  fallback_uri?: string | URL | false
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>>
  /** Signs in place of `privateKey`: a KMS, an HSM. */
  signer?: Signer
  /** Verifies in place of `certs`. */
  verifier?: Verifier
  /** Told of every request, answer and repetition; nothing secret is in what they are told. */
  on?: Hooks
}

const MAIN_HOST = 'https://api.mch.weixin.qq.com/'
const SECOND_HOST = 'https://api2.mch.weixin.qq.com/'

const OPTIONS: ReadonlySet<string> = new Set<keyof Config>([
  'mchid',
  'serial',
  'privateKey',
  'certs',
  'apiv3Key',
  'secret',
  'merchant',
  'base_uri',
  'fallback_uri',
  'timeout',
  'retry',
  'dispatcher',
  'headers',
  'signer',
  'verifier',
  'on',
])

/** @throws InvalidArgumentError that names the option, what was found and what is expected. */
export function readConfig(config: Config, now: () => number): Settings {
  refuseUnknownOptions(config)
  const mchid = readMchid(config.mchid)
  const signer = config.signer ?? keySigner(config)
  return Object.freeze<Settings>({
    mchid,
    signer,
    verifier: config.verifier ?? readCerts(config, signer.serial, now),
    apiv3Key: readSymmetricKey(config.apiv3Key, 'apiv3Key', 'the APIv3 key (APIv3密钥)'),
    secret: readSymmetricKey(config.secret, 'secret', 'the APIv2 key (APIv2密钥)'),
    transport: readTransportOptions(config, MAIN_HOST),
    fallbackUri: readFallbackUri(config),
    headers: Object.freeze(readHeaders(config.headers)),
    hooks: Object.freeze({ ...config.on }),
  })
}

function refuseUnknownOptions(config: unknown): void {
  if (typeof config !== 'object' || config === null) {
    throw new InvalidArgumentError(
      'Builder.factory takes an object of options: { mchid, serial, privateKey, certs, … }.',
    )
  }
  const unknown = Object.keys(config).filter(name => !OPTIONS.has(name))
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `Builder.factory does not know the option \`${unknown.join('`, `')}\`. Known are ${[...OPTIONS].join(', ')}.`,
    )
  }
}

function readMchid(mchid: unknown): string {
  const text = typeof mchid === 'number' ? String(mchid) : mchid
  if (typeof text === 'string' && /^\d{1,32}$/.test(text)) return text
  throw new InvalidArgumentError('`mchid` must be the merchant number: digits, such as 1900000109.')
}

function keySigner(config: Config): Signer {
  if (config.privateKey === undefined) {
    throw new InvalidArgumentError(
      '`privateKey` is missing: the merchant API private key, apiclient_key.pem, or a `signer`.',
    )
  }
  const privateKey = loadPrivateKey(config.privateKey, 'privateKey')
  const serial = readSerial(config, privateKey)
  return { serial, sign: message => signAsync(message, privateKey) }
}

function readSerial({ serial, merchant }: Config, privateKey: KeyObject): string {
  const certificate = merchant && loadCertificate(merchant.cert, 'merchant.cert')
  if (certificate && !keyMatchesCertificate(privateKey, certificate)) {
    throw new InvalidArgumentError('`privateKey` does not belong to the certificate in `merchant.cert`.')
  }
  if (serial === undefined) {
    if (certificate) return serialOf(certificate)
    throw new InvalidArgumentError(
      '`serial` is missing: the serial of the merchant API certificate (商户API证书序列号), or give the certificate as `merchant.cert`.',
    )
  }
  if (typeof serial !== 'string' || !/^[0-9A-Za-z]+$/.test(serial)) {
    throw new InvalidArgumentError(
      '`serial` must be the serial of the merchant API certificate: hex digits, not a `PUB_KEY_ID_…`, which belongs in `certs`.',
    )
  }
  if (certificate && normalizeSerial(serial) !== normalizeSerial(serialOf(certificate))) {
    throw new InvalidArgumentError(
      `\`serial\` is ${serial}, but the certificate in \`merchant.cert\` has ${serialOf(certificate)}; leave \`serial\` out to read it from there.`,
    )
  }
  return serial.toUpperCase()
}

function readCerts({ certs, privateKey }: Config, merchantSerial: string, now: () => number): Verifier {
  const entries = Object.entries(certs ?? {})
  if (entries.length === 0) {
    throw new InvalidArgumentError(
      '`certs` is empty, so no answer could be verified: give platform certificates by serial, or the WeChat Pay public key by its `PUB_KEY_ID_…`.',
    )
  }
  const own = privateKey === undefined ? undefined : loadPrivateKey(privateKey, 'privateKey')
  return new StaticKeys(loadPlatformKeys(entries, merchantSerial, own), now)
}

function readSymmetricKey(key: unknown, option: string, meaning: string): KeyObject | undefined {
  if (key === undefined) return undefined
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw new InvalidArgumentError(`\`${option}\` must be ${meaning}: 32 bytes, as a string or bytes.`)
  }
  const bytes = Buffer.from(key)
  if (bytes.length !== 32) {
    throw new InvalidArgumentError(`\`${option}\` has ${bytes.length} bytes, but ${meaning} has 32.`)
  }
  return createSecretKey(bytes)
}

function readFallbackUri({ base_uri, fallback_uri }: Config): URL | undefined {
  if (fallback_uri === false) return undefined
  if (fallback_uri !== undefined) return readBaseUri(fallback_uri, 'fallback_uri')
  const isMainHost = base_uri === undefined || readBaseUri(base_uri, 'base_uri').href === MAIN_HOST
  return isMainHost ? new URL(SECOND_HOST) : undefined
}
