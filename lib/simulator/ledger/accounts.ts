/** The accounts of merchants, and every movement of money in them. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { problem } from './problem.js'
import { keyOf } from './product.js'

export const ACCOUNT_TYPES = ['BASIC', 'OPERATION', 'FEES'] as const
export type AccountType = (typeof ACCOUNT_TYPES)[number]

export interface Movement {
  readonly mchid: string
  readonly account: AccountType
  readonly at: EpochMilliseconds
  /** Fen; negative for money that leaves the account. */
  readonly amount: number
  /** Fen that the account holds afterwards. */
  readonly balance: number
  /** The kind of movement, such as `交易` or `退款`. */
  readonly business: string
  /** WeChat Pay's number of the payment, refund or transfer. */
  readonly id: string
  /** The merchant's number for it. */
  readonly no: string
}

type Posting = Omit<Movement, 'balance' | 'account'> & { account?: AccountType; held?: number }

/** The default initial balance in fen of the simulator's own merchants: one million yuan. */
export const OPENING_BALANCE = 100_000_000

export class Accounts {
  readonly #balances: Map<string, { fen: number }>
  readonly #movements: Map<string, Movement>
  #frozen: (mchid: string, now: EpochMilliseconds) => number = () => 0

  constructor(book: Book) {
    this.#balances = book.table('balances')
    this.#movements = book.table('movements')
  }

  /** Sets the balance of an account without a movement. */
  open(mchid: string, account: AccountType, fen: number): void {
    this.#balances.set(keyOf(mchid, account), { fen })
  }

  /** Sets the initial balances of one of the simulator's own merchants. */
  openAll(mchid: string, balances: Partial<Readonly<Record<AccountType, number>>> = {}): void {
    const { BASIC = OPENING_BALANCE, OPERATION = OPENING_BALANCE, FEES = 0 } = balances
    for (const [account, fen] of Object.entries({ BASIC, OPERATION, FEES } satisfies Record<AccountType, number>)) {
      this.open(mchid, account as AccountType, fen)
    }
  }

  /** Fen. */
  balance(mchid: string, account: AccountType = 'BASIC'): number {
    return this.#balances.get(keyOf(mchid, account))?.fen ?? 0
  }

  /** `frozen` returns how many fen in its basic account a merchant cannot use. */
  freezeBy(frozen: (mchid: string, now: EpochMilliseconds) => number): void {
    this.#frozen = frozen
  }

  /** Fen that the merchant can use. */
  available(mchid: string, account: AccountType, now: EpochMilliseconds): number {
    return this.balance(mchid, account) - (account === 'BASIC' ? this.#frozen(mchid, now) : 0)
  }

  /** Fen that the account held at the end of a day in Beijing, `YYYYMMDD`. */
  balanceAfter(mchid: string, account: AccountType, date: string): number {
    const later = [...this.#movements.values()].find(
      movement => movement.mchid === mchid && movement.account === account && dayOf(movement.at) > date,
    )
    return later ? later.balance - later.amount : this.balance(mchid, account)
  }

  /**
   * `held` are frozen fen that may leave the account.
   *
   * @throws ApiError 403 `NOT_ENOUGH` when less is available than leaves the account.
   */
  post({ account = 'BASIC', held = 0, ...entry }: Posting): void {
    const { mchid, amount, at } = entry
    const balance = this.balance(mchid, account) + amount
    // The held part is often enough; then the frozen fen need not be counted.
    const isMore = held + amount < 0 && this.available(mchid, account, at) + held + amount < 0
    if (balance < 0 || isMore) throw problem(403, 'NOT_ENOUGH', '商户账户余额不足，请充值后重试')
    this.open(mchid, account, balance)
    this.#movements.set(String(this.#movements.size + 1), { ...entry, account, balance })
  }

  /** The movements of a day in Beijing, `YYYYMMDD`, in their order. */
  movementsOn(mchid: string, account: AccountType, date: string): Movement[] {
    return [...this.#movements.values()].filter(
      movement => movement.mchid === mchid && movement.account === account && dayOf(movement.at) === date,
    )
  }
}

/** `YYYYMMDD` in Beijing. */
export function dayOf(time: EpochMilliseconds): string {
  return beijingTime(time).slice(0, 10).replaceAll('-', '')
}
