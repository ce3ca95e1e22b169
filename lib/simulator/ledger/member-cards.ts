/** The member cards of a brand: templates, the cards of users, and the gifts for new members. */
import { ApiError } from '../../errors.js'
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { Product, type Row } from './product.js'
import type { ProductCoupons } from './product-coupons.js'
import { periodOf, validityOf } from './validity.js'

type CardState = 'CARD_EFFECTIVE' | 'CARD_INVALID'
/** An offered card is visible to the user only. */
export type UserCardState = 'OFFERED' | 'UNACTIVATED' | 'EFFECTIVE' | 'EXPIRED' | 'INVALID'
export type UserCardEvent = 'open' | 'import' | 'confirm' | 'refuse' | 'expire' | 'invalidate'
type ActivityState = `MEMBERSHIP_ACTIVITY_${'CREATED' | 'EFFECTIVE' | 'TERMINATED' | 'EXPIRED'}`
type ActivityEvent = 'begin' | 'end' | 'terminate'

interface Validity {
  type: string
  available_begin_time?: string | undefined
  available_end_time?: string | undefined
  available_day_after_receive?: number | undefined
}

/** `creator` is the brand, or the partner that acts for it. */
export interface CardRequest {
  creator: string
  out_request_no: string
  appid: string
  card_type: string
  notify_url: string
  valid_date_information?: Validity | undefined
}

export interface UserCardRequest {
  card_id: string
  openid: string
}

export interface ActivityRequest {
  out_request_no: string
  card_id: string
  begin_time: string
  end_time: string
  apply_total: number
  product_coupon_stock_list: readonly { product_coupon_id: string; stock_id: string }[]
}

export type MemberCard = Row<CardState, CardRequest>
export type UserCard = Row<UserCardState, UserCardRequest>
export type MembershipActivity = Row<ActivityState, ActivityRequest>

const common = {
  unknown: () => problem(404, 'NOT_FOUND', '会员卡不存在'),
  reused: () => problem(400, 'ALREADY_EXISTS', '商家请求单号已存在，且请求参数与之前不一致'),
  refused: () => problem(400, 'INVALID_REQUEST', '当前状态不支持该操作'),
}

export class MemberCards {
  readonly cards: Product<CardState, 'invalidate', CardRequest>
  readonly users: Product<UserCardState, UserCardEvent, UserCardRequest>
  readonly activities: Product<ActivityState, ActivityEvent, ActivityRequest>
  readonly #book: Book
  readonly #coupons: ProductCoupons
  /** Later changes, under the field names of the query. */
  readonly #notes: Map<string, object>
  /** The codes that merchants give to cards, by the cards. */
  readonly #codes: Map<string, { code: string }>
  /** The number of gifts that an activity has given. */
  readonly #given: Map<string, { count: number }>

