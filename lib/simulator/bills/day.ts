/** The trades of one day: generated ones, followed by the orders that were paid. */
import type { Orders, PaidOrder } from '../ledger/orders.js'
import { type Random, seeded } from './random.js'
import type { Trade } from './trade-bill.js'

export interface DayOptions {
  mchid: string
  /** `YYYYMMDD`. */
  date: string
  /** Number of generated trades. The same merchant, date and seed generate the same trades. */
  rows: number
  seed: number
}

const DESCRIPTIONS = ['Image形象店-深圳腾大-QQ公仔', '会员充值 100元', 'Coffee, large', '停车费']
const TYPES = ['JSAPI', 'NATIVE', 'APP', 'MWEB', 'MICROPAY']
const FEE_RATE = 0.006
/** One generated trade in this many is a refund. */
const REFUND_INTERVAL = 10

export function* tradesOf(orders: Orders, options: DayOptions): Generator<Trade, void, undefined> {
  const random = seeded(`${options.seed} ${options.mchid} ${options.date}`)
  for (let index = 0; index < options.rows; index++) yield generateTrade(options, index, random)
  for (const order of ordersOf(orders, options)) yield tradeOf(order)
}

/** Whether the day has any trades. */
export function hasTrades(orders: Orders, options: DayOptions): boolean {
  return options.rows > 0 || ordersOf(orders, options).length > 0
}

/** The orders that were paid on the day, in the order in which they were paid. */
export function ordersOf(orders: Orders, { mchid, date }: Pick<DayOptions, 'mchid' | 'date'>): PaidOrder[] {
  return orders.paidBy(mchid).filter(({ payment }) => payment.successTime.slice(0, 10).replaceAll('-', '') === date)
}

export function tradeOf({ request, tradeType, payment }: PaidOrder): Trade {
  return {
    time: payment.successTime.slice(0, 19).replace('T', ' '),
    appid: request.appid ?? '',
    mchid: request.mchid,
    transactionId: payment.transactionId,
    outTradeNo: request.out_trade_no,
    openid: payment.openid,
    tradeType,
    currency: request.amount.currency ?? 'CNY',
    total: request.amount.total,
    fee: 0,
    description: request.description,
    attach: request.attach ?? '',
  }
}

function generateTrade({ mchid, date }: DayOptions, index: number, random: Random): Trade {
  const total = 1 + random(99_999)
  const seconds = random(86_400)
  const number = String(index).padStart(10, '0')
  const amount = 1 + random(total)
  const isRefund = random(REFUND_INTERVAL) === 0
  return {
    time: `${date.replace(/(....)(..)(..)/, '$1-$2-$3')} ${clock(seconds)}`,
    appid: 'wxd678efh567hg6787',
    mchid,
    transactionId: `4200${date}${number}${digits(random, 6)}`,
    outTradeNo: `${date}${digits(random, 10)}`,
    openid: `oUpF8u${digits(random, 10)}${digits(random, 10)}wX`,
    tradeType: TYPES[random(TYPES.length)] ?? '',
    currency: 'CNY',
    total,
    fee: isRefund ? 0 : Math.round(total * FEE_RATE),
    description: DESCRIPTIONS[random(DESCRIPTIONS.length)] ?? '',
    attach: '',
    ...(isRefund && { refund: { refundId: `5030${date}${number}`, outRefundNo: `R${date}${number}`, amount } }),
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
