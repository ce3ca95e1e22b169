/** Applications of partners for new sub-merchants, and the settlement accounts of sub-merchants. */

import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Book } from './book.js'
import type { Merchants } from './merchants.js'
import { keyOf, MINUTE, Product, type Row, refusals } from './product.js'
import { isSame } from './same.js'

type ApplymentState = 'CHECKING' | 'AUDITING' | 'REJECTED' | 'NEED_SIGN' | 'FINISH' | 'CANCELED'
type ApplymentEvent = 'check' | 'approve' | 'reject' | 'resubmit' | 'sign' | 'revoke'

/** The numbers of an application. That of the sub-merchant is shown once it is approved. */
interface Identity {
  readonly applyment_id: number
  readonly sub_mchid: string
}

/** A bank account. */
export interface BankAccount {
  account_type: string
  account_bank: string
  bank_name?: string | undefined
  bank_branch_id?: string | undefined
  account_number: string
  account_name?: string | undefined
}

type SettlementState = 'AUDITING' | 'AUDIT_SUCCESS' | 'AUDIT_FAIL'
export type Applyment = Row<ApplymentState, Identity>
export type Settlement = Row<SettlementState, BankAccount & { sub_mchid: string }>

const OPEN = { reject: 'REJECTED', revoke: 'CANCELED', approve: 'NEED_SIGN' } as const

export class Applyments extends Product<ApplymentState, ApplymentEvent, Identity> {
  readonly #book: Book
  readonly #contents: Map<string, { content: object }>
  readonly #accounts: Map<string, BankAccount>
  readonly settlements: Product<SettlementState, 'succeed' | 'fail', BankAccount & { sub_mchid: string }>

  constructor(book: Book, merchants: Merchants) {
    super(book, 'applyments', {
      first: 'CHECKING',
      moves: {
        CHECKING: { ...OPEN, check: 'AUDITING' },
        AUDITING: OPEN,
        REJECTED: { resubmit: 'CHECKING', revoke: 'CANCELED' },
        NEED_SIGN: { sign: 'FINISH', revoke: 'CANCELED' },
        FINISH: {},
        CANCELED: {},
      },
      ends: { CHECKING: { after: MINUTE, by: 'check' }, AUDITING: { after: MINUTE, by: 'approve' } },
      acts: { settle: { succeed: 'approve', fail: 'reject' }, confirm: { succeed: 'sign' } },
      alias: ({ request }) => String(request.applyment_id),
      id: { prefix: '2000', digits: 8 },
      ...refusals(),
      happened: ({ mchid, request }, event) => event === 'sign' && merchants.admit(mchid, request.sub_mchid),
    })
    this.#book = book
    this.#contents = book.table('applyments.contents')
    this.#accounts = book.table('applyments.accounts')
    this.settlements = new Product<SettlementState, 'succeed' | 'fail', BankAccount & { sub_mchid: string }>(
      book,
      'settlements',
      {
        first: 'AUDITING',
        moves: { AUDITING: { succeed: 'AUDIT_SUCCESS', fail: 'AUDIT_FAIL' }, AUDIT_SUCCESS: {}, AUDIT_FAIL: {} },
        ends: { AUDITING: { after: MINUTE, by: 'succeed' } },
        acts: { settle: { succeed: 'succeed', fail: 'fail' } },
        id: { prefix: '1023', digits: 8 },
        ...refusals(),
        happened: ({ mchid, request }, event) => {
          if (event === 'succeed') this.#accounts.set(keyOf(mchid, request.sub_mchid), request)
        },
      },
    )
  }

  /**
   * Repeating the same request returns the same application. One that was rejected can be changed.
   *
   * @throws ApiError 400 `INVALID_REQUEST` when a request reuses the number of one that was not rejected.
   */
  apply(mchid: string, no: string, content: object, account: BankAccount, now: EpochMilliseconds): Applyment {
    const key = keyOf(mchid, no)
    const known = this.seek(mchid, no)
    const isNew = !known || known.state === 'REJECTED'
    if (!isNew && !isSame(this.#contents.get(key)?.content, content)) throw refusals().reused()
    if (!isNew) return known
    const identity = known?.request ?? {
      applyment_id: Number(this.#book.shortNumber('2000002', 9)),
      sub_mchid: this.#book.shortNumber('16', 8),
    }
    this.#contents.set(key, { content })
    this.#accounts.set(keyOf(mchid, identity.sub_mchid), account)
    return known ? this.move(known, 'resubmit', now) : this.place(mchid, no, identity, now)
  }

  /** Changes the settlement account, after an audit. */
  changeAccount(mchid: string, sub_mchid: string, account: BankAccount, now: EpochMilliseconds): Settlement {
    return this.settlements.place(mchid, this.#book.shortNumber('1023', 8), { ...account, sub_mchid }, now)
  }

  /** Undefined for a sub-merchant without an application and without a changed account. */
  accountOf(mchid: string, subMchid: string): BankAccount | undefined {
    return this.#accounts.get(keyOf(mchid, subMchid))
  }
}
