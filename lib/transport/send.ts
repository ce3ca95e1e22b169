/** Sends one request over undici, and tells truthfully whether it may have been sent. */
import { Readable } from 'node:stream'
import {
  NOTHING_SENT,
  OUTCOME_UNKNOWN,
  oneLine,
  TransportError,
  type TransportErrorCode,
  WechatPayError,
} from '../errors.js'
import type { DispatchController, DispatchHandler, DispatchOptions, Method } from '../options.js'
import type { ResponseHeaders } from '../response.js'
import { collect } from '../util/collect.js'
import { type Deadline, timerDelay } from '../util/deadline.js'
import { onAbort } from '../util/on-abort.js'
import { bare } from '../util/plain-object.js'
import type { Carrier } from './agents.js'
import { asUnreachable, isBeforeSending, isConnectFailure, unsentError } from './faults.js'
import type { Destination } from './settings.js'

/** A body of known length, which every attempt opens again. */
export interface StreamedBody {
  /** Bytes. */
  readonly length: number
  open(): Readable
}

export type Body = Buffer | StreamedBody

export interface OutgoingRequest extends Destination {
  readonly method: Method
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | undefined
}

export interface IncomingResponse {
  readonly statusCode: number
  readonly headers: ResponseHeaders
  /** The whole content, or the stream of a successful download. */
  readonly body: Buffer | Readable
}

export interface SendOptions {
  carrier: Carrier
  /** Ends the wait for the response; for a download, for its beginning. */
  deadline: Deadline
  /** Whether the content of a 2xx is returned as a stream. */
  download: boolean
}

/** Bytes of a response that is kept in memory; a larger one must be a stream. */
const LARGEST_RESPONSE = 32 * 1024 * 1024
const TOO_LARGE = `The response is larger than ${LARGEST_RESPONSE} bytes`

const IDLE_TIMEOUT = 30_000
/** Milliseconds until an unread download is closed: it must not keep its connection forever. */
const UNREAD_TIMEOUT = 60_000
/** Milliseconds between two reads of a download. */
const PAUSE_TIMEOUT = 600_000
const LATE = 'WeChat Pay did not respond in time'

/**
 * Redirects are returned as they come and never followed.
 *
 * @throws TransportError, and the WechatPayError of a streamed body that fails (as rejections).
 */
export function send(request: OutgoingRequest, options: SendOptions): Promise<IncomingResponse> {
  return new Promise((resolve, reject) => {
    const handler = new ResponseHandler(options, resolve, reject)
    if (handler.failed) return
    const { method, origin, path, headers, body } = request
    const isStreamed = body !== undefined && !Buffer.isBuffer(body)
    handler.dispatch(
      // Undici reads more options than these.
      bare({
        origin,
        path,
        method,
        headers: isStreamed ? { ...headers, 'content-length': String(body.length) } : headers,
        body: isStreamed ? body.open() : (body ?? null),
        // The handler's own timer ends the wait; undici's timer watches over a download after that.
        headersTimeout: 0,
        bodyTimeout: options.download ? IDLE_TIMEOUT : 0,
      }),
    )
  })
}

/**
 * The content of a streamed response that should be small.
 *
 * @throws TransportError `ERR_RESPONSE_TOO_LARGE`, and what the stream fails with (as rejections).
 */
export async function readWhole(content: Readable, deadline: Deadline): Promise<Buffer> {
  const body = await deadline.read(content, stream => collect(stream, LARGEST_RESPONSE))
  if (body) return body
  throw new TransportError(`${TOO_LARGE}. ${OUTCOME_UNKNOWN}`, { code: 'ERR_RESPONSE_TOO_LARGE', sent: true })
}

class ResponseHandler implements DispatchHandler {
  /** Whether the dispatcher began to write the request. */
  #started = false
  #controller: DispatchController | undefined
  #failure: WechatPayError | undefined
  #statusCode = 0
  #headers: ResponseHeaders = {}
  #chunks: Buffer[] = []
  #size = 0
  #stream: Readable | undefined
  /** Runs while the stream is full, which its reader empties. */
  #unread: NodeJS.Timeout | undefined
  #hasReader = false
  #isOver = false
  #dispatched = false
  readonly #options: SendOptions
  readonly #resolve: (response: IncomingResponse) => void
  readonly #reject: (error: WechatPayError) => void
  readonly #timer: NodeJS.Timeout
  readonly #stopAbort: (() => void) | undefined

