/** Verifies that a merchant sent a request: the checks of WeChat Pay, in its order, each with its own error. */
import type { IncomingHttpHeaders } from 'node:http'
import { verify } from '../../crypto/rsa.js'
import * as Formatter from '../../formatter.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { metaPart } from '../http/multipart.js'
import type { RawRequest } from '../http/server.js'
import type { Callers } from '../keys/callers.js'
import { BRAND_SCHEME, type Merchant } from '../keys/merchant.js'
import { isSameSerial } from '../keys/platform.js'
import { problem, signError } from '../ledger/problem.js'
import { type Credentials, readAuthorization } from './credentials.js'
import { DiagnosedError, diagnose, type MistakeCode } from './diagnosis.js'
import type { Nonces } from './nonces.js'
import { diagnoseSignature } from './signed-string.js'

/** Maximum difference between the timestamp and the clock, in seconds, in either direction. */
const CLOCK_OFFSET = 300
/** Number of characters of the body in `truncated_sign_message`. */
const SHOWN_BODY_LENGTH = 8

type Known = Pick<Callers, 'merchants' | 'brands'>

interface Context {
  callers: Known
  nonces: Nonces
  now: EpochMilliseconds
}

/**
 * @returns the merchant or the brand that signed the request.
 * @throws ApiError 400 `INVALID_REQUEST` without Accept or User-Agent. 401 `SIGN_ERROR`, with the reason in
 *   `detail.issue`, for any other failure: a DiagnosedError where the likely mistake is known.
 */
export function authorize(request: RawRequest, { callers, nonces, now }: Context): Merchant {
  requireHeaders(request.headers)
  const { signature, ...credentials } = readAuthorization(request.headers.authorization)
  requireScheme(request.target, credentials)
  const merchant = findMerchant(credentials, callers, now)
  requireTimely(credentials.timestamp, now)
  const nonce = `${merchant.scheme} ${merchant.mchid}:${credentials.nonce}`
  if (nonces.has(nonce)) {
    const error = signError('Http头Authorization中的nonce_str已被使用', 'nonce_str', 'nonce_str was used before')
    throw new DiagnosedError(error, diagnose(['nonce-repeated']))
  }
  requireSignature(request, credentials, signature, merchant, callers)
  nonces.add(nonce, now)
  return merchant
}

function requireHeaders(headers: IncomingHttpHeaders): void {
  const missing = (['accept', 'user-agent'] as const).find(name => !headers[name])
  if (missing === undefined) return
  throw problem(400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent', {
    field: missing,
    issue: `${missing} is missing`,
    location: 'header',
  })
}

// Only brands call the paths under /brand, and they call no other paths.
function requireScheme(target: string, { scheme }: Credentials): void {
  const isBrand = scheme === BRAND_SCHEME
  if (isBrand === /^\/brand\//.test(target)) return
  const issue = `${isBrand ? 'a brand' : 'a merchant'} cannot call this path with its scheme ${scheme}`
  throw signError('Http头Authorization认证类型不正确', 'scheme', issue)
}

function findMerchant({ scheme, mchid, serial }: Credentials, callers: Known, now: EpochMilliseconds): Merchant {
  const { merchants, brands } = callers
  const isBrand = scheme === BRAND_SCHEME
  const merchant = (isBrand ? brands : merchants).get(mchid)
  if (merchant === undefined) {
    const error = isBrand
      ? signError('品牌不存在', 'brand_id', `unknown brand_id ${mchid}`)
      : signError('商户号不存在', 'mchid', `unknown mchid ${mchid}`)
    throw new DiagnosedError(error, diagnose(['merchant-unknown']))
  }
  if (isSameSerial(merchant.serial, serial)) return merchant
  const message = '商户证书序列号有误。请使用签名私钥匹配的证书序列号'
  const error = signError(message, 'serial_no', `unknown serial_no ${serial}`)
  throw new DiagnosedError(error, diagnose([serialMistake(serial, merchant, callers, now)]))
}

function serialMistake(
  given: string,
  { serial, platform }: Merchant,
  { merchants, brands }: Known,
  now: EpochMilliseconds,
): MistakeCode {
  if (given.startsWith('PUB_KEY_ID_')) return 'serial-public-key'
  if (platform.find(given, now)) return 'serial-platform'
  const others = [...merchants.values(), ...brands.values()]
  if (others.some(other => isSameSerial(other.serial, given))) return 'serial-of-other'
  if (/^\d+$/.test(given) && BigInt(given) === BigInt(`0x${serial}`)) return 'serial-decimal'
  const digits = given.replace(/^(?:serial=|0x)/i, '').replace(/[^0-9a-f]/gi, '')
  return isSameSerial(serial, digits) ? 'serial-spelling' : 'serial-unknown'
}

function requireTimely(timestamp: string, now: number): void {
  const offset = Number(timestamp) - Math.floor(now / 1000)
  if (Math.abs(offset) <= CLOCK_OFFSET) return
  const issue = `timestamp is ${Math.abs(offset)} seconds ${offset < 0 ? 'behind' : 'ahead'}`
  const error = signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟', 'timestamp', issue)
  const isFine = Math.abs(Number(timestamp) - now) <= CLOCK_OFFSET * 1000
  throw new DiagnosedError(error, diagnose([isFine ? 'timestamp-milliseconds' : 'clock']))
}

function requireSignature(
  request: RawRequest,
  { timestamp, nonce }: Credentials,
  signature: string,
  merchant: Merchant,
  { merchants, brands }: Known,
) {
  const { method, target, headers } = request
  const meta = metaPart(headers['content-type'] ?? '', request.body)
  const body = meta ?? request.body
  const message = Formatter.request(method, target, timestamp, nonce, body)
  if (verify(message, signature, merchant.publicKey)) return
  const shown = body.toString().slice(0, SHOWN_BODY_LENGTH)
  const error = signError('错误的签名，验签失败', 'signature', 'sign not match', {
    method,
    url: target,
    truncated_sign_message: Formatter.request(method, target, timestamp, nonce, shown),
    sign_message_length: message.length,
  })
  const parts = { method, url: target, timestamp, nonce, body, signature }
  const { publicKey: key } = merchant
  const upload = meta && request.body
  const others = [...merchants.values(), ...brands.values()].map(({ publicKey }) => publicKey)
  throw new DiagnosedError(error, diagnoseSignature({ ...parts, key, others, upload, host: headers.host ?? '' }))
}
