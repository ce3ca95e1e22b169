/** The headers that a user sets, for the client or for one call. */
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'

// Responses are verified as they are sent, so they must not be compressed. The last three are refused by undici.
const RESERVED = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
  'expect',
  'keep-alive',
  'upgrade',
])

/**
 * The user's headers with their names in lower case.
 *
 * @throws InvalidArgumentError for a header that the transport or the signature sets, or that would break the request.
 */
export function readHeaders(headers: unknown): Record<string, string> {
  if (headers === undefined) return {}
  if (typeof headers !== 'object' || headers === null)
    throw new InvalidArgumentError(`\`headers\` must be an object of strings; got ${kindOf(headers)}.`)
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined).map(readHeader))
}

function readHeader([name, value]: [name: string, value: unknown]): [string, string] {
  const key = name.toLowerCase()
  if (RESERVED.has(key)) {
    throw new InvalidArgumentError(`\`headers.${name}\` cannot be set: the client sets it itself for every request.`)
  }
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(key))
    throw new InvalidArgumentError('`headers` must have names that HTTP allows. Check them for spaces and colons.')
  if (typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    const found = typeof value === 'string' ? 'a string with other characters' : kindOf(value)
    throw new InvalidArgumentError(
      `\`headers.${name}\` must be a string of Latin-1 characters without line breaks; got ${found}.`,
    )
  }
  return [key, value]
}
