/** Header lines: those of an answer read, those of a call checked. */
import { InvalidArgumentError } from '../errors.js'
import type { IncomingResponse } from './send.js'

export function headerLine(headers: IncomingResponse['headers'], name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : (value?.join(', ') ?? '')
}

/** The number of a request that WeChat Pay's support asks for. */
export function requestIdOf(headers: IncomingResponse['headers']): string | undefined {
  return headerLine(headers, 'request-id') || headerLine(headers, 'x-request-id') || undefined
}

/** The headers of the client, and over them those of the call. Throws as {@link readHeaders}. */
export function withHeaders(
  settings: Readonly<Record<string, string>>,
  headers: unknown,
): Readonly<Record<string, string>> {
  return headers === undefined ? settings : { ...settings, ...readHeaders(headers) }
}

// The last three are refused by undici.
const OWN = new Set([
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
 * @throws InvalidArgumentError for one that the transport or the signature must decide, or that would break the request.
 */
export function readHeaders(headers: unknown): Record<string, string> {
  if (headers === undefined) return {}
  if (typeof headers !== 'object' || headers === null)
    throw new InvalidArgumentError('`headers` must be an object of strings.')
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined).map(readHeader))
}

function readHeader([name, value]: [name: string, value: unknown]): [string, string] {
  const key = name.toLowerCase()
  if (OWN.has(key)) throw new InvalidArgumentError(`\`headers.${name}\` cannot be set: every request gets its own.`)
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(key))
    throw new InvalidArgumentError('`headers` has a name that HTTP does not allow.')
  if (typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new InvalidArgumentError(
      `\`headers.${name}\` must be a string without line breaks or characters beyond Latin-1.`,
    )
  }
  return [key, value]
}
