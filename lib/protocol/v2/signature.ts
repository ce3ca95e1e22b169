/** APIv2's signature: over the fields of a message, keyed with the APIv2 key (or, for WeCom, with an agent's secret). */
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, md5, type SignType, sign } from '../../crypto/hash.js'
import { InvalidArgumentError } from '../../errors.js'
import { ksort, queryStringLike } from '../../formatter.js'
import { stringOf } from '../../xml/value.js'

/** The fields of a message as they go into XML; `sign` among them is not signed. */
export type V2Fields = Readonly<Record<string, unknown>>

const SIGN_TYPES: readonly SignType[] = [ALGO_MD5, ALGO_HMAC_SHA256]

/**
 * The `sign` of a message, in upper-case hex: all fields but `sign` and the empty ones, sorted by the bytes of their
 * names. `secret` is the APIv2 key. `signType` is needed only where the message has no `sign_type` and is not MD5.
 *
 * @throws InvalidArgumentError for a nested value or one without a sound text, an unknown `sign_type`, one that is not
 *   `signType`, and an empty secret.
 */
export function signV2(fields: V2Fields, secret: string, signType: SignType = signTypeOf(fields)): string {
  const { sign_type: said } = fields
  if (isPresent(said) && said !== signType) {
    throw new InvalidArgumentError(
      `sign_type: found ${JSON.stringify(said)}, expected ${signType}, which is what the message is signed with. Give one of them only.`,
    )
  }
  return sign(requireSignType(signType), signedText(fields), secret)
}

/**
 * Whether a received message carries the right `sign`. Without `signType` its length tells the algorithm: what answers
 * and notifications say in `sign_type`, if anything, is not always what they are signed with.
 */
export function verifyV2(fields: V2Fields, secret: string, signType?: SignType): boolean {
  const { sign: received } = fields
  if (typeof received !== 'string' || Object.values(fields).some(value => typeof value !== 'string')) return false
  const type = signType ?? signTypeByLength(received)
  return type !== undefined && equals(sign(type, signedText(fields), secret), received)
}

/** What a message says in `sign_type`: MD5 when it says nothing. */
export function signTypeOf({ sign_type: said }: V2Fields): SignType {
  return isPresent(said) ? requireSignType(said) : ALGO_MD5
}

/** The endpoints of WeCom that want a `workwx_sign`, and the fields that it covers. */
const WORKWX_SIGNED: ReadonlyMap<string, readonly string[]> = new Map([
  [
    '/mmpaymkttransfers/sendworkwxredpack',
    ['act_name', 'mch_billno', 'mch_id', 'nonce_str', 're_openid', 'total_amount', 'wxappid'],
  ],
  [
    '/mmpaymkttransfers/promotion/paywwsptrans2pocket',
    ['amount', 'appid', 'desc', 'mch_id', 'nonce_str', 'openid', 'partner_trade_no', 'ww_msg_type'],
  ],
])

/**
 * The `workwx_sign` of a message to WeCom, upper-case hex, or undefined for every path that wants none. It is a field
 * of the message, so it comes before {@link signV2}. `agentSecret` is the secret of the WeCom application.
 *
 * @throws InvalidArgumentError when a field that it covers is missing, or the secret is empty.
 */
export function workwxSign(pathname: string, fields: V2Fields, agentSecret: string): string | undefined {
  const names = WORKWX_SIGNED.get(pathname)
  if (names === undefined) return undefined
  if (agentSecret === '') {
    throw new InvalidArgumentError('workwx_sign: found an empty secret, expected that of the WeCom application.')
  }
  const missing = names.filter(name => !isPresent(fields[name]))
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `workwx_sign: found no ${missing.join(', ')}, expected every field that it covers. Give them in the message.`,
    )
  }
  const covered = Object.fromEntries(names.map(name => [name, fields[name]]))
  return md5(signedText(covered), agentSecret, true).toUpperCase()
}

/**
 * What the `sign` covers: `name=value&…`, by the bytes of the names, without `sign` and the empty fields.
 *
 * @throws InvalidArgumentError for a nested value.
 */
export function signedText(fields: V2Fields): string {
  const texts = Object.entries(fields)
    .filter(([, value]) => isPresent(value))
    .map(([name, value]) => [name, signableText(name, value)])
  return queryStringLike(ksort(Object.fromEntries(texts)))
}

function signableText(name: string, value: unknown): string {
  const text = stringOf(name, value)
  if (text !== undefined) return text
  throw new InvalidArgumentError(
    `${name}: found ${Array.isArray(value) ? 'an array' : 'an object'}, expected a text or a number, since APIv2 signs no nested fields. Pass JSON.stringify(value).`,
  )
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function requireSignType(value: unknown): SignType {
  const type = SIGN_TYPES.find(known => known === value)
  if (type !== undefined) return type
  throw new InvalidArgumentError(
    `sign_type: found ${JSON.stringify(value)}, expected "${ALGO_MD5}" or "${ALGO_HMAC_SHA256}", in upper case.`,
  )
}

/** MD5 has 32 hex digits, HMAC-SHA256 64. */
function signTypeByLength({ length }: string): SignType | undefined {
  if (length === 32) return ALGO_MD5
  return length === 64 ? ALGO_HMAC_SHA256 : undefined
}
