/** The options that are keys: checked together, since one can show that a different one is wrong, and renewed while a client runs. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import {
  hexOfDecimal,
  isPublicKeyId,
  type KeyInput,
  type KeyKind,
  keyMatchesCertificate,
  kindOfKey,
  loadSigningKey,
  normalizeSerial,
  serialOf,
} from '../crypto/keys.js'
import { signAsync } from '../crypto/rsa.js'
import { InvalidArgumentError, NOTHING_SENT, OUTCOME_UNKNOWN, WechatPayError } from '../errors.js'
import type { ClientCertificate } from '../transport/undici.js'
import { decryptField, decryptKey } from '../trust/decrypt-field.js'
import type { PlatformKey } from '../trust/platform-key-ring.js'
import { signWith } from '../trust/sign.js'
import type { Signer, Verifier } from '../trust/verifier.js'
import { isRecord } from '../util/plain-object.js'
import { characterName, kindOf } from '../util/wording.js'
import type { Caller } from './caller.js'
import { readCerts, refuseMerchantKeys, requirePublicKeys } from './certs.js'
import { type MerchantCertificate, type MerchantPem, type MerchantPfx, readMerchant } from './merchant-certificate.js'

/** The keys of a merchant, and those of WeChat Pay. */
export interface KeyOptions {
  /** The serial of the merchant API certificate, hex. Default: read from `merchant`. */
  serial?: string
  /**
   * The merchant API private key, `apiclient_key.pem`. Default: read from `merchant`. Not needed with `signer`. With a key of
   * SM2 (国密) the client uses the national algorithms throughout.
   */
  privateKey?: KeyInput
  /**
   * Platform certificates by serial and WeChat Pay public keys by `PUB_KEY_ID_…`, side by side. Requests announce the first
   * public key, or without one the newest certificate. With `apiv3Key`, missing platform certificates are downloaded when
   * they are needed.
   */
  certs?: Readonly<Record<string, KeyInput>>
  /** The APIv3 key, 32 bytes: decrypts downloaded certificates and notifications. */
  apiv3Key?: string | Uint8Array
  /** The APIv2 key, 32 bytes. With only this key, or this key and `merchant`, a client supports APIv2 only. */
  secret?: string | Uint8Array
  /** The merchant API certificate, presented over mutual TLS if an APIv2 endpoint needs it. */
  merchant?: MerchantPem | MerchantPfx
  /** Signs instead of `privateKey`: a KMS or an HSM. */
  signer?: Signer
  /** Verifies instead of `certs`. */
  verifier?: Verifier
}

/** The checked keys. */
export interface Keys {
  /** Undefined if a `signer` signs elsewhere. */
  readonly privateKey: KeyObject | undefined
  readonly signer: Signer
  /** Presented to WeChat Pay if an endpoint needs it. */
  readonly identity: ClientCertificate | undefined
  /** The configured keys of WeChat Pay. */
  readonly platformKeys: readonly PlatformKey[]
  /** Verifies instead of these. */
  readonly givenVerifier: Verifier | undefined
  readonly apiv3Key: KeyObject | undefined
  readonly secret: KeyObject | undefined
  /** Whether the keys for APIv3 are configured. */
  readonly supportsV3: boolean
}

const MERCHANT_OPTIONS = ['serial', 'privateKey', 'merchant', 'signer'] as const
/** The options for APIv3. A client with none of these, and with an APIv2 key, supports APIv2 only. */
const V3_OPTIONS = ['privateKey', 'serial', 'certs', 'apiv3Key', 'signer', 'verifier'] as const

/**
 * The keys of the options. Keys that are not among the options stay as they were `before`.
 *
 * @throws InvalidArgumentError that names the option, what it must be and what was found.
 */
