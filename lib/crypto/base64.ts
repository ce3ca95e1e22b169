/** Strict base64 (RFC 4648 section 4): one text for the same bytes, nothing skipped or guessed. */
import { Buffer } from 'node:buffer'
import { InvalidArgumentError } from '../errors.js'

/** The bytes of a base64 text, or undefined for anything that is not strict base64. The empty text is no bytes. */
export function parseBase64(text: string): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  // Node skips what it does not know; only a text that comes back unchanged was wholly understood.
  return bytes.toString('base64') === text ? bytes : undefined
}

/**
 * The bytes of a base64 text; `what` names it in the error.
 *
 * @throws InvalidArgumentError for white space, the URL-safe alphabet, missing or superfluous padding, or bits that
 *   the last character must leave zero.
 */
export function decodeBase64(text: string, what: string): Buffer {
  const bytes = parseBase64(text)
  if (bytes !== undefined) return bytes
  throw new InvalidArgumentError(
    `${what}: found ${flawOf(text)}, expected base64 (A-Z a-z 0-9 + / and = padding). Pass the text exactly as it was received.`,
  )
}

function flawOf(text: string): string {
  if (typeof text !== 'string') return text === null ? 'null' : `a value of type ${typeof text}`
  if (/\s/.test(text)) return 'white space'
  if (/[-_]/.test(text)) return 'the URL-safe alphabet'
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? 'wrong padding' : 'characters outside the alphabet'
}
