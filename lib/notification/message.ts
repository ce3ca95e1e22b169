/** A notification as it arrives: headers in any form, the exact bytes of the body, and the response to it. */
import { InvalidArgumentError, WechatPayError } from '../errors.js'
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
}

/** A request to a web server. */
export interface Incoming {
  headers: NotificationHeaders
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

/** The headers by their lower-case names; the values of a repeated header are joined. */
export function receivedHeaders(headers: NotificationHeaders): Record<string, string> {
  const lines: Record<string, string> = {}
  for (const [name, value] of pairsOf(headers)) {
    const key = name.toLowerCase()
    const present = lines[key]
    lines[key] = present === undefined ? value : `${present}, ${value}`
  }
  return lines
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

/** Whether a body is the XML of APIv2, rather than the JSON of APIv3. */
export function isXml(body: Uint8Array): boolean {
  return /^\ufeff?\s*</.test(Buffer.from(body.subarray(0, 64)).toString())
}

export const KEEP_RAW_BODY =
  'Take the body before it is parsed: register the handler before the JSON parser, or let the parser keep the bytes (Express: `express.json({ verify: Notification.keepRawBody })`; NestJS: `NestFactory.create(AppModule, { rawBody: true })`; Next.js pages: `export const config = { api: { bodyParser: false } }`; with a web Request: `await request.text()`).'

function* pairsOf(headers: NotificationHeaders): Iterable<readonly [name: string, value: string]> {
  if (typeof headers !== 'object' || headers === null) {
    throw new InvalidArgumentError(
      `\`headers\` must be Headers, a record or Node's raw list; got ${kindOf(headers)}. Pass \`request.headers\`.`,
    )
  }
  if (isList(headers)) yield* pairsOfList(headers)
  else if (isHeaders(headers)) yield* headers
  else {
    for (const [name, value] of Object.entries(headers)) {
      for (const line of [value ?? []].flat()) yield [name, line]
    }
  }
}

// Not `instanceof`: the undici package has a Headers class of its own.
function isHeaders(headers: object): headers is Headers {
  return Symbol.iterator in headers
}

type HeaderList = Extract<NotificationHeaders, readonly unknown[]>

function isList(headers: NotificationHeaders): headers is HeaderList {
  return Array.isArray(headers)
}

function* pairsOfList(list: HeaderList): Iterable<readonly [name: string, value: string]> {
  let name: string | undefined
  for (const entry of list) {
    if (typeof entry !== 'string') yield [entry[0], entry[1]]
    else if (name === undefined) name = entry
    else {
      yield [name, entry]
      name = undefined
    }
  }
}
