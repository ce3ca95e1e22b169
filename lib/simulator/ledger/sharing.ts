/** Profit sharing: what is shared of a paid order with its receivers, and what comes back. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { isPaid, type PaidOrder, payeeOf } from './order.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { keyOf, MINUTE, Product, type Row } from './product.js'

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
  unfreeze_unsplit: boolean
  notify_url?: string | undefined
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
export type SharingReturn = Row<'PROCESSING' | 'SUCCESS' | 'FAILED', ReturnRequest>

/** Whom the merchant shares with. */
interface Relation {
  readonly type: string
}

export class ProfitSharing {
  readonly #orders: Orders
  readonly #accounts: Accounts
  readonly #relations: Map<string, Relation>
  readonly #results: Map<string, { reason: string }>
  readonly shares: Product<'PROCESSING' | 'FINISHED', 'finish', SharingRequest>
  readonly returns: Product<'PROCESSING' | 'SUCCESS' | 'FAILED', 'succeed' | 'fail', ReturnRequest>

  constructor(book: Book, orders: Orders, accounts: Accounts) {
    this.#orders = orders
    this.#accounts = accounts
    this.#relations = book.table('sharing.relations')
    this.#results = book.table('sharing.results')
    this.shares = new Product<'PROCESSING' | 'FINISHED', 'finish', SharingRequest>(book, 'sharing', {
      first: 'PROCESSING',
      moves: { PROCESSING: { finish: 'FINISHED' }, FINISHED: {} },
      ends: { PROCESSING: { after: MINUTE, by: 'finish' } },
      acts: { settle: { succeed: 'finish', fail: 'finish' } },
      id: { prefix: '3008', digits: 14 },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '分账单不存在'),
      reused: () => problem(400, 'INVALID_REQUEST', '商户分账单号重复，且请求参数与之前不一致'),
      refused: () => problem(400, 'INVALID_REQUEST', '分账单已处理完成'),
      happened: row => this.#pay(row, book),
    })
    this.returns = new Product<'PROCESSING' | 'SUCCESS' | 'FAILED', 'succeed' | 'fail', ReturnRequest>(
      book,
      'sharing.returns',
      {
        first: 'PROCESSING',
        moves: { PROCESSING: { succeed: 'SUCCESS', fail: 'FAILED' }, SUCCESS: {}, FAILED: {} },
        ends: { PROCESSING: { after: MINUTE, by: 'succeed' } },
        acts: { settle: { succeed: 'succeed', fail: 'fail' } },
        id: { prefix: '3009', digits: 14 },
        unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '回退单不存在'),
        reused: () => problem(400, 'INVALID_REQUEST', '商户回退单号重复，且请求参数与之前不一致'),
        refused: () => problem(400, 'INVALID_REQUEST', '回退单已处理完成'),
        happened: (row, event) => event === 'succeed' && this.#takeBack(row),
      },
    )
  }

  relate(mchid: string, { type, account }: Pick<ReceiverRequest, 'type' | 'account'>): void {
    this.#relations.set(keyOf(mchid, account), { type })
  }

  unrelate(mchid: string, { account }: Pick<ReceiverRequest, 'account'>): void {
    this.#relations.delete(keyOf(mchid, account))
  }

  /**
   * Repeating the same request returns the same order.
   *
   * @throws ApiError 400 `INVALID_REQUEST` for an order without profit sharing, or with a number that is in use, 403
   *   `NOT_ENOUGH` for more than is left of it, 404 `RESOURCE_NOT_EXISTS` for an unknown one.
   */
  share(mchid: string, request: SharingRequest, now: EpochMilliseconds): Sharing {
    return this.shares.place(mchid, request.out_order_no, request, now, () => {
      const order = this.#orderOf(mchid, request.transaction_id)
      if (order.isUnfrozen) throw problem(400, 'INVALID_REQUEST', '非分账订单，或剩余金额已解冻')
      const amount = totalOf(request)
      if (amount > unsplitOf(order)) throw problem(403, 'NOT_ENOUGH', '分账金额大于订单剩余可分金额')
      order.shared += amount
      if (request.unfreeze_unsplit) order.isUnfrozen = true
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
      const share = this.shares.find(mchid, request.order_id ?? request.out_order_no ?? '')
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

  /** The order of profit sharing that is returned from. */
  shareOf({ mchid, request }: SharingReturn): Sharing {
    return this.shares.find(mchid, request.order_id ?? request.out_order_no ?? '')
  }

  /** Fen that can still be shared. */
  unsplit(mchid: string, transactionId: string): number {
    return unsplitOf(this.#orderOf(mchid, transactionId))
  }

  /** What has become of each receiver's part. */
  resultsOf(share: Sharing) {
    return (share.request.receivers ?? []).map((receiver, index) => {
      const reason = this.#results.get(detailKey(share, index))?.reason
      if (share.state === 'PROCESSING') return { receiver, result: 'PENDING', reason: undefined }
      return { receiver, result: reason === undefined ? 'SUCCESS' : 'CLOSED', reason }
    })
  }

  #orderOf(mchid: string, transactionId: string): PaidOrder {
    const order = this.#orders.findByTransactionId(mchid, transactionId)
    if (!order || !isPaid(order)) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
    return order
  }

  // Whoever is no receiver of the merchant, or fails on purpose, gets nothing: that money can be shared again.
  #pay(share: Sharing, book: Book): void {
    const order = this.#orderOf(share.mchid, share.request.transaction_id)
    const payer = payeeOf(order)
    const common = { at: share.updated, business: '分账', id: share.id, no: share.no }
    share.request.receivers?.forEach((receiver, index) => {
      const { type, account, amount } = receiver
      const isKnown = this.#relations.has(keyOf(share.mchid, account))
      const isPoor = this.#accounts.balance(payer) < amount
      const reason = share.reason ?? (isKnown ? (isPoor ? 'PAYER_ACCOUNT_ABNORMAL' : undefined) : 'NO_RELATION')
      if (reason !== undefined) {
        this.#results.set(detailKey(share, index), { reason })
        order.shared -= amount
        return
      }
      this.#accounts.post({ ...common, mchid: payer, amount: -amount })
      if (type === 'MERCHANT_ID') this.#accounts.post({ ...common, mchid: account, amount })
      announceShare(book, share, order, receiver)
    })
  }

  #takeBack(row: SharingReturn): void {
    const { return_mchid, amount } = row.request
    if (this.#accounts.balance(return_mchid) < amount) {
      row.state = 'FAILED'
      row.reason = 'BALANCE_NOT_ENOUGH'
      return
    }
    const order = this.#orderOf(row.mchid, this.shareOf(row).request.transaction_id)
    const common = { at: row.updated, business: '分账回退', id: row.id, no: row.no }
    this.#accounts.post({ ...common, mchid: return_mchid, amount: -amount })
    this.#accounts.post({ ...common, mchid: payeeOf(order), amount })
    order.shared -= amount
  }
}

function unsplitOf({ isUnfrozen, request, refunded, shared }: PaidOrder): number {
  return isUnfrozen ? 0 : request.amount.total - refunded - shared
}

function totalOf({ receivers = [] }: SharingRequest): number {
  return receivers.reduce((sum, { amount }) => sum + amount, 0)
}

function detailKey({ mchid, no }: Sharing, index: number): string {
  return JSON.stringify([mchid, no, index])
}

function announceShare(book: Book, share: Sharing, order: PaidOrder, receiver: ReceiverRequest): void {
  const { notify_url, transaction_id } = share.request
  if (notify_url === undefined) return
  const { mchid } = share
  const { sub_mchid } = order.request
  const { type, account, amount, description } = receiver
  book.announce({
    event_type: 'PROFITSHARING.SUCCESS',
    notify_url,
    summary: '分账成功',
    resource: {
      ...(sub_mchid === undefined ? { mchid } : { sp_mchid: mchid, sub_mchid }),
      transaction_id,
      order_id: share.id,
      out_order_no: share.no,
      receiver: { type, account, amount, description },
      success_time: beijingTime(share.updated),
    },
  })
}
