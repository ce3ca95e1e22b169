/** Orders: NOTPAY until they are paid or closed; paid orders can be refunded. */
import { isDeepStrictEqual } from 'node:util'
import { type ApiError, InvalidArgumentError } from '../../errors.js'
import { beijingDigits, beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { problem } from './problem.js'

export type TradeType = 'JSAPI' | 'NATIVE' | 'APP' | 'MWEB' | 'MICROPAY'
export type TradeState = 'NOTPAY' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED'
/** The API that created an order or a refund. Its notification has the format of the same API. */
export type ApiVersion = 'v2' | 'v3'

/** The body of the request that created the order, including fields that the simulator does not use. */
export interface OrderRequest {
  mchid: string
  out_trade_no: string
  amount: { total: number; currency?: string }
  payer?: { openid?: string }
  appid?: string | undefined
  attach?: string
  description: string
  notify_url?: string
  /** When the order closes unless it has been paid: RFC 3339, or `YYYYMMDDHHmmss` in Beijing for an order of APIv2. */
  time_expire?: string
}

export interface Payment {
  readonly transactionId: string
  readonly successTime: string
  readonly openid: string
}

export interface Order {
  readonly version: ApiVersion
  readonly tradeType: TradeType
  readonly request: OrderRequest
  /** `prepay_id`, also the end of `code_url`. */
  readonly prepayId: string
  state: TradeState
  payment: Payment | undefined
  /** Fen, including refunds in progress. */
  refunded: number
}

export type PaidOrder = Order & { readonly payment: Payment }

export const DESCRIPTIONS: Readonly<Record<TradeState, string>> = {
  NOTPAY: '订单未支付',
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  CLOSED: '订单已关闭',
  REVOKED: '订单已撤销',
}

/** The code that a payer shows. */
export const CODE = /^1[0-5]\d{16}$/
/** Fen. Above this amount a payer who shows a code must enter the password: USERPAYING. */
const WITHOUT_PASSWORD = 100_000
export const USER_PAYING = '需要用户输入支付密码'

const DEFAULT_OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

export class Orders {
  readonly #orders = new Map<string, Order>()
  readonly #paid = new Map<string, Order>()
  readonly #now: () => EpochMilliseconds
  #count = 0

  /** `now` returns business time. */
  constructor(now: () => EpochMilliseconds) {
    this.#now = now
  }

  /**
   * Repeating the same request returns the same order.
   *
   * @throws ApiError 403 `OUT_TRADE_NO_USED` when a request reuses an `out_trade_no` with different fields, 400
   *   `ORDER_CLOSED` or `ORDERPAID` when the order is closed or paid.
   */
  place(tradeType: TradeType, request: OrderRequest, now: EpochMilliseconds, version: ApiVersion = 'v3'): Order {
    const key = keyOf(request.mchid, request.out_trade_no)
    const known = this.#current(key)
    if (known) {
      requirePayable(known)
      if (known.tradeType === tradeType && isDeepStrictEqual(known.request, request)) return known
      throw problem(403, 'OUT_TRADE_NO_USED', '商户订单号重复')
    }
    const prepayId = `wx${this.#nextNumber(now, 20)}`
    const order: Order = { version, tradeType, request, prepayId, state: 'NOTPAY', payment: undefined, refunded: 0 }
    this.#orders.set(key, order)
    return order
  }

  find(mchid: string, outTradeNo: string): Order | undefined {
    return this.#current(keyOf(mchid, outTradeNo))
  }

  findByTransactionId(mchid: string, transactionId: string): Order | undefined {
    return this.#paid.get(keyOf(mchid, transactionId))
  }

  /** All orders, in the order in which they were placed. */
  all(): Order[] {
    return [...this.#orders.keys()].map(key => requireOrder(this.#current(key)))
  }

  /** The paid orders, in the order in which they were paid. */
  paidBy(mchid: string): PaidOrder[] {
    return [...this.#paid.values()].filter(isPaid).filter(({ request }) => request.mchid === mchid)
  }

  /** A closed order stays as it is. @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDERPAID` for a paid order. */
  close(mchid: string, outTradeNo: string): void {
    const order = requireOrder(this.find(mchid, outTradeNo))
    if (order.payment) throw orderPaid()
    order.state = 'CLOSED'
  }

  /**
   * @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `ORDER_CLOSED` or `ORDERPAID`. InvalidArgumentError when the order names
   *   a different payer.
   */
  pay(mchid: string, outTradeNo: string, openid: string | undefined, now: EpochMilliseconds): PaidOrder {
    const order = requireOrder(this.find(mchid, outTradeNo))
    requirePayable(order)
    const expected = order.request.payer?.openid
    if (openid !== undefined && expected !== undefined && openid !== expected) {
      throw new InvalidArgumentError(
        `\`openid\` must be the payer that order ${outTradeNo} names; got a different one. Omit \`openid\`.`,
      )
    }
    const payment: Payment = {
      transactionId: `4200${this.#nextNumber(now, 10)}`,
      successTime: beijingTime(now),
      openid: openid ?? expected ?? DEFAULT_OPENID,
    }
    const paid: PaidOrder = Object.assign(order, { state: 'SUCCESS' as const, payment })
    this.#paid.set(keyOf(mchid, payment.transactionId), paid)
    return paid
  }

  /**
   * Ends an order that was paid by code: closes it, or returns the money. A reversed order stays as it is.
   *
   * @throws ApiError 404 `ORDER_NOT_EXIST`, 400 `INVALID_REQUEST` for an order that was not paid by code.
   */
  reverse(mchid: string, outTradeNo: string): void {
    const order = requireOrder(this.find(mchid, outTradeNo))
    if (order.tradeType !== 'MICROPAY') throw problem(400, 'INVALID_REQUEST', '订单的支付场景不支持该请求')
    if (order.payment) order.refunded = order.request.amount.total
    order.state = 'REVOKED'
  }

  /** Refunds `fen` to the payer. @throws ApiError 400 `INVALID_REQUEST` for more than can still be refunded. */
  refund(order: Order, fen: number): void {
    const { total } = order.request.amount
    if (order.refunded + fen > total) throw problem(400, 'INVALID_REQUEST', '申请退款金额大于订单可退金额')
    order.refunded += fen
    order.state = 'REFUND'
  }

  /** An order whose `time_expire` has passed is closed. */
  #current(key: string): Order | undefined {
    const order = this.#orders.get(key)
    if (order?.state === 'NOTPAY' && expiryOf(order.request) <= this.#now()) order.state = 'CLOSED'
    return order
  }

  #nextNumber(now: EpochMilliseconds, digits: number): string {
    this.#count += 1
    return beijingDigits(now) + String(this.#count).padStart(digits, '0')
  }
}

/** @throws ApiError 404 `ORDER_NOT_EXIST` for undefined. */
export function requireOrder(order: Order | undefined): Order {
  if (order === undefined) throw problem(404, 'ORDER_NOT_EXIST', '订单不存在')
  return order
}

/** Whether the payer must enter the password. */
export function needsPassword({ request }: Pick<Order, 'request'>): boolean {
  return request.amount.total > WITHOUT_PASSWORD
}

/** An order by code is unpaid only while its payer enters the password. */
export function stateOf({ state, tradeType }: Order): { trade_state: string; trade_state_desc: string } {
  if (state === 'NOTPAY' && tradeType === 'MICROPAY') {
    return { trade_state: 'USERPAYING', trade_state_desc: USER_PAYING }
  }
  return { trade_state: state, trade_state_desc: DESCRIPTIONS[state] }
}

/** The fields of a payment in APIv3, as in a query and in the notification. */
export function describePayment({ request, tradeType }: Pick<Order, 'request' | 'tradeType'>, payment: Payment) {
  const { total, currency = 'CNY' } = request.amount
  return {
    transaction_id: payment.transactionId,
    trade_type: tradeType,
    bank_type: 'OTHERS',
    success_time: payment.successTime,
    payer: { openid: payment.openid },
    amount: { total, payer_total: total, currency, payer_currency: currency },
  }
}

function isPaid(order: Order): order is PaidOrder {
  return order.payment !== undefined
}

/** Milliseconds since 1970; an order without a valid `time_expire` does not expire. */
function expiryOf({ time_expire = '' }: OrderRequest): number {
  const [, date, hour, minute, second] = /^(\d{8})(\d\d)(\d\d)(\d\d)$/.exec(time_expire) ?? []
  const day = date?.replace(/(....)(..)(..)/, '$1-$2-$3')
  const time = Date.parse(day ? `${day}T${hour}:${minute}:${second}+08:00` : time_expire)
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time
}

function keyOf(mchid: string, number: string): string {
  return `${mchid}/${number}`
}

function requirePayable(order: Order): void {
  if (order.payment) throw orderPaid()
  if (order.state === 'CLOSED') throw problem(400, 'ORDER_CLOSED', '该订单已关闭')
  if (order.state === 'REVOKED') throw problem(400, 'ORDERREVERSED', '订单已撤销，请重新下单支付')
}

function orderPaid(): ApiError {
  return problem(400, 'ORDERPAID', '该订单已支付')
}
