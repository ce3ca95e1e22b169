/** The trades of one day: those of the ledger, preceded by generated ones if the options ask for them. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { dayOf } from '../ledger/accounts.js'
import { paidAmounts } from '../ledger/discount.js'
import type { Ledger } from '../ledger/ledger.js'
import type { PaidOrder } from '../ledger/order.js'
import { amountsOf, type Refund } from '../ledger/refunds.js'
import { type Random, seeded } from './random.js'
import type { Trade } from './trade-bill.js'

export interface DayOptions {
  mchid: string
  /** Only the trades of this sub-merchant. Default: all trades. */
  subMchid?: string | undefined
  /** `YYYYMMDD`. */
  date: string
  /** Number of generated trades. The same merchant, date and seed generate the same trades. */
  rows: number
  seed: number
}

type TradeSource = Pick<Ledger, 'orders' | 'refunds'>

const DESCRIPTIONS = ['Image形象店-深圳腾大-QQ公仔', '会员充值 100元', 'Coffee, large', '停车费']
const TYPES = ['JSAPI', 'NATIVE', 'APP', 'MWEB', 'MICROPAY']
const FEE_RATE = 0.006
/** One generated trade in this many is a refund. */
const REFUND_INTERVAL = 10

export function* tradesOf(ledger: TradeSource, options: DayOptions): Generator<Trade, void, undefined> {
  yield* generatedTrades(options)
  yield* ownTrades(ledger, options)
}

/** Generated trades: the same for the same merchant, date and seed. */
export function* generatedTrades(options: DayOptions): Generator<Trade, void, undefined> {
  const random = seeded(`${options.seed} ${options.mchid} ${options.date}`)
  for (let index = 0; index < options.rows; index++) yield generateTrade(options, index, random)
}

/** The payments of the day, then the reversals, then the requested refunds. */
export function ownTrades(
  { orders, refunds }: TradeSource,
  { mchid, date, subMchid }: Pick<DayOptions, 'mchid' | 'date' | 'subMchid'>,
) {
  const isAsked = (order: PaidOrder) => subMchid === undefined || order.request.sub_mchid === subMchid
  const paid = orders.paidBy(mchid).filter(isAsked)
  const payments = paid.filter(({ payment }) => dayOf(Date.parse(payment.successTime)) === date).map(tradeOf)
  const reversed = paid.filter(order => order.reversed !== undefined && dayOf(order.reversed) === date)
  const ofDay = refunds.receivedBy(mchid).filter(({ row, order }) => isAsked(order) && dayOf(row.created) === date)
  return [
    ...payments,
    ...reversed.map(order => reversalOf(order)),
    ...ofDay.flatMap(refund => refundTradeOf(refund, date)),
  ]
}

function tradeOf({ request, mchid, tradeType, payment }: PaidOrder): Trade {
  return {
    time: clockTime(Date.parse(payment.successTime)),
    appid: request.sp_appid ?? request.appid ?? '',
    mchid: request.mchid ?? mchid,
    subMchid: request.sub_mchid,
    transactionId: payment.transactionId,
    outTradeNo: request.out_trade_no,
    openid: payment.openid,
    tradeType,
    currency: request.amount.currency ?? 'CNY',
    total: request.amount.total,
    settled: paidAmounts(request, payment).settled,
    coupon: payment.discount?.isPrepaid ? payment.discount.fen : 0,
    fee: 0,
    description: request.description,
    attach: request.attach ?? '',
  }
}

function reversalOf(order: PaidOrder): Trade {
  const time = clockTime(order.reversed ?? 0)
  const trade = tradeOf(order)
  const { total: amount, settled, coupon } = trade
  const refund = { refundId: '0', outRefundNo: '0', amount, settled, coupon, time, successTime: time }
  return { ...trade, refund: { ...refund, trade: 'REVOKED', state: 'SUCCESS' } }
}

// A bill does not change after its day: later events are not in it.
function refundTradeOf(given: Refund, date: string): Trade[] {
  const { row, order, discount } = given
  const state = dayOf(row.updated) <= date ? row.state : 'PROCESSING'
  if (state === 'CLOSED') return []
  const refund = {
    refundId: row.id,
    outRefundNo: row.no,
    amount: row.request.amount.refund,
    settled: amountsOf(given).settled,
    coupon: order.payment.discount?.isPrepaid ? discount : 0,
    time: clockTime(row.created),
    successTime: state === 'SUCCESS' ? clockTime(row.updated) : '',
  }
  return [{ ...tradeOf(order), refund: { ...refund, trade: 'REFUND', state: state === 'ABNORMAL' ? 'CHANGE' : state } }]
}

/** `2026-11-23 10:00:00` in Beijing. */
export function clockTime(time: EpochMilliseconds): string {
  return beijingTime(time).slice(0, 19).replace('T', ' ')
}

function generateTrade({ mchid, date }: DayOptions, index: number, random: Random): Trade {
  const total = 1 + random(99_999)
  const seconds = random(86_400)
  const number = String(index).padStart(10, '0')
  const amount = 1 + random(total)
  const isRefund = random(REFUND_INTERVAL) === 0
  const time = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')} ${clock(seconds)}`
  const refund = {
    refundId: `5030${date}${number}`,
    outRefundNo: `R${date}${number}`,
    amount,
    settled: amount,
    coupon: 0,
    time,
    successTime: time,
  }
  return {
    time,
    appid: 'wxd678efh567hg6787',
    mchid,
    subMchid: undefined,
    transactionId: `4200${date}${number}${digits(random, 6)}`,
    outTradeNo: `${date}${digits(random, 10)}`,
    openid: `oUpF8u${digits(random, 10)}${digits(random, 10)}wX`,
    tradeType: TYPES[random(TYPES.length)] ?? '',
    currency: 'CNY',
    total,
    settled: total,
    coupon: 0,
    fee: isRefund ? 0 : Math.round(total * FEE_RATE),
    description: DESCRIPTIONS[random(DESCRIPTIONS.length)] ?? '',
    attach: '',
    ...(isRefund && { refund: { ...refund, trade: 'REFUND', state: 'SUCCESS' } }),
  }
}

function digits(random: Random, count: number): string {
  return String(random(10 ** count)).padStart(count, '0')
}

function clock(seconds: number): string {
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map(part => String(Math.floor(part)).padStart(2, '0'))
    .join(':')
}
