/** What arrived, kept so that tests can look at it: bounded, and without the signature of its Authorization. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Arrival } from '../http/server.js'
import { type Credentials, readCredentials } from './credentials.js'

export interface SimulatorRequest {
  readonly method: string
  /** The path and the query, exactly as on the wire. */
  readonly path: string
  /** By lower-case name; the value of `authorization` is not kept. */
  readonly headers: IncomingHttpHeaders
  /** What `authorization` said, less the signature; undefined when it could not be read. */
  readonly authorization: Credentials | undefined
  /** The first 64 KiB of the body, as text. */
  readonly body: string
  /** Undefined until the answer is sent, and for good when the connection was cut instead. */
  readonly statusCode: number | undefined
}

const LIMIT = 1000
const BODY_LIMIT = 64 * 1024

/** Keeps the last 1000 requests. */
export class RequestLog {
  readonly #entries: SimulatorRequest[] = []

  get entries(): readonly SimulatorRequest[] {
    return [...this.#entries]
  }

  /** Returns what is to be called with the answer's status. */
  add({ method, target, headers, body }: Arrival): (statusCode: number) => void {
    const entry = {
      method,
      path: target,
      headers: 'authorization' in headers ? { ...headers, authorization: '[redacted]' } : { ...headers },
      authorization: readCredentials(headers.authorization),
      body: body.toString('utf8', 0, BODY_LIMIT),
      statusCode: undefined as number | undefined,
    }
    this.#entries.push(entry)
    if (this.#entries.length > LIMIT) this.#entries.shift()
    return statusCode => {
      entry.statusCode = statusCode
    }
  }
}
