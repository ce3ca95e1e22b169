/** Profit sharing: shares of a paid order for its receivers, and returns of them. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { FrozenFunds } from './frozen-funds.js'
import { currencyOf, isPaid, type PaidOrder, payeeOf } from './order.js'
import type { Orders } from './orders.js'
import type { Payments } from './payments.js'
import { problem } from './problem.js'
import { keyOf, MINUTE, Product, type Row, refusals } from './product.js'
import {
  isFrozen,
  MAX_RATIO,
  NOT_SHARED,
  type ProcessedState,
  processedInAMinute,
  RETURN_FAILURES,
  SHARING_FAILURES,
  unsplitOf,
} from './sharing-rules.js'

export interface ReceiverRequest {
  type: string
  account: string
  amount: number
  description: string
}

export interface SharingRequest {
  sub_mchid?: string | undefined
  transaction_id: string
  out_order_no: string
  receivers?: readonly ReceiverRequest[] | undefined
  /** Whether the rest of the order becomes the merchant's own. */
  unfreeze_unsplit: boolean
  notify_url?: string | undefined
  /** The owner of the receivers: a sub-merchant or a brand, otherwise the caller. */
  owner?: string | undefined
}

export interface ReturnRequest {
  sub_mchid?: string | undefined
  order_id?: string | undefined
  out_order_no?: string | undefined
  out_return_no: string
  return_mchid: string
  amount: number
  description: string
}

export type Sharing = Row<'PROCESSING' | 'FINISHED', SharingRequest>
export type SharingReturn = Row<ProcessedState, ReturnRequest>

export class ProfitSharing {
  readonly #book: Book
  readonly #orders: Orders
  readonly #accounts: Accounts
  readonly #relations: Map<string, { type: string }>
  readonly #results: Map<string, { reason: string }>
  /** Fen that an order of profit sharing has unfrozen, by its key. */
  readonly #unfrozen: Map<string, { amount: number }>
  readonly #frozen: FrozenFunds
  readonly shares: Product<'PROCESSING' | 'FINISHED', 'finish', SharingRequest>
  readonly returns: Product<ProcessedState, 'succeed' | 'fail', ReturnRequest>

  constructor(book: Book, orders: Orders, payments: Payments, accounts: Accounts) {
    this.#book = book
    this.#orders = orders
    this.#accounts = accounts
    this.#relations = book.table('sharing.relations')
    this.#results = book.table('sharing.results')
    this.#unfrozen = book.table('sharing.unfrozen')
    const frozen = new FrozenFunds(book, orders)
    this.#frozen = frozen
    accounts.freezeBy((mchid, now, currency) => frozen.of(mchid, now, currency))
    payments.onPaid(order => frozen.freeze(order))
    this.shares = new Product<'PROCESSING' | 'FINISHED', 'finish', SharingRequest>(book, 'sharing', {
      first: 'PROCESSING',
      moves: { PROCESSING: { finish: 'FINISHED' }, FINISHED: {} },
      ends: { PROCESSING: { after: MINUTE, by: 'finish' } },
      acts: {
        settle: {
          succeed: 'finish',
          fail: 'finish',
          reasons: SHARING_FAILURES,
        },
      },
      id: { prefix: '3008', digits: 14 },
      ...refusals(),
      happened: row => this.#pay(row),
    })
    this.returns = new Product<ProcessedState, 'succeed' | 'fail', ReturnRequest>(book, 'sharing.returns', {
      ...processedInAMinute(RETURN_FAILURES),
      id: { prefix: '3009', digits: 14 },
      ...refusals(),
      happened: (row, event) => event === 'succeed' && this.#takeBack(row),
    })
  }

  /** Adds a receiver. */
  relate(mchid: string, { type, account }: Pick<ReceiverRequest, 'type' | 'account'>, owner?: string): void {
    this.#relations.set(relationKey(mchid, owner, account), { type })
  }

  unrelate(mchid: string, { account }: Pick<ReceiverRequest, 'account'>, owner?: string): void {
    this.#relations.delete(relationKey(mchid, owner, account))
  }

