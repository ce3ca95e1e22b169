/** Transfers of APIv2 to bank cards, which cost a fee. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { DAY, Product, type Row, refusals } from './product.js'

type BankState = 'PROCESSING' | 'SUCCESS' | 'FAILED' | 'BANK_FAIL'
type BankEvent = 'arrive' | 'fail' | 'return'

/** The fields of the request that are the same when it is repeated. */
interface BankRequest {
  /** Fen. */
  readonly amount: number
  readonly bank_code: string
  readonly desc: string
  /** Data that only the merchant and the bank know. */
  readonly bank_no_md5: string
  readonly true_name_md5: string
}

export type BankTransfer = Row<BankState, BankRequest>

export class BankTransfers extends Product<BankState, BankEvent, BankRequest> {
  readonly #accounts: Accounts

  constructor(book: Book, accounts: Accounts) {
    super(book, 'bank-transfers', {
      first: 'PROCESSING',
      moves: {
        PROCESSING: { arrive: 'SUCCESS', fail: 'FAILED', return: 'BANK_FAIL' },
        // The bank may return the money after it has arrived.
        SUCCESS: { return: 'BANK_FAIL' },
        FAILED: {},
        BANK_FAIL: {},
      },
      ends: { PROCESSING: { after: DAY, by: 'arrive' } },
      acts: { settle: { succeed: 'arrive', fail: { FAILED: 'fail', BANK_FAIL: 'return' } } },
      id: { prefix: '1000', digits: 17 },
      ...refusals(),
      reused: () => problem(400, 'ORDERNUMBER_EXIST', '商户订单号已存在，且请求参数不一致'),
      happened: (row, event) => event !== 'arrive' && this.#post(row, costOf(row), row.updated),
    })
    this.#accounts = accounts
  }

  /** @throws ApiError `NOT_ENOUGH` when the merchant has less than the amount and the fee. */
  transfer(mchid: string, no: string, request: BankRequest, now: EpochMilliseconds): BankTransfer {
    return this.place(mchid, no, request, now, id => this.#post({ mchid, id, no }, -costOf({ request }), now))
  }

  #post({ mchid, id, no }: Pick<BankTransfer, 'mchid' | 'id' | 'no'>, amount: number, at: EpochMilliseconds): void {
    const business = amount < 0 ? '付款到银行卡' : '付款到银行卡退回'
    this.#accounts.post({ mchid, account: 'OPERATION', at, amount, business, id, no })
  }
}

/** Fen: a thousandth, at least one yuan and at most 25. */
export function feeOf({ request }: Pick<BankTransfer, 'request'>): number {
  return Math.min(Math.max(Math.ceil(request.amount / 1000), 100), 2500)
}

function costOf(row: Pick<BankTransfer, 'request'>): number {
  return row.request.amount + feeOf(row)
}
