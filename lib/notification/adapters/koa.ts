/** Koa: a middleware that handles notifications. */
import type { IncomingMessage } from 'node:http'
import type { Respond } from '../message.js'
import { closing, type ParsedBody, readBody } from './node.js'

/** The part of Koa's context that is used. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: { readonly headersSent: boolean }
  readonly request: object
  readonly originalUrl: string
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
      url: () => context.originalUrl,
      contentType: () => req.headers['content-type'],
      read: limit => readBody(req, parsed, limit),
    })
    if (context.res.headersSent) return
    context.set({ ...headers, ...closing(req) })
    context.status = status
    context.body = body ?? null
  }
}
