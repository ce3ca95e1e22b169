/** Decrypts a field that WeChat Pay encrypted for the merchant, with either padding. */
import type { KeyObject } from 'node:crypto'
import * as Rsa from '../crypto/rsa.js'

const CONTROL = /\p{Cc}/u

/**
 * Tries OAEP, then PKCS#1 v1.5, which some overseas endpoints still use. The second result counts only if it has no control
 * characters: a value that was encrypted for a different key decrypts to random bytes, whose padding is valid by chance
 * about once in a hundred thousand times. All values come from WeChat Pay's signed messages, so no attacker can probe the
 * padding.
 *
 * @throws InvalidArgumentError for a value that was not encrypted for this key.
 */
export function decryptField(ciphertext: string, privateKey: KeyObject): string {
  try {
    return Rsa.decrypt(ciphertext, privateKey)
  } catch (cause) {
    const plaintext = decryptPkcs1(ciphertext, privateKey)
    if (!plaintext || CONTROL.test(plaintext)) throw cause
    return plaintext
  }
}

function decryptPkcs1(ciphertext: string, privateKey: KeyObject): string | undefined {
  try {
    return Rsa.decrypt(ciphertext, privateKey, Rsa.PKCS1)
  } catch {
    return undefined
  }
}
