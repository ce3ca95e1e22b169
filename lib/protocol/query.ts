/** The query of a request: the path's own and the `query` option's, in one RFC 3986 text. */
import { InvalidArgumentError } from '../errors.js'
import { percentEncode } from '../util/percent-encoding.js'
import { isPlainObject, isRecord } from '../util/plain-object.js'

/**
 * Adds a query to a path that may have one already; a name in the option replaces the path's.
 * Lists become `ids%5B0%5D=…`; null and undefined are left out.
 * @throws InvalidArgumentError for a value that has no place in a query.
 */
export function withQuery(path: string, query: unknown): string {
  if (query === undefined && !path.includes('?')) return path
  const [pathname = '', own = ''] = splitOnce(path, '?')
  const added = encodeQuery(query)
  const replaced = new Set(added.map(pair => splitOnce(pair, '=')[0]))
  const kept = own
    .replaceAll("'", '%27')
    .split('&')
    .filter(pair => pair !== '' && !replaced.has(splitOnce(pair, '=')[0]))
  const pairs = [...kept, ...added]
  return pairs.length === 0 ? pathname : `${pathname}?${pairs.join('&')}`
}

function encodeQuery(query: unknown): string[] {
  if (query === undefined) return []
  if (typeof query === 'string') return encodeText(query)
  if (query instanceof URLSearchParams) return [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`)
  if (isRecord(query)) {
    return Object.entries(query).flatMap(([name, value]) => encodePair(name, value))
  }
  throw new InvalidArgumentError('`query` must be an object, URLSearchParams or a string.')
}

function encodeText(text: string): string[] {
  const query = text.startsWith('?') ? text.slice(1) : text
  if (query === '') return []
  if (/[#\\\p{Cc}]/u.test(query)) {
    throw new InvalidArgumentError(
      '`query` must not contain `#`, a backslash or control characters; write them percent-encoded.',
    )
  }
  const encoded = query.replace(/%(?![0-9A-Fa-f]{2})|[^!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]/gu, encode)
  return encoded.replaceAll("'", '%27').split('&')
}

function encodePair(name: string, value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'object') {
    if (!Array.isArray(value) && !isPlainObject(value))
      throw new InvalidArgumentError(`\`query.${name}\` must be a string, number, boolean, list or plain object.`)
    return Object.entries(value).flatMap(([key, child]) => encodePair(`${name}[${key}]`, child))
  }
  const isScalar =
    ['string', 'boolean', 'bigint'].includes(typeof value) || (typeof value === 'number' && Number.isFinite(value))
  if (!isScalar)
    throw new InvalidArgumentError(
      `\`query.${name}\` must be a string, a finite number or a boolean, not ${typeof value}.`,
    )
  return [`${encode(name)}=${encode(String(value))}`]
}

function encode(text: string): string {
  if (!text.isWellFormed())
    throw new InvalidArgumentError('`query` contains half a surrogate pair, which UTF-8 cannot carry.')
  return percentEncode(text)
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
