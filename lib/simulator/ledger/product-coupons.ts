/**
 * The coupons of a brand for its products: the coupons, their stocks and bundles of stocks, and the coupons of users.
 */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { keyOf, Product, type Row } from './product.js'
import { UploadedCodes } from './uploaded-codes.js'
import { isSameDay, type Period, periodOf, validityOf } from './validity.js'

export type UserCouponState = 'CONFIRMING' | 'PENDING' | 'EFFECTIVE' | 'USED' | 'EXPIRED' | 'DEACTIVATED'
export type UserCouponEvent = 'confirm' | 'wait' | 'begin' | 'use' | 'return' | 'deactivate' | 'expire'

/** `creator` is the brand, or the partner that acts for it. */
export interface CouponRequest {
  creator: string
  out_request_no: string
  usage_mode: string
  progressive_bundle_usage_info?: { count: number } | undefined
}

export interface StockRequest {
  product_coupon_id: string
  /** A bundle of stocks that are sent together. */
  bundle?: { id: string; index: number }
  stock: {
    coupon_code_mode: string
    stock_send_rule: SendRule
    single_usage_rule?: UsageRule | undefined
    progressive_bundle_usage_rule?: UsageRule | undefined
  }
}

export interface SendRule {
  max_count: number
  max_count_per_day?: number | undefined
  max_count_per_user?: number | undefined
}

interface UsageRule {
  coupon_available_period: {
    available_begin_time: string
    available_end_time: string
    available_days?: number | undefined
    wait_days_after_receive?: number | undefined
  }
}

export interface UserCouponRequest {
  openid: string
  product_coupon_id: string
  stock_id: string
  appid: string
  coupon_code?: string | undefined
  send_request_no: string
  attach?: string | undefined
  /** The coupons of a bundle that were sent together. */
  bundle?: { id: string; index: number; count: number }
}

export type ProductCoupon = Row<'EFFECTIVE' | 'DEACTIVATED', CouponRequest>
export type ProductStock = Row<'SENDING' | 'STOPPED' | 'DEACTIVATED', StockRequest>
export type UserCoupon = Row<UserCouponState, UserCouponRequest>

const invalid = (message: string) => problem(400, 'INVALID_REQUEST', message)
const unknown = (name: string) => () => problem(404, 'NOT_FOUND', `${name}不存在`)
const common = {
  reused: () => problem(400, 'ALREADY_EXISTS', '请求单号已存在，且请求参数与之前不一致'),
  refused: () => invalid('当前状态不支持该操作'),
}

export class ProductCoupons {
  readonly coupons: Product<'EFFECTIVE' | 'DEACTIVATED', 'deactivate', CouponRequest>
  readonly stocks: Product<'SENDING' | 'STOPPED' | 'DEACTIVATED', 'stop' | 'deactivate', StockRequest>
  readonly users: Product<UserCouponState, UserCouponEvent, UserCouponRequest>
  readonly codes: UploadedCodes
  readonly #book: Book
  readonly #assigned: Map<string, { code: string }>
  /** Later changes of a coupon, a stock or a user's coupon, under the field names of the query. */
  readonly #notes: Map<string, object>
  readonly #rules: Map<string, Partial<SendRule>>
  readonly #callbacks: Map<string, { notify_url: string; at: EpochMilliseconds }>

