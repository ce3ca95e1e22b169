/** The response of a call: the parsed data, and the exact bytes that were verified. */
import type { Readable } from 'node:stream'
import { inspect } from 'node:util'

/** Header lines by their lower-case names, as undici gives them. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The value of a header, several joined by `, `; the empty string if it is absent. */
export function headerLine(headers: ResponseHeaders, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : (value?.join(', ') ?? '')
}

/** The request ID, which WeChat Pay's support asks for. */
export function requestIdOf(headers: ResponseHeaders): string | undefined {
  return headerLine(headers, 'request-id') || headerLine(headers, 'x-request-id') || undefined
}

/** Finds an integer that may be beyond 2^53, whose 16 digits begin with a 9. In a string it is a false alarm. */
const LONG_INTEGER = /(?:^|[\s:,[])-?(?:9\d{15}|\d{17})/

// Strings are recognized by their quotes rather than matched whole: a long one would exhaust the stack of the matcher.
const TOKEN = /\\.|"|-?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?/gs

/**
 * The value of a JSON document, with or without a byte order mark (RFC 8259 section 8.1). Integers beyond 2^53 are strings
 * of their digits, since a number would round them.
 *
 * @throws SyntaxError, whose message quotes the document: it must not be shown.
 */
export function parseJson(json: string): unknown {
  const document = json.charCodeAt(0) === 0xfeff ? json.slice(1) : json
  const value: unknown = JSON.parse(document)
  // Only a document that has parsed can be read token by token.
  return LONG_INTEGER.test(document) ? JSON.parse(quoteLongIntegers(document)) : value
}

function quoteLongIntegers(document: string): string {
  let isInString = false
  return document.replace(TOKEN, token => {
    if (token === '"') isInString = !isInString
    else if (!isInString && /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) return `"${token}"`
    return token
  })
}

interface ResponseParts<Data, Body> {
  statusCode: number
  headers: ResponseHeaders
  data: Data
  body: Body
  requestId: string | undefined
}

/** Known to all copies of this package in the process. */
const RESPONSE = Symbol.for('wechatpay-chain.response')

/**
 * A response whose signature has been verified, except for the file downloads, which WeChat Pay does not sign.
 * `Data` is the parsed payload: the JSON, the XML as an object, undefined if the response has no content. An integer of the JSON
 * that is beyond 2^53 is a string of its digits.
 * `Body` is `Buffer`, or `Readable` for a download.
 */
export class WechatPayResponse<Data = unknown, Body extends Buffer | Readable = Buffer> {
  readonly statusCode: number
  /** The request ID, which WeChat Pay's support asks for. */
  readonly requestId: string | undefined
  readonly #rawHeaders: ResponseHeaders
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

  /** Also for a response that a different copy of this package returned. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && RESPONSE in value
  }

  get [RESPONSE](): true {
    return true
  }

  get data(): Data {
    return this.#data
  }

  /** The exact bytes that were verified; for a download, the stream of its content. */
  get body(): Body {
    return this.#body
  }

  // Created on first use: loading Node's Headers takes longer than the rest of a first call.
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

  /** The header's value, several joined by `, `; the empty string if it is absent. */
  getHeaderLine(name: string): string {
    return this.headers.get(name) ?? ''
  }

  /** Leaves data and headers out of logs: they contain signatures and payers' personal data. */
  toJSON(): { statusCode: number; requestId: string | undefined } {
    return { statusCode: this.statusCode, requestId: this.requestId }
  }

  [inspect.custom](): string {
    const size = Buffer.isBuffer(this.#body) ? `${this.#body.length} bytes` : 'stream'
    return `WechatPayResponse { statusCode: ${this.statusCode}, requestId: ${inspect(this.requestId)}, body: ${size} }`
  }
}