  constructor(
    options: SendOptions,
    resolve: (response: IncomingResponse) => void,
    reject: (error: WechatPayError) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    const { deadline } = options
    this.#timer = setTimeout(() => this.#fail('ERR_TIMEOUT', LATE), timerDelay(deadline.remaining()))
    const { signal } = deadline
    if (!signal) return
    const abort = () => this.#fail('ERR_ABORTED', 'The call was aborted by its signal', signal.reason)
    if (signal.aborted) abort()
    else this.#stopAbort = onAbort(signal, abort)
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  dispatch(options: DispatchOptions): void {
    const { dispatcher } = this.#options.carrier
    try {
      this.#dispatched = true
      const returned: unknown = dispatcher.dispatch(options, this)
      if (returned instanceof Promise) returned.catch(error => this.#failDispatch(error, this.#maySent(error)))
    } catch (error) {
      // A request that starts later is aborted before its first byte; see onRequestStart.
      this.#failDispatch(error, this.#started)
    }
  }

  /** Undici calls this right before it writes the first byte, and writes none when it is aborted here. */
  onRequestStart(controller: DispatchController): void {
    if (this.#failure) {
      controller.abort(this.#failure)
      return
    }
    this.#started = true
    this.#controller = controller
  }

  onResponseStart(controller: DispatchController, statusCode: number, headers: ResponseHeaders): void {
    if (statusCode < 200) return
    this.#statusCode = statusCode
    this.#headers = headers
    if (!this.#options.download || statusCode >= 300) return
    clearTimeout(this.#timer)
    this.#stream = new Readable({
      read: () => {
        this.#noteRead()
        controller.resume()
      },
      destroy: (error, done) => {
        if (!this.#stream?.readableEnded) controller.abort(error ?? new Error('The download was closed.'))
        this.#stopListening()
        done(error)
      },
    })
    // It may fail before anything reads it; a later reader still gets the error.
    this.#stream.on('error', () => {})
    this.#resolve({ statusCode, headers, body: this.#stream })
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.#stream) {
      if (!this.#stream.push(chunk)) {
        controller.pause()
        this.#awaitReader()
      }
      return
    }
    this.#size += chunk.length
    if (this.#size > LARGEST_RESPONSE) {
      this.#fail('ERR_RESPONSE_TOO_LARGE', TOO_LARGE)
      return
    }
    this.#chunks.push(chunk)
  }

  #awaitReader(): void {
    const giveUp = () => {
      this.#settleFailure(
        new TransportError('The download was not read for too long, so its connection was closed. Call again.', {
          code: 'ERR_TIMEOUT',
          sent: true,
        }),
      )
    }
    this.#unread = setTimeout(giveUp, this.#hasReader ? PAUSE_TIMEOUT : UNREAD_TIMEOUT).unref()
  }

  // The stream asks for more as soon as it is not full, also without a reader.
  #noteRead(): void {
    if (!this.#unread) return
    clearTimeout(this.#unread)
    this.#unread = undefined
    this.#hasReader = true
  }

  onResponseEnd(): void {
    this.#stopListening()
    if (this.#stream) {
      this.#stream.push(null)
      return
    }
    const [first, ...more] = this.#chunks
    const body = first && more.length === 0 ? first : Buffer.concat(this.#chunks)
    this.#resolve({ statusCode: this.#statusCode, headers: this.#headers, body })
  }

  onResponseError(_controller: DispatchController, error: Error): void {
    const code = 'code' in error ? error.code : undefined
    // The error of the payload itself.
    if (error instanceof WechatPayError) this.#settleFailure(error)
    else if (this.#started && (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')) {
      this.#fail('ERR_TIMEOUT', LATE, error)
    } else if (this.#maySent(error)) {
      this.#fail('ERR_CONNECTION_LOST', 'The connection was lost before the response was complete', error)
    } else {
      this.#settleFailure(unsentError(error, this.#options.carrier.proxy))
    }
  }

  /**
   * Whether the request may have been sent. Our own agents start no request before it is connected, so only a mock below
   * them, such as nock, reports a failure to connect after that. A dispatcher of the user's may repeat a request by itself,
   * or not say when it starts one.
   */
  #maySent(error?: Error): boolean {
    if (!this.#options.carrier.foreign) return this.#started && !(error && isConnectFailure(error))
    return this.#started || (this.#dispatched && !(error && isBeforeSending(error)))
  }

  #failDispatch(error: unknown, sent: boolean): void {
    if (this.#isOver) return
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    const { foreign = 'Undici' } = this.#options.carrier
    const what = `${foreign} failed (${oneLine(`${name}: ${message}`)}). A \`dispatcher\` must be one of undici 7 or 8`
    this.#fail('ERR_DISPATCHER', what, error, sent)
  }

  #fail(code: TransportErrorCode, what: string, cause?: unknown, sent = this.#maySent()): void {
    if (this.#failure) return
    const outcome = sent ? OUTCOME_UNKNOWN : NOTHING_SENT
    const error = new TransportError(`${what}. ${outcome}`, { code, sent, cause })
    this.#settleFailure(code === 'ERR_TIMEOUT' && !sent ? asUnreachable(error) : error)
  }

  #settleFailure(failure: WechatPayError): void {
    if (this.#failure) return
    this.#failure = failure
    this.#stopListening()
    this.#reject(failure)
    this.#stream?.destroy(failure)
    this.#controller?.abort(failure)
  }

  #stopListening(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    clearTimeout(this.#unread)
    this.#stopAbort?.()
  }
}
