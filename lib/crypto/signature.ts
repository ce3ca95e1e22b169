/** Signatures of APIv3: RSA with SHA-256, or SM2 with SM3, whichever the key is for. */
import type { KeyObject } from 'node:crypto'
import { kindOfKey } from './keys.js'
import * as Rsa from './rsa.js'
import * as Sm2 from './sm2.js'

/** The base64 of the signature; that of RSA is made off the main thread. */
export function signWith(privateKey: KeyObject, message: Uint8Array): string | Promise<string> {
  return kindOfKey(privateKey) === 'SM2' ? Sm2.sign(message, privateKey) : Rsa.signAsync(message, privateKey)
}

/** As {@link signWith}, at once. */
export function signNowWith(privateKey: KeyObject, message: Uint8Array): string {
  return kindOfKey(privateKey) === 'SM2' ? Sm2.sign(message, privateKey) : Rsa.sign(message, privateKey)
}

/** Whether `signature` is the base64 signature of `message` by that key; false for anything that is wrong with it. */
export function verifyWith(publicKey: KeyObject, message: Uint8Array, signature: string): boolean {
  return kindOfKey(publicKey) === 'SM2'
    ? Sm2.verify(message, signature, publicKey)
    : Rsa.verify(message, signature, publicKey)
}