  /**
   * Repeating the same request returns the same order.
   *
   * @throws ApiError 400 `INVALID_REQUEST` for an order without profit sharing, for an unknown receiver, for more than
   *   the maximum ratio, or with a number that is in use, 403 `NOT_ENOUGH` for more than is left of the order, 404
   *   `RESOURCE_NOT_EXISTS` for an unknown one.
   */
  share(mchid: string, request: SharingRequest, now: EpochMilliseconds): Sharing {
    return this.shares.place(mchid, request.out_order_no, request, now, () => {
      const { transaction_id, receivers = [], owner, unfreeze_unsplit } = request
      const order = this.#orderOf(mchid, transaction_id)
      if (!isFrozen(order, now)) throw problem(400, 'INVALID_REQUEST', NOT_SHARED)
      if (order.request.settle_info?.subsidy_amount && order.subsidy === undefined) {
        throw problem(400, 'INVALID_REQUEST', '订单待补差，请先补差或取消补差')
      }
      const payee = payeeOf(order)
      const others = receivers.filter(({ account }) => account !== payee)
      const amount = totalOf(receivers)
      if (amount > unsplitOf(order, now)) throw problem(403, 'NOT_ENOUGH', '分账金额不足')
      if (others.some(({ account }) => !this.#relations.has(relationKey(mchid, owner, account)))) {
        throw problem(400, 'INVALID_REQUEST', '分账接收方关系不存在，请检查参数中每个接收方的关系')
      }
      const shared = order.shared + totalOf(others)
      if (shared * 10_000 > order.request.amount.total * MAX_RATIO) {
        throw problem(400, 'INVALID_REQUEST', '分账金额超出最大分账比例')
      }
      this.#frozen.hold(keyOf(mchid, request.out_order_no), order, amount)
      order.shared = shared
      order.released = (order.released ?? 0) + amount - totalOf(others)
      if (!unfreeze_unsplit) return
      this.#unfrozen.set(keyOf(mchid, request.out_order_no), { amount: unsplitOf(order, now) })
      order.isUnfrozen = true
    })
  }

  /**
   * Repeating the same request returns the same return.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown order, 400 `INVALID_REQUEST` for more than was shared with
   *   the receiver, or with a number that is in use.
   */
  takeBack(mchid: string, request: ReturnRequest, now: EpochMilliseconds): SharingReturn {
    return this.returns.place(mchid, request.out_return_no, request, now, () => {
      const share = this.#shareOf(mchid, request)
      const received = this.resultsOf(share)
        .filter(({ result, receiver }) => result === 'SUCCESS' && receiver.account === request.return_mchid)
        .reduce((sum, { receiver }) => sum + receiver.amount, 0)
      const before = this.returns
        .of(mchid)
        .filter(row => row.state !== 'FAILED' && row.request.return_mchid === request.return_mchid)
        .filter(row => this.shareOf(row) === share)
        .reduce((sum, row) => sum + row.request.amount, 0)
      if (before + request.amount > received) throw problem(400, 'INVALID_REQUEST', '回退金额大于可回退金额')
    })
  }

  /** The order of profit sharing that a return belongs to. */
  shareOf({ mchid, request }: SharingReturn): Sharing {
    return this.#shareOf(mchid, request)
  }

  /** Fen that can still be shared. */
  unsplit(mchid: string, transactionId: string, now: EpochMilliseconds): number {
    return unsplitOf(this.#orderOf(mchid, transactionId), now)
  }

  /** The merchant whose money is shared. */
  payerOf({ mchid, request }: Sharing): string {
    return payeeOf(this.#orderOf(mchid, request.transaction_id))
  }

  /** Fen that it has unfrozen for the merchant; undefined if it has only shared. */
  unfrozenBy({ mchid, no }: Sharing): number | undefined {
    return this.#unfrozen.get(keyOf(mchid, no))?.amount
  }

  /** The result for each receiver. */
  resultsOf(share: Sharing) {
    return (share.request.receivers ?? []).map((receiver, index) => {
      const reason = this.#results.get(detailKey(share, index))?.reason
      if (share.state === 'PROCESSING') return { receiver, result: 'PENDING', reason: undefined }
      return { receiver, result: reason === undefined ? 'SUCCESS' : 'CLOSED', reason }
    })
  }

  // One of the two may be empty.
  #shareOf(mchid: string, { order_id, out_order_no }: ReturnRequest): Sharing {
    return this.shares.find(mchid, order_id || out_order_no || '')
  }

  #orderOf(mchid: string, transactionId: string): PaidOrder {
    const order = this.#orders.findByTransactionId(mchid, transactionId)
    if (!order || !isPaid(order)) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
    return order
  }

  // A receiver that was removed meanwhile, or that a test makes fail, gets nothing: that money can be shared again.
  #pay(share: Sharing): void {
    const { mchid, request } = share
    this.#frozen.release(keyOf(mchid, share.no))
    const order = this.#orderOf(mchid, request.transaction_id)
    const payer = payeeOf(order)
    const currency = currencyOf(order)
    const common = { at: share.updated, business: '分账', currency, id: share.id, no: share.no }
    request.receivers?.forEach((receiver, index) => {
      const { type, account, amount } = receiver
      const isOwn = account === payer
      const reason = share.reason ?? (isOwn ? undefined : this.#obstacle(share, order, receiver))
      if (reason !== undefined) {
        this.#results.set(detailKey(share, index), { reason })
        if (isOwn) order.released = (order.released ?? 0) - amount
        else order.shared -= amount
        return
      }
      if (!isOwn) {
        this.#accounts.post({ ...common, mchid: payer, amount: -amount, held: amount })
        if (type === 'MERCHANT_ID') this.#accounts.post({ ...common, mchid: account, amount })
      }
      this.#announce('SUCCESS', share, share, receiver)
    })
  }

  #obstacle({ mchid, request }: Sharing, order: PaidOrder, { account, amount }: ReceiverRequest): string | undefined {
    if (!this.#relations.has(relationKey(mchid, request.owner, account))) return 'NO_RELATION'
    return this.#accounts.balance(payeeOf(order), 'BASIC', currencyOf(order)) < amount
      ? 'PAYER_ACCOUNT_ABNORMAL'
      : undefined
  }

  #takeBack(row: SharingReturn): void {
    const { return_mchid, amount, description } = row.request
    const share = this.shareOf(row)
    const order = this.#orderOf(row.mchid, share.request.transaction_id)
    const currency = currencyOf(order)
    if (this.#accounts.available(return_mchid, 'BASIC', row.updated, currency) < amount) {
      row.state = 'FAILED'
      row.reason = 'BALANCE_NOT_ENOUGH'
      return
    }
    const common = { at: row.updated, business: '分账回退', currency, id: row.id, no: row.no }
    this.#accounts.post({ ...common, mchid: return_mchid, amount: -amount })
    this.#accounts.post({ ...common, mchid: payeeOf(order), amount })
    order.shared -= amount
    this.#announce('RETURN', share, row, { type: 'MERCHANT_ID', account: return_mchid, amount, description })
  }

