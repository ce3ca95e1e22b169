/** Authorisations to receive transfers without confirming each. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { DAY, keyOf, Product, type Row, refusals } from './product.js'

type AuthorizationState = 'WAIT_USER_CONFIRM' | 'TAKING_EFFECT' | 'CLOSED'
type AuthorizationEvent = 'confirm' | 'close'

export interface AuthorizationRequest {
  out_authorization_no: string
  appid: string
  openid?: string | undefined
  user_display_name: string
  transfer_scene_id?: string | undefined
  user_recv_perception?: string | undefined
  notify_url: string
}

export type Authorization = Row<AuthorizationState, AuthorizationRequest>

export class Authorizations extends Product<AuthorizationState, AuthorizationEvent, AuthorizationRequest> {
  readonly #since: Map<string, { at: EpochMilliseconds }>

  constructor(book: Book) {
    super(book, 'transfers.authorizations', {
      first: 'WAIT_USER_CONFIRM',
      moves: {
        WAIT_USER_CONFIRM: { confirm: 'TAKING_EFFECT', close: 'CLOSED' },
        TAKING_EFFECT: { close: 'CLOSED' },
        CLOSED: {},
      },
      ends: { WAIT_USER_CONFIRM: { after: DAY, by: 'close', reason: 'USER_OVERDUE_UNCONFIRMED' } },
      acts: {
        confirm: {
          succeed: 'confirm',
          fail: { USER_CLOSE: 'close', TRANSFER_RISK: 'close', USER_ACCOUNT_ABNORMAL: 'close' },
        },
      },
      id: { prefix: '2', digits: 13 },
      ...refusals('NOT_FOUND', 'ALREADY_EXISTS'),
      happened: (row, event) => {
        const key = keyOf(row.mchid, row.no)
        if (event === 'confirm') this.#since.set(key, { at: row.updated })
        // An authorisation that was never in effect has no end.
        if (!this.#since.has(key)) return
        book.announce({
          event_type: `MCHTRANSFER.AUTHORIZATION.${event === 'confirm' ? 'CONFIRMED' : 'CLOSED'}`,
          notify_url: row.request.notify_url,
          summary: event === 'confirm' ? '用户确认自动收款授权' : '自动收款授权关闭',
          resource: this.describe(row),
        })
      },
    })
    this.#since = book.table('transfers.authorizations.since')
  }

  apply(mchid: string, request: AuthorizationRequest, now: EpochMilliseconds): Authorization {
    return this.place(mchid, request.out_authorization_no, request, now)
  }

  /** Gives the authorisation with the confirmation of a transfer. */
  confirm(mchid: string, number: string, now: EpochMilliseconds): void {
    const row = this.find(mchid, number)
    if (row.state === 'WAIT_USER_CONFIRM') this.move(row, 'confirm', now)
  }

  /** Closes it for the merchant. Closing it again changes nothing. */
  close(mchid: string, number: string, now: EpochMilliseconds): Authorization {
    const row = this.find(mchid, number)
    return row.state === 'CLOSED' ? row : this.move(row, 'close', now, 'CLOSE_VIA_MCH_API')
  }

  /** @throws ApiError 404 `NOT_FOUND`, 400 `INVALID_REQUEST` unless it is in effect. */
  requireEffect(mchid: string, number: string): void {
    if (this.find(mchid, number).state === 'TAKING_EFFECT') return
    throw problem(400, 'INVALID_REQUEST', '用户未授权或授权已关闭')
  }

  describe(row: Authorization) {
    const { notify_url: _, ...request } = row.request
    const since = this.#since.get(keyOf(row.mchid, row.no))
    return {
      ...request,
      state: row.state,
      create_time: beijingTime(row.created),
      ...(row.state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(row.id).toString('base64') }),
      ...(since && { authorization_id: row.id, authorize_time: beijingTime(since.at) }),
      ...(row.state === 'CLOSED' && {
        close_info: { close_time: beijingTime(row.updated), close_reason: row.reason ?? 'USER_CLOSE' },
      }),
    }
  }
}
