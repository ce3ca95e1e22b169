/** Web standards: a Request in, a Response out. */
import type { ServerResponse } from 'node:http'
import { InvalidArgumentError } from '../../errors.js'
import { kindOf } from '../../util/wording.js'
import { type Acknowledgement, incomplete, KEEP_RAW_BODY, type Respond, tooLarge } from '../message.js'

/** What a framework with web standards may pass beside the Request: nothing of Node's. The compiler shows the cure. */
export interface WebContext {
  toString(): string
  readonly headersSent?: 'Pass `handler.node` to Express, NestJS and node:http.'
  readonly rawHeaders?: 'Pass `handler.node` to Express, NestJS and node:http.'
  readonly apply?: 'Pass `handler.koa` to Koa.'
}

export type WebHandler = (request: Request, context?: WebContext) => Promise<Response>

/** @param refuse Reports the error, and makes the response to a request that is not a web Request. */
export function toWeb(respond: Respond, refuse: (error: InvalidArgumentError) => Acknowledgement): WebHandler {
  return async (request, context) => {
    if (!isWebRequest(request)) {
      const error = wrongAdapter(request)
      const refusal = refuse(error)
      if (!sendWith(context, refusal)) throw error
      return toResponse(refusal)
    }
    return toResponse(
      await respond({
        headers: request.headers,
        url: () => request.url,
        contentType: () => request.headers.get('content-type'),
        read: limit => readBody(request, limit),
      }),
    )
  }
}

function toResponse({ status, headers, body }: Acknowledgement): Response {
  return body === undefined ? new Response(null, { status }) : new Response(body, { status, headers })
}

function isWebRequest(request: unknown): request is Request {
  const headers = isObject(request) && 'headers' in request ? request.headers : undefined
  return isObject(headers) && 'get' in headers && typeof headers.get === 'function'
}

function wrongAdapter(request: unknown): InvalidArgumentError {
  const [found, cure] = adapterFor(request)
  return new InvalidArgumentError(`The handler itself must be called with a web Request; got ${found}. ${cure}`)
}

function adapterFor(request: unknown): [found: string, cure: string] {
  const has = (name: string) => isObject(request) && name in request
  if (has('req') && has('res')) return ["Koa's context", 'Pass `handler.koa`.']
  if (has('raw')) return ["Fastify's request", 'Register `handler.fastify`: `app.register(handler.fastify, { url })`.']
  if (has('rawHeaders')) return ["Node's request", 'Pass `handler.node` to node:http, Express and NestJS.']
  return [
    kindOf(request),
    'Pass `handler.node`, `handler.koa` or `handler.fastify` to frameworks that have no web Request.',
  ]
}

/** Sends the response through `response` if that is a response of Node; otherwise it would never be sent. */
function sendWith(response: unknown, { status, headers, body }: Acknowledgement): boolean {
  if (!isNodeResponse(response)) return false
  if (!response.headersSent) response.writeHead(status, headers).end(body)
  return true
}

function isNodeResponse(response: unknown): response is ServerResponse {
  return isObject(response) && 'writeHead' in response && 'end' in response && 'headersSent' in response
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (request.bodyUsed) {
    throw new InvalidArgumentError(`The body of the Request was read before the handler. ${KEEP_RAW_BODY}`)
  }
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge(limit)
  const reader = request.body?.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = (await reader?.read().catch(cause => {
      throw incomplete(cause)
    })) ?? { done: true }
    if (done) return Buffer.concat(chunks)
    size += value.byteLength
    if (size > limit) {
      // Not awaited: the sender may never end.
      reader?.cancel().catch(() => {})
      throw tooLarge(limit)
    }
    chunks.push(value)
  }
}
