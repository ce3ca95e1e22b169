/** Whether a request is the merchant's: every check of WeChat Pay, in its order, each with its own refusal. */
import type { IncomingHttpHeaders } from 'node:http'
import { verify } from '../../crypto/rsa.js'
import * as Formatter from '../../formatter.js'
import { metaPart } from '../http/multipart.js'
import type { Arrival } from '../http/server.js'
import type { Merchant } from '../keys/merchant.js'
import { problem, signError } from '../ledger/problem.js'
import { type Credentials, readAuthorization } from './credentials.js'
import type { Nonces } from './nonces.js'

/** Seconds, in either direction. */
const CLOCK_OFFSET = 300
/** Characters of the body that WeChat Pay repeats in `truncated_sign_message`. */
const SHOWN_OF_BODY = 8

interface Register {
  merchants: ReadonlyMap<string, Merchant>
  nonces: Nonces
  /** Milliseconds. */
  now: number
}

/**
 * @returns the merchant who signed the request.
 * @throws ApiError 400 `INVALID_REQUEST` without Accept or User-Agent, else 401 `SIGN_ERROR` whose `detail.issue` is
 *   the reason.
 */
export function authorize(request: Arrival, { merchants, nonces, now }: Register): Merchant {
  requireHeaders(request.headers)
  const { signature, ...credentials } = readAuthorization(request.headers.authorization)
  const merchant = findMerchant(credentials, merchants)
  requireTimely(credentials.timestamp, now)
  const nonce = `${merchant.mchid}:${credentials.nonce}`
  if (nonces.has(nonce)) {
    throw signError('Http头Authorization中的nonce_str已被使用', 'nonce_str', 'nonce_str was used before')
  }
  requireSignature(request, credentials, signature, merchant)
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

function findMerchant({ mchid, serial }: Credentials, merchants: ReadonlyMap<string, Merchant>): Merchant {
  const merchant = merchants.get(mchid)
  if (merchant === undefined) throw signError('商户号不存在', 'mchid', `unknown mchid ${mchid}`)
  if (serial === merchant.serial) return merchant
  const message = '商户证书序列号有误。请使用签名私钥匹配的证书序列号'
  throw signError(message, 'serial_no', `unknown serial_no ${serial}`)
}

function requireTimely(timestamp: string, now: number): void {
  const offset = Number(timestamp) - Math.floor(now / 1000)
  if (Math.abs(offset) <= CLOCK_OFFSET) return
  const issue = `timestamp is ${Math.abs(offset)} seconds ${offset < 0 ? 'behind' : 'ahead'}`
  throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟', 'timestamp', issue)
}

function requireSignature(request: Arrival, { timestamp, nonce }: Credentials, signature: string, merchant: Merchant) {
  const { method, target } = request
  const body = metaPart(request.headers['content-type'] ?? '', request.body) ?? request.body
  const message = Formatter.request(method, target, timestamp, nonce, body)
  if (verify(message, signature, merchant.publicKey)) return
  const shown = body.toString().slice(0, SHOWN_OF_BODY)
  throw signError('错误的签名，验签失败', 'signature', 'sign not match', {
    method,
    url: target,
    truncated_sign_message: Formatter.request(method, target, timestamp, nonce, shown),
    sign_message_length: message.length,
  })
}
