/** Node's request and response: node:http, Express, NestJS. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { InvalidArgumentError } from '../../errors.js'
import { collect } from '../../util/collect.js'
import { incomplete, tooLarge } from '../acknowledgement.js'
import type { Respond } from '../incoming.js'
import { KEEP_RAW_BODY } from '../message.js'

/** Where a body parser leaves what it has read: `rawBody` as it came, `body` as it came or parsed. */
export interface ParsedBody {
  rawBody?: unknown
  body?: unknown
}

export type NodeListener = (request: IncomingMessage & ParsedBody, response: ServerResponse) => Promise<void>

export function toNode(respond: Respond): NodeListener {
  return async (request, response) => {
    const { status, headers, body } = await respond({
      headers: request.headers,
      read: limit => readBody(request, request, limit),
    })
    response.writeHead(status, { ...headers, ...closing(request) })
    response.end(body)
  }
}

/** The header that ends the connection of a sender whose body is not wanted, and who would go on sending it. */
export function closing({ complete, httpVersionMajor }: IncomingMessage): { connection?: 'close' } {
  return complete || httpVersionMajor > 1 ? {} : { connection: 'close' }
}

/**
 * The raw body: what a parser kept of it, else the stream.
 *
 * @throws InvalidArgumentError (as a rejection) when a parser has read the stream and kept nothing; WechatPayError for
 *   more than `limit` bytes, and for a sender who went away.
 */
export async function readBody(request: IncomingMessage, parsed: ParsedBody, limit: number): Promise<Uint8Array> {
  const kept = keptBytes(parsed)
  if (!kept && request.readableDidRead) {
    throw new InvalidArgumentError(`A parser has read the body before the handler got it. ${KEEP_RAW_BODY}`)
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
 * For a parser of Express that reads the body before the handler gets it:
 * `app.use(express.json({ verify: Notification.keepRawBody }))`.
 */
export function keepRawBody(request: IncomingMessage & ParsedBody, _response: unknown, body: Buffer): void {
  request.rawBody = body
}
