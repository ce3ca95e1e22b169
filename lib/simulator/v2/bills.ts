/** APIv2's bill of one day: the orders that were paid on it, as WeChat Pay writes them. */
import { gzipSync } from 'node:zlib'
import { beijingDigits } from '../beijing-time.js'
import type { Order, Orders } from '../orders.js'
import { requireForm } from './fields.js'
import { Misunderstood, type V2Call } from './message.js'
import type { V2Endpoint } from './room.js'

const TITLES =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
const SUMMARY_TITLES = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'
const NOTHING = '0.00'

export function billEndpoints(orders: Orders): readonly V2Endpoint[] {
  return [{ path: '/pay/downloadbill', isUnsigned: true, handle: call => download(call, orders) }]
}

function download(call: V2Call, orders: Orders): string | Buffer {
  const { fields, merchant, now } = call
  const date = requireForm(fields, 'bill_date', /^\d{8}$/)
  // The bill of a day is made on the next.
  if (date >= beijingDigits(now).slice(0, 8)) throw new Misunderstood('invalid bill_date', '20001')
  const paid = orders.paidBy(merchant.mchid).filter(({ payment }) => dayOf(payment.successTime) === date)
  if (paid.length === 0) throw new Misunderstood('No Bill Exist', '20002')
  const text = `\uFEFF${[TITLES, ...paid.map(row), SUMMARY_TITLES, summary(paid)].join('\r\n')}\r\n`
  return fields.tar_type === 'GZIP' ? gzipSync(text) : text
}

type PaidOrder = ReturnType<Orders['paidBy']>[number]

function row({ request, tradeType, payment }: PaidOrder): string {
  const { total, currency = 'CNY' } = request.amount
  const time = payment.successTime.slice(0, 19).replace('T', ' ')
  return cells([
    ...[time, textOf(request, 'appid'), request.mchid, '0', '', payment.transactionId, request.out_trade_no],
    ...[payment.openid, tradeType, 'SUCCESS', 'OTHERS', currency, yuan(total), NOTHING],
    ...['0', '0', NOTHING, NOTHING, '', '', textOf(request, 'description'), textOf(request, 'attach')],
    ...[NOTHING, '0.60%', yuan(total), NOTHING, ''],
  ])
}

function summary(paid: readonly PaidOrder[]): string {
  const total = yuan(paid.reduce((sum, { request }) => sum + request.amount.total, 0))
  return cells([String(paid.length), total, NOTHING, NOTHING, NOTHING, total, NOTHING])
}

// No cell is quoted: a backtick begins each, so that spreadsheets take numbers for texts.
function cells(values: readonly string[]): string {
  return values.map(value => `\`${value.replace(/[,\r\n]/g, ' ')}`).join(',')
}

function textOf(request: Order['request'], name: string): string {
  const value: unknown = Reflect.get(request, name)
  return typeof value === 'string' ? value : ''
}

function dayOf(time: string): string {
  return time.slice(0, 10).replaceAll('-', '')
}

function yuan(fen: number): string {
  return (fen / 100).toFixed(2)
}
