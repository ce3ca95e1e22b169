/** What a request carries: bytes, or a stream of known length that every attempt opens anew. */
import type { Readable } from 'node:stream'

export interface StreamedBody {
  /** In bytes. */
  readonly length: number
  open(): Readable
}

export type Body = Buffer | StreamedBody
