/** What a merchant configures, checked once and kept as key objects: no PEM, nothing that prints. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { type KeyInput, keyMatchesCertificate, loadPrivateKey } from './crypto/keys.js'
import { decrypt, signAsync } from './crypto/rsa.js'
import { normalizeSerial, serialOf } from './crypto/x509.js'
import { InvalidArgumentError } from './errors.js'
import type { Hooks } from './hooks.js'
import type { TransportOptions } from './options.js'
import { platformVerifiers } from './platform-verifiers.js'
import { readHeaders } from './protocol/headers.js'
import {
  type MerchantCertificate,
  type MerchantPem,
  type MerchantPfx,
  readMerchant,
} from './protocol/merchant-certificate.js'
import type { Settings } from './settings.js'
import { MemoryStore } from './stores/memory-store.js'
import type { Store } from './stores/store.js'
import { readBaseUri, readTransportOptions } from './transport/settings.js'
import { loadPlatformKeys, type PlatformKey } from './trust/platform-keys.js'
import type { Signer, Verifier } from './trust/verifier.js'

/** The options of `Builder.factory`. */
export interface Config extends TransportOptions {
  /** The merchant number, or a service provider's. */
  mchid: string
  /** The merchant API certificate's serial, hex. Read from `merchant` when absent. */
  serial?: string
  /** The merchant API private key, `apiclient_key.pem`. Read from `merchant` when absent; not needed with `signer`. */
  privateKey?: KeyInput
  /**
   * Platform certificates by serial and WeChat Pay public keys by `PUB_KEY_ID_…`, side by side. With `apiv3Key`,
   * platform certificates that are missing here are downloaded when they are needed.
   */
  certs?: Readonly<Record<string, KeyInput>>
  /** The APIv3 key, 32 bytes: opens downloaded certificates and notifications. */
  apiv3Key?: string | Uint8Array
  /** The APIv2 key, 32 bytes. With it alone, or with it and `merchant`, a client speaks APIv2 and no APIv3. */
  secret?: string | Uint8Array
  /** The merchant API certificate: shown over mutual TLS, where an APIv2 endpoint needs it. */
  merchant?: MerchantPem | MerchantPfx
  /** The secret of the WeCom application that pays: makes the `workwx_sign` of the APIv2 messages that want one. */
  agentSecret?: string
  /** APIv2 to the sandbox only; see the option of the same name of a call. */
  sandbox?: boolean
  /**
   * Certificate authorities, PEM, to trust in place of the well-known ones: for a gateway or a proxy of one's own. Not
   * used with `dispatcher`.
   */
  ca?: string | readonly string[]
  /** Where to go when `base_uri` cannot be reached; `false` for nowhere. Default: WeChat Pay's second host, for its first. */
  fallback_uri?: string | URL | false
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>>
  /** Signs in place of `privateKey`: a KMS, an HSM. */
  signer?: Signer
  /** Verifies in place of `certs`. */
  verifier?: Verifier
  /** Where processes share certificates and seen notifications. Default: the memory of this one. */
  store?: Store
  /** `'off'` leaves the sensitive fields that the catalogue marks as they are given, and as they come. Default `'auto'`. */
  encrypt?: 'auto' | 'off'
  /** Told of every request, answer and repetition, and of keys that need attention; nothing secret is in it. */
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
  'agentSecret',
  'sandbox',
  'ca',
  'base_uri',
  'fallback_uri',
  'timeout',
  'retry',
  'dispatcher',
  'headers',
  'signer',
  'verifier',
  'store',
  'encrypt',
  'on',
])

