/** The table of a bill: a row of titles, rows whose cells each begin with a backtick, and a summary laid out likewise. */
import { malformed } from './damage.js'

/** A row by the titles of its columns; the texts as they stand, without their backticks. */
export type Cells = Record<string, string>

const CELL = '`'
/** Cells may hold commas: nothing is quoted. */
const BETWEEN = `,${CELL}`

/** Takes one line after the other. */
export class Table {
  #line = 0
  #blank: Cells | undefined
  #titles: readonly string[] = []
  #blankSummary: Cells | undefined
  #summary: Cells | undefined
  /** A row whose last cell goes on in the next line. */
  #open = ''

  get summary(): Cells | undefined {
    return this.#summary
  }

  /** The row that the line ends, if it does. @throws WechatPayError `ERR_BILL_FORMAT` that names the line. */
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

  /** @throws WechatPayError `ERR_BILL_FORMAT` when the last row is not whole. */
  end(): void {
    if (this.#open !== '') throw malformed(this.#line, 'ends in the middle of a row')
  }

  #row(line: string, blank: Cells): Cells | undefined {
    const cells = line.slice(1).split(BETWEEN)
    if (cells.length === this.#titles.length) return fill(blank, this.#titles, cells)
    if (cells.length > this.#titles.length) throw this.#unlike(cells.length, this.#titles.length)
    this.#open = line
    return undefined
  }

  #unusual(line: string, isRow: boolean, blank: Cells): Cells | undefined {
    if (this.#open !== '') {
      if (isRow) throw malformed(this.#line - 1, 'has fewer cells than there are titles')
      const whole = `${this.#open}\n${line}`
      this.#open = ''
      return this.#row(whole, blank)
    }
    if (line === '') return undefined
    if (!this.#blankSummary && !isRow) this.#blankSummary = this.#titlesOf(line)
    else if (this.#blankSummary && isRow && !this.#summary) this.#summary = this.#summaryOf(line, this.#blankSummary)
    else throw malformed(this.#line, 'comes after the summary')
    return undefined
  }

  #summaryOf(line: string, blank: Cells): Cells {
    const titles = Object.keys(blank)
    const cells = line.slice(1).split(BETWEEN)
    if (cells.length !== titles.length) throw this.#unlike(cells.length, titles.length)
    return fill(blank, titles, cells)
  }

  #titlesOf(line: string): Cells {
    const titles = line.replaceAll(CELL, '').split(',')
    const isSound =
      titles.every(title => title !== '' && title !== '__proto__') && new Set(titles).size === titles.length
    if (isSound) return Object.fromEntries(titles.map(title => [title, '']))
    throw malformed(this.#line, 'has a title that is empty or is there twice')
  }

  #unlike(found: number, expected: number) {
    return malformed(this.#line, `has ${found} cells for ${expected} titles`)
  }
}

// All rows being copies of one makes the engine lay them out alike, in half the time.
function fill(blank: Cells, titles: readonly string[], cells: readonly string[]): Cells {
  const row = { ...blank }
  for (let index = 0; index < titles.length; index++) row[titles[index] ?? ''] = cells[index] ?? ''
  return row
}