  constructor(book: Book, coupons: ProductCoupons) {
    this.#book = book
    this.#coupons = coupons
    this.#notes = book.table('member-cards.notes')
    this.#codes = book.table('member-cards.codes')
    this.#given = book.table('membership-activities.given')
    this.cards = new Product<CardState, 'invalidate', CardRequest>(book, 'member-cards', {
      ...common,
      first: 'CARD_EFFECTIVE',
      moves: { CARD_EFFECTIVE: { invalidate: 'CARD_INVALID' }, CARD_INVALID: {} },
      id: { prefix: 'p', digits: 10 },
    })
    this.users = new Product<UserCardState, UserCardEvent, UserCardRequest>(book, 'user-cards', {
      ...common,
      first: 'OFFERED',
      moves: {
        OFFERED: { open: 'UNACTIVATED', import: 'EFFECTIVE' },
        UNACTIVATED: { confirm: 'EFFECTIVE', refuse: 'INVALID', invalidate: 'INVALID' },
        EFFECTIVE: { expire: 'EXPIRED', invalidate: 'INVALID' },
        EXPIRED: {},
        INVALID: {},
      },
      ends: { EFFECTIVE: { at: row => this.#endOf(row), by: 'expire' } },
      acts: { confirm: { succeed: 'open' } },
      alias: ({ request }) => request.openid,
      id: { prefix: '4', digits: 8 },
      happened: (row, event) => {
        if (event === 'open') this.#announce(row)
        if (event === 'confirm') this.#welcome(row)
      },
    })
    this.activities = new Product<ActivityState, ActivityEvent, ActivityRequest>(book, 'membership-activities', {
      ...common,
      first: 'MEMBERSHIP_ACTIVITY_CREATED',
      moves: {
        MEMBERSHIP_ACTIVITY_CREATED: {
          begin: 'MEMBERSHIP_ACTIVITY_EFFECTIVE',
          terminate: 'MEMBERSHIP_ACTIVITY_TERMINATED',
        },
        MEMBERSHIP_ACTIVITY_EFFECTIVE: {
          end: 'MEMBERSHIP_ACTIVITY_EXPIRED',
          terminate: 'MEMBERSHIP_ACTIVITY_TERMINATED',
        },
        MEMBERSHIP_ACTIVITY_TERMINATED: {},
        MEMBERSHIP_ACTIVITY_EXPIRED: {},
      },
      ends: {
        MEMBERSHIP_ACTIVITY_CREATED: { at: row => Date.parse(row.request.begin_time), by: 'begin' },
        MEMBERSHIP_ACTIVITY_EFFECTIVE: { at: row => Date.parse(row.request.end_time), by: 'end' },
      },
      id: { prefix: '1', digits: 5 },
      unknown: () => problem(404, 'NOT_FOUND', '活动不存在'),
    })
  }

  /**
   * Offers the card to the user, who opens it with `simulator.confirm` by the openid. @throws ApiError unless the card
   * is valid.
   */
  offer(brand: string, { card_id, openid }: UserCardRequest, now: EpochMilliseconds): UserCard {
    return this.users.place(brand, `${card_id}/${openid}`, { card_id, openid }, now, () => {
      if (this.cards.find(brand, card_id).state !== 'CARD_EFFECTIVE') throw common.refused()
    })
  }

  /** Imports a card that the user already has elsewhere. */
  import(brand: string, request: UserCardRequest, code: string, now: EpochMilliseconds): UserCard {
    const row = this.offer(brand, request, now)
    if (row.state === 'OFFERED') {
      this.#codes.set(row.id, { code })
      this.users.move(row, 'import', now)
    }
    return row
  }

  /** @throws ApiError 404 `NOT_FOUND`, also for a card that the user has not opened. */
  find(brand: string, code: string): UserCard {
    const row = this.users.of(brand).find(one => this.codeOf(one) === code)
    if (!row || row.state === 'OFFERED') throw common.unknown()
    return row
  }

  codeOf({ id }: UserCard): string {
    return this.#codes.get(id)?.code ?? id
  }

  cardOf({ mchid, request }: UserCard): MemberCard {
    return this.cards.find(mchid, request.card_id)
  }

  note({ id }: Pick<UserCard, 'id'>, note: object): void {
    this.#notes.set(id, { ...this.#notes.get(id), ...note })
  }

  noteOf({ id }: Pick<UserCard, 'id'>): object {
    return this.#notes.get(id) ?? {}
  }

  /** The number of gifts that the activity can still give. */
  leftOf({ id, request }: MembershipActivity): number {
    return request.apply_total - (this.#given.get(id)?.count ?? 0)
  }

  describe(row: UserCard): object {
    const { card_type, valid_date_information } = this.cardOf(row).request
    return {
      user_card_code: this.codeOf(row),
      card_id: row.request.card_id,
      openid: row.request.openid,
      brand_id: row.mchid,
      card_type,
      valid_date_information,
      pickup_time: beijingTime(row.created),
      ...this.noteOf(row),
      user_card_state: row.state,
      create_time: beijingTime(row.created),
      modify_time: beijingTime(row.updated),
    }
  }

  #endOf(row: UserCard): EpochMilliseconds {
    const { valid_date_information: valid } = this.cardOf(row).request
    return validityOf(row.created, periodOf(valid), { days: valid?.available_day_after_receive }).end
  }

  #announce(row: UserCard): void {
    const { creator, notify_url } = this.cardOf(row).request
    const isBrand = creator === row.mchid
    this.#book.announce({
      event_type: isBrand ? 'BRAND_MEMBER_CARD.USER_CARD.CREATE' : 'BRAND_MEMBER_CARD_SP.USER_CARD.CREATE',
      notify_url,
      summary: '会员开卡通知',
      recipient: creator,
      // The partners' event has this name for the state UNACTIVATED.
      resource: { ...this.describe(row), ...(!isBrand && { user_card_state: 'NOT_EFFECTIVE' }) },
    })
  }

  /** Gives a new member the gifts of the card's activities. */
  #welcome({ mchid, request, id, updated }: UserCard): void {
    for (const activity of this.activities.of(mchid)) {
      const { card_id, product_coupon_stock_list } = activity.request
      const isOn = activity.state === 'MEMBERSHIP_ACTIVITY_EFFECTIVE' && card_id === request.card_id
      if (!isOn || this.leftOf(activity) <= 0) continue
      this.#given.set(activity.id, { count: (this.#given.get(activity.id)?.count ?? 0) + 1 })
      const { appid } = this.cards.find(mchid, card_id).request
      for (const [index, stock] of product_coupon_stock_list.entries()) {
        const send = { ...stock, openid: request.openid, appid, send_request_no: `${activity.id}${id}${index}` }
        try {
          this.#coupons.send(mchid, send, updated, 'MEMBER')
        } catch (error) {
          // A coupon that is used up is not given.
          if (!(error instanceof ApiError)) throw error
        }
      }
    }
  }
}
