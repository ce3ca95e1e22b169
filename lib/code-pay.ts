/** Payments by the code that a payer shows at the till (付款码支付), each carried to its end. */
import { type SharedSettings, settingsOf } from './client/settings-of.js'
import { InvalidArgumentError, OutcomeUnknownError } from './errors.js'
import { emit } from './telemetry/trace.js'
import { type CourseOptions, takePayment } from './till/course.js'
import {
  type DirectOrder,
  type DirectRequest,
  directOrder,
  type MicropayOrder,
  type MicropayRequest,
  micropayOrder,
  type PartnerOrder,
  type PartnerRequest,
  partnerOrder,
  tillOptions,
} from './till/orders.js'
import type { CodePayment, CodePayProgress, OrderCalls } from './till/payment.js'
import type { WechatPay } from './types/index.js'
import { systemClock } from './util/deadline.js'
import { isRecord } from './util/plain-object.js'
import { refuseUnknownOptions } from './util/unknown-options.js'
import { kindOf } from './util/wording.js'

export type CodePayRequest = { json: DirectRequest } | { json: PartnerRequest } | { xml: MicropayRequest }
export type { CodePayment, CodePayProgress, CodePayState } from './till/payment.js'
export type { DirectOrder, DirectRequest, MicropayOrder, MicropayRequest, PartnerOrder, PartnerRequest }

export interface CodePayOptions {
  /** Milliseconds that the payer has to enter the password; after that the order is reversed. Default 30000. */
  wait?: number
  /** Milliseconds between two queries, and between two attempts to reverse. Default 5000. */
  interval?: number
  /** Ends the payment: what may have been paid is reversed. */
  signal?: AbortSignal
  /** Called with each state; what it throws is ignored. */
  onState?: (progress: CodePayProgress) => void
}

/**
 * Takes a payment by code and stays with it until its outcome is certain: queries while the payer enters the password and
 * after anything that leaves the outcome open, reverses the order when `wait` is over or `signal` aborts, and repeats that
 * while WeChat Pay asks for it. A payment by APIv3 of a service provider is recognised by `sp_mchid`; `xml` is APIv2's
 * micropay, whose reversal needs the `merchant` certificate.
 *
 * Every request has the `out_trade_no` of the payment, so the payer cannot pay twice, also if this is called again with it.
 *
 * @throws OutcomeUnknownError if it could not find out whether the payer has paid; InvalidArgumentError for input that is not
 *   valid, before anything is sent (as rejections).
 */
export function pay(
  wxpay: WechatPay,
  request: { json: DirectRequest },
  options?: CodePayOptions,
): Promise<CodePayment<DirectOrder>>
export function pay(
  wxpay: WechatPay,
  request: { json: PartnerRequest },
  options?: CodePayOptions,
): Promise<CodePayment<PartnerOrder>>
export function pay(
  wxpay: WechatPay,
  request: { xml: MicropayRequest },
  options?: CodePayOptions,
): Promise<CodePayment<MicropayOrder>>
export async function pay(
  wxpay: WechatPay,
  request: CodePayRequest,
  options: CodePayOptions = {},
): Promise<CodePayment<DirectOrder | PartnerOrder | MicropayOrder>> {
  const course = readOptions(options)
  const calls = readOrder(wxpay, request, course.interval)
  const open = unresolved.get(wxpay) ?? new Set<string>()
  unresolved.set(wxpay, open)
  const isResumed = open.has(calls.outTradeNo)
  try {
    const payment = await takePayment(calls, { ...course, isResumed }, systemClock)
    open.delete(calls.outTradeNo)
    return payment
  } catch (error) {
    if (error instanceof OutcomeUnknownError) open.add(calls.outTradeNo)
    throw error
  }
}

// The numbers whose payments ended in an unknown outcome: called again, a till that is still offline must not say "failed".
const unresolved = new WeakMap<object, Set<string>>()

const LONGEST_WAIT = 600_000

function readOptions(given: CodePayOptions): Omit<CourseOptions, 'isResumed'> {
  requireRecord(given)
  refuseUnknownOptions(given, ['wait', 'interval', 'signal', 'onState'], 'CodePay.pay')
  const { wait = 30_000, interval = 5_000, signal, onState } = given
  requireMilliseconds('wait', wait, 0)
  requireMilliseconds('interval', interval, 1)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new InvalidArgumentError(`\`signal\` must be an AbortSignal; got ${kindOf(signal)}.`)
  if (onState !== undefined && typeof onState !== 'function')
    throw new InvalidArgumentError(`\`onState\` must be a function; got ${kindOf(onState)}.`)
  return { wait, interval, signal, onState: progress => emit(onState, () => progress) }
}

