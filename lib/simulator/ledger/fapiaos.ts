/** Fapiaos: the titles that users fill in, issuing, reversing, and the cards in the users' wallets. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { MINUTE, Product, type Row, refusals } from './product.js'

type FapiaoState = 'ISSUE_ACCEPTED' | 'ISSUED' | 'ISSUE_FAILED' | 'REVERSE_ACCEPTED' | 'REVERSED' | 'REVERSE_FAILED'
type FapiaoEvent = 'succeed' | 'fail' | 'reverse' | 'insert'
type CardState = 'INSERT_ACCEPTED' | 'INSERTED' | 'DISCARD_ACCEPTED' | 'DISCARDED'

export interface FapiaoItem {
  goods_name?: string | undefined
  tax_code: string
  quantity?: number | undefined
  total_amount: number
  tax_rate?: number | undefined
  discount: boolean
}

export interface FapiaoRequest {
  sub_mchid?: string | undefined
  fapiao_apply_id: string
  fapiao_id: string
  buyer_information: object
  total_amount: number
  items?: readonly FapiaoItem[] | undefined
  remark?: string | undefined
}

/** An application, for which a user fills in the title. */
export interface TitleRequest {
  sub_mchid?: string | undefined
  fapiao_apply_id: string
  openid: string
  total_amount: number
}

export type Fapiao = Row<FapiaoState, FapiaoRequest>
export type FapiaoCard = Row<CardState, FapiaoRequest>
export type Title = Row<'WAITING' | 'APPLIED', TitleRequest>

export interface FapiaoConfig {
  callback_url?: string | undefined
  show_fapiao_cell?: boolean | undefined
  support_vat_fapiao?: boolean | undefined
}

const common = { id: { prefix: '0500', digits: 8 }, ...refusals() }

export class Fapiaos extends Product<FapiaoState, FapiaoEvent, FapiaoRequest> {
  readonly #book: Book
  readonly #configs: Map<string, FapiaoConfig>
  readonly titles: Product<'WAITING' | 'APPLIED', 'apply', TitleRequest>
  readonly cards: Product<CardState, 'go' | 'discard', FapiaoRequest>

  constructor(book: Book) {
    super(book, 'fapiaos', {
      ...common,
      first: 'ISSUE_ACCEPTED',
      moves: {
        // A fapiao that was issued elsewhere is only put into the wallet.
        ISSUE_ACCEPTED: { succeed: 'ISSUED', fail: 'ISSUE_FAILED', insert: 'ISSUED' },
        ISSUED: { reverse: 'REVERSE_ACCEPTED' },
        ISSUE_FAILED: {},
        REVERSE_ACCEPTED: { succeed: 'REVERSED', fail: 'REVERSE_FAILED' },
        REVERSED: {},
        REVERSE_FAILED: { reverse: 'REVERSE_ACCEPTED' },
      },
      ends: {
        ISSUE_ACCEPTED: { after: MINUTE, by: 'succeed' },
        REVERSE_ACCEPTED: { after: MINUTE, by: 'succeed' },
      },
      acts: { settle: { succeed: 'succeed', fail: 'fail' } },
      happened: (row, event) => {
        if (event === 'succeed') this.#announce(row.state === 'ISSUED' ? 'ISSUED' : 'REVERSED', row)
        if (row.state === 'ISSUED') this.cards.place(row.mchid, row.no, row.request, row.updated)
        const card = this.cards.seek(row.mchid, row.no)
        if (row.state === 'REVERSED' && card?.state === 'INSERTED') this.cards.move(card, 'discard', row.updated)
      },
    })
    this.#book = book
    this.#configs = book.table('fapiaos.configs')
    book.beginnings.set('FAPIAO.USER_APPLIED', {
      url: mchid => this.configOf(mchid).callback_url,
      begin: (_mchid, given) => ({ ...given }),
    })
    this.cards = new Product<CardState, 'go' | 'discard', FapiaoRequest>(book, 'fapiaos.cards', {
      ...common,
      first: 'INSERT_ACCEPTED',
      moves: {
        INSERT_ACCEPTED: { go: 'INSERTED' },
        INSERTED: { discard: 'DISCARD_ACCEPTED' },
        DISCARD_ACCEPTED: { go: 'DISCARDED' },
        DISCARDED: {},
      },
      ends: { INSERT_ACCEPTED: { after: MINUTE, by: 'go' }, DISCARD_ACCEPTED: { after: MINUTE, by: 'go' } },
      happened: ({ mchid, no, state }, event) => {
        if (event === 'go')
          this.#announce(state === 'INSERTED' ? 'CARD_INSERTED' : 'CARD_DISCARDED', this.find(mchid, no))
      },
    })
    this.titles = new Product<'WAITING' | 'APPLIED', 'apply', TitleRequest>(book, 'fapiaos.titles', {
      ...common,
      first: 'WAITING',
      moves: { WAITING: { apply: 'APPLIED' }, APPLIED: {} },
      acts: { confirm: { succeed: 'apply' } },
      happened: row => this.#notify('USER_APPLIED', row, { apply_time: beijingTime(row.updated) }),
    })
  }

