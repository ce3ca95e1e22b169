/** Koa: a middleware that answers notifications. */
import type { IncomingMessage } from 'node:http'
import type { Respond } from '../incoming.js'
import { closing, type ParsedBody, readBody } from './node.js'

/** What of Koa's context is used. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly request: object
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

export type KoaMiddleware = (context: KoaContext) => Promise<void>

export function toKoa(respond: Respond): KoaMiddleware {
  return async context => {
    const { req } = context
    const parsed: ParsedBody = context.request
    const { status, headers, body } = await respond({
      headers: req.headers,
      read: limit => readBody(req, parsed, limit),
    })
    context.set({ ...headers, ...closing(req) })
    context.status = status
    context.body = body ?? null
  }
}
