/** Responses with a file: unsigned, sent in chunks, and damaged on demand. */

import type { RawResponse } from '../http/server.js'
import type { ResponseFile } from './router.js'

/** How a download is damaged: `'cut'` truncates it, `'flip'` flips one bit. */
export type ContentFault = 'cut' | 'flip'

/** Bytes. A flipped bit in the header of a gzip file may go unnoticed. */
const GZIP_HEADER = 10

/** Applies the `content` fault only. For `'cut'`, the connection closes halfway. */
export function fileResponse(
  { contentType, open }: ResponseFile,
  { content }: { content?: ContentFault } = {},
): RawResponse {
  const headers = { 'Content-Type': contentType }
  return { statusCode: 200, headers, body: content ? damage(open(), content) : open() }
}

async function* damage(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fault: ContentFault) {
  let isDone = false
  for await (const chunk of content) {
    const middle = chunk.length >> 1
    if (isDone || chunk.length <= GZIP_HEADER) {
      yield chunk
    } else if (fault === 'flip') {
      yield flip(chunk, middle)
      isDone = true
    } else {
      yield chunk.subarray(0, middle)
      throw new Error("The download was cut on purpose: misbehave({ content: 'cut' }).")
    }
  }
}

function flip(chunk: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(chunk)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
