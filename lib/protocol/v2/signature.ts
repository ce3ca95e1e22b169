/** The signature of APIv2: over the fields of a message, with the APIv2 key (for WeCom, with the secret of an application). */
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, md5, type SignType, sign } from '../../crypto/hash.js'
import { InvalidArgumentError } from '../../errors.js'
import { ksort, queryStringLike } from '../../formatter.js'
import { kindOf } from '../../util/wording.js'
import { stringOf } from '../../xml/value.js'

/** The fields of a message as they are written in XML. Their `sign` is not signed. */
export type V2Fields = Readonly<Record<string, unknown>>

const SIGN_TYPES: readonly SignType[] = [ALGO_MD5, ALGO_HMAC_SHA256]

/**
 * The `sign` of a message, in upper-case hex. It covers all fields except `sign` and empty ones, sorted by the bytes of
 * their names. `secret` is the APIv2 key. `signType` is needed only if the message has no `sign_type` and is not MD5.
 *
 * @throws InvalidArgumentError for a nested value or one that is not exact as a string, an unknown `sign_type`, one that
 *   differs from `signType`, and an empty secret.
 */
export function signV2(fields: V2Fields, secret: string, signType: SignType = signTypeOf(fields)): string {
  const { sign_type: said } = fields
  if (isPresent(said) && said !== signType) {
    throw new InvalidArgumentError(
      `\`sign_type\` must be ${signType}, which the message is signed with; got ${JSON.stringify(said)}. Give only one of them.`,
    )
  }
  return sign(requireSignType(signType), signedString(fields), secret)
}

/**
 * Whether a received message has the right `sign`. Without `signType` the length of the `sign` tells the algorithm, since
 * responses and notifications are not always signed with what they name in `sign_type`.
 */
export function verifyV2(fields: V2Fields, secret: string, signType?: SignType): boolean {
  const { sign: received } = fields
  if (typeof received !== 'string' || Object.values(fields).some(value => typeof value !== 'string')) return false
  const type = signType ?? signTypeByLength(received)
  return type !== undefined && equals(sign(type, signedString(fields), secret), received)
}

/** The `sign_type` of a message; MD5 if it has none. */
export function signTypeOf({ sign_type: said }: V2Fields): SignType {
  return isPresent(said) ? requireSignType(said) : ALGO_MD5
}

/** The WeCom endpoints that need a `workwx_sign`, and the fields that it covers. */
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
 * The `workwx_sign` of a message to WeCom, in upper-case hex; undefined for a path that does not need one. It is itself a
 * signed field, so it comes before {@link signV2}. `agentSecret` is the secret of the WeCom application.
 *
 * @throws InvalidArgumentError if a field that it covers is missing, or the secret is empty.
 */
export function workwxSign(pathname: string, fields: V2Fields, agentSecret: string): string | undefined {
  const names = WORKWX_SIGNED.get(pathname)
  if (names === undefined) return undefined
  if (agentSecret === '') {
    throw new InvalidArgumentError('`agentSecret` must be the secret of the WeCom application; got an empty string.')
  }
  const missing = names.filter(name => !isPresent(fields[name]))
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `\`workwx_sign\` needs every field that it covers; ${missing.join(', ')} missing. Add them to the message.`,
    )
  }
  const covered = Object.fromEntries(names.map(name => [name, fields[name]]))
  return md5(signedString(covered), agentSecret, true).toUpperCase()
}

/**
 * The string that `sign` covers: `name=value&…`, sorted by the bytes of the names, without `sign` and empty fields.
 *
 * @throws InvalidArgumentError for a nested value.
 */
export function signedString(fields: V2Fields): string {
  const strings = Object.entries(fields)
    .filter(([, value]) => isPresent(value))
    .map(([name, value]) => [name, signable(name, value)])
  return queryStringLike(ksort(Object.fromEntries(strings)))
}

function signable(name: string, value: unknown): string {
  const string = stringOf(name, value)
  if (string !== undefined) return string
  throw new InvalidArgumentError(
    `\`${name}\` must be a string or a number, since APIv2 signs no nested fields; got ${kindOf(value)}. Pass JSON.stringify(value).`,
  )
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function requireSignType(value: unknown): SignType {
  const type = SIGN_TYPES.find(known => known === value)
  if (type !== undefined) return type
  throw new InvalidArgumentError(
    `\`sign_type\` must be "${ALGO_MD5}" or "${ALGO_HMAC_SHA256}", in upper case; got ${JSON.stringify(value)}.`,
  )
}

/** MD5 has 32 hex digits, HMAC-SHA256 64. */
function signTypeByLength({ length }: string): SignType | undefined {
  if (length === 32) return ALGO_MD5
  return length === 64 ? ALGO_HMAC_SHA256 : undefined
}
