/** Bills that are there already. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { unpack } from './content.js'
import { type BillRow, readRows } from './requested-bill.js'

/**
 * The rows of a bill that was saved (or downloaded otherwise, also as gzip): of a path, or of a stream. Returns its summary.
 * @throws WechatPayError `ERR_BILL_FORMAT` for what is not laid out as bills are (as a rejection).
 */
export function rows<Title extends string = string, SummaryTitle extends string = string>(
  source: string | URL | Readable,
): AsyncGenerator<BillRow<Title>, BillRow<SummaryTitle> | undefined, undefined> {
  const isPath = typeof source === 'string' || source instanceof URL
  // Opened when it is read: a file that is opened and never read would stay open, and could fail with nobody to tell.
  async function* read() {
    yield* unpack(isPath ? createReadStream(source, { highWaterMark: 1 << 18 }) : source)
  }
  return readRows(read())
}