function requireRecord(options: unknown): void {
  if (isRecord(options)) return
  throw new InvalidArgumentError(`The options of CodePay.pay must be an object; got ${kindOf(options)}.`)
}

function requireMilliseconds(option: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= LONGEST_WAIT) return
  const found = typeof value === 'number' ? value : kindOf(value)
  throw new InvalidArgumentError(
    `\`${option}\` must be a number of milliseconds from ${least} to ${LONGEST_WAIT}; got ${found}.`,
  )
}

function readOrder(
  wxpay: WechatPay,
  request: CodePayRequest,
  interval: number,
): OrderCalls<DirectOrder | PartnerOrder | MicropayOrder> {
  const settings = settingsOf(wxpay)
  if (!settings)
    throw new InvalidArgumentError('CodePay.pay takes a client created by Builder.factory; got something else.')
  requireOnePayload(request)
  const options = tillOptions(settings, interval)
  if ('xml' in request) {
    const xml = copyOf(request.xml, 'xml')
    requireXml(xml)
    requireCertificate(settings)
    return micropayOrder(wxpay, xml, options)
  }
  const json = copyOf(request.json, 'json')
  requireJson(json)
  return 'sp_mchid' in json ? partnerOrder(wxpay, json, options) : directOrder(wxpay, json, options)
}

function requireOnePayload(request: unknown): void {
  const payloads = isRecord(request) ? Object.keys(request) : []
  if (payloads.length === 1 && (payloads[0] === 'json' || payloads[0] === 'xml')) return
  throw new InvalidArgumentError(
    `The request of CodePay.pay must be { json } for APIv3 or { xml } for APIv2; got ${isRecord(request) ? `an object with ${payloads.join(', ') || 'nothing'}` : kindOf(request)}.`,
  )
}

// If the caller changes the request during the payment, the requests that are sent must stay the same.
function copyOf<Payload>(payload: Payload, option: string): Payload {
  if (!isRecord(payload)) throw new InvalidArgumentError(`\`${option}\` must be an object; got ${kindOf(payload)}.`)
  try {
    return structuredClone(payload)
  } catch (cause) {
    throw new InvalidArgumentError(`\`${option}\` must have plain values only, such as strings and numbers.`, { cause })
  }
}

function requireJson(json: DirectRequest | PartnerRequest): void {
  const { payer, amount }: Readonly<Record<string, unknown>> = { ...json }
  requireNumber(json.out_trade_no, 'json.out_trade_no')
  requireString(isRecord(payer) ? payer.auth_code : undefined, 'json.payer.auth_code')
  requireFen(isRecord(amount) ? amount.total : undefined, 'json.amount.total')
  // A query and a reversal name them as well.
  if ('sp_mchid' in json) {
    requireString(json.sp_mchid, 'json.sp_mchid')
    requireString(json.sub_mchid, 'json.sub_mchid')
  } else {
    requireString(json.appid, 'json.appid')
    requireString(json.mchid, 'json.mchid')
  }
}

function requireXml({ appid, out_trade_no, auth_code, total_fee }: MicropayRequest): void {
  requireNumber(out_trade_no, 'xml.out_trade_no')
  requireString(auth_code, 'xml.auth_code')
  requireFen(/^\d+$/.test(String(total_fee)) ? Number(total_fee) : total_fee, 'xml.total_fee')
  requireString(appid, 'xml.appid')
}

function requireNumber(value: unknown, option: string): void {
  if (typeof value === 'string' && /^[\w\-|*@]{1,32}$/.test(value)) return
  const found = typeof value === 'string' ? 'a string that cannot be one' : kindOf(value)
  throw new InvalidArgumentError(
    `\`${option}\` must be the merchant order number, 1 to 32 letters, digits and _-|*@; got ${found}.`,
  )
}

function requireString(value: unknown, option: string): void {
  if (typeof value === 'string' && value !== '') return
  const found = value === '' ? 'an empty string' : kindOf(value)
  throw new InvalidArgumentError(`\`${option}\` must be a string that is not empty; got ${found}.`)
}

function requireFen(value: unknown, option: string): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return
  const found = typeof value === 'number' ? value : kindOf(value)
  throw new InvalidArgumentError(`\`${option}\` must be a positive integer, the amount in fen; got ${found}.`)
}

function requireCertificate({ identity, transport }: SharedSettings): void {
  if (identity || transport?.dispatcher) return
  throw new InvalidArgumentError(
    '`merchant` is missing: a payment by APIv2 can only be reversed with the merchant certificate. Give Builder.factory { merchant: { cert, key } } or { merchant: { pfx } }.',
  )
}
