/** SM2 encryption with the curve that it needs. */
import type { KeyObject } from 'node:crypto'
import { loadSm2Curve } from './sm2-curve.js'
import * as Sm2Encryption from './sm2-encryption.js'

/** Throws as {@link Sm2Encryption} does. */
export interface Sm2Cipher {
  encrypt(plaintext: string, publicKey: KeyObject): string
  decrypt(ciphertext: string, privateKey: KeyObject): string
  decryptBytes(ciphertext: string, privateKey: KeyObject): Uint8Array
}

/** Throws as {@link loadSm2Curve} does. */
export async function loadSm2Cipher(): Promise<Sm2Cipher> {
  const curve = await loadSm2Curve()
  return {
    encrypt: (plaintext, publicKey) => Sm2Encryption.encrypt(plaintext, publicKey, curve),
    decrypt: (ciphertext, privateKey) => Sm2Encryption.decrypt(ciphertext, privateKey, curve),
    decryptBytes: (ciphertext, privateKey) => Sm2Encryption.decryptBytes(ciphertext, privateKey, curve),
  }
}
