/** Node's request and response: node:http, Express, NestJS. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { InvalidArgumentError } from '../../errors.js'
import { collect } from '../../util/collect.js'
import { incomplete, KEEP_RAW_BODY, type Respond, tooLarge } from '../message.js'

/** What a body parser leaves: the raw body as `rawBody`, the raw or parsed body as `body`. */
export interface ParsedBody {
  rawBody?: unknown
  body?: unknown
}

/** `originalUrl` is what Express calls the URL before a router takes its own path from it. */
type NodeRequest = IncomingMessage & ParsedBody & { originalUrl?: string }

export type NodeListener = (request: NodeRequest, response: ServerResponse) => Promise<void>

export function toNode(respond: Respond): NodeListener {
  return async (request, response) => {
    const { status, headers, body } = await respond({
      headers: request.headers,
      url: () => request.originalUrl ?? request.url,
      contentType: () => request.headers['content-type'],
      read: limit => readBody(request, request, limit),
    })
    // By a middleware, such as one that ends slow requests.
    if (response.headersSent) return
    response.writeHead(status, { ...headers, ...closing(request) })
    response.end(body)
  }
}

/** The header that ends a connection on which the rest of the body would still arrive. */
export function closing({ complete, httpVersionMajor }: IncomingMessage): { connection?: 'close' } {
  return complete || httpVersionMajor > 1 ? {} : { connection: 'close' }
}

/**
 * The raw body: from a parser that kept it, otherwise from the stream.
 *
 * @throws InvalidArgumentError when a parser has read the stream and kept nothing; WechatPayError for more than `limit`
 *   bytes, and for a request that breaks off (all as rejections).
 */
export async function readBody(request: IncomingMessage, parsed: ParsedBody, limit: number): Promise<Uint8Array> {
  const kept = keptBytes(parsed)
  if (!kept && request.readableDidRead) {
    throw new InvalidArgumentError(`A parser read the body before the handler. ${KEEP_RAW_BODY}`)
  }
  const size = kept?.byteLength ?? Number(request.headers['content-length'] ?? 0)
  if (size > limit) throw tooLarge(limit)
  return kept ?? readStream(request, limit)
}

function keptBytes({ rawBody, body }: ParsedBody): Uint8Array | undefined {
  for (const value of [rawBody, body]) {
    if (value instanceof Uint8Array) return value
    if (typeof value === 'string') return Buffer.from(value)
  }
  return undefined
}

async function readStream(request: IncomingMessage, limit: number): Promise<Buffer> {
  const body = await collect(request, limit).catch((cause: unknown) => {
    throw incomplete(cause)
  })
  if (!body) throw tooLarge(limit)
  return body
}

/**
 * Keeps the raw body when a parser of Express reads it before the handler:
 * `app.use(express.json({ verify: Notification.keepRawBody }))`.
 */
export function keepRawBody(request: IncomingMessage & ParsedBody, _response: unknown, body: Buffer): void {
  request.rawBody = body
}
