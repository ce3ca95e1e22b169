/** RSA and SM2 keys and certificates: loaded from every form that users have them in, and identified by their serials. */
import { KeyObject, type X509Certificate } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import { type KeyInput, readInput } from './key-input.js'
import type { KeyMaterial } from './key-material.js'
import { asSm2Key } from './sm2-key.js'

export type { KeyInput } from './key-input.js'

/** `'SM2'` for the national algorithms: SM2 signatures and encryption, SM3, SM4. */
export type KeyKind = 'RSA' | 'SM2'

const MIN_BITS = 2048

const EXPECTED = {
  private: {
    materials: ['a private key', 'an encrypted private key'],
    name: (kinds: string) => `an ${kinds} private key`,
    cure: "Pass the merchant's apiclient_key.pem.",
  },
  public: {
    materials: ['a public key', 'a certificate'],
    name: (kinds: string) => `an ${kinds} public key or a certificate`,
    cure: "Pass WeChat Pay's public key (pub_key.pem) or a platform certificate.",
  },
  certificate: {
    materials: ['a certificate'],
    name: (_kinds: string) => 'an X.509 certificate',
    cure: "Pass a certificate, such as the merchant's apiclient_cert.pem.",
  },
} as const

const RSA: readonly KeyKind[] = ['RSA']
const RSA_OR_SM2: readonly KeyKind[] = ['RSA', 'SM2']

/**
 * An RSA private key of at least 2048 bits. `option` names the input in errors. An encrypted key needs its `passphrase`;
 * the terminal never asks for it.
 *
 * @throws InvalidArgumentError for anything else; the message never shows the input, except for the path of a file.
 */
export function loadPrivateKey(input: KeyInput, option: string, passphrase?: string): KeyObject {
  return privateKeyOf(RSA, input, option, passphrase)
}

/** As {@link loadPrivateKey}, or an SM2 private key. */
export function loadSigningKey(input: KeyInput, option: string, passphrase?: string): KeyObject {
  return privateKeyOf(RSA_OR_SM2, input, option, passphrase)
}

function privateKeyOf(kinds: readonly KeyKind[], input: KeyInput, option: string, passphrase?: string): KeyObject {
  if (isAccepted(kinds, input, 'private')) return input
  const material = find('private', kinds, input, option)
  return requireKind(kinds, 'key' in material ? material.key : decrypt(material.decrypt, option, passphrase), option)
}

/** An RSA public key of at least 2048 bits; a certificate gives its key. Otherwise as {@link loadPrivateKey}. */
export function loadPublicKey(input: KeyInput, option: string): KeyObject {
  return publicKeyOf(RSA, input, option).key
}

/** As {@link loadPublicKey}, or an SM2 public key; with the certificate if the input was one. */
export function loadVerificationKey(input: KeyInput, option: string): VerificationKey {
  return publicKeyOf(RSA_OR_SM2, input, option)
}

interface VerificationKey {
  key: KeyObject
  certificate: X509Certificate | undefined
}

function publicKeyOf(kinds: readonly KeyKind[], input: KeyInput, option: string): VerificationKey {
  if (isAccepted(kinds, input, 'public')) return { key: input, certificate: undefined }
  const material = find('public', kinds, input, option)
  if ('key' in material) return { key: requireKind(kinds, material.key, option), certificate: undefined }
  return { key: keyOf(material.certificate, kinds, option), certificate: material.certificate }
}

/** An X.509 certificate of an RSA key of at least 2048 bits, or of an SM2 key. Otherwise as {@link loadPrivateKey}. */
export function loadCertificate(input: KeyInput, option: string): X509Certificate {
  const { certificate } = find('certificate', RSA_OR_SM2, input, option)
  keyOf(certificate, RSA_OR_SM2, option)
  return certificate
}

// Node computes the details of a key each time they are read, and the same key signs every request.
const kindsOfKeys = new WeakMap<KeyObject, KeyKind>()

/** The kind of a key that was loaded here, or that is of one of the two kinds. */
export function kindOfKey(key: KeyObject): KeyKind {
  const known = kindsOfKeys.get(key)
  if (known) return known
  const kind = asSm2Key(key) ? 'SM2' : 'RSA'
  kindsOfKeys.set(key, kind)
  return kind
}

/** Whether a certificate was issued for the public half of a private key. */
export function keyMatchesCertificate(privateKey: KeyObject, certificate: X509Certificate): boolean {
  return certificate.checkPrivateKey(privateKey)
}

/** Whether two keys are the same. */
export function isSameKey(one: KeyObject, other: KeyObject): boolean {
  // To compare keys of two kinds leaves an error in OpenSSL, which Node then reports of the next key that it reads.
  return kindOfKey(one) === kindOfKey(other) && one.equals(other)
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
type Found<W extends Wanted> = Extract<KeyMaterial, { kind: (typeof EXPECTED)[W]['materials'][number] }>

function find<W extends Wanted>(wanted: W, kinds: readonly KeyKind[], input: KeyInput, option: string): Found<W> {
  const materials = readInput(input, option)
  const { materials: suitable, name, cure } = EXPECTED[wanted]
  const match = materials.find((material): material is Found<W> => suitable.some(kind => kind === material.kind))
  if (match !== undefined) return match
  const found = materials.map(material => (material.kind === 'unusable' ? material.found : material.kind))
  const ownCure = materials.map(material => (material.kind === 'unusable' ? material.cure : undefined)).find(Boolean)
  throw new InvalidArgumentError(
    `\`${option}\` must be ${name(kinds.join(' or '))}; got ${found.join(' and ')}. ${ownCure ?? cure}`,
  )
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
  if (typeof passphrase !== 'string') {
    throw new InvalidArgumentError(
      `The passphrase of \`${option}\` must be a string; got ${kindOf(passphrase)}. Write it in quotes: leading zeros count.`,
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

function keyOf(certificate: X509Certificate, kinds: readonly KeyKind[], option: string): KeyObject {
  let key: KeyObject
  try {
    key = certificate.publicKey
  } catch (cause) {
    throw wrongKind(kinds, 'a certificate whose key this Node cannot read', option, { cause })
  }
  return requireKind(kinds, key, option)
}

function isAccepted(kinds: readonly KeyKind[], input: KeyInput, type: 'private' | 'public'): input is KeyObject {
  if (!(input instanceof KeyObject) || input.type !== type) return false
  const kind = kindsOfKeys.get(input)
  return kind !== undefined && kinds.includes(kind)
}

function requireKind(kinds: readonly KeyKind[], key: KeyObject, option: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0
    if (bits < MIN_BITS) throw wrongKind(kinds, `an RSA key of ${bits} bits`, option)
    kindsOfKeys.set(key, 'RSA')
    return key
  }
  const sm2 = asSm2Key(key)
  if (!sm2) throw wrongKind(kinds, `a key of type ${type ?? 'unknown to Node'}`, option)
  if (!kinds.includes('SM2')) throw wrongKind(kinds, 'an SM2 key', option)
  kindsOfKeys.set(sm2, 'SM2')
  return sm2
}

function wrongKind(
  kinds: readonly KeyKind[],
  found: string,
  option: string,
  options?: { cause: unknown },
): InvalidArgumentError {
  const expected = `RSA of at least ${MIN_BITS} bits${kinds.includes('SM2') ? ' or SM2' : ''}`
  return new InvalidArgumentError(
    `\`${option}\` must be ${expected}; got ${found}. Pass the key that WeChat Pay issued or that its tool generated.`,
    options,
  )
}