export function readKeys(options: KeyOptions, caller: Caller, before?: Keys): Keys {
  const isBrand = caller.option === 'brand_id'
  const has = (names: readonly (keyof KeyOptions)[]) => names.some(name => options[name] !== undefined)
  const apiv3Key = readSymmetricKey(options.apiv3Key, 'apiv3Key', 'the APIv3 key (APIv3密钥)') ?? before?.apiv3Key
  const secret = readSymmetricKey(options.secret, 'secret', 'the APIv2 key (APIv2密钥)') ?? before?.secret
  const supportsV3 = has(V3_OPTIONS) || (before ? before.supportsV3 : secret === undefined)
  const merchant = before && !has(MERCHANT_OPTIONS) ? before : readMerchantKeys(options, caller.id, supportsV3)
  const platform = before && !has(['certs', 'verifier']) ? before : readPlatformKeys(options)
  const { privateKey, signer, identity = before?.identity } = merchant
  const { platformKeys, givenVerifier } = platform
  refuseMerchantKeys(platformKeys, signer.serial, privateKey)
  if (isBrand) requireBrandKeys(platformKeys, signer, givenVerifier)
  else if (supportsV3 && !givenVerifier && !apiv3Key) requirePlatformKey(platformKeys, signer.algorithm ?? 'RSA')
  return { privateKey, signer, identity, platformKeys, givenVerifier, apiv3Key, secret, supportsV3 }
}

/** @throws InvalidArgumentError for anything but RSA and WeChat Pay public keys. */
function requireBrandKeys(keys: readonly PlatformKey[], { algorithm }: Signer, verifier: Verifier | undefined): void {
  if (algorithm === 'SM2') {
    throw new InvalidArgumentError(
      '`privateKey` of a brand must be an RSA key; got one of SM2. Pass the key of the brand API certificate.',
    )
  }
  requirePublicKeys(keys)
  if (keys.length > 0 || verifier) return
  throw new InvalidArgumentError(
    '`certs` must have the WeChat Pay public key under its `PUB_KEY_ID_…`: no response could be verified, and there are no certificates to download for a brand.',
  )
}

// WeChat Pay signs its responses with the algorithm of the request.
function requirePlatformKey(keys: readonly PlatformKey[], kind: KeyKind): void {
  if (keys.some(({ key }) => kindOfKey(key) === kind)) return
  if (keys.length === 0) {
    throw new InvalidArgumentError(
      '`certs` must not be empty without `apiv3Key`: no response could be verified. Give the WeChat Pay public key by its `PUB_KEY_ID_…`, or platform certificates by serial, or the APIv3 key to download them.',
    )
  }
  const found = kind === 'SM2' ? 'RSA' : 'SM2'
  throw new InvalidArgumentError(
    `\`certs\` must have a key of ${kind}, as the merchant's key is; got keys of ${found} only, so no response could be verified. Add the platform certificate of ${kind} by its serial, or \`apiv3Key\` to have it downloaded.`,
  )
}

function readMerchantKeys(
  options: KeyOptions,
  mchid: string,
  supportsV3: boolean,
): Pick<Keys, 'privateKey' | 'signer' | 'identity'> {
  const merchant = readMerchant(options.merchant, mchid)
  const privateKey = readPrivateKey(options, merchant)
  requireMethods(options.signer, 'signer', ['sign'], '{ serial, sign(message) }')
  const signer = options.signer
    ? checkedSigner(options.signer, merchant)
    : supportsV3
      ? keySigner(options, privateKey, merchant)
      : NO_SIGNER
  const key = merchant?.key ?? privateKey
  return {
    privateKey,
    signer,
    identity: merchant && key && Object.freeze({ certificate: merchant.certificate, key }),
  }
}

/** @throws InvalidArgumentError for a key that belongs to a different certificate. */
function readPrivateKey({ privateKey }: KeyOptions, merchant: MerchantCertificate | undefined): KeyObject | undefined {
  if (privateKey === undefined) return merchant?.key
  const key = loadSigningKey(privateKey, 'privateKey')
  if (!merchant || keyMatchesCertificate(key, merchant.certificate)) return key
  const kinds = [kindOfKey(key), kindOfKey(merchant.certificate.publicKey)]
  if (kinds[0] !== kinds[1]) {
    throw new InvalidArgumentError(
      `\`privateKey\` must be the key of the certificate in \`${merchant.option}\`; got a key of ${kinds[0]} with a certificate of ${kinds[1]}. Pass both of the same kind: WeChat Pay issues a certificate for each.`,
    )
  }
  throw new InvalidArgumentError(
    `\`privateKey\` must be the key of the certificate in \`${merchant.option}\`; got a different key. Pass the apiclient_key.pem that was created with the certificate.`,
  )
}

const NO_SIGNER: Signer = Object.freeze({
  serial: '',
  sign: () => {
    throw new InvalidArgumentError('`privateKey` is missing: this client is configured for APIv2 only.')
  },
})

