/** Splits content that arrives in pieces into lines, and keeps none of it longer than needed. */
import { Buffer } from 'node:buffer'
import { malformed } from './damage.js'

const LF = 10
const CR = 13
const BOM = '\uFEFF'
/** Bytes; longer than any row. */
const LONGEST_LINE = 1 << 20

/** Takes the pieces in order, then the end. */
export class Lines {
  /** The beginning of a line that has not ended yet. */
  #rest = Buffer.alloc(0)
  #count = 0

  #completed(bytes: Buffer): string {
    const line = Buffer.concat([this.#rest, bytes])
    this.#rest = Buffer.alloc(0)
    return this.#line(line, 0, line.length)
  }

  #line(bytes: Buffer, start: number, end: number): string {
    const line = bytes.toString('utf8', start, end > start && bytes[end - 1] === CR ? end - 1 : end)
    return this.#count++ === 0 && line.startsWith(BOM) ? line.slice(BOM.length) : line
  }

  /**
   * The lines that end in the piece, without their line ends. Each is a separate string, so that a cell that is kept keeps
   * its line in memory and not the whole piece. They are split one at a time, as they are read.
   *
   * @throws WechatPayError `ERR_BILL_FORMAT` for a line that is too long.
   */
  *take(piece: Uint8Array): Generator<string, void, undefined> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    let start = 0
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      yield this.#rest.length > 0 ? this.#completed(bytes.subarray(start, end)) : this.#line(bytes, start, end)
      start = end + 1
    }
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(start)])
    if (this.#rest.length > LONGEST_LINE) throw malformed(this.#count + 1, `is longer than ${LONGEST_LINE} bytes`)
  }

  /** The last line, if it has no line end. */
  *end(): Generator<string, void, undefined> {
    if (this.#rest.length > 0) yield this.#completed(Buffer.alloc(0))
  }
}
