/** An order: its states, its request, its payment. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Step } from './entries.js'
import type { Moves } from './product.js'

/** The default payer. */
export const DEFAULT_OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

export type TradeType = 'JSAPI' | 'NATIVE' | 'APP' | 'MWEB' | 'MICROPAY' | 'PAP'
export type TradeState =
  | 'NOTPAY'
  | 'USERPAYING'
  | 'ACCEPT'
  | 'SUCCESS'
  | 'REFUND'
  | 'CLOSED'
  | 'REVOKED'
  | 'PAYERROR'
  | 'PAY_FAIL'
export type TradeEvent = 'pay' | 'ask' | 'accept' | 'fail' | 'close' | 'reverse' | 'refund'
/** The API that created an order or a refund. Its notification has the format of the same API. */
export type ApiVersion = 'v2' | 'v3' | 'global'

const PENDING = { pay: 'SUCCESS', fail: 'PAYERROR', close: 'CLOSED', reverse: 'REVOKED' } as const

export const MOVES: Moves<TradeState, TradeEvent> = {
  NOTPAY: { ...PENDING, ask: 'USERPAYING', accept: 'ACCEPT' },
  USERPAYING: PENDING,
  ACCEPT: { pay: 'SUCCESS', fail: 'PAY_FAIL' },
  SUCCESS: { refund: 'REFUND', reverse: 'REVOKED' },
  REFUND: { refund: 'REFUND' },
  CLOSED: { close: 'CLOSED' },
  REVOKED: { reverse: 'REVOKED' },
  PAYERROR: { close: 'CLOSED', reverse: 'REVOKED' },
  PAY_FAIL: {},
}

export const DESCRIPTIONS: Readonly<Record<TradeState, string>> = {
  NOTPAY: '订单未支付',
  USERPAYING: '需要用户输入支付密码',
  ACCEPT: '已接收，等待扣款',
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  CLOSED: '订单已关闭',
  REVOKED: '订单已撤销',
  PAYERROR: '支付失败',
  PAY_FAIL: '扣款失败',
}

/** The payer closes the payment page without paying. */
export const CANCELLED = 'CANCEL'

/** The documented reasons for a failed payment. */
export const PAYMENT_FAILURES = [
  'NOT_ENOUGH',
  'BANKERROR',
  'NOTSUPORTCARD',
  'USER_ACCOUNT_ABNORMAL',
  'RULE_LIMIT',
  'TRADE_ERROR',
] as const

/** The code that a payer shows. */
export const CODE = /^1[0-5]\d{16}$/

/**
 * The result of a payment code, by its last six digits; all others pay at once. USERPAYING ends at the second query,
 * with `by`, or stays until the order is reversed. `fail` is the code of the response.
 */
const CODE_ENDINGS: Readonly<
  Record<string, { userPaying: true; by?: 'pay' | 'fail' } | { fail: string; message: string }>
> = {
  '000001': { userPaying: true, by: 'pay' },
  '000002': { userPaying: true },
  '000003': { userPaying: true, by: 'fail' },
  '000004': { fail: 'NOT_ENOUGH', message: '余额不足' },
  '000005': { fail: 'AUTH_CODE_EXPIRED', message: '二维码已过期，请用户在微信上刷新后再试' },
}

/** The body of the request that created the order, including fields that the simulator does not use. */
export interface OrderRequest {
  mchid?: string | undefined
  sp_mchid?: string | undefined
  sub_mchid?: string | undefined
  appid?: string | undefined
  sp_appid?: string | undefined
  sub_appid?: string | undefined
  out_trade_no: string
  amount: { total: number; currency?: string | undefined }
  payer?: {
    openid?: string | undefined
    sp_openid?: string | undefined
    sub_openid?: string | undefined
    auth_code?: string | undefined
  }
  attach?: string | undefined
  description: string
  notify_url?: string | undefined
  settle_info?: { profit_sharing?: boolean | undefined; subsidy_amount?: number | undefined }
  /** Conditions that coupons may have: a mark of the order, or its goods. */
  goods_tag?: string | undefined
  detail?:
    | { goods_detail?: readonly { merchant_goods_id: string; quantity: number; unit_price: number }[] | undefined }
    | undefined
  /** The parking that it pays for. */
  parking_info?: object | undefined
  /** The contract that the payer signs with the payment. */
  contract_info?:
    | {
        plan_id?: string | undefined
        contract_code?: string | undefined
        contract_display_account?: string | undefined
        contract_notify_url?: string | undefined
        request_serial?: string | undefined
      }
    | undefined
  /** When the order closes unless it has been paid: RFC 3339, or `YYYYMMDDHHmmss` in Beijing for an order of APIv2. */
  time_expire?: string | undefined
}

