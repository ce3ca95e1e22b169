/** A notification as it arrived: its headers, in whatever form they are at hand, and its exact bytes. */
import { InvalidArgumentError } from '../errors.js'

/** `Headers`, a record such as Node's `request.headers`, Node's `request.rawHeaders`, or pairs of names and values. */
export type NotificationHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly string[]
  | readonly (readonly [name: string, value: string])[]

export interface NotificationMessage {
  headers: NotificationHeaders
  /** The bytes as they arrived, or their text; never the object that they were parsed into. */
  body: string | Uint8Array | ArrayBuffer
}

/** The lines by their lower-case names; those that came several times are joined. */
export function receivedHeaders(headers: NotificationHeaders): Record<string, string> {
  const lines: Record<string, string> = {}
  for (const [name, value] of pairsOf(headers)) {
    const key = name.toLowerCase()
    const present = lines[key]
    lines[key] = present === undefined ? value : `${present}, ${value}`
  }
  return lines
}

/** @throws InvalidArgumentError for a body that was parsed: its bytes are lost, and with them what was signed. */
export function receivedBody(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return Buffer.from(body)
  throw new InvalidArgumentError(
    `body: found ${describe(body)}, expected the raw bytes or text. The signature covers the bytes as they arrived, and JSON that was parsed cannot be put together again. ${KEEP_RAW_BODY}`,
  )
}

/** Whether a body is the XML of APIv2, rather than the JSON of APIv3. */
export function isXml(body: Uint8Array): boolean {
  return /^\ufeff?\s*</.test(Buffer.from(body.subarray(0, 64)).toString())
}

export const KEEP_RAW_BODY =
  'Take the body before it is parsed: register the handler above the JSON parser, or let the parser keep the bytes (Express: `express.json({ verify: Notification.keepRawBody })`; NestJS: `NestFactory.create(AppModule, { rawBody: true })`; Next.js pages: `export const config = { api: { bodyParser: false } }`; `await request.text()` where there is a web Request).'

function* pairsOf(headers: NotificationHeaders): Iterable<readonly [name: string, value: string]> {
  if (typeof headers !== 'object' || headers === null) {
    throw new InvalidArgumentError(
      `headers: found ${describe(headers)}, expected Headers, a record, or Node's raw list. Pass \`request.headers\`.`,
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

// Not `instanceof`: the Headers of the undici package are another class than Node's own.
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

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return 'a parsed object'
  return `a ${typeof value}`
}
