/** Decrypts the first block of a message, unverified: it shows quickly which of many keys cannot be the right one. */
import { createDecipheriv, type KeyObject } from 'node:crypto'

/** The base64 digits of 16 bytes. */
const DIGITS = 24

/** The beginning of what AES-256-GCM encrypted with an iv of 12 bytes: as AES-CTR does, with a counter that begins at 2. */
export function firstBlockOfGcm(ciphertext: string, key: KeyObject, iv: string): Buffer {
  const counter = Buffer.concat([Buffer.from(iv), Buffer.of(0, 0, 0, 2)])
  return createDecipheriv('aes-256-ctr', key, counter).update(firstBlock(ciphertext))
}

/** The beginning of what AES-256-ECB encrypted. */
export function firstBlockOfEcb(ciphertext: string, key: string): Buffer {
  return createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(firstBlock(ciphertext))
}

function firstBlock(base64: string): Buffer {
  return Buffer.from(base64.slice(0, DIGITS), 'base64').subarray(0, 16)
}
