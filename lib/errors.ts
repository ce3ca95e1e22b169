/** The errors that this package throws: one class for each way to handle them, each error with a stable `code`. */

/** The end of a message about a request that may have been carried out. */
export const OUTCOME_UNKNOWN =
  'The outcome is unknown. Query the order by its merchant order number (out_trade_no, out_refund_no, …) before retrying.'

/** The end of a message about a request that cannot have been carried out. */
export const NOTHING_SENT = 'Nothing was sent.'

/** Longer than any message of ours. */
const LONGEST_MESSAGE = 2_000
/** The same for what a message quotes of a response, so that its advice is not cut off. */
const LONGEST_QUOTE = 200
/** Longer than any code of WeChat Pay. */
export const LONGEST_CODE = 64

/** Control characters, line separators and the invisible characters that reorder a string. */
const BREAKS_LINES = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/** A string as one short line of a log: most error messages from WeChat Pay are not signed. */
export function oneLine(string: string, longest: number = LONGEST_QUOTE): string {
  const cut = string.length > longest ? `${string.slice(0, longest - 1)}…` : string
  return cut.replace(BREAKS_LINES, ' ')
}

const DEEPEST_CAUSE = 3
const MOST_FRAMES = 10

/**
 * The safe parts of an error from outside this package: its name, code and message, and where it was thrown. Its other members
 * may be a response with personal data, or the headers of a request.
 */
function essenceOf(cause: unknown, depth = 0): unknown {
  if (cause instanceof WechatPayError) return cause
  if (typeof cause === 'string') return oneLine(cause, LONGEST_MESSAGE)
  if (!(cause instanceof Error) || depth === DEEPEST_CAUSE) return undefined
  const name = oneLine(String(cause.name), LONGEST_CODE)
  const message = oneLine(String(cause.message), LONGEST_MESSAGE)
  const frames = String(cause.stack)
    .split('\n')
    .filter(line => /^ +at /.test(line))
    .map(line => oneLine(line, LONGEST_MESSAGE))
  const essence = new Error(
    message,
    cause.cause === undefined ? undefined : { cause: essenceOf(cause.cause, depth + 1) },
  )
  const stack = [`${name}: ${message}`, ...frames.slice(0, MOST_FRAMES)].join('\n')
  Object.defineProperties(essence, { name: { value: name }, stack: { value: stack } })
  const code: unknown = Reflect.get(cause, 'code')
  return typeof code === 'string' ? Object.assign(essence, { code: oneLine(code, LONGEST_CODE) }) : essence
}

/** The reason of a signal is the caller's own, to recognise the abort by. */
function causeOf({ code, cause }: WechatPayErrorOptions): unknown {
  return code === 'ERR_ABORTED' ? cause : essenceOf(cause)
}

interface WechatPayErrorOptions {
  code: string
  cause?: unknown
  /** A response that cannot be read. */
  body?: Buffer | undefined
}

/**
 * The base class of all errors. `code` is stable across releases; `message` says on one line what is wrong and what to
 * do. No property and no printed form contains a key, a secret, a signature or an Authorization header. If a different
 * library threw the error, `cause` has its name, code and message.
 */
export class WechatPayError extends Error {
  override readonly name: string = 'WechatPayError'
  readonly code: string
  readonly #body: Buffer | undefined

  constructor(message: string, options: WechatPayErrorOptions) {
    const cause = causeOf(options)
    super(oneLine(message, LONGEST_MESSAGE), cause === undefined ? undefined : { cause })
    this.code = oneLine(options.code, LONGEST_CODE)
    this.#body = options.body
  }

  /**
   * The bytes of a response that cannot be read (`ERR_RESPONSE_FORMAT`), to repair and read otherwise. Not printed with the
   * error, since they may contain personal data.
   */
  get body(): Buffer | undefined {
    return this.#body
  }
}

/** An option, a path or a payload that is not valid. Always thrown before anything is sent. */
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
  | 'ERR_PROXY'
  | 'ERR_DISPATCHER'
  | 'ERR_WEBASSEMBLY'

/**
 * The network failed, the call timed out, or it was aborted. `sent` is false only if no byte of the request can have reached
 * WeChat Pay. If it is true, the outcome is unknown: query the order by its merchant order number before retrying.
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
 * WeChat Pay reported a failure: an HTTP 3xx, 4xx or 5xx, or an APIv2 response whose `return_code` or `result_code` is not
 * SUCCESS. `code` is WeChat Pay's (`PARAM_ERROR`, `ORDER_NOT_EXIST`), or the HTTP status (`HTTP_502`) if there is none.
 */
export class ApiError extends WechatPayError {
  override readonly name = 'ApiError'
  readonly statusCode: number
  readonly #detail: unknown
  /** The request ID, which WeChat Pay's support asks for. */
  readonly requestId: string | undefined
  /** Whether the same call, with the same merchant order number, may succeed later. */
  readonly retryable: boolean

  constructor(message: string, { code, statusCode, detail, requestId, retryable }: ApiErrorOptions) {
    super(message, { code })
    this.statusCode = statusCode
    this.#detail = detail
    this.requestId = requestId
    this.retryable = retryable
  }

  /**
   * The details from WeChat Pay: the `detail` of APIv3, the parsed response of APIv2. Not printed with the error, since it may
   * repeat personal data, which must not be logged.
   */
  get detail(): unknown {
    return this.#detail
  }
}

/**
 * A payment by code whose outcome could not be found out: the payer may have paid. Query the order by its `out_trade_no`, or
 * pay again with the same `out_trade_no`, before the payer is asked to pay in a different way.
 */
export class OutcomeUnknownError extends WechatPayError {
  override readonly name = 'OutcomeUnknownError'
  readonly out_trade_no: string

  constructor(outTradeNo: string, options: { cause?: unknown } = {}) {
    super(
      `The outcome of the payment ${outTradeNo} is unknown: it could neither be queried nor reversed. Query the order by this out_trade_no before the payer is asked to pay in a different way.`,
      { code: 'ERR_OUTCOME_UNKNOWN', ...options },
    )
    this.out_trade_no = outTradeNo
  }
}

export type SignatureErrorReason = 'headers' | 'clock' | 'serial' | 'mismatch' | 'probe'

/**
 * A response or a notification whose signature is missing or not valid. For a response, the request was sent and its outcome
 * is unknown: query the order by its merchant order number before retrying.
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
