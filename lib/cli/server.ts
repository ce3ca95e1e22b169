/** A small server for notifications, with a clear message when the port is in use. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { EXIT, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import type { Words } from './words/words.js'

/** Bytes. Every notification is smaller. */
const LIMIT = 1024 * 1024

export interface Received {
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly response: ServerResponse
}

/** @throws Failure for a port that cannot be listened on. */
export async function serve(
  { host, port }: { host: string; port: number },
  handle: (received: Received) => Promise<void>,
  { words }: Terminal,
): Promise<Server> {
  const server = createServer((request, response) => {
    const respond = async () => {
      const body = await read(request)
      if (body === undefined) response.writeHead(413).end()
      else await handle({ request, body, response })
    }
    // An aborted request must not stop the server.
    respond().catch(() => response.destroy())
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw portFailure(error, '--port', words)
  }
  return server
}

/** A Failure for a port or an address that cannot be listened on. Other errors are returned unchanged. */
export function portFailure(error: unknown, option: string, { server }: Words): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const port = error instanceof Error && 'port' in error ? String(error.port) : ''
  const address = error instanceof Error && 'address' in error ? String(error.address) : ''
  if (code === 'EADDRINUSE') return new Failure(EXIT.failed, server.portTaken(port, option))
  if (code === 'EACCES') return new Failure(EXIT.failed, server.portForbidden(port, option))
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new Failure(EXIT.failed, server.noAddress(address))
  return error
}

export function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>(resolve => server.close(() => resolve()))
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= LIMIT) chunks.push(chunk)
  }
  return length <= LIMIT ? Buffer.concat(chunks) : undefined
}