function keySigner(
  options: KeyOptions,
  privateKey: KeyObject | undefined,
  merchant: MerchantCertificate | undefined,
): Signer {
  if (!privateKey) {
    throw new InvalidArgumentError(
      '`privateKey` is missing. Give the merchant API private key, apiclient_key.pem, or a `signer`.',
    )
  }
  const serial = readSerial(options, merchant)
  const algorithm = kindOfKey(privateKey)
  return {
    serial,
    algorithm,
    sign: message => (algorithm === 'SM2' ? signSm2(message, privateKey) : signAsync(message, privateKey)),
    decrypt: ciphertext => decryptField(ciphertext, privateKey),
    decryptBytes: ciphertext => decryptKey(ciphertext, privateKey),
  }
}

async function signSm2(message: Uint8Array, privateKey: KeyObject): Promise<string> {
  const { Sm2 } = await import('../crypto/sm.js')
  return Sm2.sign(message, privateKey)
}

/** The user's signer, whose signatures are checked. */
function checkedSigner(signer: Signer, merchant: MerchantCertificate | undefined): Signer {
  requireSignerSerial(signer, merchant)
  requireSignerAlgorithm(signer, merchant)
  const { serial, algorithm, decrypt, decryptBytes } = signer
  return {
    serial,
    ...(algorithm && { algorithm }),
    sign: message => signWith(signer, message),
    ...(decrypt && { decrypt: ciphertext => decrypt.call(signer, ciphertext) }),
    ...(decryptBytes && { decryptBytes: ciphertext => decryptBytes.call(signer, ciphertext) }),
  }
}

// The signer announces its serial itself, so it must be spelt as WeChat Pay knows it.
function requireSignerSerial({ serial }: Signer, merchant: MerchantCertificate | undefined): void {
  const given = requireHexSerial(serial, 'signer.serial')
  const expected = merchant ? serialOf(merchant.certificate) : given
  if (serial === expected) return
  const found =
    normalizeSerial(given) === normalizeSerial(expected) ? 'a different spelling of it' : 'a different serial'
  throw new InvalidArgumentError(
    `\`signer.serial\` must be ${expected}, the serial of the merchant API certificate in upper case with its leading zeros; got ${found}. Copy it from the certificate.`,
  )
}

function requireSignerAlgorithm({ algorithm = 'RSA' }: Signer, merchant: MerchantCertificate | undefined): void {
  if (algorithm !== 'RSA' && algorithm !== 'SM2') {
    const found = typeof algorithm === 'string' ? JSON.stringify(algorithm) : kindOf(algorithm)
    throw new InvalidArgumentError(`\`signer.algorithm\` must be 'RSA' or 'SM2'; got ${found}. Leave it out for RSA.`)
  }
  if (!merchant) return
  const expected = kindOfKey(merchant.certificate.publicKey)
  if (algorithm === expected) return
  throw new InvalidArgumentError(
    `\`signer.algorithm\` must be '${expected}', as the certificate in \`${merchant.option}\` is; got '${algorithm}'. Pass the certificate whose key the signer has.`,
  )
}

function readSerial({ serial }: KeyOptions, merchant: MerchantCertificate | undefined): string {
  const own = merchant && serialOf(merchant.certificate)
  if (serial === undefined) {
    if (own) return own
    throw new InvalidArgumentError(
      '`serial` is missing. Pass the serial of the merchant API certificate (商户API证书序列号), or the certificate as `merchant`.',
    )
  }
  return own ? requireOwnSerial(serial, own, merchant.option) : requireHexSerial(serial, 'serial')
}

// The certificate is known, so its own serial is sent, with its leading zeros: WeChat Pay compares strings.
function requireOwnSerial(serial: unknown, own: string, option: string): string {
  if (typeof serial === 'string' && normalizeSerial(serial) === normalizeSerial(own)) return own
  const found =
    typeof serial === 'string' && hexOfDecimal(serial) === normalizeSerial(own)
      ? 'that serial in decimal'
      : serialFlaw(serial)
  throw new InvalidArgumentError(
    `\`serial\` must be ${own}, the serial of the certificate in \`${option}\`; got ${found}. Leave \`serial\` out to have it read from there.`,
  )
}

/** A certificate's serial has at most 20 bytes (RFC 5280 section 4.1.2.2). */
const HEX_SERIAL = /^[0-9A-Fa-f]{1,40}$/

