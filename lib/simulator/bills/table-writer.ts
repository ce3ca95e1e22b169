/** Writes the table of a bill: titles, rows, summary. Cells begin with a backtick and are never quoted. */
const END = '\r\n'

export class TableWriter {
  readonly #titles: readonly string[]

  constructor(titles: readonly string[]) {
    this.#titles = titles
  }

  titles(): string {
    return `\uFEFF${this.#titles.join(',')}${END}`
  }

  // Because of the backtick, spreadsheets do not convert cells to numbers.
  row(cells: readonly string[]): string {
    return `${cells.map(cell => `\`${cell.replace(/[,\r\n]/g, ' ')}`).join(',')}${END}`
  }

  *summary(cells: Readonly<Record<string, string>>): Generator<string, void, undefined> {
    yield `${Object.keys(cells).join(',')}${END}`
    yield this.row(Object.values(cells))
  }
}

/** Formats fen as yuan: 1230 as `12.30`. */
export function yuan(fen: number): string {
  return (fen / 100).toFixed(2)
}
