/** A call on its way: what the user asked for, and what a protocol makes of it. */

import type { Readable } from 'node:stream'
import type { Method, OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'
import type { IncomingAnswer, OutgoingRequest } from '../transport/send.js'

export interface Call {
  readonly method: Method
  /** The path as it was written, without a leading slash, placeholders unfilled. */
  readonly template: string
  /** The path and query, filled and encoded, beginning with a slash; without the base URI's prefix. */
  readonly target: string
  readonly options: OpenOptions
}

/** A call whose body is made: signed anew for each attempt, and read when its answer is there. */
export interface PreparedCall {
  /** The size of the body in bytes. */
  readonly bytes: number
  /** Whether a 2xx is handed out as a stream. */
  readonly download: boolean
  sign(url: URL): Promise<OutgoingRequest>
  /** @throws ApiError, SignatureError (as a rejection). */
  read(answer: IncomingAnswer, url: URL): Promise<WechatPayResponse<unknown, Buffer | Readable>>
}
