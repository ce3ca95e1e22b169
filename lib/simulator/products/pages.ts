/** Lists in pages, as WeChat Pay returns them. */
import type { Call } from '../gateway/endpoint.js'

const SIZE = 10

/** The page that `offset`, counted from 0, and `limit` of the query name. Without any row, there is no `data`. */
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
