/** One call, and its exchange with WeChat Pay in its protocol. */

import type { Readable } from 'node:stream'
import type { Method, OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'
import type { IncomingResponse, OutgoingRequest } from '../transport/send.js'
import type { Destination } from '../transport/settings.js'
import type { ClientCertificate } from '../transport/undici.js'
import type { Deadline } from '../util/deadline.js'
import type { EndpointFacts } from './endpoints.js'

export interface Call {
  readonly method: Method
  /** The path as it was written, without a leading slash, with its placeholders. */
  readonly template: string
  /** The path with its placeholders filled, and the query that it was written with; it begins with a slash. */
  readonly path: string
  readonly options: OpenOptions
  /** The headers of the client, overridden by those of the call. */
  readonly headers: Readonly<Record<string, string>>
  /** The documented facts about the endpoint. */
  readonly facts: Readonly<EndpointFacts>
  readonly deadline: Deadline
  /** Set for a file that a verified response names; {@link path} is all of its address. */
  readonly file:
    | {
        /** Whether it is on a host of the API. Only such a host is sent an Authorization. */
        readonly isApi: boolean
      }
    | undefined
}

/** A call with its payload: encoded for each attempt, and decoded once there is a response. */
export interface Exchange {
  /** The path and query, filled and encoded, beginning with a slash; without the base URI's prefix. */
  readonly target: string
  /** Presented in the TLS handshake. */
  readonly identity?: ClientCertificate | undefined
  /** Whether the content of a 2xx is returned as a stream. */
  readonly download: boolean
  /** The request to send, signed. Each attempt gets a signature of its own. */
  encode(to: Destination): Promise<OutgoingRequest>
  /** @throws ApiError, SignatureError, TransportError (as a rejection). */
  decode(response: IncomingResponse, from: Destination): Promise<WechatPayResponse<unknown, Buffer | Readable>>
}
