/** RSA for WeChat Pay: SHA-256 signatures, OAEP for sensitive fields; names as in the PHP original. */
import { Buffer } from 'node:buffer'
import {
  constants,
  sign as cryptoSign,
  verify as cryptoVerify,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { decodeBase64, parseBase64, toBytes, toUtf8 } from './bytes.js'
import { encodeDer } from './der.js'
import { type KeyInput, loadPrivateKey, loadPublicKey } from './keys.js'
import { removePkcs1Padding } from './rsa-padding.js'

export const KEY_TYPE_PUBLIC = 'public'
export const KEY_TYPE_PRIVATE = 'private'
export type KeyType = typeof KEY_TYPE_PUBLIC | typeof KEY_TYPE_PRIVATE

/** RSAES-OAEP with SHA-1 and MGF1-SHA-1: for sensitive fields. */
export const OAEP = 4
/** RSAES-PKCS1-v1_5: only for the customs identity check of `/global/v3/customs/verify-certificate`. */
export const PKCS1 = 1
export type Padding = typeof OAEP | typeof PKCS1

/** How many bytes of the modulus each padding takes. */
const OVERHEAD = { [OAEP]: 42, [PKCS1]: 11 }
const DIGEST = 'sha256'

/**
 * Loads the half of a key that `type` names. An encrypted private key comes as `[key, passphrase]`; a certificate gives
 * its public key.
 *
 * @throws InvalidArgumentError for anything that is not an RSA key of that type and at least 2048 bits.
 */
export function from(thing: KeyInput | readonly [KeyInput, string], type: KeyType = KEY_TYPE_PRIVATE): KeyObject {
  const [input, passphrase] = isPair(thing) ? thing : [thing, undefined]
  if (type === KEY_TYPE_PRIVATE) return loadPrivateKey(input, 'thing', passphrase)
  if (type === KEY_TYPE_PUBLIC) return loadPublicKey(input, 'thing')
  throw new InvalidArgumentError(
    `\`type\` must be "${KEY_TYPE_PRIVATE}" or "${KEY_TYPE_PUBLIC}"; got ${JSON.stringify(type)}.`,
  )
}

function isPair(thing: KeyInput | readonly [KeyInput, string]): thing is readonly [KeyInput, string] {
  return Array.isArray(thing)
}

/** A key from the base64 of PKCS#1 (RFC 8017 appendix A.1), without the PEM lines. Throws as {@link from}. */
export function fromPkcs1(base64: string, type: KeyType = KEY_TYPE_PRIVATE): KeyObject {
  return from(`${type}.pkcs1://${base64}`, type)
}

/** A private key from the base64 of PKCS#8 (RFC 5208), without the PEM lines. Throws as {@link from}. */
export function fromPkcs8(base64: string): KeyObject {
  return from(`private.pkcs8://${base64}`, KEY_TYPE_PRIVATE)
}

/** A public key from the base64 of SPKI (RFC 5280 section 4.1.2.7), without the PEM lines. Throws as {@link from}. */
export function fromSpki(base64: string): KeyObject {
  return from(`public.spki://${base64}`, KEY_TYPE_PUBLIC)
}

/**
 * Wraps the base64 of a PKCS#1 public key, which APIv2's `risk/getpublickey` returns, as base64 of SPKI. The content is
 * not checked; {@link fromSpki} does that.
 *
 * @throws InvalidArgumentError unless `base64` is strict base64.
 */
export function pkcs1ToSpki(base64: string): string {
  const content = Buffer.concat([Buffer.of(0), decodeBase64(base64, 'base64')])
  return encodeDer(0x30, Buffer.concat([RSA_ALGORITHM, encodeDer(0x03, content)])).toString('base64')
}

/** `SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }`. */
const RSA_ALGORITHM = Buffer.from('300d06092a864886f70d0101010500', 'hex')

/**
 * The base64 of an RSASSA-PKCS1-v1_5 SHA-256 signature.
 *
 * @throws InvalidArgumentError for a key that {@link from} refuses.
 */
export function sign(message: string | Uint8Array, privateKey: KeyInput): string {
  const key = loadPrivateKey(privateKey, 'privateKey')
  return cryptoSign(DIGEST, toBytes(message, 'message'), key).toString('base64')
}

/** As {@link sign}, off the main thread. Pass a `KeyObject` to sign often: other forms are read each time. */
export function signAsync(message: string | Uint8Array, privateKey: KeyInput): Promise<string> {
  return new Promise((resolve, reject) => {
    const key = loadPrivateKey(privateKey, 'privateKey')
    const bytes = toBytes(message, 'message')
    cryptoSign(DIGEST, bytes, key, (error, signature) => {
      if (error) reject(error)
      else resolve(signature.toString('base64'))
    })
  })
}

/**
 * Whether `signature` is the base64 signature of `message`; false for anything that is wrong with it.
 *
 * @throws InvalidArgumentError for a key that {@link from} refuses, never for a signature.
 */
export function verify(message: string | Uint8Array, signature: string, publicKey: KeyInput): boolean {
  const key = loadPublicKey(publicKey, 'publicKey')
  const bytes = toBytes(message, 'message')
  const given = parseBase64(signature)
  return given !== undefined && cryptoVerify(DIGEST, bytes, key, given)
}

/**
 * Encrypts to base64. The plaintext may have as many bytes as the key, less 42 for {@link OAEP} or 11 for
 * {@link PKCS1}: 214 or 245 for 2048 bits.
 *
 * @throws InvalidArgumentError for a longer plaintext, a different padding, or a key that {@link from} refuses.
 */
export function encrypt(plaintext: string | Uint8Array, publicKey: KeyInput, padding: Padding = OAEP): string {
  requirePadding(padding)
  const key = loadPublicKey(publicKey, 'publicKey')
  const bytes = toBytes(plaintext, 'plaintext')
  const limit = modulusBytes(key) - OVERHEAD[padding]
  if (bytes.length > limit) {
    throw new InvalidArgumentError(
      `\`plaintext\` must be at most ${limit} bytes for this key and padding; got ${bytes.length}. Shorten the value.`,
    )
  }
  return publicEncrypt({ key, padding }, bytes).toString('base64')
}

/**
 * Decrypts base64 to a string; {@link decryptBytes} takes binary content.
 *
 * @throws InvalidArgumentError when the ciphertext is not strict base64, was changed or was encrypted for a different key
 *   or with a different padding, when the plaintext is not UTF-8, and for a padding or a key that cannot be right. Keep
 *   the error from the sender of the ciphertext: it helps to break {@link PKCS1}.
 */
export function decrypt(ciphertext: string, privateKey: KeyInput, padding: Padding = OAEP): string {
  return toUtf8(decryptBytes(ciphertext, privateKey, padding), 'plaintext', 'Use Rsa.decryptBytes for binary content.')
}

/** As {@link decrypt}, for any content. */
export function decryptBytes(ciphertext: string, privateKey: KeyInput, padding: Padding = OAEP): Buffer {
  requirePadding(padding)
  const key = loadPrivateKey(privateKey, 'privateKey')
  const bytes = decodeBase64(ciphertext, 'ciphertext')
  const size = modulusBytes(key)
  if (bytes.length !== size) {
    throw new InvalidArgumentError(
      `\`ciphertext\` must be ${size} bytes, the size of this key; got ${bytes.length}. Pass it whole, or check which key it was encrypted for.`,
    )
  }
  try {
    return padding === OAEP ? privateDecrypt({ key, padding }, bytes) : decryptPkcs1(key, bytes)
  } catch (cause) {
    throw new InvalidArgumentError(
      '`ciphertext` cannot be decrypted with this key and padding. Check that it was encrypted for this merchant certificate, with the same padding.',
      { cause },
    )
  }
}

function decryptPkcs1(key: KeyObject, bytes: Buffer): Buffer {
  const message = removePkcs1Padding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, bytes))
  if (message === undefined) throw new Error('Not a PKCS#1 v1.5 block: the padding is wrong.')
  return message
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

function requirePadding(padding: Padding): void {
  if (padding === OAEP || padding === PKCS1) return
  throw new InvalidArgumentError(
    `\`padding\` must be ${OAEP} (Rsa.OAEP) or ${PKCS1} (Rsa.PKCS1); got ${String(padding)}.`,
  )
}
