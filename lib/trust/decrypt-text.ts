/** The text of a field that WeChat Pay encrypted for the merchant, whichever padding it chose. */
import type { KeyObject } from 'node:crypto'
import * as Rsa from '../crypto/rsa.js'

const CONTROL = /\p{Cc}/u

/**
 * Decrypts OAEP, and where that fails PKCS#1 v1.5, which some overseas endpoints still use. The second is taken for text only
 * if it looks like one: what was encrypted for a different key leaves random bytes, and their padding is right by chance
 * about once in a hundred thousand times. Only what WeChat Pay has signed comes here, so no stranger can probe the padding.
 *
 * @throws InvalidArgumentError for what was not encrypted for this key.
 */
export function decryptText(ciphertext: string, privateKey: KeyObject): string {
  try {
    return Rsa.decrypt(ciphertext, privateKey)
  } catch (cause) {
    const text = decryptPkcs1(ciphertext, privateKey)
    if (!text || CONTROL.test(text)) throw cause
    return text
  }
}

function decryptPkcs1(ciphertext: string, privateKey: KeyObject): string | undefined {
  try {
    return Rsa.decrypt(ciphertext, privateKey, Rsa.PKCS1)
  } catch {
    return undefined
  }
}
