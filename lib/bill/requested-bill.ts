/** A bill that has been asked for: read as rows, or saved as a file. */
import type { Writable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import { readSink, writeSink } from '../files/sink.js'
import { damaged } from './damage.js'
import { Lines } from './lines.js'
import { type Cells, Table } from './table.js'
import { orUnavailable } from './unavailable.js'

/** By the official titles of the columns; the texts as they stand, without the backticks. */
export type BillRow<Title extends string = string> = { readonly [title: string]: string | undefined } & {
  readonly [Name in Title]: string
}

/** The content of a bill, decompressed and decrypted; it fails at its end when it is not what was announced. */
export interface BillContent {
  /** Downloads it, anew every time. */
  read(): AsyncIterable<Uint8Array>
  /** Whether WeChat Pay announced a hash, or sealed it. */
  isAnnounced: boolean
}

export class RequestedBill<Title extends string = string, SummaryTitle extends string = string> {
  readonly #content: BillContent
  #summary: BillRow<SummaryTitle> | undefined

  constructor(content: BillContent) {
    this.#content = content
  }

  /**
   * Downloads the bill and gives its rows as they arrive, in memory that does not grow with it. That the bill is whole and
   * right is known when the loop ends without an error, and not before: do for good what follows from the rows only then,
   * or `save` it first and read the rows of the file with `Bill.rows`.
   *
   * @throws WechatPayError `ERR_BILL_CONTENT` for a bill that is cut or changed, `ERR_BILL_FORMAT` for one that is not
   *   laid out as bills are, and whatever a download may throw (as rejections).
   */
  async *rows(): AsyncGenerator<BillRow<Title>, void, undefined> {
    this.#summary = undefined
    try {
      const summary = yield* readRows<Title, SummaryTitle>(this.#content.read())
      if (!summary && !this.#content.isAnnounced) throw damaged('The bill breaks off before its summary')
      this.#summary = summary
    } catch (error) {
      throw orUnavailable(error)
    }
  }

  /** What WeChat Pay adds up at the end, once the last row was read; undefined before, and for a bill that has none. */
  get summary(): BillRow<SummaryTitle> | undefined {
    return this.#summary
  }

  /**
   * Downloads the bill to a file, or a stream, which is ended. The file is written beside its name and given it when it is
   * whole and right; of a broken download nothing is left, and it may be called again, for 5 minutes from the request.
   *
   * @throws as {@link rows} does, and WechatPayError `ERR_SINK` when the file cannot be written (as rejections).
   */
  async save(sink: string | URL | Writable): Promise<void> {
    const target = readSink(sink)
    if (target === undefined) throw new InvalidArgumentError('save() needs the path of a file, or a Writable stream.')
    try {
      await writeSink(this.#content.read(), target)
    } catch (error) {
      throw orUnavailable(error)
    }
  }
}

/** The rows of a bill that arrives in pieces; returns its summary. */
export async function* readRows<Title extends string, SummaryTitle extends string>(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<BillRow<Title>, BillRow<SummaryTitle> | undefined, undefined> {
  const lines = new Lines()
  const table = new Table()
  for await (const piece of pieces) {
    for (const row of rowsOf<Title>(lines.take(piece), table)) yield row
  }
  for (const row of rowsOf<Title>(lines.end(), table)) yield row
  table.end()
  return table.summary && titled<SummaryTitle>(table.summary)
}

function* rowsOf<Title extends string>(lines: Iterable<string>, table: Table): Generator<BillRow<Title>> {
  for (const line of lines) {
    const row = table.take(line)
    if (row) yield titled<Title>(row)
  }
}

// Which columns a bill has is known to WeChat Pay's documents alone.
function titled<Title extends string>(cells: Cells): BillRow<Title> {
  const row: unknown = cells
  return row as BillRow<Title>
}
