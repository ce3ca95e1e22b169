/** Stocks of coupons, and the coupons that users have of them. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { Product, type Row } from './product.js'

export type StockState = 'unactivated' | 'running' | 'paused' | 'stoped'
export type StockEvent = 'start' | 'pause' | 'restart' | 'stop'

export interface StockRequest {
  stock_name: string
  available_begin_time: string
  available_end_time: string
  stock_use_rule: { max_coupons: number; max_coupons_per_user: number }
  no_cash: boolean
  stock_type: string
  belong_merchant: string
  out_request_no: string
}

export interface SendRequest {
  openid: string
  stock_id: string
  out_request_no: string
  appid: string
  stock_creator_mchid: string
}

export type Stock = Row<StockState, StockRequest>
export type Coupon = Row<'SENDED', SendRequest>

export class Coupons {
  readonly stocks: Product<StockState, StockEvent, StockRequest>
  readonly coupons: Product<'SENDED', never, SendRequest>

  constructor(book: Book) {
    this.stocks = new Product<StockState, StockEvent, StockRequest>(book, 'stocks', {
      first: 'unactivated',
      moves: {
        unactivated: { start: 'running' },
        running: { pause: 'paused', stop: 'stoped' },
        paused: { restart: 'running', stop: 'stoped' },
        stoped: {},
      },
      id: { prefix: '9', digits: 6 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '批次不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '商户单据号重复，且请求参数与之前不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '批次状态不支持该操作'),
    })
    this.coupons = new Product<'SENDED', never, SendRequest>(book, 'coupons', {
      first: 'SENDED',
      moves: { SENDED: {} },
      id: { prefix: '98', digits: 10 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '代金券不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '发券凭证重复，且请求参数与之前不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '代金券状态不支持该操作'),
    })
  }

  /**
   * Repeating the same request returns the same coupon.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown stock, 403 `RULE_LIMIT` when it is not running, when it is
   *   used up, or when the user has enough of it.
   */
  send(mchid: string, request: SendRequest, now: EpochMilliseconds): Coupon {
    return this.coupons.place(mchid, request.out_request_no, request, now, () => {
      const stock = this.stocks.find(mchid, request.stock_id)
      const { max_coupons, max_coupons_per_user } = stock.request.stock_use_rule
      const isOver = Date.parse(stock.request.available_end_time) <= now
      if (stock.state !== 'running' || isOver) throw problem(403, 'RULE_LIMIT', '活动未开始或已结束')
      const sent = this.sentOf(mchid, stock)
      if (sent.length >= max_coupons) throw problem(403, 'RULE_LIMIT', '批次预算不足')
      const own = sent.filter(({ request: { openid } }) => openid === request.openid)
      if (own.length >= max_coupons_per_user) throw problem(403, 'RULE_LIMIT', '用户已达最大领券次数')
    })
  }

  /** The coupons of a stock that have been sent. */
  sentOf(mchid: string, stock: Stock): Coupon[] {
    return this.coupons.of(mchid).filter(({ request }) => request.stock_id === stock.id)
  }
}
