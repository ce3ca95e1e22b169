/** SM2 encryption (GB/T 32918.4) for sensitive fields: C1C3C2 in DER, as base64. */
import { Buffer } from 'node:buffer'
import { createHash, type KeyObject, timingSafeEqual } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { decodeBase64, toBytes, toUtf8 } from './bytes.js'
import { DIGEST } from './sm2.js'
import { decodeSm2Ciphertext, encodeSm2Ciphertext } from './sm2-ciphertext.js'
import type { Sm2Curve } from './sm2-curve.js'
import { pointOf, scalarOf } from './sm2-key.js'

/**
 * Encrypts to base64. The plaintext may have any length.
 *
 * @throws InvalidArgumentError for an empty plaintext.
 */
export function encrypt(plaintext: string | Uint8Array, publicKey: KeyObject, curve: Sm2Curve): string {
  const bytes = toBytes(plaintext, 'plaintext')
  if (bytes.length === 0)
    throw new InvalidArgumentError('`plaintext` must not be empty. Leave an empty value as it is.')
  const recipient = pointOf(publicKey)
  for (;;) {
    const { secretKey, publicKey: point } = curve.keygen()
    const shared = curve.sharedPoint(secretKey, recipient)
    const stream = keyStream(shared, bytes.length)
    // A stream of zeros would send the plaintext as it is, which happens once in 256 times for one byte.
    if (stream.some(byte => byte !== 0)) {
      const digest = digestOf(shared, bytes)
      return encodeSm2Ciphertext({ point, digest, encrypted: xor(bytes, stream) }).toString('base64')
    }
  }
}

/**
 * Decrypts base64 to a string; {@link decryptBytes} takes binary content.
 *
 * @throws InvalidArgumentError if the ciphertext is not strict base64 of strict DER, was changed or was encrypted for a
 *   different key, and if the plaintext is not UTF-8.
 */
export function decrypt(ciphertext: string, privateKey: KeyObject, curve: Sm2Curve): string {
  return toUtf8(decryptBytes(ciphertext, privateKey, curve), 'plaintext', 'WeChat Pay encrypts strings only.')
}

/** As {@link decrypt}, for any content. */
export function decryptBytes(ciphertext: string, privateKey: KeyObject, curve: Sm2Curve): Buffer {
  const parts = decodeSm2Ciphertext(decodeBase64(ciphertext, 'ciphertext'))
  if (!parts) {
    throw new InvalidArgumentError('`ciphertext` must be the DER of an SM2 ciphertext (C1C3C2). Pass it as received.')
  }
  const { point, digest, encrypted } = parts
  const shared = sharedWith(point, privateKey, curve)
  const stream = keyStream(shared, encrypted.length)
  const plaintext = xor(encrypted, stream)
  if (stream.some(byte => byte !== 0) && timingSafeEqual(digestOf(shared, plaintext), digest)) return plaintext
  throw notForThisKey()
}

function sharedWith(point: Uint8Array, privateKey: KeyObject, curve: Sm2Curve): Uint8Array {
  try {
    return curve.sharedPoint(scalarOf(privateKey), point)
  } catch {
    // No cause: nothing that has seen the private key is kept.
    throw notForThisKey()
  }
}

function notForThisKey(): InvalidArgumentError {
  return new InvalidArgumentError(
    '`ciphertext` cannot be decrypted with this key. Check that it was encrypted for this merchant certificate, and that it is unchanged.',
  )
}

/** The key derivation of GB/T 32918.4: the digests of the shared point with a counter. */
function keyStream(shared: Uint8Array, length: number): Buffer {
  const pieces: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let index = 1; (index - 1) * 32 < length; index++) {
    counter.writeUInt32BE(index)
    pieces.push(createHash(DIGEST).update(shared).update(counter).digest())
  }
  return Buffer.concat(pieces).subarray(0, length)
}

/** C3: the digest of the plaintext between the coordinates of the shared point. */
function digestOf(shared: Uint8Array, plaintext: Uint8Array): Buffer {
  return createHash(DIGEST).update(shared.subarray(0, 32)).update(plaintext).update(shared.subarray(32)).digest()
}

function xor(bytes: Uint8Array, stream: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (stream[index] ?? 0)))
}
