/** AEAD_AES_256_GCM: certificates, notifications and encrypted bills of APIv3 (RFC 5116). */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { type AesKey, aesKey, decodeBase64, toBytes, toUtf8 } from './bytes.js'

type Data = string | Uint8Array

const ALGORITHM = 'aes-256-gcm'
const TAG_LENGTH = 16
const MAX_IV_LENGTH = 128

/**
 * Encrypts to base64 of the ciphertext and its 16-byte tag. `key` has 32 bytes (the APIv3 key), `iv` is the `nonce` on
 * the wire (12 bytes; never use one twice with the same key), `aad` the `associated_data`.
 *
 * @throws InvalidArgumentError for a key that is not 32 bytes or an iv that is not 1 to 128 bytes.
 */
export function encrypt(plaintext: Data, key: AesKey, iv: Data, aad: Data = ''): string {
  const cipher = createCipheriv(ALGORITHM, aesKey(key), ivBytes(iv), { authTagLength: TAG_LENGTH })
  cipher.setAAD(toBytes(aad, 'aad'))
  const head = cipher.update(toBytes(plaintext, 'plaintext'))
  return Buffer.concat([head, cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/**
 * Decrypts base64 whose last 16 bytes are the tag to a string; {@link decryptBytes} takes binary content.
 *
 * @throws InvalidArgumentError when the ciphertext is not strict base64, is too short, was changed or was encrypted with
 *   a different key, iv or aad, and when the plaintext is not UTF-8.
 */
export function decrypt(ciphertext: string, key: AesKey, iv: Data, aad: Data = ''): string {
  return toUtf8(decryptBytes(ciphertext, key, iv, aad), 'plaintext', 'Use AesGcm.decryptBytes for binary content.')
}

/** As {@link decrypt}, for any content: `ciphertext` is base64 or bytes, the result is bytes. */
export function decryptBytes(ciphertext: Data, key: AesKey, iv: Data, aad: Data = ''): Buffer {
  const bytes =
    typeof ciphertext === 'string' ? decodeBase64(ciphertext, 'ciphertext') : toBytes(ciphertext, 'ciphertext')
  if (bytes.length < TAG_LENGTH) {
    throw new InvalidArgumentError(
      `\`ciphertext\` must be at least ${TAG_LENGTH} bytes, the length of the tag; got ${bytes.length}. Pass it whole.`,
    )
  }
  const decipher = createDecipheriv(ALGORITHM, aesKey(key), ivBytes(iv), { authTagLength: TAG_LENGTH })
  decipher.setAAD(toBytes(aad, 'aad'))
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH))
  const head = decipher.update(bytes.subarray(0, -TAG_LENGTH))
  try {
    return Buffer.concat([head, decipher.final()])
  } catch (cause) {
    throw new InvalidArgumentError(
      '`ciphertext` cannot be decrypted with this key, iv and aad. Check that the key is the APIv3 key of this merchant, and that nonce, associated_data and ciphertext come unchanged from the same message.',
      { cause },
    )
  }
}

function ivBytes(iv: Data): Uint8Array {
  const bytes = toBytes(iv, 'iv')
  if (bytes.length >= 1 && bytes.length <= MAX_IV_LENGTH) return bytes
  throw new InvalidArgumentError(
    `\`iv\` must be 1 to ${MAX_IV_LENGTH} bytes; got ${bytes.length}. Pass the \`nonce\` of the message, 12 bytes.`,
  )
}
