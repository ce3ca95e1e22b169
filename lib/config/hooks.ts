/** The `on` hooks: they get enough to log and to measure, and nothing secret. */
import { InvalidArgumentError, type WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { KeyWarning } from '../trust/warnings.js'
import { bare, isRecord } from '../util/plain-object.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { kindOf } from '../util/wording.js'
import type { CallerId } from './caller.js'

/** Of a merchant's client; that of a brand shows its `brand_id` instead. */
interface Merchant {
  mchid: string
}

interface CallInfo {
  /** The same in every hook of one call. */
  id: string
  method: Method
  /** The path without values and query, since they may be personal data: `/v3/pay/transactions/id/{transaction_id}`. */
  path: string
  /** The host of the request, with its port. */
  host: string
  /** 1 for the first attempt. */
  attempt: number
}

interface RequestFacts extends CallInfo {
  /** Bytes of the payload. */
  bytes: number
}

interface ResponseFacts extends CallInfo {
  statusCode: number
  requestId: string | undefined
  /** Milliseconds from the request to the end of the response. */
  duration: number
}

interface RetryFacts extends CallInfo {
  /** Why the call is retried: the error of the transport, or the status of the response. */
  cause: WechatPayError | { statusCode: number }
  /** Milliseconds until the next attempt; 0 before one at a different host. */
  delay: number
  /** The rest of the client's retry budget of 500. A retry costs 5, after a time-out 10; a success adds 1. */
  budget: number
}

interface FailureFacts extends CallInfo {
  /** The number of attempts; 0 if the call was refused before anything was sent. */
  attempt: number
  /** The code of the error. */
  code: string
  /** The status of the last response, if there was one. */
  statusCode: number | undefined
  requestId: string | undefined
  /** Whether the request may have reached WeChat Pay. If it may, query the order before retrying. */
  sent: boolean
  /** Milliseconds for the whole call. */
  duration: number
  /** Whether a retry was left out because the retry budget of the client was spent, as in a long outage. */
  isBudgetSpent: boolean
}

export type RequestInfo<Caller = Merchant> = RequestFacts & Caller
export type ResponseInfo<Caller = Merchant> = ResponseFacts & Caller
export type RetryInfo<Caller = Merchant> = RetryFacts & Caller
/** A call that ended in an error. */
export type FailureInfo<Caller = Merchant> = FailureFacts & Caller
/** Nothing has failed yet: a certificate expires soon or could not be refreshed, or the store is down. */
export type WarningInfo<Caller = Merchant> = KeyWarning & Caller

/** Called as events happen. Errors of a hook are ignored, so that logging cannot break a payment. */
export interface Hooks<Caller = Merchant> {
  request?: (info: RequestInfo<Caller>) => void
  response?: (info: ResponseInfo<Caller>) => void
  retry?: (info: RetryInfo<Caller>) => void
  /** Called for every call that ends in an error, also one that was refused before anything was sent. */
  failure?: (info: FailureInfo<Caller>) => void
  warning?: (info: WarningInfo<Caller>) => void
}

const HOOKS: readonly (keyof Hooks)[] = ['request', 'response', 'retry', 'failure', 'warning']

/** @throws InvalidArgumentError for a name that is not a hook, which would never be called, and for anything but a function. */
export function readHooks(on: unknown = {}): Hooks<CallerId> {
  if (!isRecord(on)) {
    throw new InvalidArgumentError(`\`on\` must be an object of functions { ${HOOKS.join(', ')} }; got ${kindOf(on)}.`)
  }
  refuseUnknownOptions(on, HOOKS, '`on`')
  for (const [name, hook] of Object.entries(on)) {
    if (hook === undefined || typeof hook === 'function') continue
    throw new InvalidArgumentError(`\`on.${name}\` must be a function; got ${kindOf(hook)}.`)
  }
  return Object.freeze(bare({ ...on }))
}
