/** A call on its way: what the user asked for, and what a protocol makes of it. */

import type { Readable } from 'node:stream'
import type { Method, OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'
import type { Destination } from '../transport/destination.js'
import type { IncomingResponse, OutgoingRequest } from '../transport/send.js'
import type { ClientCertificate } from '../transport/tls.js'
import type { EndpointFacts } from './endpoints.js'

/** A call whose placeholders are filled, and nothing else yet. */
export interface FilledCall extends Pick<Call, 'method' | 'template' | 'options' | 'facts'> {
  /** The path, with the query that it was written with, encoded and beginning with a slash. */
  readonly path: string
}

export interface Call {
  readonly method: Method
  /** The path as it was written, without a leading slash, placeholders unfilled. */
  readonly template: string
  /** The path and query, filled and encoded, beginning with a slash; without the base URI's prefix. */
  readonly target: string
  readonly options: OpenOptions
  /** What is documented about it, by its template. */
  readonly facts: Readonly<EndpointFacts>
  /** The user's headers: the client's, and over them the call's. */
  readonly headers: Readonly<Record<string, string>>
  /** What to announce as `Wechatpay-Serial`. */
  readonly serial: string | undefined
}

/** A call that is ready to be sent. */
export interface BegunCall {
  readonly call: Call
  readonly prepared: PreparedCall
}

/** A call whose body is made: signed anew for each attempt, and read when its answer is there. */
export interface PreparedCall {
  /** What is shown to the server; without it nothing is. */
  readonly identity?: ClientCertificate | undefined
  /** Whether a 2xx is handed out as a stream. */
  readonly download: boolean
  /** `timeout` is how many milliseconds a signer may be waited for. */
  sign(to: Destination, timeout: number): Promise<OutgoingRequest>
  /**
   * `timeout` is how many milliseconds a verifier, or a signer that decrypts, may be waited for.
   * @throws ApiError, SignatureError, TransportError (as a rejection).
   */
  read(
    answer: IncomingResponse,
    from: Destination,
    timeout: number,
  ): Promise<WechatPayResponse<unknown, Buffer | Readable>>
}
