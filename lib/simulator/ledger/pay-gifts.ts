/** Gifts for payments: activities that give coupons to payers. */
import { ApiError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { MerchantCoupons } from './merchant-coupons.js'
import { type PaidOrder, payeeOf } from './order.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { Product, type Row } from './product.js'

export type GiftState = 'CREATE_ACT_STATUS' | 'ONGOING_ACT_STATUS' | 'OVER_TIME_ACT_STATUS' | 'TERMINATE_ACT_STATUS'
type GiftEvent = 'begin' | 'end' | 'terminate'

export interface GiftRequest {
  activity_base_info: { activity_name: string; begin_time: string; end_time: string; out_request_no: string }
  advanced_setting?: { goods_tags?: readonly string[] | undefined } | undefined
  award_send_rule: {
    award_type: string
    /** Fen. */
    transaction_amount_minimum: number
    award_list: readonly { stock_id: string }[]
    merchant_id_list?: readonly string[] | undefined
  }
}

export type Gift = Row<GiftState, GiftRequest>

export class PayGifts extends Product<GiftState, GiftEvent, GiftRequest> {
  readonly #coupons: MerchantCoupons
  /** The merchants that give them, by activity. */
  readonly #merchants: Map<string, { mchids: readonly string[] }>

  constructor(book: Book, payments: Payments, coupons: MerchantCoupons) {
    super(book, 'pay-gifts', {
      first: 'CREATE_ACT_STATUS',
      moves: {
        CREATE_ACT_STATUS: { begin: 'ONGOING_ACT_STATUS', terminate: 'TERMINATE_ACT_STATUS' },
        ONGOING_ACT_STATUS: { end: 'OVER_TIME_ACT_STATUS', terminate: 'TERMINATE_ACT_STATUS' },
        OVER_TIME_ACT_STATUS: {},
        TERMINATE_ACT_STATUS: {},
      },
      ends: {
        CREATE_ACT_STATUS: { at: ({ request }) => Date.parse(request.activity_base_info.begin_time), by: 'begin' },
        ONGOING_ACT_STATUS: { at: ({ request }) => Date.parse(request.activity_base_info.end_time), by: 'end' },
      },
      id: { prefix: '1', digits: 5 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '活动不存在'),
      reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '创建请求重入，但本次请求与上次请求信息不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '活动状态不支持该操作'),
    })
    this.#coupons = coupons
    this.#merchants = book.table('pay-gifts.merchants')
    payments.onPaid((order, now) => {
      for (const gift of this.all()) this.#give(gift, order, now)
    })
  }

  /** The merchants whose payers receive it. */
  merchantsOf({ id, mchid, request }: Gift): readonly string[] {
    return this.#merchants.get(id)?.mchids ?? request.award_send_rule.merchant_id_list ?? [mchid]
  }

  setMerchants({ id }: Gift, mchids: readonly string[]): void {
    this.#merchants.set(id, { mchids: [...new Set(mchids)] })
  }

  #give(gift: Gift, { request, mchid, payment }: PaidOrder, now: EpochMilliseconds): void {
    const { award_send_rule: rule, advanced_setting } = gift.request
    const { goods_tags = [] } = advanced_setting ?? {}
    const isFor =
      gift.state === 'ONGOING_ACT_STATUS' &&
      this.merchantsOf(gift).includes(payeeOf({ mchid, request })) &&
      request.amount.total >= rule.transaction_amount_minimum &&
      (goods_tags.length === 0 || goods_tags.includes(request.goods_tag ?? ''))
    if (!isFor) return
    const { openid, transactionId: transaction_id } = payment
    const channel = { send_channel: 'BUSICOUPON_SEND_CHANNEL_PAYGIFT', attach_info: { transaction_id } }
    for (const { stock_id } of rule.award_list) {
      try {
        this.#coupons.send(gift.mchid, { openid, stock_id, out_request_no: transaction_id }, now, channel)
      } catch (error) {
        // A coupon that is used up is not given.
        if (!(error instanceof ApiError)) throw error
      }
    }
  }
}
