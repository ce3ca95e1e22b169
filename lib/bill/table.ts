/** The table of a bill: a row of titles, rows whose cells begin with a backtick, and a summary in the same layout. */
import { malformed, miscounted } from './damage.js'

/** The cells of a row by the titles of their columns, without the backticks. */
export type Cells = Record<string, string>

const CELL = '`'
/** Cells may contain commas: nothing is quoted. */
const BETWEEN = `,${CELL}`

/** Cells at the end of a row that have quotes in place of backticks: the files about coupons have some. */
const QUOTED = /(?:,"[^"]*")+$/

/** The titles of a summary that count the rows: of a trade bill, of a fund flow bill, and of a file about coupons. */
const COUNTS = ['总交易单数', '资金流水总笔数', '总条数']

/** Takes the lines in order. */
export class Table {
  #line = 0
  #rows = 0
  #blank: Cells | undefined
  #titles: readonly string[] = []
  #blankSummary: Cells | undefined
  #summary: Cells | undefined
  /** A row whose last cell continues on the next line. */
  #open = ''

  get summary(): Cells | undefined {
    return this.#summary
  }

  /** The row that ends with this line, if any. @throws WechatPayError `ERR_BILL_FORMAT` that names the line. */
  take(line: string): Cells | undefined {
    this.#line++
    if (this.#blank === undefined) {
      this.#blank = this.#titlesOf(line)
      this.#titles = Object.keys(this.#blank)
      return undefined
    }
    const isRow = line.startsWith(CELL)
    if (isRow && this.#blankSummary === undefined && this.#open === '') return this.#row(line, this.#blank)
    return this.#unusual(line, isRow, this.#blank)
  }

  /**
   * @throws WechatPayError `ERR_BILL_FORMAT` when the last row or the summary is incomplete, or when the summary counts a
   *   different number of rows: a product's name with a line break and a backtick looks like two rows.
   */
  end(): void {
    if (this.#open !== '') throw malformed(this.#line, 'ends in the middle of a row')
    if (this.#blankSummary && !this.#summary) throw malformed(this.#line, 'ends before the row of the summary')
    const counted = COUNTS.map(title => this.#summary?.[title]).find(count => count !== undefined)
    if (counted !== undefined && Number(counted.replaceAll(',', '')) !== this.#rows)
      throw miscounted(this.#rows, counted)
  }

  #row(line: string, blank: Cells): Cells | undefined {
    const cells = cellsOf(line, this.#titles.length)
    if (cells.length === this.#titles.length) {
      this.#rows++
      return fill(blank, this.#titles, cells)
    }
    if (cells.length > this.#titles.length) throw this.#miscounted(cells.length, this.#titles.length)
    this.#open = line
    return undefined
  }

  #unusual(line: string, isRow: boolean, blank: Cells): Cells | undefined {
    if (this.#open !== '') {
      if (isRow) throw malformed(this.#line - 1, 'has fewer cells than titles')
      const whole = `${this.#open}\n${line}`
      this.#open = ''
      return this.#row(whole, blank)
    }
    if (line === '') return undefined
    if (!isRow && this.#blankSummary && !this.#summary) {
      throw malformed(this.#line, 'does not begin with a backtick, as every row of a bill does')
    }
    if (!this.#blankSummary && !isRow) this.#blankSummary = this.#titlesOf(line)
    else if (this.#blankSummary && isRow && !this.#summary) this.#summary = this.#summaryOf(line, this.#blankSummary)
    else throw malformed(this.#line, 'comes after the summary')
    return undefined
  }

  #summaryOf(line: string, blank: Cells): Cells {
    const titles = Object.keys(blank)
    const cells = line.slice(1).split(BETWEEN)
    if (cells.length !== titles.length) throw this.#miscounted(cells.length, titles.length)
    return fill(blank, titles, cells)
  }

  #titlesOf(line: string): Cells {
    const titles = line.replaceAll(CELL, '').split(',')
    const isValid =
      titles.every(title => title !== '' && title !== '__proto__') && new Set(titles).size === titles.length
    if (isValid) return Object.fromEntries(titles.map(title => [title, '']))
    throw malformed(this.#line, 'has an empty or a repeated title')
  }

  #miscounted(found: number, expected: number) {
    return malformed(this.#line, `has ${found} cells for ${expected} titles`)
  }
}

/** Quotes are cells only where exactly they are missing: elsewhere they belong to a product's name. */
function cellsOf(line: string, count: number): string[] {
  const cells = line.slice(1).split(BETWEEN)
  const [quoted = ''] = cells.length < count ? (QUOTED.exec(line) ?? []) : []
  const more = quoted === '' ? [] : quoted.slice(2, -1).split('","')
  if (more.length === 0 || cells.length + more.length !== count) return cells
  return [...line.slice(1, -quoted.length).split(BETWEEN), ...more]
}

// Copies of one row share their layout in the engine, which halves the time.
function fill(blank: Cells, titles: readonly string[], cells: readonly string[]): Cells {
  const row = { ...blank }
  for (let index = 0; index < titles.length; index++) row[titles[index] ?? ''] = cells[index] ?? ''
  return row
}
