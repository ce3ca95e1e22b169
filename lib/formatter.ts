/** The messages that are signed, and the header that carries the signature; names as in the PHP original. */
import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import { toBytes } from './crypto/bytes.js'
import { InvalidArgumentError } from './errors.js'
import { kindOf } from './util/wording.js'

/** The scheme of the Authorization header, and the default of `Wechatpay-Signature-Type`. */
export const SCHEME = 'WECHATPAY2-SHA256-RSA2048'

/** Its counterpart for signatures with SM2. */
export const SM2_SCHEME = 'WECHATPAY2-SM2-WITH-SM3'

/** Its counterpart for a brand. */
export const BRAND_SCHEME = 'WECHATPAY-BRAND-SHA256-RSA2048'

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** The greatest multiple of 62 in a byte: using the bytes from here on would favour the first characters. */
const UNBIASED = 248

/**
 * A random string of `size` characters from `[0-9a-zA-Z]`, from the system's secure source.
 *
 * @throws InvalidArgumentError unless `size` is a positive integer.
 */
export function nonce(size = 32): string {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new InvalidArgumentError(
      `\`size\` must be a positive integer; got ${String(size)}. WeChat Pay accepts up to 32.`,
    )
  }
  let nonce = ''
  while (nonce.length < size) {
    const byte = randomByte()
    if (byte < UNBIASED) nonce += BASE62.charAt(byte % BASE62.length)
  }
  return nonce
}

// The system needs as long for the bytes of a hundred nonces as for those of one.
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

/** The current time, in seconds since 1970. */
export function timestamp(): number {
  return Math.floor(Date.now() / 1000)
}

/**
 * The value of an APIv3 Authorization header. `id` is the mchid, or with the scheme of a brand its brand_id. `signature` signs the result of {@link request} with the same nonce and
 * timestamp, `serial` is the serial of the merchant API certificate, `scheme` that of the signature.
 *
 * @throws InvalidArgumentError for a value that would break the header: a quote, a control character, non-ASCII.
 */
export function authorization(
  id: string,
  nonce: string,
  signature: string,
  timestamp: string | number,
  serial: string,
  scheme = SCHEME,
): string {
  const name = scheme === BRAND_SCHEME ? 'brand_id' : 'mchid'
  if (!HEADER_VALUE.test(`${scheme}${id}${serial}${timestamp}${nonce}${signature}`)) {
    refuseHeaderValue({ scheme, [name]: id, serial_no: serial, timestamp, nonce_str: nonce, signature })
  }
  return `${scheme} ${name}="${id}",serial_no="${serial}",timestamp="${timestamp}",nonce_str="${nonce}",signature="${signature}"`
}

const HEADER_VALUE = /^[\x20-\x21\x23-\x7e]*$/

function refuseHeaderValue(parameters: Record<string, string | number>): never {
  const [name] = Object.entries(parameters).find(([, value]) => !HEADER_VALUE.test(String(value))) ?? ['']
  throw new InvalidArgumentError(
    `\`${name}\` must be printable ASCII without quotes. Check the value for stray quotes and line ends.`,
  )
}

/**
 * The message that an APIv3 request signs: five lines, each ending in a line feed. `uri` is the path with its query
 * exactly as sent, `body` the body exactly as sent. The result is a string for a string, and bytes for bytes.
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

/** The message that an APIv3 response or notification signs: timestamp, nonce and raw body, each ending in a line feed. */
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
 * A JavaScript object always lists names such as `'10'` first and by number. Where that order is wrong, the result is a
 * view of the object that lists its names in the right order; a copy of it (`{ ...sorted }`) loses the order again.
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
 * `name=value&…`, in the given order and without any encoding: the string that APIv2 signs. `sign`, null, undefined and
 * `''` are left out; `0` and `false` stay.
 *
 * @throws InvalidArgumentError for a value without a `toString` of its own, such as an array or a plain object.
 */
export function queryStringLike(thing: object): string {
  return Object.entries(thing)
    .filter(([name, value]) => name !== 'sign' && value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${stringOf(name, value)}`)
    .join('&')
}

function stringOf(name: string, value: unknown): string {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return String(value)
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && hasOwnToString(value))
    return String(value)
  throw new InvalidArgumentError(
    `\`${name}\` must be a string or a number; got ${kindOf(value)}. Pass nested values as JSON.stringify(value).`,
  )
}

function hasOwnToString(value: object): boolean {
  return typeof value.toString === 'function' && value.toString !== Object.prototype.toString
}
