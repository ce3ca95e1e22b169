/** Sends one request over undici, and tells truthfully whether it may have been sent. */
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError, type TransportErrorCode, WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { Body } from './body.js'
import { LARGEST_RESPONSE } from './collect.js'
import type { Destination } from './destination.js'

export interface OutgoingRequest extends Destination {
  readonly method: Method
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | undefined
}

export interface IncomingResponse {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The whole content, or the stream of a successful download. */
  readonly body: Buffer | Readable
}

export interface SendOptions {
  dispatcher: Dispatcher
  /** Milliseconds until the answer must be there; for a download, until it begins. */
  timeout: number
  signal?: AbortSignal | undefined
  /** Whether a 2xx is handed out as a stream. */
  download: boolean
}

const IDLE_TIMEOUT = 30_000
/** Node ends a longer one at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Redirects are handed out as they come, never followed.
 * @throws TransportError; the WechatPayError that a streamed body broke off with (as rejections).
 */
export function send(request: OutgoingRequest, options: SendOptions): Promise<IncomingResponse> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(options, resolve, reject)
    if (exchange.done) return
    const { method, origin, path, headers, body } = request
    const isStreamed = body !== undefined && !Buffer.isBuffer(body)
    options.dispatcher.dispatch(
      {
        origin,
        path,
        method,
        headers: isStreamed ? { ...headers, 'content-length': String(body.length) } : headers,
        body: isStreamed ? body.open() : (body ?? null),
        // The timer of the exchange ends it; undici's timers are for what outlives that one.
        headersTimeout: 0,
        bodyTimeout: options.download ? IDLE_TIMEOUT : 0,
      },
      exchange,
    )
  })
}

class Exchange implements Dispatcher.DispatchHandler {
  #sent = false
  #controller: Dispatcher.DispatchController | undefined
  #failure: WechatPayError | undefined
  #statusCode = 0
  #headers: IncomingResponse['headers'] = {}
  #chunks: Buffer[] = []
  #size = 0
  #stream: Readable | undefined
  readonly #options: SendOptions
  readonly #resolve: (answer: IncomingResponse) => void
  readonly #reject: (error: WechatPayError) => void
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = () =>
    this.#fail('ERR_ABORTED', 'The call was aborted by its signal', this.#options.signal?.reason)

  constructor(
    options: SendOptions,
    resolve: (answer: IncomingResponse) => void,
    reject: (error: WechatPayError) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(
      () => this.#fail('ERR_TIMEOUT', 'WeChat Pay did not answer in time'),
      roundUp(options.timeout),
    )
    if (options.signal?.aborted) this.#onAbort()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get done(): boolean {
    return this.#failure !== undefined
  }

  // Undici calls this right before it writes the first byte, and writes none when it is aborted here.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#failure) {
      controller.abort(this.#failure)
      return
    }
    this.#sent = true
    this.#controller = controller
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return
    this.#statusCode = statusCode
    this.#headers = headers
    if (!this.#options.download || statusCode >= 300) return
    clearTimeout(this.#timer)
    this.#stream = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!this.#stream?.readableEnded) controller.abort(error ?? new Error('The download was given up.'))
        this.#stopListening()
        done(error)
      },
    })
    // It may break off before anybody reads it; whoever does then is told.
    this.#stream.on('error', () => {})
    this.#resolve({ statusCode, headers, body: this.#stream })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream) {
      if (!this.#stream.push(chunk)) controller.pause()
      return
    }
    this.#size += chunk.length
    if (this.#size > LARGEST_RESPONSE) {
      this.#fail('ERR_RESPONSE_TOO_LARGE', `The answer is larger than ${LARGEST_RESPONSE} bytes`)
      return
    }
    this.#chunks.push(chunk)
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

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const code = 'code' in error ? error.code : undefined
    if (isConnectFailure(error)) this.#sent = false
    // What the payload itself broke off with.
    if (error instanceof WechatPayError) this.#settleFailure(error)
    else if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
      this.#fail('ERR_TIMEOUT', 'WeChat Pay did not answer in time', error)
    } else if (this.#sent) {
      this.#fail('ERR_CONNECTION_LOST', 'The connection was lost before the answer was complete', error)
    } else {
      this.#fail('ERR_CONNECT', `The host could not be reached (${code ?? error.message})`, error)
    }
  }

  #fail(code: TransportErrorCode, what: string, cause?: unknown): void {
    if (this.#failure) return
    const sent = this.#sent
    const outcome = sent ? OUTCOME_UNKNOWN : NOTHING_SENT
    this.#settleFailure(new TransportError(`${what}. ${outcome}`, { code, sent, cause }))
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
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
  }
}

// A dispatcher of the user's may begin a request before its connection stands; what failed in connecting was not sent.
function isConnectFailure(error: Error): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'ECONNREFUSED' || code === 'ENOTFOUND'
}

// Node keeps timers of one duration in one list: rounded up by a sixty-fourth at the most, calls share a few of them.
function roundUp(milliseconds: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(milliseconds)) - 6)
  return Math.min(Math.ceil(milliseconds / step) * step, LONGEST_TIMER)
}
