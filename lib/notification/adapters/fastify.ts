/** Fastify: a plugin with a route that handles notifications. */
import type { IncomingMessage } from 'node:http'
import type { Respond } from '../message.js'
import { closing, readBody } from './node.js'

interface FastifyRequest {
  readonly raw: IncomingMessage
}

interface FastifyReply {
  readonly sent: boolean
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body?: string): unknown
}

interface Route {
  onRequest(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/** The part of a Fastify instance that is used. */
export interface FastifyInstance {
  post(url: string, route: Route, handler: () => unknown): unknown
}

export type FastifyPlugin = (app: FastifyInstance, options: { url: string }) => Promise<void>

export function toFastify(respond: Respond): FastifyPlugin {
  return async (app, { url }) => {
    app.post(
      url,
      {
        // Responds before Fastify parses the body, whatever parsers are registered.
        onRequest: async ({ raw }, reply) => {
          const { status, headers, body } = await respond({
            headers: raw.headers,
            url: () => raw.url,
            contentType: () => raw.headers['content-type'],
            read: limit => readBody(raw, {}, limit),
          })
          if (reply.sent) return
          reply.code(status)
          reply.headers({ ...headers, ...closing(raw) })
          return reply.send(body)
        },
      },
      () => {},
    )
  }
}