function requireHexSerial(serial: unknown, option: string): string {
  if (typeof serial === 'string' && HEX_SERIAL.test(serial)) return serial.toUpperCase()
  throw new InvalidArgumentError(
    `\`${option}\` must be the serial of the merchant API certificate (商户API证书序列号), at most 40 hex digits; got ${serialFlaw(serial)}. Copy it from 商户平台 → 账户中心 → API安全, or from \`openssl x509 -in apiclient_cert.pem -noout -serial\`. A \`PUB_KEY_ID_…\` belongs in \`certs\`.`,
  )
}

function serialFlaw(serial: unknown): string {
  if (typeof serial !== 'string') return kindOf(serial)
  if (serial === '') return 'an empty string'
  if (isPublicKeyId(serial)) return 'the ID of a WeChat Pay public key'
  if (HEX_SERIAL.test(serial)) return 'a different serial'
  const hex = hexOfDecimal(serial)
  if (hex && HEX_SERIAL.test(hex)) return `a serial in decimal, which is ${hex} in hex`
  const stray = /[^0-9A-Fa-f]/u.exec(serial)
  return stray ? `a string with ${characterName(stray[0])}` : `${serial.length} digits`
}

function readPlatformKeys({ certs = {}, verifier }: KeyOptions): Pick<Keys, 'platformKeys' | 'givenVerifier'> {
  if (!isRecord(certs) || ArrayBuffer.isView(certs)) {
    throw new InvalidArgumentError(
      `\`certs\` must be an object { <serial>: platform certificate, PUB_KEY_ID_…: WeChat Pay public key }; got ${kindOf(certs)}.`,
    )
  }
  requireMethods(
    verifier,
    'verifier',
    ['announcedSerial', 'verify'],
    '{ announcedSerial(), verify(message, signature, serial) }',
  )
  return { platformKeys: readCerts(Object.entries(certs)), givenVerifier: verifier && guarded(verifier) }
}

/** The same verifier, whose failures say what happened to the call. */
function guarded(verifier: Verifier): Verifier {
  const attempt = async <T>(ask: () => T | Promise<T>, consequence: string): Promise<T> => {
    try {
      return await ask()
    } catch (cause) {
      throw new WechatPayError(`The verifier failed; its error is the cause. ${consequence}`, {
        code: 'ERR_VERIFIER',
        cause,
      })
    }
  }
  const { encryptionKey } = verifier
  return {
    announcedSerial: () => attempt(() => verifier.announcedSerial(), NOTHING_SENT),
    verify: (...received) => attempt(() => verifier.verify(...received), OUTCOME_UNKNOWN),
    ...(encryptionKey && {
      encryptionKey: serial => attempt(() => encryptionKey.call(verifier, serial), NOTHING_SENT),
    }),
  }
}

function requireMethods(given: unknown, option: string, names: readonly string[], expected: string): void {
  if (given === undefined) return
  const has = (name: string) =>
    typeof given === 'object' && given !== null && typeof Reflect.get(given, name) === 'function'
  const missing = names.filter(name => !has(name))
  if (missing.length === 0) return
  throw new InvalidArgumentError(
    `\`${option}\` must be ${expected}; got ${kindOf(given)} without the method \`${missing.join('`, `')}\`.`,
  )
}

const KEY_BYTES = 32

function readSymmetricKey(key: unknown, option: string, meaning: string): KeyObject | undefined {
  if (key === undefined) return undefined
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw new InvalidArgumentError(
      `\`${option}\` must be ${meaning}, ${KEY_BYTES} bytes as a string or a Uint8Array; got ${kindOf(key)}.`,
    )
  }
  const bytes = Buffer.from(key)
  if (bytes.length === KEY_BYTES) return createSecretKey(bytes)
  throw new InvalidArgumentError(`\`${option}\` must be ${meaning}, ${KEY_BYTES} bytes; got ${mistakeOf(bytes)}`)
}

function mistakeOf(bytes: Buffer): string {
  const key = bytes.toString('latin1')
  if (key.includes('-----BEGIN ')) return 'a PEM file. It belongs in `privateKey`, `certs` or `merchant`.'
  if (/^file:/i.test(key)) return 'a file URL. Pass the key itself.'
  if (/^[0-9A-Fa-f]{40}$/.test(key)) return 'a serial. It belongs in `serial`.'
  if (key.trim().length === KEY_BYTES) return `${bytes.length} bytes with white space around the key. Remove it.`
  return `${bytes.length} bytes. Pass the key that was set in 商户平台 → 账户中心 → API安全.`
}
