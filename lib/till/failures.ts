/** What a failed call shows about its order. */
import { ApiError, InvalidArgumentError, TransportError, WechatPayError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import type { Reason } from './payment.js'

export type PayFailure =
  /** Codes of errors before anything was sent. */
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

/** Documented as the end of the payment without a movement of money. */
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

/** The message of APIv2, without a code, for a request that it cannot read or that has a wrong `sign`. */
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

/** Whether WeChat Pay has no order with this number. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiError && ABSENT.has(error.code)
}

/** Whether a failed reversal must be repeated. Otherwise a query of the order gives the reason. */
export function mustReverseAgain(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true
  const recall = memberOf(error, 'recall')
  if (recall !== '') return recall === 'Y'
  return error.statusCode === 202 || PENDING.has(error.code) || isUnclear(error)
}

// A status without a code of WeChat Pay comes from a server in between, such as a proxy.
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
