/** Signs responses as WeChat Pay does. */
import { randomBytes } from 'node:crypto'
import { signAsync } from '../../crypto/rsa.js'
import * as Formatter from '../../formatter.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { RawResponse } from '../http/server.js'
import type { PlatformKey } from '../keys/platform.js'
import type { Fault } from './faults.js'
import { fileResponse } from './file-response.js'
import type { EndpointResponse, ResponseFile } from './router.js'

const PROBE = 'WECHATPAY/SIGNTEST/'
const UNKNOWN_SERIAL = 'F'.repeat(40)
/** A Request-ID ends in 0 on success, otherwise in an internal number of WeChat Pay: here this plus the status. */
const FAILURE = 268_435_000

/** Applies the `signature` and `clockSkew` faults only. */
export async function signResponse(
  response: EndpointResponse,
  key: PlatformKey,
  now: EpochMilliseconds,
  { fault = {}, scheme = Formatter.SCHEME }: { fault?: Fault; scheme?: string } = {},
): Promise<RawResponse> {
  const unsigned = unsignedResponse(response)
  if (fault.signature === 'headers') return unsigned
  const timestamp = String(Math.floor(now / 1000) + (fault.clockSkew ?? 0))
  const nonce = Formatter.nonce()
  const body = fault.signature === 'mismatch' ? `${response.body} ` : response.body
  const signature = await signAsync(Formatter.response(timestamp, nonce, body), key.privateKey)
  return {
    ...unsigned,
    headers: {
      ...unsigned.headers,
      'Wechatpay-Timestamp': timestamp,
      'Wechatpay-Nonce': nonce,
      'Wechatpay-Signature': fault.signature === 'probe' ? PROBE + signature.slice(PROBE.length) : signature,
      'Wechatpay-Serial': fault.signature === 'serial' ? UNKNOWN_SERIAL : key.serial,
      'Wechatpay-Signature-Type': scheme,
    },
  }
}

/** A statement: the signature is that of its SHA-1, as JSON. */
export async function signStatement(
  file: ResponseFile,
  key: PlatformKey,
  now: EpochMilliseconds,
  { fault = {}, scheme }: { fault?: Fault; scheme?: string } = {},
): Promise<RawResponse> {
  const { sha1 = '' } = file
  const digest = { statusCode: 200, body: JSON.stringify({ sha1 }) }
  const { headers } = await signResponse(digest, key, now, { fault, ...(scheme && { scheme }) })
  const unsigned = fileResponse(file, fault)
  return { ...unsigned, headers: { ...headers, ...unsigned.headers, 'Wechatpay-Statement-Sha1': sha1 } }
}

/** WeChat Pay does not sign the response to a request that it cannot attribute to a merchant. */
export function unsignedResponse({ statusCode, body }: EndpointResponse): RawResponse {
  const headers = { 'Request-ID': requestId(statusCode), 'Cache-Control': 'no-cache, must-revalidate' }
  if (body === '') return { statusCode, headers, body }
  return { statusCode, headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' }, body }
}

function requestId(statusCode: number): string {
  const number = statusCode < 400 ? 0 : FAILURE + statusCode
  return `08${randomBytes(20).toString('hex').toUpperCase()}-${number}`
}
