/** The errors that this package throws: one class per question a caller asks, each with a stable `code`. */

/** The end of a message about a request that may have been carried out. */
export const OUTCOME_UNKNOWN =
  'The outcome is unknown. Query the order by its merchant order number (out_trade_no, out_refund_no, …) before retrying.'

/** The end of a message about a request that cannot have been carried out. */
export const NOTHING_SENT = 'Nothing was sent.'

interface WechatPayErrorOptions {
  code: string
  cause?: unknown
}

/**
 * The base of every error here. `code` is stable across releases, `message` says what to do; no property and no
 * printed form holds a key, a secret, a signature or an Authorization header.
 */
export class WechatPayError extends Error {
  override readonly name: string = 'WechatPayError'
  readonly code: string

  constructor(message: string, { code, cause }: WechatPayErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** An option, a path or a payload that cannot be right. Always thrown before anything is sent. */
export class InvalidArgumentError extends WechatPayError {
  override readonly name = 'InvalidArgumentError'

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { code: 'ERR_INVALID_ARGUMENT', ...options })
  }
}

export type TransportErrorCode =
  | 'ERR_CONNECT'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_TIMEOUT'
  | 'ERR_ABORTED'
  | 'ERR_RESPONSE_TOO_LARGE'

/**
 * The network failed, or time ran out. `sent` is false only when no byte of the request can have reached WeChat Pay;
 * when it is true the outcome is unknown: query by the business number, or repeat with the same one.
 */
export class TransportError extends WechatPayError {
  override readonly name = 'TransportError'
  declare readonly code: TransportErrorCode
  readonly sent: boolean

  constructor(message: string, { sent, ...options }: { code: TransportErrorCode; sent: boolean; cause?: unknown }) {
    super(message, options)
    this.sent = sent
  }
}

interface ApiErrorOptions {
  code: string
  statusCode: number
  detail?: unknown
  requestId?: string | undefined
  retryable: boolean
}

/**
 * WeChat Pay said no: an HTTP 3xx, 4xx or 5xx, or an APIv2 answer whose `return_code` or `result_code` is not SUCCESS.
 * `code` is WeChat Pay's own (`PARAM_ERROR`, `ORDER_NOT_EXIST`), or `HTTP_502` and the like where it gave none.
 */
export class ApiError extends WechatPayError {
  override readonly name = 'ApiError'
  readonly statusCode: number
  readonly #detail: unknown
  /** The number that WeChat Pay's support asks for. */
  readonly requestId: string | undefined
  /** Whether the same call, with the same business number, may succeed later. */
  readonly retryable: boolean

  constructor(message: string, { code, statusCode, detail, requestId, retryable }: ApiErrorOptions) {
    super(message, { code })
    this.statusCode = statusCode
    this.#detail = detail
    this.requestId = requestId
    this.retryable = retryable
  }

  /**
   * What WeChat Pay added: APIv3's `detail`, APIv2's parsed answer. Never printed with the error: it may echo personal
   * data, which has no place in a log.
   */
  get detail(): unknown {
    return this.#detail
  }
}

export type SignatureErrorReason = 'headers' | 'clock' | 'serial' | 'mismatch' | 'probe'

/**
 * An answer or a notification that WeChat Pay cannot be shown to have signed. For an answer the request was sent and
 * its outcome is unknown: query by the business number.
 */
export class SignatureError extends WechatPayError {
  override readonly name = 'SignatureError'
  readonly reason: SignatureErrorReason
  readonly requestId: string | undefined

  constructor(
    message: string,
    { reason, requestId, cause }: { reason: SignatureErrorReason; requestId?: string | undefined; cause?: unknown },
  ) {
    super(message, { code: `ERR_SIGNATURE_${reason.toUpperCase()}`, cause })
    this.reason = reason
    this.requestId = requestId
  }
}
