/** WeChat Pay's side of the signature: every answer leaves signed with the key that the request asked for. */
import { randomBytes } from 'node:crypto'
import { signAsync } from '../../crypto/rsa.js'
import * as Formatter from '../../formatter.js'
import type { Delivery } from '../http/server.js'
import type { PlatformKey } from '../keys/platform.js'
import type { Fault } from './faults.js'
import type { Reply } from './router.js'

const PROBE = 'WECHATPAY/SIGNTEST/'
const UNKNOWN_SERIAL = 'F'.repeat(40)
/** The number at the end of a Request-ID: 0 for success, an internal number of WeChat Pay's otherwise. */
const FAILURE = 268_435_000

/** `now` in milliseconds; of the fault, what concerns the signature. */
export async function signed(reply: Reply, key: PlatformKey, now: number, fault: Fault = {}): Promise<Delivery> {
  const delivery = unsigned(reply)
  if (fault.signature === 'headers') return delivery
  const timestamp = String(Math.floor(now / 1000) + (fault.clockSkew ?? 0))
  const nonce = Formatter.nonce()
  const body = fault.signature === 'mismatch' ? `${reply.body} ` : reply.body
  const signature = await signAsync(Formatter.response(timestamp, nonce, body), key.privateKey)
  return {
    ...delivery,
    headers: {
      ...delivery.headers,
      'Wechatpay-Timestamp': timestamp,
      'Wechatpay-Nonce': nonce,
      'Wechatpay-Signature': fault.signature === 'probe' ? PROBE + signature.slice(PROBE.length) : signature,
      'Wechatpay-Serial': fault.signature === 'serial' ? UNKNOWN_SERIAL : key.serial,
      'Wechatpay-Signature-Type': Formatter.SCHEME,
    },
  }
}

/** As WeChat Pay answers requests whose sender it does not know. */
export function unsigned({ statusCode, body }: Reply): Delivery {
  const headers = { 'Request-ID': requestId(statusCode), 'Cache-Control': 'no-cache, must-revalidate' }
  if (body === '') return { statusCode, headers, body }
  return { statusCode, headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' }, body }
}

function requestId(statusCode: number): string {
  const number = statusCode < 400 ? 0 : FAILURE + statusCode
  return `08${randomBytes(20).toString('hex').toUpperCase()}-${number}`
}