  constructor(book: Book) {
    this.#book = book
    this.codes = new UploadedCodes(book, 'product-stocks.codes')
    this.#assigned = book.table('user-coupons.codes')
    this.#notes = book.table('product-coupons.notes')
    this.#rules = book.table('product-stocks.rules')
    this.#callbacks = book.table('product-coupons.callbacks')
    this.coupons = new Product(book, 'product-coupons', {
      ...common,
      first: 'EFFECTIVE',
      moves: { EFFECTIVE: { deactivate: 'DEACTIVATED' }, DEACTIVATED: {} },
      id: { prefix: '1', digits: 5 },
      unknown: unknown('商品券'),
    })
    this.stocks = new Product<ProductStock['state'], 'stop' | 'deactivate', StockRequest>(book, 'product-stocks', {
      ...common,
      first: 'SENDING',
      moves: {
        SENDING: { stop: 'STOPPED', deactivate: 'DEACTIVATED' },
        STOPPED: { deactivate: 'DEACTIVATED' },
        DEACTIVATED: {},
      },
      ends: { SENDING: { at: stock => periodOf(ruleOf(stock)).end, by: 'stop' } },
      id: { prefix: '1', digits: 8 },
      unknown: unknown('批次'),
    })
    const expiring = { at: (row: UserCoupon) => this.validity(row).end, by: 'expire' } as const
    this.users = new Product<UserCouponState, UserCouponEvent, UserCouponRequest>(book, 'user-coupons', {
      ...common,
      first: 'CONFIRMING',
      moves: {
        CONFIRMING: { confirm: 'EFFECTIVE', wait: 'PENDING', deactivate: 'DEACTIVATED', expire: 'EXPIRED' },
        PENDING: { begin: 'EFFECTIVE', deactivate: 'DEACTIVATED' },
        EFFECTIVE: { use: 'USED', deactivate: 'DEACTIVATED', expire: 'EXPIRED' },
        USED: { return: 'EFFECTIVE' },
        EXPIRED: {},
        DEACTIVATED: {},
      },
      ends: {
        CONFIRMING: expiring,
        PENDING: { at: row => this.validity(row).begin, by: 'begin' },
        EFFECTIVE: expiring,
      },
      groups: { stock: ({ request }) => request.stock_id },
      id: { prefix: '1', digits: 8 },
      unknown: unknown('用户商品券'),
      happened: (row, event) => {
        if (event === 'use') this.#announce(row, 'USE')
        if (event === 'return') this.#announce(row, 'RETURN')
      },
    })
  }

