/** Coupons that merchants redeem themselves: their stocks, their codes, and the coupons of users. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { keyOf, Product, type Row } from './product.js'
import { UploadedCodes } from './uploaded-codes.js'
import { isSameDay, type Period, periodOf, validityOf } from './validity.js'

export type MerchantStockState = 'RUNNING' | 'STOPED'
export type MerchantCouponState = 'SENDED' | 'USED' | 'EXPIRED' | 'DEACTIVATED'
export type MerchantCouponEvent = 'use' | 'return' | 'deactivate' | 'expire'

export interface MerchantStockRequest {
  stock_name: string
  belong_merchant: string
  coupon_use_rule: {
    coupon_available_time?:
      | {
          available_begin_time: string
          available_end_time: string
          available_day_after_receive?: number | undefined
          wait_days_after_receive?: number | undefined
        }
      | undefined
  }
  stock_send_rule: Limits
  coupon_code_mode: string
  out_request_no: string
  subsidy?: boolean | undefined
}

/** The maximum number of coupons. */
interface Limits {
  max_coupons?: number | undefined
  max_coupons_per_user?: number | undefined
  max_coupons_by_day?: number | undefined
}

interface Changes {
  coupon_use_rule?: object | undefined
  stock_send_rule?: object | undefined
}

export interface MerchantSendRequest {
  openid: string
  stock_id: string
  out_request_no: string
  coupon_code?: string | undefined
}

/** The origin of a coupon in its notification. */
export interface Channel {
  readonly send_channel: string
  readonly attach_info?: { readonly transaction_id: string }
}

export type MerchantStock = Row<MerchantStockState, MerchantStockRequest>
export type MerchantCoupon = Row<MerchantCouponState, MerchantSendRequest>

/** What was done with a coupon, under the field names of the query. */
type Done = Readonly<Record<string, string>>

// Longer ones are refused where a coupon is associated with an order.
const CODE_LENGTH = 15

const API: Channel = { send_channel: 'BUSICOUPON_SEND_CHANNEL_API' }

export class MerchantCoupons {
  readonly stocks: Product<MerchantStockState, 'stop', MerchantStockRequest>
  readonly coupons: Product<MerchantCouponState, MerchantCouponEvent, MerchantSendRequest>
  readonly codes: UploadedCodes
  readonly #book: Book
  /** Later changes of stocks. */
  readonly #changes: Map<string, Changes>
  /** The uploaded codes of coupons, by the coupons. */
  readonly #assigned: Map<string, { code: string }>
  readonly #done: Map<string, Done>
  readonly #callbacks: Map<string, { notify_url: string }>

