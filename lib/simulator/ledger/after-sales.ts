/**
 * Fees for after-sales services: a platform receives them from its sub-merchant when an order is refunded or changed.
 */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import { isPaid, payeeOf } from './order.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { Product, type Row, refusals } from './product.js'
import type { Refunds } from './refunds.js'
import { type ProcessedState, processedInAMinute } from './sharing-rules.js'

export interface FeeRequest {
  sub_mchid: string
  /** An order has one such fee. */
  transaction_id: string
  amount: number
  scene: string
  refund_id?: string | undefined
}

export type Fee = Row<ProcessedState, FeeRequest>

export class AfterSalesFees extends Product<ProcessedState, 'succeed' | 'fail', FeeRequest> {
  readonly #orders: Orders
  readonly #refunds: Refunds

  constructor(book: Book, orders: Orders, refunds: Refunds, accounts: Accounts) {
    super(book, 'sharing.fees', {
      ...processedInAMinute(['ACCOUNT_ABNORMAL', 'NO_RELATION', 'RECEIVER_HIGH_RISK']),
      id: { prefix: '3011', digits: 14 },
      ...refusals(),
      happened: (row, event) => {
        const { sub_mchid, amount } = row.request
        if (event === 'fail') return
        if (accounts.available(sub_mchid, 'BASIC', row.updated) < amount) {
          row.state = 'FAILED'
          row.reason = 'ACCOUNT_ABNORMAL'
          return
        }
        const common = { at: row.updated, business: '售后服务分账', id: row.id, no: row.no }
        accounts.post({ ...common, mchid: sub_mchid, amount: -amount })
        accounts.post({ ...common, mchid: row.mchid, amount })
      },
    })
    this.#orders = orders
    this.#refunds = refunds
  }

  /**
   * Repeating the same request returns the same fee.
   *
   * @throws ApiError 404 `RESOURCE_NOT_EXISTS` for an unknown order or refund, 400 `INVALID_REQUEST` for one of a different
   *   sub-merchant, and for more than the order.
   */
  charge(mchid: string, request: FeeRequest, now: EpochMilliseconds): Fee {
    const { transaction_id, sub_mchid, amount, refund_id } = request
    return this.place(mchid, transaction_id, request, now, () => {
      const order = this.#orders.findByTransactionId(mchid, transaction_id)
      if (!order || !isPaid(order)) throw problem(404, 'RESOURCE_NOT_EXISTS', '订单不存在')
      const isOf = payeeOf(order) === sub_mchid && (!refund_id || this.#refunds.find(mchid, refund_id).order === order)
      if (!isOf) throw problem(400, 'INVALID_REQUEST', '请求参数与订单信息不一致')
      if (amount > order.request.amount.total) throw problem(400, 'INVALID_REQUEST', '分账金额大于订单金额')
    })
  }
}

export function describeFee({ no, state, reason, request, updated }: Fee): object {
  return {
    sub_mchid: request.sub_mchid,
    transaction_id: no,
    amount: request.amount,
    result: state,
    ...(reason !== undefined && { fail_reason: reason }),
    ...(state !== 'PROCESSING' && { finish_time: beijingTime(updated) }),
  }
}
