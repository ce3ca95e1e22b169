/** The lines of a text that arrives in pieces, none of it kept longer than needed. */
import { Buffer } from 'node:buffer'
import { malformed } from './damage.js'

const LF = 10
const CR = 13
const BOM = '\uFEFF'
/** Bytes; longer than any row. */
const LONGEST_LINE = 1 << 20

/**
 * Batches of lines without their line ends, one batch for each piece that ends a line. Every line is a text of its own:
 * whoever keeps a cell of it keeps that line, and not all that came with it.
 *
 * @throws WechatPayError `ERR_BILL_FORMAT` (as a rejection) for a line without end.
 */
export async function* readLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void, undefined> {
  let rest = Buffer.alloc(0)
  let count = 0
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    const first = bytes.indexOf(LF)
    if (first < 0) {
      rest = Buffer.concat([rest, bytes])
      if (rest.length > LONGEST_LINE) throw malformed(count + 1, `is longer than ${LONGEST_LINE} bytes`)
      continue
    }
    const lines = [lineOf(Buffer.concat([rest, bytes.subarray(0, first)]), 0, rest.length + first)]
    let start = first + 1
    for (let end = bytes.indexOf(LF, start); end >= 0; end = bytes.indexOf(LF, start)) {
      lines.push(lineOf(bytes, start, end))
      start = end + 1
    }
    // A copy, for the piece may be large.
    rest = Buffer.from(bytes.subarray(start))
    yield count === 0 ? withoutMark(lines) : lines
    count += lines.length
  }
  if (rest.length > 0) yield withoutMark([lineOf(rest, 0, rest.length)])
}

function lineOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, bytes[end - 1] === CR ? Math.max(start, end - 1) : end)
}

function withoutMark([first = '', ...others]: string[]): string[] {
  return [first.startsWith(BOM) ? first.slice(1) : first, ...others]
}
