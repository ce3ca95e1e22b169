/** The HTTP server: raw bytes in, bytes out; it knows nothing of payments. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server } from 'node:net'
import { pipeline } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ServerCertificate } from '../keys/server-certificate.js'

/** A request as it arrived. */
export interface Arrival {
  method: string
  /** The path and the query, exactly as on the wire. */
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** What the client showed in the TLS handshake, DER; that it has the key to it is proven. */
  certificate?: Buffer | undefined
}

/** What goes back. */
export interface Delivery {
  statusCode: number
  headers: Record<string, string>
  /** Whole, or in pieces that are made while they are sent. */
  body: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** An answer that never comes: the connection is cut instead. */
export const DROPPED = Symbol('dropped')

export interface Listener {
  /** `http://127.0.0.1:<port>`, or https */
  url: string
  close(): Promise<void>
}

interface ListenOptions {
  /** 0 for any that is free. */
  port: number
  /** Bytes of the longest body that is read; a longer one is answered 413. */
  limit: number
  /** Serves https with it, and asks every client for a certificate. */
  tls?: ServerCertificate | undefined
  answer(arrival: Arrival): Promise<Delivery | typeof DROPPED>
}

const TOO_LARGE: Delivery = {
  statusCode: 413,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><body>413 Request Entity Too Large</body></html>',
}

/** Resolves when the server accepts connections; rejects when the port is taken. */
export async function listen({ port, tls, ...options }: ListenOptions): Promise<Listener> {
  const handle = (request: IncomingMessage, response: ServerResponse) => respond(request, response, options)
  // Who has no certificate is served as well: which endpoints need one is not known here.
  const secure = tls && { ...tls, requestCert: true, rejectUnauthorized: false }
  const server = secure
    ? createSecureServer({ keepAliveTimeout: 8000, ...secure }, handle)
    : createServer({ keepAliveTimeout: 8000 }, handle)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  let closed: Promise<void> | undefined
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${portOf(server)}`,
    close() {
      closed ??= close()
      return closed
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { limit, answer }: Omit<ListenOptions, 'port' | 'tls'>,
): Promise<void> {
  let body: Buffer | undefined
  try {
    body = await readBody(request, limit)
  } catch {
    // The client hung up half-way: there is nobody to answer.
    return
  }
  const { method = '', url: target = '', headers } = request
  const certificate = certificateOf(request)
  send(response, body === undefined ? TOO_LARGE : await answer({ method, target, headers, body, certificate }))
}

function certificateOf({ socket }: IncomingMessage): Buffer | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new TypeError('the server does not listen on a port')
}

/** Undefined when the body is longer than `limit` bytes: it is read to its end all the same, but not kept. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
  }
  return length <= limit ? Buffer.concat(chunks) : undefined
}

function send(response: ServerResponse, delivery: Delivery | typeof DROPPED): void {
  if (delivery === DROPPED) {
    response.destroy()
    return
  }
  const { statusCode, headers, body } = delivery
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    response.writeHead(statusCode, headers)
    // Whoever made the pieces fail, or hung up, knows; the connection is cut.
    pipeline(body, response, () => {})
    return
  }
  const bytes = Buffer.from(body)
  const length = statusCode === 204 ? {} : { 'Content-Length': String(bytes.length) }
  response.writeHead(statusCode, { ...headers, ...length }).end(bytes)
}
