/** Bills that were saved before. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { unpack } from './content.js'
import { type BillRow, readRows } from './requested-bill.js'

/**
 * Yields the rows of a bill that was saved (or downloaded by other means, also as gzip) and returns its summary. `source`
 * is a path or a stream.
 *
 * @throws WechatPayError `ERR_BILL_FORMAT` for a file that does not have the layout of a bill (as a rejection).
 */
export function rows<Title extends string = string, SummaryTitle extends string = string>(
  source: string | URL | Readable,
): AsyncGenerator<BillRow<Title>, BillRow<SummaryTitle> | undefined, undefined> {
  const isPath = typeof source === 'string' || source instanceof URL
  // Opened on the first read: a file that is never read would stay open, and its errors would have no listener.
  async function* read() {
    yield* unpack(isPath ? createReadStream(source, { highWaterMark: 1 << 18 }) : source)
  }
  return readRows(read())
}