/** @throws InvalidArgumentError that names the option, what was found and what is expected. */
export function readConfig(config: Config, now: () => number): Settings {
  refuseUnknownOptions(config)
  const mchid = readMchid(config.mchid)
  const merchant = readMerchant(config.merchant, mchid)
  const privateKey = readPrivateKey(config, merchant)
  const signer = config.signer ?? keySigner(config, privateKey, merchant)
  const transport = readTransportOptions(config, MAIN_HOST)
  const settings = {
    mchid,
    privateKey,
    signer,
    apiv3Key: readSymmetricKey(config.apiv3Key, 'apiv3Key', 'the APIv3 key (APIv3密钥)'),
    secret: readSymmetricKey(config.secret, 'secret', 'the APIv2 key (APIv2密钥)'),
    agentSecret: readAgentSecret(config.agentSecret),
    identity: readIdentity(merchant, privateKey),
    ca: readAuthorities(config.ca),
    sandbox: readSandbox(config.sandbox),
    speaksV3: !isForV2Alone(config),
    transport,
    isMainHost: transport.baseUri.href === MAIN_HOST,
    fallbackUri: readFallbackUri(config),
    headers: Object.freeze(readHeaders(config.headers)),
    hooks: Object.freeze({ ...config.on }),
    store: readStore(config.store, now),
    encrypt: readEncrypt(config.encrypt),
  }
  const verifierFor = readVerifier(config, settings, now)
  return Object.freeze<Settings>({
    ...settings,
    verifierFor,
    verifier: verifierFor({ template: '', baseUri: transport.baseUri }),
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

/** @throws InvalidArgumentError for a key that belongs to another certificate. */
function readPrivateKey({ privateKey }: Config, merchant: MerchantCertificate | undefined): KeyObject | undefined {
  if (privateKey === undefined) return merchant?.key
  const key = loadPrivateKey(privateKey, 'privateKey')
  if (!merchant || keyMatchesCertificate(key, merchant.certificate)) return key
  throw new InvalidArgumentError(`\`privateKey\` does not belong to the certificate in \`${merchant.option}\`.`)
}

/** What APIv3 is signed and verified with; with none of it, and an APIv2 key, a client speaks APIv2 alone. */
const FOR_V3 = ['privateKey', 'serial', 'certs', 'apiv3Key', 'signer', 'verifier'] as const

function isForV2Alone(config: Config): boolean {
  return config.secret !== undefined && FOR_V3.every(option => config[option] === undefined)
}

const NO_SIGNER: Signer = Object.freeze({
  serial: '',
  sign: () => {
    throw new InvalidArgumentError('`privateKey` is missing: this client speaks APIv2 alone.')
  },
})

function keySigner(
  config: Config,
  privateKey: KeyObject | undefined,
  merchant: MerchantCertificate | undefined,
): Signer {
  if (isForV2Alone(config)) return NO_SIGNER
  if (!privateKey) {
    throw new InvalidArgumentError(
      '`privateKey` is missing: the merchant API private key, apiclient_key.pem, or a `signer`.',
    )
  }
  const serial = readSerial(config, merchant)
  return {
    serial,
    sign: message => signAsync(message, privateKey),
    decrypt: ciphertext => decrypt(ciphertext, privateKey),
  }
}

function readSerial({ serial }: Config, merchant: MerchantCertificate | undefined): string {
  const own = merchant && serialOf(merchant.certificate)
  if (serial === undefined) {
    if (own) return own
    throw new InvalidArgumentError(
      '`serial` is missing: the serial of the merchant API certificate (商户API证书序列号), or give the certificate as `merchant`.',
    )
  }
  if (typeof serial !== 'string' || !/^[0-9A-Za-z]+$/.test(serial)) {
    throw new InvalidArgumentError(
      '`serial` must be the serial of the merchant API certificate: hex digits, not a `PUB_KEY_ID_…`, which belongs in `certs`.',
    )
  }
  if (own && normalizeSerial(serial) !== normalizeSerial(own)) {
    throw new InvalidArgumentError(
      `\`serial\` is ${serial}, but the certificate in \`${merchant.option}\` has ${own}; leave \`serial\` out to read it from there.`,
    )
  }
  return serial.toUpperCase()
}

function readVerifier(
  config: Config,
  settings: Omit<Settings, 'verifier' | 'verifierFor'>,
  now: () => number,
): Settings['verifierFor'] {
  const { verifier } = config
  if (verifier) return () => verifier
  return platformVerifiers({ configured: readCerts(config, settings), settings, now })
}

function readCerts(
  { certs = {}, apiv3Key }: Config,
  { signer, privateKey, speaksV3 }: Pick<Settings, 'signer' | 'privateKey' | 'speaksV3'>,
): PlatformKey[] {
  if (typeof certs !== 'object' || certs === null) {
    throw new InvalidArgumentError(
      '`certs` must be an object: platform certificates by serial, WeChat Pay public keys by `PUB_KEY_ID_…`.',
    )
  }
  const entries = Object.entries(certs)
  if (entries.length === 0 && apiv3Key === undefined && speaksV3) {
    throw new InvalidArgumentError(
      '`certs` is empty and `apiv3Key` is missing, so no answer could be verified: give the WeChat Pay public key by its `PUB_KEY_ID_…`, or platform certificates by serial, or the APIv3 key to download these.',
    )
  }
  return loadPlatformKeys(entries, signer.serial, privateKey)
}

function readStore(store: Store | undefined, now: () => number): Store {
  if (store === undefined) return new MemoryStore({ now })
  const missing = (['get', 'set', 'add', 'delete'] as const).filter(name => typeof store?.[name] !== 'function')
  if (missing.length === 0) return store
  throw new InvalidArgumentError(
    `\`store\` must be a MemoryStore, a FileStore, a RedisStore or one of your own; it lacks ${missing.join(', ')}.`,
  )
}

function readEncrypt(encrypt: unknown): boolean {
  if (encrypt === undefined || encrypt === 'auto') return true
  if (encrypt === 'off') return false
  throw new InvalidArgumentError("`encrypt` must be 'auto' or 'off'.")
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

function readIdentity(merchant: MerchantCertificate | undefined, privateKey: KeyObject | undefined) {
  const key = merchant?.key ?? privateKey
  return merchant && key && Object.freeze({ certificate: merchant.certificate, key })
}

function readAgentSecret(secret: unknown): KeyObject | undefined {
  if (secret === undefined) return undefined
  if (typeof secret === 'string' && secret !== '') return createSecretKey(secret, 'utf8')
  throw new InvalidArgumentError('`agentSecret` must be the secret of the WeCom application (应用的Secret), a text.')
}

function readAuthorities(ca: unknown): readonly string[] | undefined {
  if (ca === undefined) return undefined
  const authorities: unknown[] = Array.isArray(ca) ? ca : [ca]
  const isPem = (text: unknown): text is string =>
    typeof text === 'string' && text.includes('-----BEGIN CERTIFICATE-----')
  if (authorities.length > 0 && authorities.every(isPem)) return Object.freeze([...authorities])
  throw new InvalidArgumentError('`ca` must be the PEM of a certificate authority, or a list of them.')
}

function readSandbox(sandbox: unknown): boolean {
  if (sandbox === undefined || typeof sandbox === 'boolean') return sandbox ?? false
  throw new InvalidArgumentError('`sandbox` must be true or false.')
}

function readFallbackUri({ base_uri, fallback_uri }: Config): URL | undefined {
  if (fallback_uri === false) return undefined
  if (fallback_uri !== undefined) return readBaseUri(fallback_uri, 'fallback_uri')
  const isMainHost = base_uri === undefined || readBaseUri(base_uri, 'base_uri').href === MAIN_HOST
  return isMainHost ? new URL(SECOND_HOST) : undefined
}
