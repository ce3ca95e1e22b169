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
const MAX_FOLLOW_UP_TIME = 10_000

export interface TillOptions {
  /** The options of the payment. */
  readonly payment: CommonOptions
  /** The options of queries and reversals. */
  readonly followUp: CommonOptions
}

export function tillOptions({ transport }: SharedSettings, interval: number): TillOptions {
  if (!transport) return { payment: {}, followUp: {} }
  const { timeout, retry } = transport
  return {
    // The client must not repeat a payment by itself: the second response would say nothing about the first request.
    payment: { retry: { attempts: retry.attempts, methods: [] } },
    followUp: { timeout: Math.min(timeout, Math.max(interval, MAX_FOLLOW_UP_TIME)) },
  }
}

export function directOrder(
  wxpay: WechatPay,
  json: DirectRequest,
  { payment, followUp }: TillOptions,
): OrderCalls<DirectOrder> {
  const { codepay, outTradeNo } = wxpay.v3.pay.transactions
  const { appid, mchid, out_trade_no } = json
  const order = outTradeNo._out_trade_no_
  return v3Order<DirectOrder>(json, {
    pay: () => codepay.post({ ...payment, json }),
    query: signal => order.get({ ...withSignal(followUp, signal), out_trade_no, query: { mchid } }),
    reverse: () => order.reverse.post({ ...followUp, out_trade_no, json: { appid, mchid } }),
  })
}

export function partnerOrder(
  wxpay: WechatPay,
  json: PartnerRequest,
  { payment, followUp }: TillOptions,
): OrderCalls<PartnerOrder> {
  const { codepay, outTradeNo } = wxpay.v3.pay.partner.transactions
  const { sp_mchid, sub_mchid, out_trade_no } = json
  const order = outTradeNo._out_trade_no_
  const names = { ...pick(json, ['sp_appid', 'sub_appid']), sp_mchid, sub_mchid }
  return v3Order<PartnerOrder>(json, {
    pay: () => codepay.post({ ...payment, json }),
    query: signal => order.get({ ...withSignal(followUp, signal), out_trade_no, query: { sp_mchid, sub_mchid } }),
    reverse: () => order.reverse.post({ ...followUp, out_trade_no, json: names }),
  })
}

export function micropayOrder(
  wxpay: WechatPay,
  xml: MicropayRequest,
  { payment, followUp }: TillOptions,
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
    query: async signal => report((await pay.orderquery.post({ ...withSignal(followUp, signal), xml: named })).data),
    async reverse() {
      const { data } = await secapi.pay.reverse.post({ ...followUp, xml: named })
      return { mustRepeat: data.recall === 'Y' }
    },
  }
}

/** APIv3 pays, queries and reverses in the same way for a merchant and for a service provider. */
function v3Order<Order>(
  { out_trade_no, amount }: DirectRequest | PartnerRequest,
  calls: {
    pay(): Promise<{ data: Order }>
    query(signal: AbortSignal | undefined): Promise<{ data: Order }>
    reverse(): Promise<unknown>
  },
): OrderCalls<Order> {
  return {
    outTradeNo: out_trade_no,
    total: Number(amount?.total),
    pay: async () => report((await calls.pay()).data),
    query: async signal => report((await calls.query(signal)).data),
    async reverse() {
      await calls.reverse()
      return { mustRepeat: false }
    },
  }
}

function withSignal(followUp: CommonOptions, signal: AbortSignal | undefined): CommonOptions {
  return { ...followUp, ...(signal && { signal }) }
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
