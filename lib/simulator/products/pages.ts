/** The pages of lists, and the brand of a request. */
import type { Call } from '../gateway/endpoint.js'

const SIZE = 10

/** The page that `offset`, counted from 0, and `limit` of the query name. Without rows, `data` is missing. */
export function pageOf<Row, Described>(
  { query }: Pick<Call, 'query'>,
  rows: readonly Row[],
  describe: (row: Row) => Described,
): { total_count: number; offset: number; limit: number; data?: Described[] } {
  const offset = Number(query.get('offset') ?? 0)
  const limit = Number(query.get('limit') ?? 0) || SIZE
  const page = rows.slice(offset * limit, (offset + 1) * limit)
  return { total_count: rows.length, offset, limit, ...(page.length > 0 && { data: page.map(describe) }) }
}

/** The page of `limit` rows from the row that `offset` of the query names, counted from 0. */
export function pageFrom<Row>(
  { query }: Pick<Call, 'query'>,
  rows: readonly Row[],
  describe: (row: Row) => object,
): object {
  const offset = Number(query.get('offset') ?? 0)
  const limit = Number(query.get('limit') ?? 0) || SIZE
  return { total_count: rows.length, offset, limit, data: rows.slice(offset, offset + limit).map(describe) }
}

/** The page that `page_token` and `page_size` of the query name, under the field name of the list. */
export function tokenPageOf<Row>(
  { query }: Pick<Call, 'query'>,
  rows: readonly Row[],
  name: string,
  describe: (row: Row) => object,
): object {
  const size = Number(query.get('page_size') ?? 0) || SIZE
  const start = Number(query.get('page_token') ?? 0) || 0
  const next = start + size < rows.length && { next_page_token: String(start + size) }
  return { total_count: rows.length, ...next, [name]: rows.slice(start, start + size).map(describe) }
}

/** Whether a value matches the query parameter; without the parameter, every value matches. */
export function asksFor({ query }: Pick<Call, 'query'>, name: string, value: string | undefined): boolean {
  return (query.get(name) ?? value) === value
}

/** The calling brand, or the brand that a partner acts for. */
export function brandOf({ merchant, query, body }: Pick<Call, 'merchant' | 'query' | 'body'>): string {
  const named: unknown = Reflect.get(Object(body), 'brand_id') ?? query.get('brand_id')
  return typeof named === 'string' ? named : merchant.mchid
}
