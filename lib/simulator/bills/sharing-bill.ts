/** Profit sharing bills: a line for each part that a receiver has received, and for each return. */
import { dayOf } from '../ledger/accounts.js'
import type { Ledger } from '../ledger/ledger.js'
import { detailIdOf } from '../ledger/sharing-rules.js'
import { clockTime, type DayOptions } from './day.js'
import { TableWriter, yuan } from './table-writer.js'

const TITLES = [
  '分账时间',
  '分账发起方',
  '分账方',
  '微信订单号',
  '微信分账/回退单号',
  '分账明细单号',
  '商户分账/回退单号',
  '订单金额',
  '分账接收方',
  '金额',
  '业务类型',
  '处理状态',
  '备注',
]

/** A movement of money by profit sharing. Amounts are in fen. */
export interface SharedPart {
  time: string
  mchid: string
  payer: string
  transactionId: string
  id: string
  detailId: string
  no: string
  total: number
  receiver: string
  amount: number
  business: '分账' | '分账回退'
  description: string
}

/** The successful movements of the day, of the merchant or of one of its sub-merchants. */
export function sharedParts(
  { sharing, orders }: Pick<Ledger, 'sharing' | 'orders'>,
  { mchid, date, subMchid }: Pick<DayOptions, 'mchid' | 'date' | 'subMchid'>,
): SharedPart[] {
  const { shares, returns } = sharing
  const done = shares.of(mchid).filter(row => row.state === 'FINISHED' && dayOf(row.updated) === date)
  const parts = done.flatMap(row =>
    sharing.resultsOf(row).flatMap(({ receiver, result }, index): SharedPart[] =>
      result !== 'SUCCESS'
        ? []
        : [
            {
              ...common(row),
              ...ofOrder(row.request.transaction_id),
              payer: sharing.payerOf(row),
              detailId: detailIdOf(row, index),
              receiver: receiver.account,
              amount: receiver.amount,
              business: '分账',
              description: receiver.description,
            },
          ],
    ),
  )
  const returned = returns.of(mchid).filter(row => row.state === 'SUCCESS' && dayOf(row.updated) === date)
  const back = returned.map((row): SharedPart => {
    const share = sharing.shareOf(row)
    const { return_mchid, amount, description } = row.request
    return {
      ...common(row),
      ...ofOrder(share.request.transaction_id),
      payer: sharing.payerOf(share),
      detailId: row.id,
      receiver: return_mchid,
      amount,
      business: '分账回退',
      description,
    }
  })
  return [...parts, ...back].filter(({ payer }) => subMchid === undefined || payer === subMchid)

  function common({ updated, id, no }: { updated: number; id: string; no: string }) {
    return { time: clockTime(updated), mchid, id, no }
  }

  function ofOrder(transactionId: string) {
    return { transactionId, total: orders.findByTransactionId(mchid, transactionId)?.request.amount.total ?? 0 }
  }
}

/** Yields lines with their line ends, the summary last. The documents do not name its columns. */
export function* sharingBill(parts: readonly SharedPart[]): Generator<string, void, undefined> {
  const writer = new TableWriter(TITLES)
  yield writer.titles()
  for (const part of parts) {
    yield writer.row([
      part.time,
      part.mchid,
      part.payer,
      part.transactionId,
      part.id,
      part.detailId,
      part.no,
      yuan(part.total),
      part.receiver,
      yuan(part.amount),
      part.business,
      '成功',
      part.description,
    ])
  }
  const sumOf = (business: SharedPart['business']) =>
    yuan(parts.reduce((sum, part) => sum + (part.business === business ? part.amount : 0), 0))
  yield* writer.summary({
    总笔数: String(parts.length),
    分账总金额: sumOf('分账'),
    分账回退总金额: sumOf('分账回退'),
  })
}
