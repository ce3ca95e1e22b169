/** The codes that merchants and brands upload for their coupons. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { keyOf } from './product.js'

export interface UploadedCode {
  readonly stock: string
  readonly code: string
  readonly at: EpochMilliseconds
  /** The user who has it. */
  openid?: string
  dispatched?: EpochMilliseconds
}

export class UploadedCodes {
  readonly #codes: Map<string, UploadedCode>

  constructor(book: Book, name: string) {
    this.#codes = book.table(name)
  }

  of(stockId: string): UploadedCode[] {
    return [...this.#codes.values()].filter(({ stock }) => stock === stockId)
  }

  /** Adds each code once. */
  upload(stock: string, list: readonly string[], at: EpochMilliseconds) {
    const codes = [...new Set(list)]
    const known = codes.filter(code => this.#codes.has(keyOf(stock, code)))
    const fresh = codes.filter(code => !known.includes(code))
    for (const code of fresh) this.#codes.set(keyOf(stock, code), { stock, code, at })
    return { fresh, known, repeated: [...new Set(list.filter((code, index) => list.indexOf(code) !== index))] }
  }

  /** Gives the next free code to a user; returns undefined if there is none. */
  take(stockId: string, openid: string, now: EpochMilliseconds): string | undefined {
    const next = this.of(stockId).find(({ dispatched }) => dispatched === undefined)
    if (next) Object.assign(next, { openid, dispatched: now })
    return next?.code
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(stockId: string, code: string): UploadedCode {
    const known = this.#codes.get(keyOf(stockId, code))
    if (!known) throw problem(404, 'RESOURCE_NOT_EXISTS', '券code不存在')
    return known
  }

  /** @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown code, 400 `INVALID_REQUEST` for one that a user has. */
  remove(stockId: string, code: string): void {
    if (this.find(stockId, code).dispatched !== undefined) throw problem(400, 'INVALID_REQUEST', '券code已被领取')
    this.#codes.delete(keyOf(stockId, code))
  }
}
