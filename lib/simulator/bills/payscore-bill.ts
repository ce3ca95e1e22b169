/** Bills of a service of WeChat Pay Score: a line for each payment for a service order. */
import type { Ledger } from '../ledger/ledger.js'
import type { DayOptions } from './day.js'
import { TableWriter, yuan } from './table-writer.js'

// The documents do not name the columns: these are their names for the fields of a service order.
const TITLES = [
  '收款成功时间',
  '商户号',
  '服务ID',
  '商户服务订单号',
  '微信支付服务订单号',
  '用户标识',
  '总金额',
  '收款金额',
  '收款方式',
  '微信支付交易单号',
]

/** A payment that has been received. Amounts are in fen. */
interface Collection {
  cells: readonly string[]
  amount: number
}

/** The payments for service orders that were received on the day. */
export function collectionsOf(
  { services }: Pick<Ledger, 'services'>,
  { mchid, date }: Pick<DayOptions, 'mchid' | 'date'>,
  serviceId: string,
): Collection[] {
  return services.of(mchid).flatMap(row => {
    const { service_id, out_order_no, openid = '' } = row.request
    const { collection } = services.describe(row)
    if (service_id !== serviceId || !collection) return []
    const { total_amount, details } = collection
    return details
      .filter(({ paid_time }) => paid_time.startsWith(date))
      .map(({ amount, paid_time, paid_type, transaction_id = '' }) => {
        const time = paid_time.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6')
        const names = [mchid, service_id, out_order_no, row.id, openid]
        return { amount, cells: [time, ...names, yuan(total_amount), yuan(amount), paid_type, transaction_id] }
      })
  })
}

/** Yields lines with their line ends, the summary last. */
export function* payscoreBill(collections: readonly Collection[]): Generator<string, void, undefined> {
  const writer = new TableWriter(TITLES)
  yield writer.titles()
  for (const { cells } of collections) yield writer.row(cells)
  const total = collections.reduce((sum, { amount }) => sum + amount, 0)
  yield* writer.summary({ 总笔数: String(collections.length), 收款总金额: yuan(total) })
}
