/** Text and bytes: what a caller may pass as either, and the way back. */
import { Buffer, isUtf8 } from 'node:buffer'
import { InvalidArgumentError } from '../errors.js'

/** The UTF-8 bytes of a text; bytes stay as they are. `what` names the argument in the error. */
export function toBytes(value: string | Uint8Array, what: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new InvalidArgumentError(
    `${what}: found ${value === null ? 'null' : typeof value}, expected a string or a Uint8Array.`,
  )
}

/** The text of UTF-8 bytes; `cure` says what to do about bytes that are none. */
export function toText(bytes: Buffer, what: string, cure: string): string {
  if (!isUtf8(bytes)) throw new InvalidArgumentError(`${what}: found bytes that are not UTF-8 text. ${cure}`)
  return bytes.toString()
}
