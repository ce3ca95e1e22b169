/** AES-256-ECB with PKCS#7 padding: only for the `req_info` of APIv2 refund notifications. */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { aesKey, decodeBase64, toBytes, toUtf8 } from './bytes.js'

const ALGORITHM = 'aes-256-ecb'

/**
 * Encrypts to base64. `key` has 32 bytes: for `req_info` it is `Hash.md5(<APIv2 key>)`. The mode has no iv; the PHP
 * original takes one, so it is accepted here and ignored.
 *
 * @throws InvalidArgumentError for a key that is not 32 bytes.
 */
export function encrypt(plaintext: string | Uint8Array, key: string | Uint8Array, _iv?: string): string {
  const cipher = createCipheriv(ALGORITHM, aesKey(key), null)
  return Buffer.concat([cipher.update(toBytes(plaintext, 'plaintext')), cipher.final()]).toString('base64')
}

/**
 * Decrypts base64 to a string. The mode has no tag, so a changed ciphertext may still decrypt: trust the content no more
 * than the channel that it came through.
 *
 * @throws InvalidArgumentError for a key that is not 32 bytes, a ciphertext that is not strict base64 or does not
 *   decrypt, and a plaintext that is not UTF-8.
 */
export function decrypt(ciphertext: string, key: string | Uint8Array, _iv?: string): string {
  const decipher = createDecipheriv(ALGORITHM, aesKey(key), null)
  const head = decipher.update(decodeBase64(ciphertext, 'ciphertext'))
  const cure = 'Check the key: for `req_info` it is Hash.md5(<APIv2 key>), in lower case.'
  try {
    return toUtf8(Buffer.concat([head, decipher.final()]), 'plaintext', cure)
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause
    throw new InvalidArgumentError(`\`ciphertext\` cannot be decrypted with this key. ${cure}`, { cause })
  }
}
