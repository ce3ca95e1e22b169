/** The HTTP server: reads requests and sends responses as raw bytes, without any knowledge of payments. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ServerCertificate } from '../keys/server-certificate.js'

/** A request as received. */
export interface RawRequest {
  method: string
  /** The path and the query, exactly as received. */
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** The client certificate of the TLS handshake, DER. The client has proven that it owns the private key. */
  certificate?: Buffer | undefined
}

export interface RawResponse {
  statusCode: number
  headers: Record<string, string>
  /** The whole body, or chunks that are generated while they are sent. */
  body: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** Instead of a response: closes the connection without one. */
export const DROPPED = Symbol('dropped')

export interface Listener {
  /** The URL from this machine, such as `http://127.0.0.1:<port>`. */
  url: string
  /** Serves a connection from a proxy tunnel. */
  accept(connection: Duplex): void
  close(): Promise<void>
}

interface ListenOptions {
  /** 0 means any free port. */
  port: number
  /** The address to listen on. */
  host: string
  /** Maximum size of a body in bytes. A larger one fails with 413. */
  limit: number
  /** Serves https with this certificate, and requests a certificate from every client. */
  tls?: ServerCertificate | undefined
  /** Makes the server a proxy, too: returns the target of a `CONNECT` to a host and port, or undefined to refuse it. */
  tunnel?: ((authority: string) => Listener | undefined) | undefined
  respond(request: RawRequest): Promise<RawResponse | typeof DROPPED>
}

const TOO_LARGE: RawResponse = {
  statusCode: 413,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><body>413 Request Entity Too Large</body></html>',
}

/** Resolves when the server accepts connections. Rejects with Node's error when it cannot listen on the port. */
export async function listen({ port, host, tls, tunnel, ...options }: ListenOptions): Promise<Listener> {
  const handle = (request: IncomingMessage, response: ServerResponse) => handleRequest(request, response, options)
  // Clients without a certificate are accepted: the gateway knows which endpoints require one.
  const secure = tls && { ...tls, requestCert: true, rejectUnauthorized: false }
  const server = secure
    ? createSecureServer({ keepAliveTimeout: 8000, ...secure }, handle)
    : createServer({ keepAliveTimeout: 8000 }, handle)
  const tunnels = new Set<Duplex>()
  server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => tunnels.delete(socket))
    openTunnel(tunnel?.(url), socket, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  let closed: Promise<void> | undefined
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
      for (const socket of tunnels) socket.destroy()
    })
  return {
    url: `${tls ? 'https' : 'http'}://${reachable(host)}:${portOf(server)}`,
    accept: connection => {
      server.emit('connection', connection)
    },
    close() {
      closed ??= close()
      return closed
    },
  }
}

function openTunnel(target: Listener | undefined, socket: Duplex, head: Buffer): void {
  if (!target) {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    return
  }
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  target.accept(socket)
}

async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { limit, respond }: Pick<ListenOptions, 'limit' | 'respond'>,
): Promise<void> {
  let body: Buffer | undefined
  try {
    body = await readBody(request, limit)
  } catch {
    // The client disconnected before the end of the body.
    return
  }
  const { method = '', url: target = '', headers } = request
  const certificate = certificateOf(request)
  send(response, body === undefined ? TOO_LARGE : await respond({ method, target, headers, body, certificate }))
}

function certificateOf({ socket }: IncomingMessage): Buffer | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
}

/** The host of a URL for an address to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new TypeError('The server is not listening on a port.')
}

/** Returns undefined for a body of more than `limit` bytes. It is read to its end, but not kept. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
  }
  return length <= limit ? Buffer.concat(chunks) : undefined
}

function send(response: ServerResponse, outcome: RawResponse | typeof DROPPED): void {
  if (outcome === DROPPED) {
    response.destroy()
    return
  }
  const { statusCode, headers, body } = outcome
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    response.writeHead(statusCode, headers)
    // An error needs no handling here: pipeline closes the connection.
    pipeline(body, response, () => {})
    return
  }
  const bytes = Buffer.from(body)
  const length = statusCode === 204 ? {} : { 'Content-Length': String(bytes.length) }
  response.writeHead(statusCode, { ...headers, ...length }).end(bytes)
}
