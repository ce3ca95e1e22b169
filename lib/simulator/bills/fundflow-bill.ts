/** Generates fund flow bills in the format of WeChat Pay, line by line. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Movement } from '../ledger/accounts.js'
import { TableWriter, yuan } from './table-writer.js'
import type { Trade } from './trade-bill.js'

const TITLES = [
  '记账时间',
  '微信支付业务单号',
  '资金流水单号',
  '业务名称',
  '业务类型',
  '收支类型',
  '收支金额(元)',
  '账户结余(元)',
  '资金变更提交申请人',
  '备注',
  '业务凭证号',
]

/** A line of the bill: a movement of the ledger, or a generated one. */
export type Flow = Pick<Movement, 'mchid' | 'amount' | 'balance' | 'business' | 'id' | 'no'> & { time: string }

/** Yields lines with their line ends, the summary last. */
export function* fundflowBill(flows: Iterable<Flow>): Generator<string, void, undefined> {
  const writer = new TableWriter(TITLES)
  const sum = { in: 0, out: 0, inCount: 0, outCount: 0 }
  yield writer.titles()
  for (const flow of flows) {
    const { amount } = flow
    if (amount < 0) {
      sum.out -= amount
      sum.outCount += 1
    } else {
      sum.in += amount
      sum.inCount += 1
    }
    yield writer.row(cells(flow, sum.inCount + sum.outCount))
  }
  yield* writer.summary({
    资金流水总笔数: String(sum.inCount + sum.outCount),
    收入笔数: String(sum.inCount),
    收入金额: yuan(sum.in),
    支出笔数: String(sum.outCount),
    支出金额: yuan(sum.out),
  })
}

export function flowOf(movement: Movement, timeOf: (time: EpochMilliseconds) => string): Flow {
  return { ...movement, time: timeOf(movement.at) }
}

/** Income: every payment. Expenses: every refund and every fee. The account is empty at first. */
export function* flowsOf(trades: Iterable<Trade>): Generator<Flow, void, undefined> {
  let balance = 0
  for (const { time, mchid, transactionId, outTradeNo, total, fee, refund } of trades) {
    const parts = refund
      ? [{ business: '退款', amount: -refund.amount }]
      : [
          { business: '交易', amount: total },
          { business: '扣除交易手续费', amount: -fee },
        ]
    for (const { business, amount } of parts) {
      if (amount === 0) continue
      balance += amount
      const [id, no] = refund ? [refund.refundId, refund.outRefundNo] : [transactionId, outTradeNo]
      yield { time, mchid, id, no, business, amount, balance }
    }
  }
}

function cells({ time, mchid, id, no, business, amount, balance }: Flow, number: number): string[] {
  return [
    time,
    id,
    `${mchid}${time.slice(0, 10).replaceAll('-', '')}${String(number).padStart(10, '0')}`,
    business,
    business,
    amount < 0 ? '支出' : '收入',
    yuan(Math.abs(amount)),
    yuan(balance),
    'system',
    '',
    no,
  ]
}
