/** Verifies WeChat Pay's signature of a response or a notification. */
import type { Caller } from '../../config/caller.js'
import type { KeyKind } from '../../crypto/keys.js'
import { OUTCOME_UNKNOWN, SignatureError, type SignatureErrorReason, WechatPayError } from '../../errors.js'
import * as Formatter from '../../formatter.js'
import { headerLine, type ResponseHeaders } from '../../response.js'
import type { Verifier } from '../../trust/verifier.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Deadline } from '../../util/deadline.js'
import { kindOf } from '../../util/wording.js'

const LARGEST_OFFSET = 300
const REQUIRED = ['wechatpay-timestamp', 'wechatpay-nonce', 'wechatpay-signature', 'wechatpay-serial'] as const
const PROBE = 'WECHATPAY/SIGNTEST/'
/** The keys that a scheme is for. Without a scheme the key decides. */
type Algorithms = ReadonlyMap<unknown, KeyKind | undefined>

/** The values of `Wechatpay-Signature-Type`, by the recipient of a message. */
const ALGORITHMS: Readonly<Record<Caller['option'], Algorithms>> = {
  mchid: new Map<unknown, KeyKind | undefined>([
    [undefined, undefined],
    [Formatter.SCHEME, 'RSA'],
    [Formatter.SM2_SCHEME, 'SM2'],
  ]),
  brand_id: new Map<unknown, KeyKind | undefined>([
    [undefined, 'RSA'],
    [Formatter.BRAND_SCHEME, 'RSA'],
  ]),
}
/** For any recipient. */
const ANY: Algorithms = new Map([...ALGORITHMS.brand_id, ...ALGORITHMS.mchid])

interface Context {
  headers: ResponseHeaders
  verifier: Verifier
  /** The recipient; undefined if it is not known. */
  caller: Pick<Caller, 'option'> | undefined
  now: EpochMilliseconds
  requestId: string | undefined
  /** Ends the wait for the verifier. */
  deadline?: Deadline
}

/** @throws SignatureError (as a rejection) whose `reason` says what is wrong. */
export function verifyResponse(body: Buffer, context: Context): Promise<void> {
  return verify('response', body, context)
}

/** As {@link verifyResponse}. */
export function verifyNotification(body: Buffer, context: Context): Promise<void> {
  return verify('notification', body, context)
}

/** Whether the signature type of a message fits that caller. */
export function isFor(caller: Pick<Caller, 'option'> | undefined, headers: ResponseHeaders): boolean {
  return !caller || ALGORITHMS[caller.option].has(headers['wechatpay-signature-type'])
}

type Subject = 'response' | 'notification'

/** The advice for a refused message. */
const ADVICE: Record<Subject, string> = {
  response: OUTCOME_UNKNOWN,
  notification: 'A genuine notification that is not acknowledged is sent again.',
}

async function verify(
  subject: Subject,
  body: Buffer,
  { headers, verifier, caller, now, requestId, deadline }: Context,
): Promise<void> {
  const refuse = (reason: SignatureErrorReason, what: string) =>
    new SignatureError(`${what} ${ADVICE[subject]}`, { reason, requestId })
  const timestamp = headerLine(headers, 'wechatpay-timestamp')
  const nonce = headerLine(headers, 'wechatpay-nonce')
  const signature = headerLine(headers, 'wechatpay-signature')
  const serial = headerLine(headers, 'wechatpay-serial')
  if (!timestamp || !nonce || !signature || !serial) {
    const missing = REQUIRED.filter(name => headerLine(headers, name) === '')
    throw refuse('headers', `The ${subject} is not signed: ${missing.join(', ')} missing.`)
  }
  const repeated = REQUIRED.filter(name => Array.isArray(headers[name]))
  if (repeated.length > 0) throw refuse('headers', `The ${subject} has more than one ${repeated.join(', ')}.`)
  const type = headers['wechatpay-signature-type']
  const algorithms = caller ? ALGORITHMS[caller.option] : ANY
  if (!algorithms.has(type)) {
    const supported = [...algorithms.keys()].filter(Boolean).join(' and ')
    const role = caller?.option === 'brand_id' ? 'a brand' : 'a merchant'
    throw refuse(
      'headers',
      `The ${subject} has the \`Wechatpay-Signature-Type\` ${quoted(type)}, which is not supported${caller ? ` for ${role}` : ''}: only ${supported}.`,
    )
  }
  const offset = offsetOf(timestamp, now)
  if (!(Math.abs(offset) <= LARGEST_OFFSET))
    throw refuse(
      'clock',
      `The ${subject} ${whenSigned(offset)}${subject === 'response' ? clockOffset(headers, now) : ''}.`,
    )
  if (signature.startsWith(PROBE)) {
    throw refuse('probe', 'WeChat Pay sent an invalid signature on purpose, to test whether signatures are verified.')
  }
  const verdict = verifier.verify(Formatter.response(timestamp, nonce, body), signature, serial, algorithms.get(type))
  const isGenuine: unknown = verdict instanceof Promise ? await (deadline?.wait(verdict) ?? verdict) : verdict
  // Only true is genuine: a KMS may return an object that means no.
  switch (isGenuine) {
    case true:
      return
    case false:
      throw refuse(
        'mismatch',
        `The signature does not match the key ${printable(serial)}: the ${subject} was changed in transit, or \`certs\` has a different key under that serial.`,
      )
    case undefined:
      throw refuse(
        'serial',
        `The ${subject} is signed with the key ${printable(serial)}, which is unknown or has expired: if it is WeChat Pay's, add the current one to \`certs\`.`,
      )
    default:
      throw new WechatPayError(
        `\`verifier.verify\` must return true, false or undefined; got ${kindOf(isGenuine)}. ${ADVICE[subject]}`,
        { code: 'ERR_VERIFIER' },
      )
  }
}

/** The offset of this machine's clock from the time of a response, for messages; empty if the response has no time. */
export function clockOffset(headers: ResponseHeaders, now: EpochMilliseconds): string {
  const seconds = Math.round((now - Date.parse(headerLine(headers, 'date'))) / 1000)
  if (Number.isNaN(seconds)) return ''
  if (Math.abs(seconds) <= 1) return ': it agrees with the `Date` of the response'
  return `: it is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the \`Date\` of the response`
}

/** Seconds from now, negative for the past; NaN if the timestamp is not a number of seconds. */
function offsetOf(timestamp: string, now: number): number {
  return /^\d{1,12}$/.test(timestamp) ? Number(timestamp) - Math.floor(now / 1000) : Number.NaN
}

function whenSigned(offset: number): string {
  if (Number.isNaN(offset)) return 'does not say when it was signed'
  const when = offset < 0 ? 'ago' : 'in the future'
  return `was signed ${Math.abs(offset)} s ${when}, but at most ${LARGEST_OFFSET} s are allowed: set this machine's clock`
}

function quoted(type: unknown): string {
  return JSON.stringify(printable(String(type)))
}

function printable(serial: string): string {
  return serial.replace(/[^\w-]/g, '?').slice(0, 64)
}
