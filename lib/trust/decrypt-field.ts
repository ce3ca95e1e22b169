/** Decrypts a field that WeChat Pay encrypted for the merchant: with SM2, or with either padding of RSA. */
import type { KeyObject } from 'node:crypto'
import { kindOfKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import type { Sm2Cipher } from '../crypto/sm.js'

const CONTROL = /\p{Cc}/u

/**
 * Decrypts with a key of either kind.
 *
 * @throws InvalidArgumentError for a value that was not encrypted for this key; WechatPayError `ERR_PACKAGE_MISSING`, as a
 *   rejection, if SM2 needs a package that is not installed.
 */
export function decryptField(ciphertext: string, privateKey: KeyObject): string | Promise<string> {
  if (kindOfKey(privateKey) === 'RSA') return decryptRsa(ciphertext, privateKey)
  return loadSm2Cipher().then(sm2 => sm2.decrypt(ciphertext, privateKey))
}

/** As {@link decryptField}, for the key of a bill, which may be any bytes; RSA with OAEP only. */
export function decryptKey(ciphertext: string, privateKey: KeyObject): Uint8Array | Promise<Uint8Array> {
  if (kindOfKey(privateKey) === 'RSA') return Rsa.decryptBytes(ciphertext, privateKey)
  return loadSm2Cipher().then(sm2 => sm2.decryptBytes(ciphertext, privateKey))
}

/** @throws WechatPayError `ERR_PACKAGE_MISSING` (as a rejection) if SM2 needs a package that is not installed. */
export async function loadSm2Cipher(): Promise<Sm2Cipher> {
  const { loadSm2Cipher: load } = await import('../crypto/sm.js')
  return await load()
}

/**
 * Tries OAEP, then PKCS#1 v1.5, which some overseas endpoints still use. The second result counts only if it has no control
 * characters: a value that was encrypted for a different key decrypts to random bytes, whose padding is valid by chance
 * about once in a hundred thousand times. All values come from WeChat Pay's signed messages, so no attacker can probe the
 * padding.
 */
function decryptRsa(ciphertext: string, privateKey: KeyObject): string {
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