  /** The fapiaos of an application. @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown one. */
  ofApplication(mchid: string, fapiaoApplyId: string): Fapiao[] {
    const rows = this.of(mchid).filter(({ request }) => request.fapiao_apply_id === fapiaoApplyId)
    if (rows.length === 0) throw common.unknown()
    return rows
  }

  configOf(mchid: string): FapiaoConfig {
    return this.#configs.get(mchid) ?? {}
  }

  configure(mchid: string, config: FapiaoConfig): FapiaoConfig {
    const merged = { ...this.configOf(mchid), ...config }
    this.#configs.set(mchid, merged)
    return merged
  }

  /** Starts an application with a link to the title form. */
  ask(mchid: string, request: TitleRequest, now: EpochMilliseconds): void {
    // A query starts it.
    this.#book.touch()
    this.titles.place(mchid, request.fapiao_apply_id, request, now)
  }

  /** Issues all of them, or none if a different request has used one of the numbers. */
  issue(mchid: string, requests: readonly FapiaoRequest[], now: EpochMilliseconds): void {
    const known = requests.filter(({ fapiao_id }) => this.seek(mchid, fapiao_id))
    for (const request of [...known, ...requests]) this.place(mchid, request.fapiao_id, request, now)
  }

  /** Puts a fapiao that was issued elsewhere into the user's wallet. */
  insert(mchid: string, request: FapiaoRequest, now: EpochMilliseconds): void {
    const row = this.place(mchid, request.fapiao_id, request, now)
    if (row.state === 'ISSUE_ACCEPTED') this.move(row, 'insert', now)
  }

  #announce(event: 'ISSUED' | 'REVERSED' | 'CARD_INSERTED' | 'CARD_DISCARDED', { mchid, no, state, request }: Fapiao) {
    const card_status = this.cards.seek(mchid, no)?.state
    this.#notify(
      event,
      { mchid, request },
      {
        fapiao_information: [{ fapiao_id: no, fapiao_status: state, ...(card_status && { card_status }) }],
      },
    )
  }

  // No notification if the merchant has set no URL.
  #notify(event: string, { mchid, request }: Pick<Title | Fapiao, 'mchid' | 'request'>, content: object): void {
    const { callback_url } = this.configOf(mchid)
    if (callback_url === undefined) return
    const { sub_mchid, fapiao_apply_id } = request
    this.#book.announce({
      event_type: `FAPIAO.${event}`,
      notify_url: callback_url,
      summary: '电子发票状态变更',
      resource: { mchid, ...(sub_mchid && { sub_mchid }), fapiao_apply_id, ...content },
    })
  }
}
