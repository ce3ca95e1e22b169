/** The query of a request: the path's own and that of the `query` option, encoded by RFC 3986. */
import { InvalidArgumentError } from '../errors.js'
import { inexactNumber } from '../util/exact-number.js'
import { percentEncode } from '../util/percent-encoding.js'
import { isPlainObject, isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

/**
 * Adds a query to a path that may already have one; a name in the option replaces the path's.
 * Lists become `ids%5B0%5D=…`; null and undefined are left out.
 *
 * @throws InvalidArgumentError for a value that a query cannot carry.
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
  if (typeof query === 'string') return encodeString(query)
  if (query instanceof URLSearchParams) return [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`)
  if (isRecord(query)) {
    return Object.entries(query).flatMap(([name, value]) => encodePair(name, value))
  }
  throw new InvalidArgumentError(`\`query\` must be an object, URLSearchParams or a string; got ${kindOf(query)}.`)
}

function encodeString(given: string): string[] {
  const query = given.startsWith('?') ? given.slice(1) : given
  if (query === '') return []
  if (/[#\\\p{Cc}]/u.test(query)) {
    throw new InvalidArgumentError(
      '`query` must not contain `#`, a backslash or control characters. Write them percent-encoded.',
    )
  }
  const encoded = query.replace(/%(?![0-9A-Fa-f]{2})|[^!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]/gu, encode)
  return encoded.replaceAll("'", '%27').split('&')
}

function encodePair(name: string, value: unknown, above: readonly object[] = []): string[] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object') return [`${encode(name)}=${encode(stringOf(name, value))}`]
  if (!Array.isArray(value) && !isPlainObject(value))
    throw new InvalidArgumentError(
      `\`query.${name}\` must be a string, number, boolean, list or plain object; got ${kindOf(value)}. Convert it to a string.`,
    )
  if (above.length === DEEPEST || above.includes(value))
    throw new InvalidArgumentError(
      `\`query\` must not have more than ${DEEPEST} levels. Look for an object that contains itself.`,
    )
  // Unlike Object.entries, entries() does not skip holes.
  const members: Iterable<[string | number, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value)
  return Array.from(members).flatMap(([key, child]) => {
    if (Array.isArray(value)) requireEntry(`${name}[${key}]`, child)
    return encodePair(`${name}[${key}]`, child, [...above, value])
  })
}

/** More than any query of WeChat Pay. */
const DEEPEST = 32

// The names of the other entries would stay as they are, with a gap between them.
function requireEntry(name: string, entry: unknown): void {
  if (entry === undefined || entry === null)
    throw new InvalidArgumentError(
      `\`query.${name}\` must have a value; got ${entry}. Leave the entry out of the list.`,
    )
}

function stringOf(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  const found = typeof value === 'number' ? inexactNumber(value) : kindOf(value)
  if (found === undefined) return String(value)
  throw new InvalidArgumentError(
    `\`query.${name}\` must be a string, an exact number or a boolean; got ${found}. Pass it as a string.`,
  )
}

function encode(part: string): string {
  if (!part.isWellFormed())
    throw new InvalidArgumentError('`query` must be a valid Unicode string; got half a surrogate pair.')
  return percentEncode(part)
}

function splitOnce(whole: string, separator: string): string[] {
  const at = whole.indexOf(separator)
  return at < 0 ? [whole] : [whole.slice(0, at), whole.slice(at + 1)]
}
