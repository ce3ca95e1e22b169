/** Statements of merchants outside mainland China, with the currencies of price, payment and settlement. */
import { yuan } from './table-writer.js'
import { type Column, feeString, paid, type Trade, writeTrades } from './trade-bill.js'

// The payer pays in the currency of the price, which the merchant is settled in.
const COLUMNS: readonly Column[] = [
  ['交易时间', ({ time }) => time],
  ['公众账号ID', ({ appid }) => appid],
  ['商户号', ({ mchid }) => mchid],
  ['子商户号', ({ subMchid }) => subMchid ?? '0'],
  ['设备号', () => ''],
  ['微信订单号', ({ transactionId }) => transactionId],
  ['商户订单号', ({ outTradeNo }) => outTradeNo],
  ['用户标识', ({ openid }) => openid],
  ['交易类型', ({ tradeType }) => tradeType],
  ['交易状态', ({ refund }) => refund?.trade ?? 'SUCCESS'],
  ['付款银行', () => 'OTHERS'],
  ['充值券币种', currency],
  ['充值券金额', () => yuan(0)],
  ['优惠券币种', currency],
  ['优惠券金额', () => yuan(0)],
  ['微信退款单号', ({ refund }) => refund?.refundId ?? '0'],
  ['商户退款单号', ({ refund }) => refund?.outRefundNo ?? '0'],
  ['退款类型', ({ refund }) => (refund ? 'ORIGINAL' : '')],
  ['退款状态', ({ refund }) => refund?.state ?? ''],
  ['商品名称', ({ description }) => description],
  ['商户数据包', ({ attach }) => attach],
  ['手续费', ({ fee }) => feeString(fee)],
  ['费率', () => '0.60%'],
  ['标价币种', currency],
  ['订单金额(标价币种)', total],
  ['用户支付币种', currency],
  ['用户支付金额', total],
  ['结算币种', currency],
  ['应结订单金额', total],
  ['支付汇率', () => RATE],
  ['退款汇率', () => RATE],
  ['申请退款金额', refunded],
  ['用户退款币种', currency],
  ['用户退款金额', refunded],
  ['退款结算币种', currency],
  ['退款应结订单金额', refunded],
  ['充值券退款金额', () => yuan(0)],
  ['优惠券退款金额', () => yuan(0)],
]

/** One, with eight decimals. */
const RATE = '100000000'

/** Yields lines with their line ends, the summary last. */
export function statement(trades: Iterable<Trade>): Generator<string, void, undefined> {
  return writeTrades(COLUMNS, trades)
}

function total(trade: Trade): string {
  return paid(trade, trade.total)
}

function refunded({ refund }: Trade): string {
  return yuan(refund?.amount ?? 0)
}

function currency(trade: Trade): string {
  return trade.currency
}