/** The discount of a cash coupon. */
export interface Discount {
  readonly couponId: string
  readonly stockId: string
  readonly name: string
  /** For the whole order, or for some of its goods. */
  readonly scope: 'GLOBAL' | 'SINGLE'
  /** Fen. */
  readonly fen: number
  /** Whether the coupon was prepaid: then the merchant receives the whole amount. */
  readonly isPrepaid: boolean
  /** Fen that refunds have returned. */
  returned: number
}

export interface Payment {
  readonly transactionId: string
  readonly successTime: string
  readonly openid: string
  readonly discount?: Discount | undefined
}

export interface Order {
  readonly version: ApiVersion
  readonly tradeType: TradeType
  /** The merchant or the service provider that placed it. */
  readonly mchid: string
  readonly request: OrderRequest
  /** `prepay_id`, also the end of `code_url`. */
  readonly prepayId: string
  /** The number of the combined order that it is part of. */
  readonly combined?: string | undefined
  state: TradeState
  payment: Payment | undefined
  /** When it was reversed after the payment. */
  reversed?: EpochMilliseconds
  /** Why the payment failed. */
  reason?: string
  /** Fen, including refunds in progress. */
  refunded: number
  /** Fen that have been shared with others, and not returned. */
  shared: number
  /** Fen of the shared order that the merchant has released to itself. */
  released?: number
  /** Fen that the platform has added to the order and that were not returned. */
  subsidy?: number
  /** Whether the unshared rest belongs to the merchant. */
  isUnfrozen: boolean
  readonly created: EpochMilliseconds
  /** Its states, oldest first, including failed payments. */
  readonly history: Step[]
  /** The number of queries while the payer was paying. */
  queries: number
}

export type PaidOrder = Order & { payment: Payment }

/** A combined order: paid and closed as one. */
export interface Combined {
  readonly mchid: string
  readonly tradeType: TradeType
  readonly request: CombinedRequest
  readonly prepayId: string
  readonly created: EpochMilliseconds
}

export interface CombinedRequest {
  combine_appid: string
  combine_mchid: string
  combine_out_trade_no: string
  combine_payer_info?: { openid?: string | undefined; sub_openid?: string | undefined } | undefined
  scene_info?: { device_id?: string | undefined } | undefined
  sub_orders: readonly {
    mchid: string
    sub_mchid?: string | undefined
    sub_appid?: string | undefined
    out_trade_no: string
    attach?: string | undefined
    description: string
    amount: { total_amount: number; currency: string }
    settle_info?: { profit_sharing?: boolean | undefined; subsidy_amount?: number | undefined } | undefined
  }[]
  time_expire?: string | undefined
  notify_url?: string | undefined
}

/** The currency of an order that names none, and of everything inside mainland China. */
export const YUAN = 'CNY'

export function currencyOf({ request }: Pick<Order, 'request'>): string {
  return request.amount.currency ?? YUAN
}

/** The receiver of the money: the sub-merchant of a service provider, or the merchant itself. */
export function payeeOf({ mchid, request }: Pick<Order, 'mchid' | 'request'>): string {
  return request.sub_mchid ?? request.mchid ?? mchid
}

/** The result of the payment code of an order; undefined for a code that pays. */
export function codeEndingOf({ request }: Pick<Order, 'request'>) {
  return CODE_ENDINGS[request.payer?.auth_code?.slice(-6) ?? '']
}

export function isPaid(order: Order): order is PaidOrder {
  return order.payment !== undefined
}
