/** APIv2 digests: MD5 and HMAC over a message and the merchant's key. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'
import { toBytes } from './bytes.js'

export const ALGO_MD5 = 'MD5'
export const ALGO_HMAC_SHA256 = 'HMAC-SHA256'

/** What APIv2 calls `sign_type`. */
export type SignType = typeof ALGO_MD5 | typeof ALGO_HMAC_SHA256

/**
 * MD5 of `thing`, or of `thing&key=<key>` when there is a key, in lower-case hex. With `agency`, for WeCom's
 * `workwx_sign`, the key is the agent's secret and is appended as `&secret=`. As in PHP, `'0'` counts as no key and
 * as no agency.
 */
export function md5(thing: string | Uint8Array, key = '', agency: boolean | number | string = false): string {
  const hash = createHash('md5').update(toBytes(thing, 'thing'))
  if (isSet(key)) hash.update(`&${isSet(agency) ? 'secret' : 'key'}=${key}`)
  return hash.digest('hex')
}

function isSet(value: boolean | number | string): boolean {
  return Boolean(value) && value !== '0'
}

/**
 * HMAC of `thing&key=<key>` under the key, in lower-case hex; `algorithm` is any digest that Node knows.
 *
 * @throws InvalidArgumentError for an empty key or an unknown algorithm.
 */
export function hmac(thing: string | Uint8Array, key: string, algorithm = 'sha256'): string {
  requireKey(key)
  const bytes = toBytes(thing, 'thing')
  try {
    return createHmac(algorithm, key).update(bytes).update(`&key=${key}`).digest('hex')
  } catch (cause) {
    throw new InvalidArgumentError(
      `\`algorithm\` must be a digest that Node knows, such as sha256; got ${JSON.stringify(algorithm)}.`,
      { cause },
    )
  }
}

/**
 * The `sign` of an APIv2 message, in upper-case hex: `data` is `Formatter.queryStringLike(Formatter.ksort(fields))`,
 * `key` the APIv2 key.
 *
 * @throws InvalidArgumentError for an unknown type (they are upper case) or an empty key.
 */
export function sign(type: SignType, data: string | Uint8Array, key: string): string {
  requireKey(key)
  if (type === ALGO_MD5) return md5(data, key).toUpperCase()
  if (type === ALGO_HMAC_SHA256) return hmac(data, key).toUpperCase()
  throw new InvalidArgumentError(
    `\`type\` must be "${ALGO_MD5}" or "${ALGO_HMAC_SHA256}", in upper case; got ${JSON.stringify(type)}.`,
  )
}

/** Whether two strings are equal, in a time that does not show where they differ. `null` and undefined equal nothing. */
export function equals(known: string, user: string | null | undefined): boolean {
  if (typeof user !== 'string') return false
  const expected = toBytes(known, 'known')
  const found = toBytes(user, 'user')
  return expected.length === found.length && timingSafeEqual(expected, found)
}

function requireKey(key: string): void {
  if (typeof key === 'string' && key !== '') return
  const found = key === '' ? 'an empty string' : kindOf(key)
  throw new InvalidArgumentError(
    `\`key\` must be the APIv2 key; got ${found}. Set the key in the merchant platform and pass it as \`secret\`.`,
  )
}
