/** The table that bills are: titles, rows whose cells each begin with a backtick, and a summary; nothing is quoted. */

const END = '\r\n'

export class TableWriter {
  readonly #titles: readonly string[]

  constructor(titles: readonly string[]) {
    this.#titles = titles
  }

  titles(): string {
    return `\uFEFF${this.#titles.join(',')}${END}`
  }

  // The backtick keeps spreadsheets from taking numbers for numbers.
  row(cells: readonly string[]): string {
    return `${cells.map(cell => `\`${cell.replace(/[,\r\n]/g, ' ')}`).join(',')}${END}`
  }

  *summary(cells: Readonly<Record<string, string>>): Generator<string, void, undefined> {
    yield `${Object.keys(cells).join(',')}${END}`
    yield this.row(Object.values(cells))
  }
}

/** 1230 fen are `12.30`. */
export function yuan(fen: number): string {
  return (fen / 100).toFixed(2)
}
