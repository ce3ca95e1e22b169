/** A notification as it arrives: headers in any form, the exact bytes of the body, and the response to it. */
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { kindOf } from '../util/wording.js'

/** `Headers`, a record such as Node's `request.headers`, Node's `request.rawHeaders`, or pairs of names and values. */
export type NotificationHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly string[]
  | readonly (readonly [name: string, value: string])[]

export interface NotificationMessage {
  headers: NotificationHeaders
  /** The bytes as they arrived, or their string; never the parsed object. */
  body: string | Uint8Array | ArrayBuffer
  /** The URL, or the path and query, that it was sent to: what a look-up of recipients is called with. */
  url?: string | undefined
}

/** A request to a web server. */
export interface Incoming {
  headers: NotificationHeaders
  /** The URL, or the path and query. */
  readonly url: () => string | undefined
  contentType(): string | null | undefined
  /**
   * The bytes of the body.
   *
   * @throws WechatPayError for a body of more than `limit` bytes, or one that breaks off; InvalidArgumentError for a body
   *   that a parser has already read (all as rejections).
   */
  read(limit: number): Promise<Uint8Array>
}

/** The response to the request. */
export interface Acknowledgement {
  status: number
  headers: Readonly<Record<string, string>>
  body: string | undefined
}

export type Respond = (incoming: Incoming) => Promise<Acknowledgement>

export function tooLarge(limit: number): WechatPayError {
  return new WechatPayError(`The notification is larger than \`limit\`, ${limit} bytes.`, {
    code: 'ERR_NOTIFICATION_TOO_LARGE',
  })
}

export function incomplete(cause?: unknown): WechatPayError {
  return new WechatPayError('The request broke off before the notification was complete.', {
    code: 'ERR_NOTIFICATION_INCOMPLETE',
    cause,
  })
}

export function notANotification(reason: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`Not a WeChat Pay notification: ${reason}.`, { code: 'ERR_NOTIFICATION_FORMAT', cause })
}

/** A status below 500 means that the sender is at fault. */
export function statusOf(error: unknown): number {
  if (error instanceof SignatureError) return 401
  if (!(error instanceof WechatPayError)) return 500
  if (error.code === 'ERR_NOTIFICATION_TOO_LARGE') return 413
  return error.code === 'ERR_NOTIFICATION_FORMAT' || error.code === 'ERR_NOTIFICATION_INCOMPLETE' ? 400 : 500
}

const SIGNATURE_HEADERS = ['timestamp', 'nonce', 'signature', 'serial', 'signature-type'].map(
  name => `wechatpay-${name}`,
)
const READ_HEADERS: ReadonlySet<string> = new Set([...SIGNATURE_HEADERS, 'request-id', 'x-request-id'])

/**
 * The headers that are needed, by their lower-case names and without white space around them; the values of a repeated
 * header are joined.
 *
 * @throws InvalidArgumentError for headers that are not strings; SignatureError for those that HTTP cannot carry, or that do
 *   not come once.
 */
export function receivedHeaders(headers: NotificationHeaders): Record<string, string> {
  const lines = headers instanceof Headers ? linesOfHeaders(headers) : linesOf(pairsOf(headers))
  for (const name of SIGNATURE_HEADERS) {
    const flaw = flawOf(lines[name])
    if (flaw) throw new SignatureError(`The \`${name}\` of the notification ${flaw}.`, { reason: 'headers' })
  }
  return lines
}

// The values are signed or compared unchanged, and WeChat Pay's have no such characters. With a line feed, the nonce
// could contain the beginning of the body.
function flawOf(value: string | undefined): string | undefined {
  if (value === undefined || /^[\x21-\x2b\x2d-\x7e]*$/.test(value)) return undefined
  return value.includes(',') ? 'is there more than once' : 'has a character that it cannot have'
}

function linesOfHeaders(headers: Headers): Record<string, string> {
  const lines: Record<string, string> = {}
  for (const name of READ_HEADERS) {
    const value = headers.get(name)
    if (value !== null) lines[name] = value
  }
  return lines
}

function linesOf(pairs: Iterable<readonly [name: unknown, value: unknown]>): Record<string, string> {
  const lines: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (typeof name !== 'string') throw notHeaders(`${kindOf(name)} as the name of one`)
    const key = name.toLowerCase()
    if (value === undefined || !READ_HEADERS.has(key)) continue
    if (typeof value !== 'string') throw notHeaders(`${kindOf(value)} as \`${key}\``)
    const present = lines[key]
    lines[key] = present === undefined ? value.trim() : `${present}, ${value.trim()}`
  }
  return lines
}

function notHeaders(found: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`headers\` must be Headers, a record of strings or Node's raw list; got ${found}. Pass \`request.headers\` as they are.`,
  )
}

/** @throws InvalidArgumentError for a parsed body: its bytes are lost, and the signature covers the bytes. */
export function receivedBody(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return Buffer.from(body)
  throw new InvalidArgumentError(
    `\`body\` must be the raw bytes or the raw string of the request; got ${kindOf(body)}. The signature covers the bytes as they arrived, and parsed JSON does not give them back. ${KEEP_RAW_BODY}`,
  )
}

/** White space, and the bytes of a byte order mark. */
const BEFORE_XML = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/** Whether a body is the XML of APIv2, rather than the JSON of APIv3. */
export function isXml(body: Uint8Array): boolean {
  const start = body.subarray(0, 64)
  return start[start.findIndex(byte => !BEFORE_XML.has(byte))] === 0x3c
}

export const KEEP_RAW_BODY =
  'Take the body before it is parsed: register the handler before the JSON parser, or let the parser keep the bytes (Express: `express.json({ verify: Notification.keepRawBody })`; NestJS: `NestFactory.create(AppModule, { rawBody: true })`, and on Fastify also `Object.assign(request.raw, { rawBody: request.rawBody })`; Fastify: `app.register(handler.fastify, { url })`; koa-body: `includeUnparsed: true`; Next.js pages: `export const config = { api: { bodyParser: false } }`; with a web Request: `await request.text()`).'

function* pairsOf(headers: unknown): Iterable<readonly [name: unknown, value: unknown]> {
  if (typeof headers !== 'object' || headers === null) throw notHeaders(kindOf(headers))
  if (Array.isArray(headers) && typeof headers[0] === 'string') {
    for (let index = 0; index < headers.length; index += 2) yield [headers[index], headers[index + 1]]
    return
  }
  // Iterable: a list of pairs, a Map, or the Headers of the undici package.
  const entries: Iterable<unknown> = isIterable(headers) ? headers : Object.entries(headers)
  for (const entry of entries) {
    const [name, value]: unknown[] = Array.isArray(entry) ? entry : [entry]
    for (const line of Array.isArray(value) ? value : [value]) yield [name, line]
  }
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value
}
