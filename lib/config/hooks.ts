/** The `on` hooks: they get enough to log and to measure, and nothing secret. */
import type { WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { KeyWarning } from '../trust/warnings.js'

interface CallInfo {
  mchid: string
  method: Method
  /** The path with its placeholders not filled, since their values may be personal data. */
  path: string
  /** The host of the request, with its port. */
  host: string
  /** 1 for the first attempt. */
  attempt: number
}

export interface RequestInfo extends CallInfo {
  /** Bytes of the payload. */
  bytes: number
}

export interface ResponseInfo extends CallInfo {
  statusCode: number
  requestId: string | undefined
  /** Milliseconds from the request to the end of the response. */
  duration: number
}

export interface RetryInfo extends CallInfo {
  /** Why the call is retried: the error of the transport, or the status of the response. */
  cause: WechatPayError | { statusCode: number }
  /** Milliseconds until the next attempt. */
  delay: number
}

/** Nothing has failed yet: a certificate expires soon or could not be refreshed, or the store is down. */
export interface WarningInfo extends KeyWarning {
  mchid: string
}

/** Called as events happen. Errors of a hook are ignored, so that logging cannot break a payment. */
export interface Hooks {
  request?: (info: RequestInfo) => void
  response?: (info: ResponseInfo) => void
  retry?: (info: RetryInfo) => void
  warning?: (info: WarningInfo) => void
}
