/** The member cards of merchants, by the codes that they import: accepted by users, activated, made unavailable. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { DEFAULT_OPENID } from './order.js'
import { problem } from './problem.js'
import { Product, type Row } from './product.js'

/** An offered card belongs to no user yet. */
type CodeState = 'OFFERED' | 'NOT_ACTIVATE' | 'EFFECTIVE' | 'UNAVAILABLE'
export type CodeEvent = 'accept' | 'import' | 'activate' | 'invalidate'

export interface CodeRequest {
  card_id: string
  code: string
  openid: string
}

export type MemberCode = Row<CodeState, CodeRequest>

export class MemberCodes extends Product<CodeState, CodeEvent, CodeRequest> {
  readonly #book: Book
  /** Later changes, under the field names of the query. */
  readonly #notes: Map<string, object>
  readonly #callbacks: Map<string, { notify_url: string }>

  constructor(book: Book) {
    super(book, 'member-codes', {
      first: 'OFFERED',
      moves: {
        OFFERED: { accept: 'NOT_ACTIVATE', import: 'EFFECTIVE' },
        NOT_ACTIVATE: { activate: 'EFFECTIVE', invalidate: 'UNAVAILABLE' },
        EFFECTIVE: { invalidate: 'UNAVAILABLE' },
        UNAVAILABLE: {},
      },
      acts: { confirm: { succeed: 'accept' } },
      alias: ({ request }) => request.code,
      id: { prefix: '', digits: 8 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '会员卡code不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '会员卡code已存在'),
      refused: () => problem(400, 'INVALID_REQUEST', '会员卡状态不支持该操作'),
      happened: (row, event) => {
        if (event === 'accept') this.#announce(row, 'ACCEPT_CARD', { event_type: 'NEW_ACTIVATE' })
        const activated = { event_type: 'MEMBER_CARD_ACTIVATE', activate_scene: 'NEW_ACTIVATE' }
        if (event === 'activate') this.#announce(row, 'ACTIVATE_CARD', activated)
      },
    })
    this.#book = book
    this.#notes = book.table('member-codes.notes')
    this.#callbacks = book.table('member-codes.callbacks')
  }

  /** Offers the card to a user, who accepts it with `simulator.confirm` by the code. */
  offer(mchid: string, card_id: string, code: string, now: EpochMilliseconds, openid = DEFAULT_OPENID): MemberCode {
    return this.place(mchid, `${card_id}/${code}`, { card_id, code, openid }, now)
  }

  note({ id }: MemberCode, note: object): void {
    this.#notes.set(id, { ...this.#notes.get(id), ...note })
  }

  callback(mchid: string): string | undefined {
    return this.#callbacks.get(mchid)?.notify_url
  }

  setCallback(mchid: string, notify_url: string): void {
    this.#callbacks.set(mchid, { notify_url })
  }

  describe(row: MemberCode): object {
    return { ...row.request, user_card_status: row.state, ...this.#notes.get(row.id) }
  }

  #announce(row: MemberCode, name: string, event: object): void {
    const notify_url = this.callback(row.mchid)
    if (notify_url === undefined) return
    const resource = { ...event, ...row.request, event_time: beijingTime(row.updated) }
    this.#book.announce({
      event_type: `MEMBERCARD.${name}`,
      notify_url,
      summary: '会员卡通知',
      resource,
      recipient: row.mchid,
    })
  }
}