  /**
   * Sends a coupon of a single stock. Repeating the same request returns the same coupon.
   *
   * @throws ApiError 404 `NOT_FOUND`, 400 `INVALID_REQUEST` for a stock that has ended or a wrong code, 403
   *   `RULE_LIMIT` when there are no more, or the user has enough.
   */
  send(brand: string, request: UserCouponRequest, now: EpochMilliseconds, send_channel = 'API'): UserCoupon {
    const { send_request_no, bundle, stock_id, openid } = request
    const no = bundle ? `${send_request_no}/${bundle.index}` : send_request_no
    const isKnown = this.users.seek(brand, no) !== undefined
    const row = this.users.place(brand, no, request, now, () => this.#requireSendable(brand, request, now))
    if (isKnown) return row
    const code = this.codes.take(stock_id, openid, now)
    if (code !== undefined) this.#assigned.set(keyOf(brand, no), { code })
    if (send_channel !== 'API') this.note(row, { send_channel })
    this.#announce(row, 'SEND')
    return row
  }

  /** The brand confirms what was sent: it can now be used, or later. */
  confirm(row: UserCoupon, now: EpochMilliseconds): UserCoupon {
    return this.users.move(row, now < this.validity(row).begin ? 'wait' : 'confirm', now)
  }

  /** @throws ApiError 404 `NOT_FOUND`. */
  find(brand: string, openid: string, code: string): UserCoupon {
    const found = this.users.of(brand).find(row => row.request.openid === openid && this.codeOf(row) === code)
    if (!found) throw unknown('用户商品券')()
    return found
  }

  codeOf({ mchid, no, id, request }: UserCoupon): string {
    return request.coupon_code ?? this.#assigned.get(keyOf(mchid, no))?.code ?? id
  }

  /** Its origin. */
  channelOf(row: UserCoupon): string {
    const { send_channel = 'API' }: { send_channel?: string } = this.noteOf(row)
    return send_channel
  }

  stockOf({ mchid, request }: UserCoupon): ProductStock {
    return this.stocks.find(mchid, request.stock_id)
  }

  /** In their order. */
  bundleOf(brand: string, bundleId: string): ProductStock[] {
    return this.stocks.of(brand).filter(({ request }) => request.bundle?.id === bundleId)
  }

  /** In the order in which they were sent. */
  sentOf({ id }: ProductStock): readonly UserCoupon[] {
    return this.users.grouped('stock', id)
  }

  validity(row: UserCoupon): Period {
    const rule = ruleOf(this.stockOf(row))
    const limits = { days: rule?.available_days, wait: rule?.wait_days_after_receive }
    return validityOf(row.created, periodOf(rule), limits)
  }

  noteOf({ id }: Pick<Row<string, unknown>, 'id'>): object {
    return this.#notes.get(id) ?? {}
  }

  note({ id }: Pick<Row<string, unknown>, 'id'>, note: object): void {
    this.#notes.set(id, { ...this.#notes.get(id), ...note })
  }

  /** The number that a stock may still send. */
  sendRuleOf(stock: ProductStock): SendRule {
    return { ...stock.request.stock.stock_send_rule, ...this.#rules.get(stock.id) }
  }

  setSendRule({ id }: ProductStock, rule: Partial<SendRule>): void {
    this.#rules.set(id, { ...this.#rules.get(id), ...rule })
  }

  callback(caller: string): { notify_url: string; at: EpochMilliseconds } | undefined {
    return this.#callbacks.get(caller)
  }

  setCallback(caller: string, notify_url: string, at: EpochMilliseconds): void {
    this.#callbacks.set(caller, { notify_url, at })
  }

  #requireSendable(brand: string, request: UserCouponRequest, now: EpochMilliseconds): void {
    const { product_coupon_id, stock_id, openid, coupon_code } = request
    const stock = this.stocks.find(brand, stock_id)
    if (stock.request.product_coupon_id !== product_coupon_id) throw unknown('批次')()
    if (stock.state !== 'SENDING') throw invalid('批次状态不是发放中')
    if ((stock.request.bundle !== undefined) !== (request.bundle !== undefined)) throw invalid('批次不支持该发放方式')
    const { coupon_code_mode } = stock.request.stock
    if ((coupon_code_mode === 'API_ASSIGN') !== (coupon_code !== undefined)) throw invalid('券Code与分配模式不匹配')
    if (coupon_code !== undefined && this.users.of(brand).some(row => this.codeOf(row) === coupon_code)) {
      throw invalid('券Code已被使用')
    }
    const { max_count, max_count_per_day, max_count_per_user } = this.sendRuleOf(stock)
    const sent = this.sentOf(stock)
    const today = max_count_per_day ? sent.filter(({ created }) => isSameDay(created, now)) : []
    const own = sent.filter(row => row.request.openid === openid)
    const hasNoCode = coupon_code_mode === 'UPLOAD' && this.codes.of(stock_id).every(({ dispatched }) => dispatched)
    if (sent.length >= max_count || hasNoCode) throw problem(403, 'RULE_LIMIT', '批次发放次数已达上限')
    if (max_count_per_day && today.length >= max_count_per_day)
      throw problem(403, 'RULE_LIMIT', '批次当日发放次数已达上限')
    if (max_count_per_user && own.length >= max_count_per_user) throw problem(403, 'RULE_LIMIT', '用户领取次数已达上限')
  }

  /** Notifies the brand and, of a sent coupon, also the partner that created it. */
  #announce(row: UserCoupon, what: 'SEND' | 'USE' | 'RETURN'): void {
    const { mchid: brand, request, created } = row
    const { creator } = this.coupons.find(brand, request.product_coupon_id).request
    const { begin, end } = this.validity(row)
    const { bundle, openid, appid, product_coupon_id, stock_id, send_request_no, attach } = request
    const resource = {
      brand_id: brand,
      coupon_code: this.codeOf(row),
      product_coupon_id,
      stock_id,
      ...(bundle && { stock_bundle_id: this.stockOf(row).request.bundle?.id, user_coupon_bundle_id: bundle.id }),
      appid,
      openid,
      receive_time: beijingTime(created),
      send_request_no,
      send_channel: this.channelOf(row),
      valid_begin_time: beijingTime(begin),
      valid_end_time: beijingTime(end),
      ...(attach && { attach }),
    }
    const tell = (recipient: string, event_type: string) => {
      const notify_url = this.#callbacks.get(recipient)?.notify_url
      if (notify_url) this.#book.announce({ event_type, notify_url, summary: '商品券通知', resource, recipient })
    }
    tell(brand, `PRODUCT_COUPON.${what}`)
    if (what === 'SEND' && creator !== brand) tell(creator, 'PRODUCT_COUPON_SP.SEND')
  }
}

function ruleOf({ request }: ProductStock): UsageRule['coupon_available_period'] | undefined {
  const { single_usage_rule, progressive_bundle_usage_rule } = request.stock
  return (single_usage_rule ?? progressive_bundle_usage_rule)?.coupon_available_period
}
