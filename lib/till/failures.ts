/** What a failed call says about the order that it was for. */
import { ApiError, InvalidArgumentError, TransportError, WechatPayError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import type { Reason } from './payment.js'

export type PayFailure =
  /** Nothing left this machine. */
  | 'unsent'
  /** WeChat Pay did not carry it out: no money has moved. */
  | 'refused'
  /** WeChat Pay did not carry it out this time, but there may be an order with the number. */
  | 'doubtful'
  /** There is an order, which is not paid yet. */
  | 'pending'
  /** It may have been carried out, or not. */
  | 'unknown'

/** The order is in progress. */
const PENDING = new Set(['USERPAYING', 'USER_PAYING', 'BANKERROR', 'BANK_ERROR', 'ACCEPTED'])

/** Documented as the end of the payment, with no money moved. */
const REFUSALS = new Set([
  'ACCOUNTERROR',
  'ACCOUNT_ERROR',
  'APPID_MCHID_NOT_MATCH',
  'APPID_NOT_EXIST',
  'AUTHCODEEXPIRE',
  'AUTH_CODE_ERROR',
  'AUTH_CODE_EXPIRED',
  'AUTH_CODE_INVALID',
  'BUYER_MISMATCH',
  'CERT_ERROR',
  'LACK_PARAMS',
  'MCHID_NOT_EXIST',
  'MCH_NOT_EXISTS',
  'NOAUTH',
  'NOTENOUGH',
  'NOTSUPORTCARD',
  'NOT_ENOUGH',
  'NOT_UTF8',
  'NO_AUTH',
  'PARAM_ERROR',
  'POST_DATA_EMPTY',
  'REQUIRE_POST_METHOD',
  'RULELIMIT',
  'RULE_LIMIT',
  'SIGNERROR',
  'SIGN_ERROR',
  'TRADE_ERROR',
  'XML_FORMAT_ERROR',
])

const ABSENT = new Set(['ORDERNOTEXIST', 'ORDER_NOT_EXIST', 'ORDER_NOT_EXISTS'])

const SYSTEM_ERRORS = new Set(['SYSTEMERROR', 'SYSTEM_ERROR', 'BIZERR_NEED_RETRY', 'BIZ_ERR_NEED_RETRY'])

/** What APIv2 says, without a code, about a message that it could not read or whose sign is wrong. */
const UNREADABLE = /签名|sign|参数|缺少|格式|appid|mch_?id|商户号/i

export function payFailure(error: unknown): PayFailure {
  if (error instanceof TransportError ? !error.sent : neverLeaves(error)) return 'unsent'
  if (!(error instanceof ApiError)) return 'unknown'
  const { code } = error
  if (error.statusCode === 202 || PENDING.has(code)) return 'pending'
  if (isUnclear(error)) return 'unknown'
  if (REFUSALS.has(code) || (code === 'FAIL' && UNREADABLE.test(memberOf(error, 'return_msg')))) return 'refused'
  return code === 'FAIL' ? 'unknown' : 'doubtful'
}

/** Raised before a request is sent. */
const OWN_CODES = new Set(['ERR_SIGNER', 'ERR_NO_PLATFORM_CERTIFICATE', 'ERR_APIV3_KEY'])

function neverLeaves(error: unknown): boolean {
  return error instanceof InvalidArgumentError || (error instanceof WechatPayError && OWN_CODES.has(error.code))
}

/** Whether WeChat Pay says that it has no order with the number. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiError && ABSENT.has(error.code)
}

/** Whether a reversal that failed must be repeated, rather than its reason be looked for in the order. */
export function mustReverseAgain(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true
  const recall = memberOf(error, 'recall')
  if (recall !== '') return recall === 'Y'
  return error.statusCode === 202 || PENDING.has(error.code) || isUnclear(error)
}

// A status without a code of WeChat Pay's comes from something in between.
function isUnclear({ code, retryable }: ApiError): boolean {
  return retryable || SYSTEM_ERRORS.has(code) || code.startsWith('HTTP_')
}

function memberOf({ detail }: ApiError, name: string): string {
  const value = isRecord(detail) ? detail[name] : undefined
  return typeof value === 'string' ? value : ''
}

export function reasonOf(error: unknown): Reason {
  if (error instanceof WechatPayError) return { reason: error.code, cause: error }
  return error instanceof Error ? { reason: error.name, cause: error } : { reason: 'ERR_UNKNOWN' }
}
