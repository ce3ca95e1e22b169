/** Cash coupons: their stocks, the coupons of users, and the discounts on orders. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import {
  type Coupon,
  type CouponEvent,
  type CouponState,
  describeCoupon,
  type SendRequest,
  type Stock,
  type StockEvent,
  type StockState,
  type Use,
  validityOfCoupon,
} from './coupon.js'
import { accepts, type StockRequest, worthOf, worthOfOne } from './coupon-rules.js'
import { type Discount, type Order, type PaidOrder, payeeOf } from './order.js'
import type { Partnerships } from './partnerships.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { Product } from './product.js'
import { isSameDay, type Period } from './validity.js'

interface Callback {
  readonly notify_url: string
  readonly isOn: boolean
}

export class Coupons {
  readonly stocks: Product<StockState, StockEvent, StockRequest>
  readonly coupons: Product<CouponState, CouponEvent, SendRequest>
  /** By transaction number, in their order. */
  readonly #uses: Map<string, Use>
  readonly #callbacks: Map<string, Callback>
  readonly #book: Book
  readonly #accounts: Accounts
  readonly #partnerships: Partnerships

  constructor(book: Book, payments: Payments, accounts: Accounts, partnerships: Partnerships) {
    this.#partnerships = partnerships
    this.#book = book
    this.#accounts = accounts
    this.#uses = book.table('coupons.uses')
    this.#callbacks = book.table('coupons.callbacks')
    this.stocks = new Product<StockState, StockEvent, StockRequest>(book, 'stocks', {
      first: 'unactivated',
      moves: {
        unactivated: { start: 'running', stop: 'stoped' },
        running: { pause: 'paused', stop: 'stoped' },
        paused: { restart: 'running', stop: 'stoped' },
        stoped: {},
      },
      ends: {
        unactivated: { at: endOf, by: 'stop' },
        running: { at: endOf, by: 'stop' },
        paused: { at: endOf, by: 'stop' },
      },
      id: { prefix: '9', digits: 6 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '批次不存在'),
      reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '创建请求重入，但本次请求与上次请求信息不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '活动已结束或未激活'),
      happened: (stock, event) => {
        if (event === 'stop' && stock.history.some(step => step.event === 'start')) this.#settle(stock)
      },
    })
    this.coupons = new Product<CouponState, CouponEvent, SendRequest>(book, 'coupons', {
      first: 'SENDED',
      moves: { SENDED: { use: 'USED', expire: 'EXPIRED' }, USED: { return: 'SENDED', expire: 'EXPIRED' }, EXPIRED: {} },
      ends: { SENDED: { at: coupon => this.validity(coupon).end, by: 'expire' } },
      groups: { payer: ({ request }) => request.openid, stock: ({ request }) => request.stock_id },
      id: { prefix: '98', digits: 10 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '代金券不存在'),
      reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '发券请求重入，但本次请求与上次请求信息不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '代金券状态不支持该操作'),
      happened: (coupon, event) => {
        const stock = this.stockOf(coupon)
        if (event === 'use') this.#announce(coupon)
        if (event === 'expire' && stock.state === 'stoped') this.#fund(stock, worthOfOne(stock.request), coupon.updated)
      },
    })
    payments.discountBy((order, openid, now) => this.#discountOf(order, openid, now))
    payments.onPaid((order, now) => this.#use(order, now))
    payments.onGivenBack((order, refundId, fen, now) => this.#giveBack(order, refundId, fen, now))
  }

  /**
   * Starts a stock, which is then prepaid, unless the merchant that accepts a coupon pays for it.
   *
   * @throws ApiError 400 `INVALID_REQUEST` in a state that does not allow the event, 403 `NOT_ENOUGH` when the merchant
   *   has less than the stock costs.
   */
  change(stock: Stock, event: StockEvent, now: EpochMilliseconds): Stock {
    const { max_amount } = stock.request.stock_use_rule
    if (event === 'start' && this.stocks.can(stock, event)) this.#fund(stock, -max_amount, now)
    return this.stocks.move(stock, event, now)
  }

  /**
   * Repeating the same request returns the same coupon.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown stock, 403 `REQUEST_BLOCKED` when it is not running, or
   *   belongs to a different merchant that has not allowed it, `NOT_ENOUGH` when it is used up, `RULE_LIMIT` when the
   *   user has enough.
   */
  send(mchid: string, request: SendRequest, now: EpochMilliseconds): Coupon {
    return this.coupons.place(mchid, request.out_request_no, request, now, () => {
      const stock = this.stocks.find(request.stock_creator_mchid, request.stock_id)
      if (mchid !== stock.mchid && !this.#partnerships.allows(stock.mchid, mchid, stock.id)) {
        throw problem(403, 'REQUEST_BLOCKED', '批次不支持跨商户发券')
      }
      const { max_coupons, max_coupons_per_user, max_amount_by_day } = stock.request.stock_use_rule
      const isBefore = now < Date.parse(stock.request.available_begin_time)
      if (stock.state !== 'running' || isBefore) throw problem(403, 'REQUEST_BLOCKED', '活动未开始或已结束')
      const sent = this.sentOf(stock)
      if (sent.length >= max_coupons) throw problem(403, 'NOT_ENOUGH', '批次预算不足')
      if (max_amount_by_day) {
        const today = sent.filter(({ created }) => isSameDay(created, now))
        if ((today.length + 1) * worthOfOne(stock.request) > max_amount_by_day) {
          throw problem(400, 'INVALID_REQUEST', '发券超过单天限额')
        }
      }
      const own = this.sentTo(request.openid).filter(({ request: { stock_id } }) => stock_id === stock.id)
      if (own.length >= max_coupons_per_user) throw problem(403, 'RULE_LIMIT', '用户已达最大领券次数')
    })
  }

  /** The coupons of a stock that have been sent. */
  sentOf(stock: Stock): readonly Coupon[] {
    return this.coupons.grouped('stock', stock.id)
  }

  /** The coupons of a user. */
  sentTo(openid: string): readonly Coupon[] {
    return this.coupons.grouped('payer', openid)
  }

  /** Finds a coupon of the merchant that sent it or created its stock. @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  find(mchid: string, openid: string, couponId: string): Coupon {
    const found = this.#couponOf(openid, couponId)
    if (found && [found.mchid, found.request.stock_creator_mchid].includes(mchid)) return found
    throw problem(404, 'RESOURCE_NOT_EXISTS', '代金券不存在')
  }

  stockOf({ request }: Pick<Coupon, 'request'>): Stock {
    return this.stocks.find(request.stock_creator_mchid, request.stock_id)
  }

  /** The uses of the coupons of a stock. */
  usesOf(stock: Stock): Use[] {
    return [...this.#uses.values()].filter(({ stockId }) => stockId === stock.id)
  }

  /** Its last use, unless it was returned. */
  useOf(coupon: Coupon): Use | undefined {
    if (coupon.state !== 'USED') return undefined
    return [...this.#uses.values()].findLast(use => use.coupon === coupon.id)
  }

  validity(coupon: Pick<Coupon, 'created' | 'request'>): Period {
    return validityOfCoupon(coupon, this.stockOf(coupon))
  }

  /** The URL for a merchant's notifications of used coupons. */
  callback(mchid: string): Callback | undefined {
    return this.#callbacks.get(mchid)
  }

  setCallback(mchid: string, callback: Callback): void {
    this.#callbacks.set(mchid, callback)
  }

  /** The fields of a coupon, as in a query and in the notification. */
  describe(coupon: Coupon): object {
    return describeCoupon(coupon, this.stockOf(coupon), this.useOf(coupon))
  }

  /** The coupon of the payer that saves most for an order. */
  #discountOf(order: Order, openid: string, now: EpochMilliseconds): Discount | undefined {
    const usable = this.sentTo(openid).flatMap(coupon => {
      if (coupon.state !== 'SENDED') return []
      const { begin, end } = this.validity(coupon)
      const { id: stockId, request } = this.stockOf(coupon)
      const fen = accepts(request, order) ? worthOf(request, order.request) : 0
      if (now < begin || now >= end || fen <= 0 || fen >= order.request.amount.total) return []
      const scope = request.coupon_use_rule.available_items?.length ? 'SINGLE' : 'GLOBAL'
      const { stock_name: name, no_cash } = request
      return [{ couponId: coupon.id, stockId, name, scope, fen, isPrepaid: !no_cash, returned: 0 } as const]
    })
    return usable.sort((one, other) => other.fen - one.fen)[0]
  }

  #use({ request, tradeType, payment, mchid }: PaidOrder, now: EpochMilliseconds): void {
    const { discount, transactionId, openid } = payment
    const coupon = discount && this.#couponOf(openid, discount.couponId)
    if (!coupon) return
    const { couponId, stockId, fen } = discount
    const payee = payeeOf({ mchid, request })
    const order = { mchid: payee, transactionId, tradeType, total: request.amount.total }
    this.#uses.set(transactionId, { coupon: couponId, stockId, ...order, fen, at: now, returns: [] })
    this.coupons.move(coupon, 'use', now)
  }

  /** If an order is refunded as a whole, its coupon can be used again; a partial refund only returns the money. */
  #giveBack({ payment }: PaidOrder, refundId: string, fen: number, now: EpochMilliseconds): void {
    const use = this.#uses.get(payment.transactionId)
    const coupon = use && this.#couponOf(payment.openid, use.coupon)
    if (!coupon) return
    use.returns.push({ refundId, fen, at: now })
    const stock = this.stockOf(coupon)
    if (fen === use.fen) this.coupons.move(coupon, now < this.validity(coupon).end ? 'return' : 'expire', now)
    else if (stock.state === 'stoped') this.#fund(stock, fen, now)
  }

  #couponOf(openid: string, couponId: string): Coupon | undefined {
    return this.sentTo(openid).find(({ id }) => id === couponId)
  }

  /** Returns the money that was not spent and is not needed for coupons that can still be used. */
  #settle(stock: Stock): void {
    const spent = this.usesOf(stock).reduce((sum, use) => sum + spentBy(use), 0)
    const usable = this.sentOf(stock).filter(({ state }) => state === 'SENDED').length
    this.#fund(stock, stock.request.stock_use_rule.max_amount - spent - usable * worthOfOne(stock.request))
  }

  /** @throws ApiError 403 `NOT_ENOUGH` when the merchant has less than the stock costs. */
  #fund({ mchid, id, no, request, updated }: Stock, amount: number, at = updated): void {
    if (request.no_cash || amount === 0) return
    const business = amount < 0 ? '代金券预充值' : '代金券预充值退回'
    this.#accounts.post({ mchid, at, amount, business, id, no })
  }

  #announce(coupon: Coupon): void {
    const callback = this.#callbacks.get(coupon.request.stock_creator_mchid)
    if (!callback?.isOn) return
    const { notify_url } = callback
    this.#book.announce({
      event_type: 'COUPON.USE',
      notify_url,
      summary: '代金券核销通知',
      resource: this.describe(coupon),
    })
  }
}

function endOf({ request }: Stock): EpochMilliseconds {
  return Date.parse(request.available_end_time)
}

function spentBy({ fen, returns }: Use): number {
  return returns.reduce((left, part) => left - part.fen, fen)
}
