/** Generates fund flow bills in the format of WeChat Pay, line by line. */
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

interface Movement {
  trade: Trade
  business: string
  /** Fen; negative for money that leaves the account. */
  amount: number
}

/** Income: every payment. Expenses: every refund and every fee. Yields lines with their line ends, the summary last. */
export function* fundflowBill(trades: Iterable<Trade>): Generator<string, void, undefined> {
  const writer = new TableWriter(TITLES)
  const sum = { in: 0, out: 0, inCount: 0, outCount: 0 }
  yield writer.titles()
  for (const movement of movements(trades)) {
    const { amount } = movement
    if (amount < 0) {
      sum.out -= amount
      sum.outCount += 1
    } else {
      sum.in += amount
      sum.inCount += 1
    }
    yield writer.row(cells(movement, sum.inCount + sum.outCount, sum.in - sum.out))
  }
  yield* writer.summary({
    资金流水总笔数: String(sum.inCount + sum.outCount),
    收入笔数: String(sum.inCount),
    收入金额: yuan(sum.in),
    支出笔数: String(sum.outCount),
    支出金额: yuan(sum.out),
  })
}

function* movements(trades: Iterable<Trade>): Generator<Movement, void, undefined> {
  for (const trade of trades) {
    if (trade.refund) yield { trade, business: '退款', amount: -trade.refund.amount }
    else yield { trade, business: '交易', amount: trade.total }
    if (trade.fee > 0) yield { trade, business: '扣除交易手续费', amount: -trade.fee }
  }
}

function cells({ trade, business, amount }: Movement, number: number, balance: number): string[] {
  return [
    trade.time,
    trade.refund?.refundId ?? trade.transactionId,
    `${trade.mchid}${trade.time.slice(0, 10).replaceAll('-', '')}${String(number).padStart(10, '0')}`,
    business,
    business,
    amount < 0 ? '支出' : '收入',
    yuan(Math.abs(amount)),
    yuan(balance),
    'system',
    '',
    trade.refund?.outRefundNo ?? trade.outTradeNo,
  ]
}