  constructor(book: Book) {
    this.#book = book
    this.#changes = book.table('merchant-stocks.changes')
    this.codes = new UploadedCodes(book, 'merchant-stocks.codes')
    this.#assigned = book.table('merchant-coupons.codes')
    this.#done = book.table('merchant-coupons.done')
    this.#callbacks = book.table('merchant-coupons.callbacks')
    this.stocks = new Product<MerchantStockState, 'stop', MerchantStockRequest>(book, 'merchant-stocks', {
      first: 'RUNNING',
      moves: { RUNNING: { stop: 'STOPED' }, STOPED: {} },
      ends: {
        RUNNING: { at: ({ request }) => periodOf(request.coupon_use_rule.coupon_available_time).end, by: 'stop' },
      },
      id: { prefix: '1', digits: 5 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '批次不存在'),
      reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '创建请求重入，但本次请求与上次请求信息不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '批次状态不支持该操作'),
    })
    this.coupons = new Product<MerchantCouponState, MerchantCouponEvent, MerchantSendRequest>(
      book,
      'merchant-coupons',
      {
        first: 'SENDED',
        moves: {
          SENDED: { use: 'USED', deactivate: 'DEACTIVATED', expire: 'EXPIRED' },
          USED: { return: 'SENDED' },
          EXPIRED: {},
          DEACTIVATED: {},
        },
        ends: { SENDED: { at: coupon => this.validity(coupon).end, by: 'expire' } },
        groups: { payer: ({ request }) => request.openid, stock: ({ request }) => request.stock_id },
        id: { prefix: '1', digits: 8 },
        unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '券不存在'),
        reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '发券请求重入，但本次请求与上次请求信息不一致'),
        refused: () => problem(400, 'INVALID_REQUEST', '券状态不支持该操作'),
      },
    )
  }

  /**
   * Repeating the same request returns the same coupon: a number is unique for a user and a stock.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown stock, 400 `INVALID_REQUEST` when it has ended or the
   *   code is wrong, 403 `NOT_ENOUGH` when it is used up, `RULE_LIMIT` when the user has enough of it.
   */
  send(mchid: string, request: MerchantSendRequest, now: EpochMilliseconds, channel = API): MerchantCoupon {
    const no = `${request.stock_id}/${request.openid}/${request.out_request_no}`
    const known = this.coupons.seek(mchid, no)
    const coupon = this.coupons.place(mchid, no, request, now, () => this.#requireSendable(request, now))
    if (known) return coupon
    const code = this.codes.take(request.stock_id, request.openid, now)
    if (code !== undefined) this.#assigned.set(keyOf(mchid, no), { code })
    this.#announce(coupon, channel)
    return coupon
  }

  /** Finds a coupon by the user's code. @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(mchid: string, code: string, stockId?: string): MerchantCoupon {
    const found = this.coupons
      .all()
      .find(coupon => this.codeOf(coupon) === code && (stockId || coupon.request.stock_id) === coupon.request.stock_id)
    const isOwn = found && [found.mchid, this.stockOf(found).request.belong_merchant].includes(mchid)
    if (found && isOwn) return found
    throw problem(404, 'RESOURCE_NOT_EXISTS', '券不存在')
  }

  /** @throws ApiError 400 `INVALID_REQUEST` before its time, or in a state that does not allow the event. */
  change(coupon: MerchantCoupon, event: MerchantCouponEvent, done: Done, now: EpochMilliseconds): MerchantCoupon {
    if (event === 'use' && now < this.validity(coupon).begin) throw problem(400, 'INVALID_REQUEST', '券未到可用时间')
    this.coupons.move(coupon, event, now)
    this.note(coupon, done)
    return coupon
  }

  /** Remembers what was done. An empty string removes a field. */
  note(coupon: MerchantCoupon, done: Done): void {
    this.#done.set(keyOf(coupon.mchid, coupon.no), { ...this.doneWith(coupon), ...done })
  }

  doneWith({ mchid, no }: MerchantCoupon): Done {
    return this.#done.get(keyOf(mchid, no)) ?? {}
  }

  codeOf({ mchid, no, id, request }: MerchantCoupon): string {
    return request.coupon_code ?? this.#assigned.get(keyOf(mchid, no))?.code ?? id.slice(-CODE_LENGTH)
  }

  stockOf({ request }: Pick<MerchantCoupon, 'request'>): MerchantStock {
    return this.#stock(request.stock_id)
  }

  validity({ created, request }: MerchantCoupon): Period {
    const { coupon_available_time: time } = this.#stock(request.stock_id).request.coupon_use_rule
    const limits = { days: time?.available_day_after_receive, wait: time?.wait_days_after_receive }
    return validityOf(created, periodOf(time), limits)
  }

  /** The coupons of a stock that have been sent. */
  sentOf(stockId: string): readonly MerchantCoupon[] {
    return this.coupons.grouped('stock', stockId)
  }

  /** The coupons of a user. */
  sentTo(openid: string): readonly MerchantCoupon[] {
    return this.coupons.grouped('payer', openid)
  }

  /** The current fields of a stock. */
  current({ id, request }: MerchantStock): MerchantStockRequest {
    return revised(request, this.#changes.get(id) ?? {})
  }

  revise({ id }: MerchantStock, changes: Changes): void {
    this.#changes.set(id, revised(this.#changes.get(id) ?? {}, changes))
  }

  /** The URL for a merchant's notifications of given coupons. */
  callback(mchid: string): string | undefined {
    return this.#callbacks.get(mchid)?.notify_url
  }

  setCallback(mchid: string, notify_url: string): void {
    this.#callbacks.set(mchid, { notify_url })
  }

  #stock(stockId: string): MerchantStock {
    const stock = this.stocks.all().find(({ id }) => id === stockId)
    if (!stock) throw problem(404, 'RESOURCE_NOT_EXISTS', '批次不存在')
    return stock
  }

  #requireSendable({ stock_id, openid, coupon_code }: MerchantSendRequest, now: EpochMilliseconds): void {
    const stock = this.#stock(stock_id)
    const { coupon_code_mode } = stock.request
    if (stock.state !== 'RUNNING') throw problem(400, 'INVALID_REQUEST', '活动已结束或未激活')
    if ((coupon_code_mode === 'MERCHANT_API') !== (coupon_code !== undefined)) {
      throw problem(400, 'INVALID_REQUEST', 'coupon_code与批次的券code模式不匹配')
    }
    const sent = this.sentOf(stock_id)
    if (coupon_code !== undefined && sent.some(coupon => this.codeOf(coupon) === coupon_code)) {
      throw problem(400, 'INVALID_REQUEST', '券code已被使用')
    }
    const { max_coupons, max_coupons_by_day, max_coupons_per_user } = this.current(stock).stock_send_rule
    const today = max_coupons_by_day ? sent.filter(({ created }) => isSameDay(created, now)) : []
    const own = this.sentTo(openid).filter(({ request }) => request.stock_id === stock_id)
    const noCode = coupon_code_mode === 'MERCHANT_UPLOAD' && this.codes.of(stock_id).every(code => code.dispatched)
    if (isOver(sent, max_coupons) || isOver(today, max_coupons_by_day) || noCode) {
      throw problem(403, 'NOT_ENOUGH', '批次预算不足')
    }
    if (isOver(own, max_coupons_per_user)) throw problem(403, 'RULE_LIMIT', '用户已达最大领券次数')
  }

  #announce(coupon: MerchantCoupon, channel: Channel): void {
    const notify_url = this.callback(this.stockOf(coupon).mchid)
    if (notify_url === undefined) return
    const { openid, stock_id } = coupon.request
    this.#book.announce({
      event_type: 'COUPON.SEND',
      notify_url,
      summary: '商家券领券通知',
      resource: {
        event_type: 'EVENT_TYPE_BUSICOUPON_SEND',
        coupon_code: this.codeOf(coupon),
        stock_id,
        send_time: beijingTime(coupon.created),
        openid,
        ...channel,
        send_merchant: coupon.mchid,
      },
    })
  }
}

function revised<Whole extends Changes>(whole: Whole, { coupon_use_rule, stock_send_rule, ...other }: Changes): Whole {
  return {
    ...whole,
    ...other,
    coupon_use_rule: { ...whole.coupon_use_rule, ...coupon_use_rule },
    stock_send_rule: { ...whole.stock_send_rule, ...stock_send_rule },
  }
}

function isOver(sent: readonly unknown[], limit: number | undefined): boolean {
  return limit !== undefined && limit > 0 && sent.length >= limit
}
