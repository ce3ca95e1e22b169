/** The accounts of merchants, each with a balance in every currency, and every movement of money in them. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import { YUAN } from './order.js'
import { problem } from './problem.js'
import { keyOf } from './product.js'

export const ACCOUNT_TYPES = ['BASIC', 'OPERATION', 'FEES'] as const
export type AccountType = (typeof ACCOUNT_TYPES)[number]

export interface Movement {
  readonly mchid: string
  readonly account: AccountType
  readonly at: EpochMilliseconds
  /** Default: CNY. */
  readonly currency?: string | undefined
  /** Fen, or minor units of the currency; negative for money that leaves the account. */
  readonly amount: number
  /** What the account holds of this currency afterwards. */
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
  #frozen: (mchid: string, now: EpochMilliseconds, currency: string) => number = () => 0

  constructor(book: Book) {
    this.#balances = book.table('balances')
    this.#movements = book.table('movements')
  }

  /** Sets the balance of an account in yuan without a movement. */
  open(mchid: string, account: AccountType, fen: number): void {
    this.#balances.set(keyOf(mchid, account), { fen })
  }

  /** Sets the initial balances, in yuan, of one of the simulator's own merchants. */
  openAll(mchid: string, balances: Partial<Readonly<Record<AccountType, number>>> = {}): void {
    const { BASIC = OPENING_BALANCE, OPERATION = OPENING_BALANCE, FEES = 0 } = balances
    const initial = { BASIC, OPERATION, FEES }
    for (const account of ACCOUNT_TYPES) this.open(mchid, account, initial[account])
  }

  /** Fen, or minor units of the currency. */
  balance(mchid: string, account: AccountType = 'BASIC', currency = YUAN): number {
    return this.#balances.get(balanceKey(mchid, account, currency))?.fen ?? 0
  }

  /** `frozen` returns how many fen, or minor units of the currency, in its basic account a merchant cannot use. */
  freezeBy(frozen: (mchid: string, now: EpochMilliseconds, currency: string) => number): void {
    this.#frozen = frozen
  }

  /** Fen, or minor units of the currency, that the merchant can use. */
  available(mchid: string, account: AccountType, now: EpochMilliseconds, currency = YUAN): number {
    return this.balance(mchid, account, currency) - (account === 'BASIC' ? this.#frozen(mchid, now, currency) : 0)
  }

  /** Fen that the account held at the end of a day in Beijing, `YYYYMMDD`. */
  balanceAfter(mchid: string, account: AccountType, date: string): number {
    const later = this.#inYuan(mchid, account).find(({ at }) => dayOf(at) > date)
    return later ? later.balance - later.amount : this.balance(mchid, account)
  }

  /**
   * `held` is the part of the frozen money that may leave the account.
   *
   * @throws ApiError 403 `NOT_ENOUGH` when less is available than leaves the account.
   */
  post({ account = 'BASIC', held = 0, ...entry }: Posting): void {
    const { mchid, amount, at, currency = YUAN } = entry
    const balance = this.balance(mchid, account, currency) + amount
    // The held part is often enough; then the frozen money need not be counted.
    const isMore = held + amount < 0 && this.available(mchid, account, at, currency) + held + amount < 0
    if (balance < 0 || isMore) throw problem(403, 'NOT_ENOUGH', '商户账户余额不足，请充值后重试')
    this.#balances.set(balanceKey(mchid, account, currency), { fen: balance })
    this.#movements.set(String(this.#movements.size + 1), { ...entry, account, balance })
  }

  /** The movements in yuan of a day in Beijing, `YYYYMMDD`, in their order. */
  movementsOn(mchid: string, account: AccountType, date: string): Movement[] {
    return this.#inYuan(mchid, account).filter(({ at }) => dayOf(at) === date)
  }

  #inYuan(mchid: string, account: AccountType): Movement[] {
    return [...this.#movements.values()].filter(
      movement => movement.mchid === mchid && movement.account === account && (movement.currency ?? YUAN) === YUAN,
    )
  }
}

function balanceKey(mchid: string, account: AccountType, currency: string): string {
  return keyOf(mchid, currency === YUAN ? account : `${account}/${currency}`)
}

/** `YYYYMMDD` in Beijing. */
export function dayOf(time: EpochMilliseconds): string {
  return beijingTime(time).slice(0, 10).replaceAll('-', '')
}
