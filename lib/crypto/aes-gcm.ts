/** AEAD_AES_256_GCM: certificates, notifications and encrypted bills of APIv3 (RFC 5116). */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { aesKey } from './aes-key.js'
import { decodeBase64 } from './base64.js'
import { toBytes, toText } from './bytes.js'

type Data = string | Uint8Array

const ALGORITHM = 'aes-256-gcm'
const TAG_LENGTH = 16
const MAX_IV_LENGTH = 128

/**
 * Encrypts; the answer is base64 of the ciphertext followed by its 16-byte tag. `key` has 32 bytes (the APIv3 key),
 * `iv` is the `nonce` on the wire (12 bytes; never the same twice under one key), `aad` the `associated_data`.
 *
 * @throws InvalidArgumentError for a key that is not 32 bytes or an iv that is not 1 to 128 bytes.
 */
export function encrypt(plaintext: Data, key: Data, iv: Data, aad: Data = ''): string {
  const cipher = createCipheriv(ALGORITHM, aesKey(key), ivBytes(iv), { authTagLength: TAG_LENGTH })
  cipher.setAAD(toBytes(aad, 'aad'))
  const head = cipher.update(toBytes(plaintext, 'plaintext'))
  return Buffer.concat([head, cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/**
 * The text of a base64 ciphertext whose last 16 bytes are the tag.
 *
 * @throws InvalidArgumentError when the ciphertext is not strict base64, is too short, was changed, was made with
 *   another key, iv or aad, or holds no UTF-8 text; for bytes there is {@link decryptBytes}.
 */
export function decrypt(ciphertext: string, key: Data, iv: Data, aad: Data = ''): string {
  return toText(decryptBytes(ciphertext, key, iv, aad), 'plaintext', 'Use AesGcm.decryptBytes for binary content.')
}

/** As {@link decrypt}, for any content: `ciphertext` is base64 or the bytes themselves, the answer bytes. */
export function decryptBytes(ciphertext: Data, key: Data, iv: Data, aad: Data = ''): Buffer {
  const sealed =
    typeof ciphertext === 'string' ? decodeBase64(ciphertext, 'ciphertext') : toBytes(ciphertext, 'ciphertext')
  if (sealed.length < TAG_LENGTH) {
    throw new InvalidArgumentError(
      `ciphertext: found ${sealed.length} bytes, expected at least the ${TAG_LENGTH} of the tag. Pass it whole.`,
    )
  }
  const decipher = createDecipheriv(ALGORITHM, aesKey(key), ivBytes(iv), { authTagLength: TAG_LENGTH })
  decipher.setAAD(toBytes(aad, 'aad'))
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
  const head = decipher.update(sealed.subarray(0, -TAG_LENGTH))
  try {
    return Buffer.concat([head, decipher.final()])
  } catch (cause) {
    throw new InvalidArgumentError(
      'ciphertext: it does not open with this key, iv and aad. Check that the key is the APIv3 key of this merchant, and that nonce, associated_data and ciphertext come from the same message, unchanged.',
      { cause },
    )
  }
}

function ivBytes(iv: Data): Uint8Array {
  const bytes = toBytes(iv, 'iv')
  if (bytes.length >= 1 && bytes.length <= MAX_IV_LENGTH) return bytes
  throw new InvalidArgumentError(
    `iv: found ${bytes.length} bytes, expected 1 to ${MAX_IV_LENGTH}. Pass the \`nonce\` of the message, 12 bytes.`,
  )
}
