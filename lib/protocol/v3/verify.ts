/** Whether WeChat Pay signed what arrived: an answer, or a notification. */
import { OUTCOME_UNKNOWN, SignatureError, type SignatureErrorReason } from '../../errors.js'
import * as Formatter from '../../formatter.js'
import { headerLine } from '../../transport/headers.js'
import type { IncomingResponse } from '../../transport/send.js'
import type { Verifier } from '../../trust/verifier.js'
import { type Limits, within } from '../within.js'

const LARGEST_OFFSET = 300
const REQUIRED = ['wechatpay-timestamp', 'wechatpay-nonce', 'wechatpay-signature', 'wechatpay-serial'] as const
const PROBE = 'WECHATPAY/SIGNTEST/'
const SIGNATURE_TYPES: readonly unknown[] = [undefined, Formatter.SCHEME, 'WECHATPAY-BRAND-SHA256-RSA2048']

interface Context {
  headers: IncomingResponse['headers']
  verifier: Verifier
  /** Milliseconds since 1970. */
  now: number
  requestId: string | undefined
  /** How long the verifier may be waited for. */
  limits?: Limits
}

/** @throws SignatureError (as a rejection) whose `reason` tells what is wrong. */
export function verifyResponse(body: Buffer, context: Context): Promise<void> {
  return verify('answer', body, context)
}

/** As {@link verifyResponse}. */
export function verifyNotification(body: Buffer, context: Context): Promise<void> {
  return verify('notification', body, context)
}

type Subject = 'answer' | 'notification'

/** What is to be done about one that is refused. */
const ADVICE: Record<Subject, string> = {
  answer: OUTCOME_UNKNOWN,
  notification: 'What is genuine and not acknowledged is sent again.',
}

async function verify(
  subject: Subject,
  body: Buffer,
  { headers, verifier, now, requestId, limits }: Context,
): Promise<void> {
  const refuse = (reason: SignatureErrorReason, what: string) =>
    new SignatureError(`${what} ${ADVICE[subject]}`, { reason, requestId })
  const timestamp = headerLine(headers, 'wechatpay-timestamp')
  const nonce = headerLine(headers, 'wechatpay-nonce')
  const signature = headerLine(headers, 'wechatpay-signature')
  const serial = headerLine(headers, 'wechatpay-serial')
  if (!timestamp || !nonce || !signature || !serial) {
    const missing = REQUIRED.filter(name => headerLine(headers, name) === '')
    throw refuse('headers', `The ${subject} is not signed: it lacks ${missing.join(', ')}.`)
  }
  if (!SIGNATURE_TYPES.includes(headers['wechatpay-signature-type'])) {
    throw refuse(
      'headers',
      `The ${subject} is signed with an algorithm that is not verified here: only ${Formatter.SCHEME} is.`,
    )
  }
  const offset = offsetOf(timestamp, now)
  if (!(Math.abs(offset) <= LARGEST_OFFSET)) throw refuse('clock', `The ${subject} ${whenSigned(offset)}.`)
  if (signature.startsWith(PROBE)) {
    throw refuse('probe', 'WeChat Pay sent a signature that is wrong on purpose, to see whether it is checked.')
  }
  const verdict = verifier.verify(Formatter.response(timestamp, nonce, body), signature, serial)
  const isGenuine = typeof verdict === 'boolean' ? verdict : await (limits ? within(verdict, limits) : verdict)
  if (isGenuine) return
  throw isGenuine === undefined
    ? refuse(
        'serial',
        `The ${subject} is signed by the key ${printable(serial)}, which is not known: add it to \`certs\`.`,
      )
    : refuse(
        'mismatch',
        `The signature does not match the key ${printable(serial)}: the ${subject} was changed on its way, or \`certs\` holds another key under that serial.`,
      )
}

/** Seconds from now, below zero for the past; NaN for what is no number of seconds. */
function offsetOf(timestamp: string, now: number): number {
  return /^\d{1,12}$/.test(timestamp) ? Number(timestamp) - Math.floor(now / 1000) : Number.NaN
}

function whenSigned(offset: number): string {
  if (Number.isNaN(offset)) return 'does not say when it was signed'
  const when = offset < 0 ? 'ago' : 'in the future'
  return `was signed ${Math.abs(offset)} s ${when}, and ${LARGEST_OFFSET} s are allowed: set this machine's clock`
}

function printable(serial: string): string {
  return serial.replace(/[^\w-]/g, '?').slice(0, 64)
}
