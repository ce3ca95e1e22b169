/** The texts that are signed and the header that carries the signature; names as in the PHP original. */
import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import { toBytes } from './crypto/bytes.js'
import { InvalidArgumentError } from './errors.js'

/** The scheme of the Authorization header, and the default of `Wechatpay-Signature-Type`. */
export const SCHEME = 'WECHATPAY2-SHA256-RSA2048'

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** The greatest multiple of 62 that a byte can reach: bytes from here on would favour the first characters. */
const UNBIASED = 248

/**
 * A random text of `size` characters out of `[0-9a-zA-Z]`, from the system's secure source.
 *
 * @throws InvalidArgumentError unless `size` is a positive integer.
 */
export function nonce(size = 32): string {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new InvalidArgumentError(
      `size: found ${String(size)}, expected a positive integer. WeChat Pay takes up to 32.`,
    )
  }
  let text = ''
  while (text.length < size) {
    const byte = randomByte()
    if (byte < UNBIASED) text += BASE62.charAt(byte % BASE62.length)
  }
  return text
}

// Asking the system for bytes costs the same for a hundred nonces as for one.
const pool = Buffer.alloc(4096)
let unused = 0

function randomByte(): number {
  if (unused === 0) {
    randomFillSync(pool)
    unused = pool.length
  }
  unused--
  return pool.readUInt8(unused)
}

/** Now, in seconds since 1970. */
export function timestamp(): number {
  return Math.floor(Date.now() / 1000)
}

/**
 * The value of an APIv3 Authorization header. `signature` is that of {@link request} with the same nonce and
 * timestamp, `serial` the serial of the merchant API certificate.
 *
 * @throws InvalidArgumentError for a value that would break the header: a quote, a control character, non-ASCII.
 */
export function authorization(
  mchid: string,
  nonce: string,
  signature: string,
  timestamp: string | number,
  serial: string,
): string {
  if (!HEADER_TEXT.test(`${mchid}${serial}${timestamp}${nonce}${signature}`)) {
    refuseHeaderText({ mchid, serial_no: serial, timestamp, nonce_str: nonce, signature })
  }
  return `${SCHEME} mchid="${mchid}",serial_no="${serial}",timestamp="${timestamp}",nonce_str="${nonce}",signature="${signature}"`
}

const HEADER_TEXT = /^[\x20-\x21\x23-\x7e]*$/

function refuseHeaderText(parameters: Record<string, string | number>): never {
  const [name] = Object.entries(parameters).find(([, value]) => !HEADER_TEXT.test(String(value))) ?? ['']
  throw new InvalidArgumentError(
    `${name}: found a quote, a control or a non-ASCII character, expected printable ASCII. Check the value for stray quotes and line ends.`,
  )
}

/**
 * What an APIv3 request signs: five lines, each ending in a line feed. `uri` is the path with its query exactly as
 * sent, `body` the body exactly as sent: a text gives a text, bytes give bytes.
 */
export function request(method: string, uri: string, timestamp: string | number, nonce: string, body?: string): string
export function request(
  method: string,
  uri: string,
  timestamp: string | number,
  nonce: string,
  body: Uint8Array,
): Buffer
export function request(
  method: string,
  uri: string,
  timestamp: string | number,
  nonce: string,
  body: string | Uint8Array = '',
): string | Buffer {
  return linesThen(body, method, uri, timestamp, nonce)
}

/** What an APIv3 answer or notification signs: timestamp, nonce and the raw body, each ending in a line feed. */
export function response(timestamp: string | number, nonce: string, body?: string): string
export function response(timestamp: string | number, nonce: string, body: Uint8Array): Buffer
export function response(timestamp: string | number, nonce: string, body: string | Uint8Array = ''): string | Buffer {
  return linesThen(body, timestamp, nonce)
}

function linesThen(body: string | Uint8Array, ...lines: (string | number)[]): string | Buffer {
  const head = joinedByLineFeed(...lines)
  if (typeof body === 'string') return `${head}${body}\n`
  return Buffer.concat([Buffer.from(head), toBytes(body, 'body'), LINE_FEED])
}

const LINE_FEED = Buffer.from('\n')

/** The pieces, each followed by a line feed. */
export function joinedByLineFeed(...pieces: (string | number)[]): string {
  return pieces.length === 0 ? '' : `${pieces.join('\n')}\n`
}

/**
 * The same members in the order that APIv2 signs: by the UTF-8 bytes of the name.
 *
 * A JavaScript object lists names such as `'10'` first and by number, whatever is done to it. Where that would differ
 * the answer is a view of the object that lists its names in the right order; a copy of it (`{ ...sorted }`) loses
 * the order again.
 */
export function ksort<T extends object>(thing: T): T
export function ksort(thing: object): object {
  const names = namesByBytes(thing)
  const sorted = Object.fromEntries(names.map(name => [name, Reflect.get(thing, name)]))
  const keepsOrder = Object.keys(sorted).every((name, index) => name === names[index])
  return keepsOrder ? sorted : new Proxy(sorted, { ownKeys: namesByBytes })
}

function namesByBytes(thing: object): string[] {
  return Object.keys(thing)
    .map(name => ({ name, bytes: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => name)
}

/**
 * `name=value&…`, as given and without any encoding: the text that APIv2 signs. `sign`, null, undefined and `''` are
 * left out; `0` and `false` stay.
 *
 * @throws InvalidArgumentError for a value that has no text of its own, such as an array or a plain object.
 */
export function queryStringLike(thing: object): string {
  return Object.entries(thing)
    .filter(([name, value]) => name !== 'sign' && value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${textOf(name, value)}`)
    .join('&')
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return String(value)
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && hasOwnText(value)) return String(value)
  throw new InvalidArgumentError(
    `${name}: found ${Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`}, expected a text or a number. Pass nested values as JSON.stringify(value).`,
  )
}

function hasOwnText(value: object): boolean {
  return typeof value.toString === 'function' && value.toString !== Object.prototype.toString
}
