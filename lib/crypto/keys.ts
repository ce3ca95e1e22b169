/** RSA keys and certificates: loaded from every form that users have them in, and identified by their serials. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { type KeyInput, readInput } from './key-input.js'
import type { KeyMaterial } from './key-material.js'

export type { KeyInput } from './key-input.js'

const MIN_BITS = 2048

const EXPECTED = {
  private: {
    kinds: ['a private key', 'an encrypted private key'],
    name: 'an RSA private key',
    cure: "Pass the merchant's apiclient_key.pem.",
  },
  public: {
    kinds: ['a public key', 'a certificate'],
    name: 'an RSA public key or a certificate',
    cure: "Pass WeChat Pay's public key (pub_key.pem) or a platform certificate.",
  },
  certificate: {
    kinds: ['a certificate'],
    name: 'an X.509 certificate',
    cure: "Pass a certificate, such as the merchant's apiclient_cert.pem.",
  },
} as const

/**
 * An RSA private key of at least 2048 bits. `option` names the input in errors. An encrypted key needs its `passphrase`;
 * the terminal never asks for it.
 *
 * @throws InvalidArgumentError for anything else; the message never shows the input, except for the path of a file.
 */
export function loadPrivateKey(input: KeyInput, option: string, passphrase?: string): KeyObject {
  if (isAccepted(input, 'private')) return input
  const material = find('private', input, option)
  return requireRsa('key' in material ? material.key : decrypt(material.decrypt, option, passphrase), option)
}

/** An RSA public key of at least 2048 bits; a certificate gives its key. Otherwise as {@link loadPrivateKey}. */
export function loadPublicKey(input: KeyInput, option: string): KeyObject {
  return loadVerificationKey(input, option).key
}

/** As {@link loadPublicKey}, with the certificate if the input was one. */
export function loadVerificationKey(
  input: KeyInput,
  option: string,
): { key: KeyObject; certificate: X509Certificate | undefined } {
  if (isAccepted(input, 'public')) return { key: input, certificate: undefined }
  const material = find('public', input, option)
  if ('key' in material) return { key: requireRsa(material.key, option), certificate: undefined }
  return { key: keyOf(material.certificate, option), certificate: material.certificate }
}

/** An X.509 certificate of an RSA key of at least 2048 bits. Otherwise as {@link loadPrivateKey}. */
export function loadCertificate(input: KeyInput, option: string): X509Certificate {
  const { certificate } = find('certificate', input, option)
  keyOf(certificate, option)
  return certificate
}

/** Whether a certificate was issued for the public half of a private key. */
export function keyMatchesCertificate(privateKey: KeyObject, certificate: X509Certificate): boolean {
  return certificate.checkPrivateKey(privateKey)
}

const PUBLIC_KEY_ID = /^PUB_KEY_ID_/

/** Whether a `Wechatpay-Serial` names a WeChat Pay public key, rather than a platform certificate. */
export function isPublicKeyId(serial: string): boolean {
  return PUBLIC_KEY_ID.test(serial)
}

/** The serial of a certificate as it is sent: upper-case hex, leading zeros kept. */
export function serialOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toUpperCase()
}

/**
 * The map key of a serial: the same for hex in any case, with or without leading zeros. Anything else, such as
 * `PUB_KEY_ID_…`, stays as it is. Never throws, so that a serial from a header can be looked up as received.
 */
export function normalizeSerial(serial: string): string {
  if (!/^[0-9A-Fa-f]+$/.test(serial)) return serial
  return serial.toUpperCase().replace(/^0+(?=.)/, '')
}

/** The normalized hex of a serial in decimal, as Java and Go print it; undefined for a string that is not decimal. */
export function hexOfDecimal(serial: string): string | undefined {
  return /^\d{1,50}$/.test(serial) ? BigInt(serial).toString(16).toUpperCase() : undefined
}

type Wanted = keyof typeof EXPECTED
type Found<W extends Wanted> = Extract<KeyMaterial, { kind: (typeof EXPECTED)[W]['kinds'][number] }>

function find<W extends Wanted>(wanted: W, input: KeyInput, option: string): Found<W> {
  const materials = readInput(input, option)
  const kinds: readonly string[] = EXPECTED[wanted].kinds
  const match = materials.find((material): material is Found<W> => kinds.includes(material.kind))
  if (match !== undefined) return match
  throw unexpected(materials, wanted, option)
}

function unexpected(materials: KeyMaterial[], wanted: Wanted, option: string): InvalidArgumentError {
  const { name, cure } = EXPECTED[wanted]
  const found = materials.map(material => (material.kind === 'unusable' ? material.found : material.kind))
  const ownCure = materials.map(material => (material.kind === 'unusable' ? material.cure : undefined)).find(Boolean)
  return new InvalidArgumentError(`\`${option}\` must be ${name}; got ${found.join(' and ')}. ${ownCure ?? cure}`)
}

function decrypt(
  decryptWith: (passphrase: string) => KeyObject,
  option: string,
  passphrase: string | undefined,
): KeyObject {
  if (passphrase === undefined) {
    throw new InvalidArgumentError(
      `\`${option}\` must not be encrypted, or come with its passphrase; got an encrypted private key without a passphrase. Pass the passphrase, or decrypt the key with openssl pkcs8.`,
    )
  }
  try {
    return decryptWith(passphrase)
  } catch (cause) {
    throw new InvalidArgumentError(
      `\`${option}\` is an encrypted private key that cannot be decrypted with the passphrase. Check the passphrase. A key that is encrypted with an algorithm that OpenSSL 3 has retired must be exported again.`,
      { cause },
    )
  }
}

function keyOf(certificate: X509Certificate, option: string): KeyObject {
  let key: KeyObject
  try {
    key = certificate.publicKey
  } catch (cause) {
    throw notRsa('a certificate whose key this Node cannot read', option, { cause })
  }
  return requireRsa(key, option)
}

// Node computes the details of a key each time they are read, and the same key signs every request.
const accepted = new WeakSet<object>()

function isAccepted(input: KeyInput, type: 'private' | 'public'): input is KeyObject {
  return typeof input === 'object' && accepted.has(input) && 'type' in input && input.type === type
}

function requireRsa(key: KeyObject, option: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type !== 'rsa') throw notRsa(`a key of type ${type ?? 'unknown to Node, such as SM2'}`, option)
  const bits = details?.modulusLength ?? 0
  if (bits < MIN_BITS) throw notRsa(`an RSA key of ${bits} bits`, option)
  accepted.add(key)
  return key
}

function notRsa(found: string, option: string, options?: { cause: unknown }): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`${option}\` must be RSA of at least ${MIN_BITS} bits; got ${found}. Pass the key that WeChat Pay issued or that its tool generated.`,
    options,
  )
}
