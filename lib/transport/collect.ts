/** Reads a stream that should be short into memory. */
import type { Readable } from 'node:stream'
import { TransportError } from '../errors.js'

/** Bytes of an answer that is held in memory; what may be longer is a stream. */
export const LARGEST_RESPONSE = 32 * 1024 * 1024

/** @throws TransportError (as a rejection) for more than {@link LARGEST_RESPONSE} bytes. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > LARGEST_RESPONSE) {
      throw new TransportError(`The answer is larger than ${LARGEST_RESPONSE} bytes.`, {
        code: 'ERR_RESPONSE_TOO_LARGE',
        sent: true,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
