/** Withdrawals: money from the account of a platform or of one of its sub-merchants to a bank. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { type Accounts, type AccountType, dayOf } from './accounts.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { DAY, Product, type Row, refusals } from './product.js'

type WithdrawalState = 'INIT' | 'CREATE_SUCCESS' | 'SUCCESS' | 'FAIL' | 'REFUND' | 'CLOSE'
type WithdrawalEvent = 'send' | 'succeed' | 'fail' | 'refund' | 'close'

export interface WithdrawalRequest {
  /** Without it, the platform withdraws its own money. */
  sub_mchid?: string | undefined
  out_request_no: string
  /** Fen. */
  amount: number
  account_type?: AccountType | undefined
  remark?: string | undefined
  bank_memo?: string | undefined
  notify_url?: string | undefined
  /** Whether it withdraws the sub-merchant's balance at the end of the day before. */
  isOfDayEnd?: boolean | undefined
}

export interface DayEndRequest extends Omit<WithdrawalRequest, 'amount' | 'account_type' | 'isOfDayEnd'> {
  sub_mchid: string
  /** What happens if less is left now: it is refused, or withdraws less. */
  calculate_amount_type: string
  /** Fen that stay in the account. */
  reserve_amount?: number | undefined
}

export type Withdrawal = Row<WithdrawalState, WithdrawalRequest>

export class Withdrawals extends Product<WithdrawalState, WithdrawalEvent, WithdrawalRequest> {
  readonly #accounts: Accounts

  constructor(book: Book, accounts: Accounts) {
    super(book, 'withdrawals', {
      first: 'INIT',
      moves: {
        // If the account has too little, the withdrawal waits to be sent again.
        INIT: { send: 'CREATE_SUCCESS', close: 'CLOSE' },
        CREATE_SUCCESS: { succeed: 'SUCCESS', fail: 'FAIL', refund: 'REFUND' },
        // The bank may still return it.
        SUCCESS: { refund: 'REFUND' },
        FAIL: {},
        REFUND: {},
        CLOSE: {},
      },
      ends: { INIT: { after: 6 * DAY, by: 'close' }, CREATE_SUCCESS: { after: DAY, by: 'succeed' } },
      acts: { settle: { succeed: 'succeed', fail: { FAIL: 'fail', REFUND: 'refund' } } },
      alias: ({ request }) => request.out_request_no,
      id: { prefix: '1232', digits: 14 },
      ...refusals('ORDER_NOT_EXIST'),
      refused: () => problem(400, 'INVALID_REQUEST', '当前请求已经超过有效期'),
      happened: (row, event) => {
        if (event === 'send') this.#post(row, -row.request.amount)
        if (event === 'fail' || event === 'refund') this.#post(row, row.request.amount)
        const { notify_url } = row.request
        if (notify_url === undefined || event === 'send') return
        book.announce({
          event_type: 'MCHWITHDRAW.CHANGE',
          notify_url,
          recipient: row.mchid,
          summary: '商户提现状态变更通知',
          resource: row.request.isOfDayEnd ? describeDayEnd(row) : describeWithdrawal(row),
        })
      },
    })
    this.#accounts = accounts
  }

  /**
   * Repeating the same request returns the same withdrawal, and sends it if it could not be sent before.
   *
   * @throws ApiError 400 `INVALID_REQUEST` when a request reuses an `out_request_no` with different fields, and for one
   *   that could not be sent for six days, 403 `NOT_ENOUGH` when less is available.
   */
  withdraw(mchid: string, request: WithdrawalRequest, now: EpochMilliseconds): Withdrawal {
    const { sub_mchid, out_request_no, account_type, amount } = request
    const row = this.place(mchid, numberOf(out_request_no, sub_mchid), request, now)
    if (row.state !== 'INIT' && row.state !== 'CLOSE') return row
    if (this.#accounts.available(sub_mchid ?? mchid, account_type ?? 'BASIC', now) < amount) throw tooLittle()
    return this.move(row, 'send', now)
  }

  /**
   * Withdraws the sub-merchant's balance at the end of the day before. Repeating the number returns the same
   * withdrawal.
   *
   * @throws ApiError 403 `NOT_ENOUGH` when nothing is left to withdraw, and as {@link withdraw}.
   */
  withdrawDayEnd(mchid: string, request: DayEndRequest, now: EpochMilliseconds): Withdrawal {
    const { calculate_amount_type, reserve_amount = 0, ...sent } = request
    const known = this.seek(mchid, numberOf(sent.out_request_no, sent.sub_mchid))
    if (known) return this.withdraw(mchid, known.request, now)
    const atEnd = this.#accounts.balanceAfter(sent.sub_mchid, 'BASIC', dayOf(now - DAY))
    const isLess = calculate_amount_type === 'ALLOW_CURRENT_BALANCE'
    const left = isLess ? Math.min(atEnd, this.#accounts.available(sent.sub_mchid, 'BASIC', now)) : atEnd
    const amount = left - reserve_amount
    if (amount <= 0) throw tooLittle()
    return this.withdraw(mchid, { ...sent, amount, account_type: 'BASIC', isOfDayEnd: true }, now)
  }

  /** @throws ApiError 404 `ORDER_NOT_EXIST`. */
  findBy(mchid: string, outRequestNo: string, subMchid?: string): Withdrawal {
    return this.find(mchid, numberOf(outRequestNo, subMchid))
  }

  #post({ mchid, id, request, updated }: Withdrawal, amount: number): void {
    const { sub_mchid, account_type: account, out_request_no: no } = request
    const business = amount < 0 ? '提现' : '提现退回'
    this.#accounts.post({
      mchid: sub_mchid ?? mchid,
      ...(account && { account }),
      at: updated,
      amount,
      business,
      id,
      no,
    })
  }
}

/** The fields of a withdrawal, as in a query and in the notification. */
export function describeWithdrawal({ mchid, id, state, request, reason, created, updated }: Withdrawal) {
  const { sub_mchid, out_request_no, amount, remark, bank_memo, account_type = 'BASIC' } = request
  return {
    ...(sub_mchid && { sub_mchid, sp_mchid: mchid }),
    status: state,
    withdraw_id: id,
    out_request_no,
    amount,
    create_time: beijingTime(created),
    update_time: beijingTime(updated),
    ...(reason !== undefined && { reason: '卡号错误' }),
    ...(remark && { remark }),
    ...(bank_memo && { bank_memo }),
    account_type,
    account_number: '1178',
    account_bank: '招商银行',
  }
}

const DAY_END_STATES = {
  INIT: 'CREATED',
  CREATE_SUCCESS: 'PROCESSING',
  SUCCESS: 'FINISHED',
  FAIL: 'ABNORMAL',
  REFUND: 'ABNORMAL',
  CLOSE: 'ABNORMAL',
} as const

/** The fields of a withdrawal by the balance at the end of a day, as in a query and in the notification. */
export function describeDayEnd(row: Withdrawal) {
  const { amount, status, ...common } = describeWithdrawal(row)
  return {
    ...common,
    status: DAY_END_STATES[status],
    total_amount: amount,
    success_amount: status === 'SUCCESS' ? amount : 0,
    fail_amount: status === 'FAIL' || status === 'CLOSE' ? amount : 0,
    refund_amount: status === 'REFUND' ? amount : 0,
  }
}

function tooLittle() {
  return problem(403, 'NOT_ENOUGH', '可用余额不足，请充值后重新发起')
}

/** The number of a withdrawal is unique for each sub-merchant. */
function numberOf(outRequestNo: string, subMchid?: string): string {
  return subMchid === undefined ? outRequestNo : `${subMchid}/${outRequestNo}`
}
