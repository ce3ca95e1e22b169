/** Transfers to users: those that the user confirms, and those within an authorisation. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { DAY, MINUTE, Product, type Row, refusals } from './product.js'
import type { Authorizations } from './transfer-authorizations.js'

type TransferState =
  | 'ACCEPTED'
  | 'PROCESSING'
  | 'WAIT_USER_CONFIRM'
  | 'TRANSFERING'
  | 'SUCCESS'
  | 'FAIL'
  | 'CANCELING'
  | 'CANCELLED'
type TransferEvent = 'ask' | 'process' | 'confirm' | 'try' | 'fail' | 'cancel' | 'cancelled'

/** The body of the request that created the transfer. */
export interface TransferRequest {
  appid: string
  sub_mchid?: string | undefined
  out_bill_no: string
  openid?: string | undefined
  user_qq?: string | undefined
  user_name?: string | undefined
  /** Fen. */
  transfer_amount: number
  transfer_remark: string
  transfer_scene_id?: string | undefined
  notify_url?: string | undefined
  /** The authorisation within which the transfer needs no confirmation. */
  authorization_id?: string | undefined
  out_authorization_no?: string | undefined
  /** The authorisation that the user gives with the confirmation. */
  authorization_info?:
    | { user_display_name: string; out_authorization_no: string; authorization_notify_url: string }
    | undefined
}

export type Transfer = Row<TransferState, TransferRequest>

/** Milliseconds that WeChat Pay takes to accept or to cancel a transfer. */
export const SOON = 1000

/** The documented reasons that concern the receiver or the merchant. */
export const TRANSFER_FAILURES = [
  'ACCOUNT_FROZEN',
  'ACCOUNT_NOT_EXIST',
  'BLOCK_B2C_USERLIMITAMOUNT_MONTH',
  'DAY_RECEIVED_COUNT_EXCEED',
  'DAY_RECEIVED_QUOTA_EXCEED',
  'ID_CARD_NOT_CORRECT',
  'MERCHANT_REJECT',
  'NAME_NOT_CORRECT',
  'OPENID_INVALID',
  'OTHER_FAIL_REASON_TYPE',
  'OVERDUE_CLOSE',
  'PAYEE_ACCOUNT_ABNORMAL',
  'PAYER_ACCOUNT_ABNORMAL',
  'PRODUCT_AUTH_CHECK_FAIL',
  'REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED',
  'REAL_NAME_CHECK_FAIL',
  'TRANSFER_QUOTA_EXCEED',
  'TRANSFER_RISK',
] as const

const PENDING = { confirm: 'SUCCESS', fail: 'FAIL', cancel: 'CANCELING' } as const
const OVERDUE = { after: DAY, by: 'fail', reason: 'OVERDUE_CLOSE' } as const
const FAILURES: Readonly<Record<string, 'fail' | 'try'>> = {
  ...Object.fromEntries(TRANSFER_FAILURES.map(reason => [reason, 'fail' as const])),
  // The result is not clear: the user may try again.
  TRANSFERING: 'try',
}
const ARRIVAL = { succeed: 'confirm', fail: FAILURES } as const

export class Transfers extends Product<TransferState, TransferEvent, TransferRequest> {
  readonly #accounts: Accounts
  readonly #authorizations: Authorizations

