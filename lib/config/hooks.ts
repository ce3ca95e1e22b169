/** What the `on` hooks are told: enough to log and to measure, and nothing secret. */
import type { WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { KeyWarning } from '../trust/warnings.js'

interface CallInfo {
  mchid: string
  method: Method
  /** The path with its placeholders unfilled: their values may be personal data. */
  path: string
  /** The host that the request goes to, with its port. */
  host: string
  /** 1 for the first time. */
  attempt: number
}

export interface RequestInfo extends CallInfo {
  /** The size of the payload in bytes. */
  bytes: number
}

export interface ResponseInfo extends CallInfo {
  statusCode: number
  requestId: string | undefined
  /** From the request to the end of its answer, in milliseconds. */
  duration: number
}

export interface RetryInfo extends CallInfo {
  /** What went wrong: the transport's error, or the answer's status. */
  cause: WechatPayError | { statusCode: number }
  /** Milliseconds until the next attempt. */
  delay: number
}

/** Nothing has failed yet: a certificate ends soon, or could not be refreshed, or the store is down. */
export interface WarningInfo extends KeyWarning {
  mchid: string
}

/** Called as things happen; what a hook throws is ignored, so that logging cannot break a payment. */
export interface Hooks {
  request?: (info: RequestInfo) => void
  response?: (info: ResponseInfo) => void
  retry?: (info: RetryInfo) => void
  warning?: (info: WarningInfo) => void
}

/** `describe` makes what the hook is told, for those who listen. */
export function emit<Info>(hook: ((info: Info) => void) | undefined, describe: () => Info): void {
  if (!hook) return
  try {
    const told: unknown = hook(describe())
    if (told instanceof Promise) told.catch(() => {})
  } catch {
    // What a hook throws is the hook's own affair: logging must not break a payment.
  }
}