  /** `row` is what moved the money: the share itself, or a return of it. */
  #announce(event: 'SUCCESS' | 'RETURN', share: Sharing, row: Sharing | SharingReturn, given: ReceiverRequest): void {
    const { notify_url, transaction_id } = share.request
    if (notify_url === undefined) return
    const { mchid } = share
    const { sub_mchid } = this.#orderOf(mchid, transaction_id).request
    const { type, account, amount, description } = given
    this.#book.announce({
      event_type: `PROFITSHARING.${event}`,
      notify_url,
      summary: event === 'SUCCESS' ? '分账成功' : '分账回退成功',
      resource: {
        ...(sub_mchid === undefined ? { mchid } : { sp_mchid: mchid, sub_mchid }),
        transaction_id,
        order_id: row.id,
        out_order_no: row.no,
        receiver: { type, account, amount, description },
        success_time: beijingTime(row.updated),
      },
    })
  }
}

function totalOf(receivers: readonly ReceiverRequest[] = []): number {
  return receivers.reduce((sum, { amount }) => sum + amount, 0)
}

function detailKey({ mchid, no }: Sharing, index: number): string {
  return JSON.stringify([mchid, no, index])
}

function relationKey(mchid: string, owner: string | undefined, account: string): string {
  return JSON.stringify([mchid, owner ?? '', account])
}
