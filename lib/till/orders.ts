/** The calls for an order that is paid by code: for a merchant, for a partner, and for APIv2. */
import type { SharedSettings } from '../client/settings-of.js'
import type { CommonOptions } from '../options.js'
import type { Operations, WechatPay } from '../types/index.js'
import { isRecord } from '../util/plain-object.js'
import type { OrderCalls, Report } from './payment.js'

type Direct = Operations['post /v3/pay/transactions/codepay']
type Partner = Operations['post /v3/pay/partner/transactions/codepay']
type Micropay = Operations['post /v2/pay/micropay']

export type DirectRequest = Direct['json']
export type PartnerRequest = Partner['json']
export type MicropayRequest = Micropay['xml']

export type DirectOrder = Direct['data'] | Operations['get /v3/pay/transactions/out-trade-no/{out_trade_no}']['data']
export type PartnerOrder =
  | Partner['data']
  | Operations['get /v3/pay/partner/transactions/out-trade-no/{out_trade_no}']['data']
export type MicropayOrder = Micropay['data'] | Operations['post /v2/pay/orderquery']['data']

/** Milliseconds. A query or a reversal that takes longer is repeated. */
const LONGEST_QUESTION = 10_000

export interface TillOptions {
  /** The options of the payment. */
  readonly payment: CommonOptions
  /** The options of queries and reversals. */
  readonly question: CommonOptions
}

export function tillOptions({ transport }: SharedSettings, interval: number): TillOptions {
  if (!transport) return { payment: {}, question: {} }
  const { timeout, retry } = transport
  return {
    // The client must not repeat a payment by itself: the second response would say nothing about the first request.
    payment: { retry: { attempts: retry.attempts, methods: [] } },
    question: { timeout: Math.min(timeout, Math.max(interval, LONGEST_QUESTION)) },
  }
}

export function directOrder(
  wxpay: WechatPay,
  json: DirectRequest,
  { payment, question }: TillOptions,
): OrderCalls<DirectOrder> {
  const { transactions } = wxpay.v3.pay
  const { appid, mchid, out_trade_no, amount } = json
  const order = transactions.outTradeNo._out_trade_no_
  return {
    outTradeNo: out_trade_no,
    total: Number(amount?.total),
    pay: async () => report((await transactions.codepay.post({ ...payment, json })).data),
    query: async signal => {
      const options = { ...question, ...(signal && { signal }) }
      return report((await order.get({ ...options, out_trade_no, query: { mchid } })).data)
    },
    async reverse() {
      await order.reverse.post({ ...question, out_trade_no, json: { appid, mchid } })
      return { mustRepeat: false }
    },
  }
}

export function partnerOrder(
  wxpay: WechatPay,
  json: PartnerRequest,
  { payment, question }: TillOptions,
): OrderCalls<PartnerOrder> {
  const { transactions } = wxpay.v3.pay.partner
  const { sp_mchid, sub_mchid, out_trade_no, amount } = json
  const order = transactions.outTradeNo._out_trade_no_
  return {
    outTradeNo: out_trade_no,
    total: Number(amount?.total),
    pay: async () => report((await transactions.codepay.post({ ...payment, json })).data),
    query: async signal => {
      const options = { ...question, ...(signal && { signal }) }
      return report((await order.get({ ...options, out_trade_no, query: { sp_mchid, sub_mchid } })).data)
    },
    async reverse() {
      const names = pick(json, ['sp_appid', 'sp_mchid', 'sub_appid', 'sub_mchid'])
      await order.reverse.post({ ...question, out_trade_no, json: { ...names, sp_mchid, sub_mchid } })
      return { mustRepeat: false }
    },
  }
}

export function micropayOrder(
  wxpay: WechatPay,
  xml: MicropayRequest,
  { payment, question }: TillOptions,
): OrderCalls<MicropayOrder> {
  const { pay, secapi } = wxpay.v2
  const { appid, out_trade_no, total_fee } = xml
  const named = { appid, out_trade_no, ...pick(xml, ['sub_appid', 'mch_id', 'sub_mch_id', 'sign_type']) }
  return {
    outTradeNo: out_trade_no,
    total: Number(total_fee),
    async pay() {
      const paid = report((await pay.micropay.post({ ...payment, xml })).data)
      // A successful response means a successful payment. It has no state.
      return { ...paid, state: paid.state ?? 'SUCCESS' }
    },
    query: async signal => {
      const options = { ...question, ...(signal && { signal }) }
      return report((await pay.orderquery.post({ ...options, xml: named })).data)
    },
    async reverse() {
      const { data } = await secapi.pay.reverse.post({ ...question, xml: named })
      return { mustRepeat: data.recall === 'Y' }
    },
  }
}

/** The members that are not undefined. */
function pick<From extends object, Name extends keyof From>(
  from: From,
  names: readonly Name[],
): Partial<Pick<From, Name>> {
  const picked: Partial<Pick<From, Name>> = {}
  for (const name of names) if (from[name] !== undefined) picked[name] = from[name]
  return picked
}

function report<Order>(order: Order): Report<Order> {
  const { trade_state, out_trade_no, amount, total_fee }: Readonly<Record<string, unknown>> = isRecord(order)
    ? order
    : {}
  return {
    order,
    state: stringOf(trade_state),
    outTradeNo: stringOf(out_trade_no),
    total: numberOf(isRecord(amount) ? amount.total : total_fee),
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : undefined
}
