/** The bytes behind what callers pass: strings, base64, AES keys. */
import { Buffer, isUtf8 } from 'node:buffer'
import { KeyObject } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'

/** The UTF-8 bytes of a string; bytes stay as they are. `name` is the argument, for the error. */
export function toBytes(value: string | Uint8Array, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new InvalidArgumentError(`\`${name}\` must be a string or a Uint8Array; got ${kindOf(value)}.`)
}

/** The string that UTF-8 bytes encode. `cure` says what to do about other bytes. */
export function toUtf8(bytes: Buffer, name: string, cure: string): string {
  if (isUtf8(bytes)) return bytes.toString()
  throw new InvalidArgumentError(`\`${name}\` must be UTF-8; got other bytes. ${cure}`)
}

/**
 * The bytes of strict base64 (RFC 4648 section 4), or undefined for anything else: every sequence of bytes has exactly
 * one base64 string, and nothing is skipped or guessed. The empty string is no bytes.
 */
export function parseBase64(base64: string): Buffer | undefined {
  if (typeof base64 !== 'string') return undefined
  const bytes = Buffer.from(base64, 'base64')
  // Node skips unknown characters; only a string that comes back unchanged was understood completely.
  return bytes.toString('base64') === base64 ? bytes : undefined
}

/**
 * As {@link parseBase64}; `name` is the argument, for the error.
 *
 * @throws InvalidArgumentError for white space, the URL-safe alphabet, missing or superfluous padding, or trailing bits
 *   that are not zero.
 */
export function decodeBase64(base64: string, name: string): Buffer {
  const bytes = parseBase64(base64)
  if (bytes !== undefined) return bytes
  throw new InvalidArgumentError(
    `\`${name}\` must be base64 (A-Z a-z 0-9 + / and = padding); got ${flawOf(base64)}. Pass it exactly as received.`,
  )
}

function flawOf(base64: string): string {
  if (typeof base64 !== 'string') return kindOf(base64)
  if (/\s/.test(base64)) return 'white space'
  if (/[-_]/.test(base64)) return 'the URL-safe alphabet'
  return /^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? 'wrong padding' : 'characters outside the alphabet'
}

const AES_KEY_LENGTH = 32

/** A key of AES. A KeyObject is used without being read each time. */
export type AesKey = string | Uint8Array | KeyObject

/** @throws InvalidArgumentError unless the key has 32 bytes: nothing is padded or cut. */
export function aesKey(key: string | Uint8Array, name?: string): Uint8Array
export function aesKey(key: AesKey, name?: string): Uint8Array | KeyObject
export function aesKey(key: AesKey, name = 'key'): Uint8Array | KeyObject {
  const checked = key instanceof KeyObject ? key : toBytes(key, name)
  const length = checked instanceof KeyObject ? checked.symmetricKeySize : checked.length
  if (length === AES_KEY_LENGTH) return checked
  throw new InvalidArgumentError(
    `\`${name}\` must be ${AES_KEY_LENGTH} bytes; got ${length ?? 'an asymmetric key'}. Pass the key exactly as it was set in the merchant platform, without spaces or line ends.`,
  )
}
