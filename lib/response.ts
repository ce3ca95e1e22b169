/** What a call gives back: the parsed data, and the very bytes that were verified. */
import type { Readable } from 'node:stream'
import { inspect } from 'node:util'

interface ResponseParts<Data, Body> {
  statusCode: number
  headers: Record<string, string | string[] | undefined>
  data: Data
  body: Body
  requestId: string | undefined
}

/**
 * An answer whose signature has been verified (or that WeChat Pay leaves unsigned: the file downloads).
 * `Data` is the parsed payload: the JSON, the XML as an object, undefined where there is none.
 * `Body` is `Buffer`, or `Readable` for a download.
 */
export class WechatPayResponse<Data = unknown, Body extends Buffer | Readable = Buffer> {
  readonly statusCode: number
  readonly requestId: string | undefined
  readonly #rawHeaders: ResponseParts<Data, Body>['headers']
  readonly #data: Data
  readonly #body: Body
  #headers: Headers | undefined

  constructor({ statusCode, headers, data, body, requestId }: ResponseParts<Data, Body>) {
    this.statusCode = statusCode
    this.requestId = requestId
    this.#rawHeaders = headers
    this.#data = data
    this.#body = body
  }

  get data(): Data {
    return this.#data
  }

  /** The exact bytes that were verified; for a download, the stream of its content. */
  get body(): Body {
    return this.#body
  }

  // Made on first use: loading Node's Headers takes longer than all the rest of a first call.
  get headers(): Headers {
    this.#headers ??= new Headers(
      Object.entries(this.#rawHeaders).flatMap(([name, value]) =>
        [value ?? []].flat().map((line): [string, string] => [name, line]),
      ),
    )
    return this.#headers
  }

  getStatusCode(): number {
    return this.statusCode
  }

  getBody(): Body {
    return this.#body
  }

  /** The header's value, several joined by `, `; the empty string when it is absent. */
  getHeaderLine(name: string): string {
    return this.headers.get(name) ?? ''
  }

  /** Data and headers stay out of logs: they hold signatures, and payers' personal data. */
  toJSON(): { statusCode: number; requestId: string | undefined } {
    return { statusCode: this.statusCode, requestId: this.requestId }
  }

  [inspect.custom](): string {
    const size = Buffer.isBuffer(this.#body) ? `${this.#body.length} bytes` : 'stream'
    return `WechatPayResponse { statusCode: ${this.statusCode}, requestId: ${inspect(this.requestId)}, body: ${size} }`
  }
}