  constructor(book: Book, accounts: Accounts, payers: Payers, authorizations: Authorizations) {
    super(book, 'transfers', {
      first: 'ACCEPTED',
      moves: {
        ACCEPTED: { ...PENDING, ask: 'WAIT_USER_CONFIRM', process: 'PROCESSING' },
        PROCESSING: PENDING,
        WAIT_USER_CONFIRM: { ...PENDING, try: 'TRANSFERING' },
        TRANSFERING: { ...PENDING, try: 'TRANSFERING' },
        CANCELING: { cancel: 'CANCELING', cancelled: 'CANCELLED' },
        CANCELLED: { cancel: 'CANCELLED' },
        SUCCESS: {},
        FAIL: {},
      },
      ends: {
        ACCEPTED: { after: SOON, by: 'process' },
        PROCESSING: { after: MINUTE, by: 'confirm' },
        WAIT_USER_CONFIRM: OVERDUE,
        TRANSFERING: OVERDUE,
        CANCELING: { after: SOON, by: 'cancelled', reason: 'MCH_CANCEL' },
      },
      acts: { confirm: ARRIVAL, settle: ARRIVAL },
      id: { prefix: '1330', digits: 14 },
      ...refusals('NOT_FOUND', 'ALREADY_EXISTS'),
      happened: (row, event) => {
        const { notify_url, authorization_info } = row.request
        if (event === 'fail' || event === 'cancelled') this.#post(row, row.request.transfer_amount, row.updated)
        if (event === 'confirm') payers.receive(this.#payeeOf(row), row.request.transfer_amount)
        if (event === 'confirm' && authorization_info) {
          authorizations.confirm(row.mchid, authorization_info.out_authorization_no, row.updated)
        }
        if (notify_url === undefined || !['SUCCESS', 'FAIL', 'CANCELLED'].includes(row.state) || event === 'cancel')
          return
        const { user_name: _, ...resource } = this.describe(row)
        book.announce({
          event_type: `MCHTRANSFER.${isToQq(row) ? 'QQWALLETBILL' : 'BILL'}.FINISHED`,
          notify_url,
          summary: '商家转账单据终态通知',
          resource,
        })
      },
    })
    this.#accounts = accounts
    this.#authorizations = authorizations
  }

  /**
   * Repeating the same request returns the same transfer.
   *
   * @throws ApiError 400 `ALREADY_EXISTS` when a request reuses an `out_bill_no` with different fields, 403 `NOT_ENOUGH`
   *   when the merchant has less, 400 `INVALID_REQUEST` for an authorisation that is not in effect.
   */
  transfer(mchid: string, request: TransferRequest, now: EpochMilliseconds): Transfer {
    const { out_bill_no: no, appid, openid, transfer_scene_id, authorization_info } = request
    const row = this.place(mchid, no, request, now, id => {
      const number = authorizationOf(request)
      if (number !== undefined) this.#authorizations.requireEffect(mchid, number)
      this.#post({ mchid, id, no, request }, -request.transfer_amount, now)
      if (!authorization_info) return
      const { authorization_notify_url: notify_url, ...info } = authorization_info
      this.#authorizations.apply(mchid, { ...info, appid, openid, transfer_scene_id, notify_url }, now)
    })
    const isAsked = row.state === 'ACCEPTED' && authorizationOf(request) === undefined && !isToQq(row)
    return isAsked ? this.move(row, 'ask', now) : row
  }

  /** Pays at once, as APIv2 does. @throws as `transfer`. */
  payNow(mchid: string, request: TransferRequest, now: EpochMilliseconds): Transfer {
    const row = this.place(mchid, request.out_bill_no, request, now, id => {
      this.#post({ mchid, id, no: request.out_bill_no, request }, -request.transfer_amount, now)
    })
    return row.state === 'ACCEPTED' ? this.move(row, 'confirm', now) : row
  }

  /**
   * Finds a transfer that can still be queried. @throws ApiError 404 `NOT_FOUND`, also after 30 days and for a
   * different payer.
   */
  recent(mchid: string, number: string, payer: string | undefined, now: EpochMilliseconds): Transfer {
    const row = this.find(mchid, number)
    if (now - row.created > 30 * DAY || (payer !== undefined && payer !== row.request.sub_mchid)) throw notFound()
    return row
  }

  /** The fields of a transfer, as in a query and in the notification. */
  describe(row: Transfer) {
    const { mchid, request, id, created, updated, state, reason } = row
    const { authorization_info: _, notify_url: __, ...known } = request
    return {
      ...known,
      mch_id: mchid,
      mchid,
      transfer_bill_no: id,
      state,
      openid: this.#payeeOf(row),
      ...(reason !== undefined && (state === 'FAIL' || state === 'CANCELLED') && { fail_reason: reason }),
      ...(state === 'WAIT_USER_CONFIRM' && { package_info: Buffer.from(id).toString('base64') }),
      create_time: beijingTime(created),
      update_time: beijingTime(updated),
    }
  }

  #payeeOf({ mchid, request }: Pick<Transfer, 'mchid' | 'request'>): string {
    const number = authorizationOf(request)
    return request.openid ?? (number && this.#authorizations.find(mchid, number).request.openid) ?? ''
  }

  #post(row: Pick<Transfer, 'mchid' | 'id' | 'no' | 'request'>, amount: number, at: EpochMilliseconds): void {
    const { mchid, id, no, request } = row
    const business = amount < 0 ? '商家转账' : '商家转账退回'
    this.#accounts.post({ mchid: request.sub_mchid ?? mchid, account: 'OPERATION', at, amount, business, id, no })
  }
}

function authorizationOf({ authorization_id, out_authorization_no }: TransferRequest): string | undefined {
  return authorization_id ?? out_authorization_no
}

// A QQ number or the openid of a QQ app: such a transfer needs no confirmation in WeChat.
function isToQq({ request }: Pick<Transfer, 'request'>): boolean {
  return request.transfer_scene_id === '1401'
}

function notFound() {
  return problem(404, 'NOT_FOUND', '记录不存在')
}
