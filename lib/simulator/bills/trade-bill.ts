/** Generates trade bills in the format of WeChat Pay, line by line. */
import { TableWriter, yuan } from './table-writer.js'

/** A payment or a refund. Amounts are in fen. */
export interface Trade {
  /** Beijing time: `2026-11-23 10:00:00`. */
  time: string
  appid: string
  mchid: string
  /** The merchant of a service provider. */
  subMchid: string | undefined
  transactionId: string
  outTradeNo: string
  openid: string
  tradeType: string
  currency: string
  total: number
  /** The amount that the merchant received: the total without coupons that were not prepaid. */
  settled: number
  /** The part that was paid with prepaid coupons. */
  coupon: number
  fee: number
  description: string
  attach: string
  refund?: {
    refundId: string
    outRefundNo: string
    amount: number
    /** The amount that the merchant paid. */
    settled: number
    /** The amount that was returned to the coupon. */
    coupon: number
    time: string
    /** Empty until it has succeeded. */
    successTime: string
    trade: 'REFUND' | 'REVOKED'
    state: 'SUCCESS' | 'PROCESSING' | 'CHANGE'
  }
}

export type TradeBillType = 'ALL' | 'SUCCESS' | 'REFUND'

export type Column = readonly [title: string, cell: (trade: Trade) => string, onlyIn?: TradeBillType]

const COLUMNS: readonly Column[] = [
  ['交易时间', ({ time }) => time],
  ['公众账号ID', ({ appid }) => appid],
  ['商户号', ({ mchid }) => mchid],
  ['特约商户号', ({ subMchid }) => subMchid ?? '0'],
  ['设备号', () => ''],
  ['微信订单号', ({ transactionId }) => transactionId],
  ['商户订单号', ({ outTradeNo }) => outTradeNo],
  ['用户标识', ({ openid }) => openid],
  ['交易类型', ({ tradeType }) => tradeType],
  ['交易状态', ({ refund }) => refund?.trade ?? 'SUCCESS'],
  ['付款银行', () => 'OTHERS'],
  ['货币种类', ({ currency }) => currency],
  ['应结订单金额', trade => paid(trade, trade.settled)],
  ['代金券金额', trade => paid(trade, trade.coupon)],
  ['退款申请时间', ({ refund }) => refund?.time ?? '', 'REFUND'],
  ['退款成功时间', ({ refund }) => refund?.successTime ?? '', 'REFUND'],
  ['微信退款单号', ({ refund }) => refund?.refundId ?? '0', 'ALL'],
  ['商户退款单号', ({ refund }) => refund?.outRefundNo ?? '0', 'ALL'],
  ['退款金额', ({ refund }) => yuan(refund?.settled ?? 0), 'ALL'],
  ['充值券退款金额', ({ refund }) => yuan(refund?.coupon ?? 0), 'ALL'],
  ['退款类型', ({ refund }) => (refund ? 'ORIGINAL' : ''), 'ALL'],
  ['退款状态', ({ refund }) => refund?.state ?? '', 'ALL'],
  ['商品名称', ({ description }) => description],
  ['商户数据包', ({ attach }) => attach],
  ['手续费', ({ fee }) => feeString(fee)],
  ['费率', () => '0.60%'],
  ['订单金额', trade => paid(trade, trade.total)],
  ['申请退款金额', ({ refund }) => yuan(refund?.amount ?? 0), 'ALL'],
  ['费率备注', () => ''],
]

/** Yields lines with their line ends, the summary last. */
export function tradeBill(trades: Iterable<Trade>, type: TradeBillType): Generator<string, void, undefined> {
  return writeTrades(
    COLUMNS.filter(([, , onlyIn]) => onlyIn === undefined || type === 'REFUND' || onlyIn === type),
    trades,
  )
}

export function* writeTrades(columns: readonly Column[], trades: Iterable<Trade>): Generator<string, void, undefined> {
  const writer = new TableWriter(columns.map(([title]) => title))
  const sum = { count: 0, paid: 0, settled: 0, refunded: 0, settledRefunds: 0, coupons: 0, fee: 0 }
  yield writer.titles()
  for (const trade of trades) {
    sum.count += 1
    sum.fee += trade.fee
    if (trade.refund) {
      sum.refunded += trade.refund.amount
      sum.settledRefunds += trade.refund.settled
      sum.coupons += trade.refund.coupon
    } else {
      sum.paid += trade.total
      sum.settled += trade.settled
    }
    yield writer.row(columns.map(([, cell]) => cell(trade)))
  }
  yield* writer.summary({
    总交易单数: String(sum.count),
    应结订单总金额: yuan(sum.settled),
    退款总金额: yuan(sum.settledRefunds),
    充值券退款总金额: yuan(sum.coupons),
    手续费总金额: feeString(sum.fee),
    订单总金额: yuan(sum.paid),
    申请退款总金额: yuan(sum.refunded),
  })
}

/** The columns of a payment that are empty for a refund. */
export function paid({ refund }: Trade, fen: number): string {
  return yuan(refund ? 0 : fen)
}

/** Fees have five decimals. */
export function feeString(fen: number): string {
  return `${yuan(fen)}000`
}
