/** A bill that was requested: read as rows, or saved as a file. */
import type { Writable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import { readSink, writeSink } from '../files/sink.js'
import { damaged } from './damage.js'
import { Lines } from './lines.js'
import { type Cells, Table } from './table.js'
import { orUnavailable } from './unavailable.js'

/** The cells by the official titles of their columns; strings as they are in the file, without the backticks. */
export type BillRow<Title extends string = string> = { readonly [title: string]: string | undefined } & {
  readonly [Name in Title]: string
}

/** The content of a bill, decompressed and decrypted. It fails at its end if it is not the announced content. */
export interface BillContent {
  /**
   * Downloads the content again with each call. Content for a file (`isKept`) must be proven complete; rows are
   * compared with the summary instead.
   */
  read(isKept: boolean): AsyncIterable<Uint8Array>
  /** Whether WeChat Pay announced a hash, or encrypted the content. */
  isAnnounced: boolean
}

export class RequestedBill<Title extends string = string, SummaryTitle extends string = string> {
  readonly #content: BillContent
  #summary: BillRow<SummaryTitle> | undefined

  constructor(content: BillContent) {
    this.#content = content
  }

  /**
   * Downloads the bill and yields its rows as they arrive, in constant memory. Only when the loop ends without an error is
   * the bill known to be complete and unchanged: commit what follows from the rows then, or `save` the bill first and read
   * the rows of the file with `Bill.rows`.
   *
   * @throws WechatPayError `ERR_BILL_CONTENT` for a bill that is cut or changed, `ERR_BILL_FORMAT` for a file that does not
   *   have the layout of a bill, and the errors of a download (all as rejections).
   */
  async *rows(): AsyncGenerator<BillRow<Title>, void, undefined> {
    this.#summary = undefined
    try {
      const summary = yield* readRows<Title, SummaryTitle>(this.#content.read(false))
      if (!summary && !this.#content.isAnnounced) throw damaged('The bill ends before its summary')
      this.#summary = summary
    } catch (error) {
      throw orUnavailable(error)
    }
  }

  /** The totals at the end of the bill, after the last row was read; undefined before, and for a bill without totals. */
  get summary(): BillRow<SummaryTitle> | undefined {
    return this.#summary
  }

  /**
   * Downloads the bill to a file, or to a stream, which is ended. The file gets its name only when it is complete and
   * correct. A failed download leaves nothing behind, and can be repeated for 5 minutes after the request.
   *
   * @throws as {@link rows} does, and WechatPayError `ERR_SINK` when the file cannot be written (as rejections).
   */
  async save(sink: string | URL | Writable): Promise<void> {
    const target = readSink(sink)
    if (target === undefined) {
      throw new InvalidArgumentError('`sink` must be the path of a file or a Writable stream; got undefined.')
    }
    try {
      await writeSink(this.#content.read(true), target)
    } catch (error) {
      throw orUnavailable(error)
    }
  }
}

/** Yields the rows of a bill that arrives in pieces, and returns its summary. */
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

// The columns of a bill are documented, not checked: this is the one cast.
function titled<Title extends string>(cells: Cells): BillRow<Title> {
  const row: unknown = cells
  return row as BillRow<Title>
}
