/** Transfers to users. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import type { Payers } from './payers.js'
import { problem } from './problem.js'
import { DAY, Product, type Row } from './product.js'

export type TransferState = 'WAIT_USER_CONFIRM' | 'SUCCESS' | 'FAIL' | 'CANCELING' | 'CANCELLED'
type TransferEvent = 'confirm' | 'fail' | 'cancel' | 'cancelled'

/** The body of the request that created the transfer. */
export interface TransferRequest {
  appid: string
  out_bill_no: string
  openid?: string | undefined
  user_name?: string | undefined
  /** Fen. */
  transfer_amount: number
  transfer_remark: string
  transfer_scene_id: string
  notify_url?: string | undefined
}

export type Transfer = Row<TransferState, TransferRequest>

/** Milliseconds that WeChat Pay takes to cancel a transfer. */
const SOON = 1000

export class Transfers extends Product<TransferState, TransferEvent, TransferRequest> {
  readonly #accounts: Accounts

  constructor(book: Book, accounts: Accounts, payers: Payers) {
    super(book, 'transfers', {
      first: 'WAIT_USER_CONFIRM',
      moves: {
        WAIT_USER_CONFIRM: { confirm: 'SUCCESS', fail: 'FAIL', cancel: 'CANCELING' },
        CANCELING: { cancel: 'CANCELING', cancelled: 'CANCELLED' },
        CANCELLED: { cancel: 'CANCELLED' },
        SUCCESS: {},
        FAIL: {},
      },
      ends: {
        WAIT_USER_CONFIRM: { after: DAY, by: 'fail', reason: 'OVERDUE_CLOSE' },
        CANCELING: { after: SOON, by: 'cancelled', reason: 'MCH_CANCEL' },
      },
      acts: { confirm: { succeed: 'confirm', fail: 'fail', reasons: ['PAYEE_ACCOUNT_ABNORMAL', 'RECEIVE_LIMIT'] } },
      id: { prefix: '1330', digits: 18 },
      unknown: () => problem(404, 'NOT_FOUND', '记录不存在'),
      reused: () => problem(400, 'ALREADY_EXISTS', '商户单号已存在，且请求参数与之前不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '当前单据状态不支持该操作'),
      happened(row, event) {
        if (event === 'confirm') payers.receive(row.request.openid ?? '', row.request.transfer_amount)
        if (row.state === 'FAIL' || row.state === 'CANCELLED')
          post(accounts, row, row.request.transfer_amount, row.updated)
        const { notify_url } = row.request
        if (notify_url === undefined || row.state === 'CANCELING') return
        const { appid: _, transfer_remark: __, ...resource } = describeTransfer(row)
        book.announce({
          event_type: 'MCHTRANSFER.BILL.FINISHED',
          notify_url,
          summary: '商家转账单据终态通知',
          resource,
        })
      },
    })
    this.#accounts = accounts
  }

  /**
   * Repeating the same request returns the same transfer.
   *
   * @throws ApiError 400 `ALREADY_EXISTS` when a request reuses an `out_bill_no` with different fields, 403 `NOT_ENOUGH`
   *   when the merchant has less.
   */
  transfer(mchid: string, request: TransferRequest, now: EpochMilliseconds): Transfer {
    const no = request.out_bill_no
    return this.place(mchid, no, request, now, id =>
      post(this.#accounts, { mchid, id, no }, -request.transfer_amount, now),
    )
  }
}

/** The fields of a transfer, as in a query and in the notification. */
export function describeTransfer({ mchid, request, id, created, updated, state, reason }: Transfer) {
  return {
    mch_id: mchid,
    out_bill_no: request.out_bill_no,
    transfer_bill_no: id,
    appid: request.appid,
    state,
    transfer_amount: request.transfer_amount,
    transfer_remark: request.transfer_remark,
    openid: request.openid ?? '',
    ...(reason !== undefined && { fail_reason: reason }),
    create_time: beijingTime(created),
    update_time: beijingTime(updated),
  }
}

function post(
  accounts: Accounts,
  { mchid, id, no }: Pick<Transfer, 'mchid' | 'id' | 'no'>,
  amount: number,
  at: EpochMilliseconds,
): void {
  const business = amount < 0 ? '商家转账' : '商家转账退回'
  accounts.post({ mchid, account: 'OPERATION', at, amount, business, id, no })
}
