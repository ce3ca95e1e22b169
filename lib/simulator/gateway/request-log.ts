/** The log of received requests for tests: bounded, and without signatures. */
import type { IncomingHttpHeaders } from 'node:http'
import type { RawRequest } from '../http/server.js'
import { type Credentials, readCredentials } from './credentials.js'
import type { DiagnosedResponse, Diagnosis } from './diagnosis.js'

export interface SimulatorRequest {
  /** Counts the requests of a simulator from 1. */
  readonly id: number
  /** When it arrived, in milliseconds since 1970 by the machine's time. */
  readonly time: number
  readonly method: string
  /** The path and the query, exactly as received. */
  readonly path: string
  /** By lower-case name. The value of `authorization` is redacted. */
  readonly headers: IncomingHttpHeaders
  /** The parameters of `authorization`, except the signature; undefined when it is missing or malformed. */
  readonly authorization: Credentials | undefined
  /** The first 64 KiB of the body, decoded as UTF-8. */
  readonly body: string
  /** The status of the response; undefined until it is sent, and when the connection was closed without one. */
  readonly statusCode: number | undefined
  /** The first 64 KiB of the response to a request that was refused; undefined for any other. */
  readonly refusal: string | undefined
  /** Why its verification failed: the likely mistakes; undefined when they are not known. */
  readonly diagnosis: Diagnosis | undefined
}

/** The log as plain data. */
export interface LoggedRequests {
  readonly count: number
  readonly entries: readonly SimulatorRequest[]
}

/** Number of requests that are kept: the latest ones. */
const LIMIT = 1000
/** Bytes. */
const BODY_LIMIT = 64 * 1024

export class RequestLog {
  readonly #entries: SimulatorRequest[] = []
  readonly #onChange: () => void
  #count = 0

  /** `onChange` is called after each request and each response. */
  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange
  }

  get entries(): readonly SimulatorRequest[] {
    return [...this.#entries]
  }

  /** The log for `restore`. */
  get content(): LoggedRequests {
    return { count: this.#count, entries: this.#entries }
  }

  restore({ count, entries }: LoggedRequests): void {
    this.#count = count
    this.#entries.splice(0, Number.POSITIVE_INFINITY, ...entries)
  }

  /** Returns a function to call with the response. */
  add({ method, target, headers, body }: RawRequest, time: number): (response: DiagnosedResponse) => void {
    this.#count += 1
    const entry = {
      id: this.#count,
      time,
      method,
      path: target,
      headers: 'authorization' in headers ? { ...headers, authorization: '[redacted]' } : { ...headers },
      authorization: readCredentials(headers.authorization),
      body: body.toString('utf8', 0, BODY_LIMIT),
      statusCode: undefined as number | undefined,
      refusal: undefined as string | undefined,
      diagnosis: undefined as Diagnosis | undefined,
    }
    this.#entries.push(entry)
    if (this.#entries.length > LIMIT) this.#entries.shift()
    this.#onChange()
    return ({ statusCode, body: response, diagnosis }) => {
      entry.statusCode = statusCode
      entry.diagnosis = diagnosis
      if ((statusCode >= 400 || diagnosis) && typeof response === 'string')
        entry.refusal = response.slice(0, BODY_LIMIT)
      this.#onChange()
    }
  }
}
