/** Downloads: sent unsigned, in pieces; and what can go wrong with them on their way. */

import type { Delivery } from '../http/server.js'
import type { ReplyFile } from './router.js'

/** How a download is damaged: `'cut'` truncates it, `'flip'` flips one bit. */
export type ContentFault = 'cut' | 'flip'

/** Bytes; most of them can be others without harm. */
const GZIP_HEADER = 10

/** Of the fault, what concerns the content. The connection of one that is cut is lost half-way. */
export function deliverFile({ contentType, open }: ReplyFile, { content }: { content?: ContentFault } = {}): Delivery {
  const headers = { 'Content-Type': contentType }
  return { statusCode: 200, headers, body: content ? spoil(open(), content) : open() }
}

async function* spoil(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fault: ContentFault) {
  let isDone = false
  for await (const piece of content) {
    const middle = piece.length >> 1
    if (isDone || piece.length <= GZIP_HEADER) {
      yield piece
    } else if (fault === 'flip') {
      yield flip(piece, middle)
      isDone = true
    } else {
      yield piece.subarray(0, middle)
      throw new Error('The download is cut, as it was told to be.')
    }
  }
}

function flip(piece: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(piece)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
