/** Payments between merchants for redeemed coupons, and their returns after refunds. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { Accounts } from './accounts.js'
import type { Book } from './book.js'
import type { MerchantCoupons } from './merchant-coupons.js'
import type { Orders } from './orders.js'
import { problem } from './problem.js'
import { MINUTE, type Moves, Product, type Row } from './product.js'
import type { Refunds } from './refunds.js'

export type ReceiptState = 'ACCEPTED' | 'SUCCESS' | 'FAIL' | 'PARTIAL_RETURN' | 'FULL_RETURN'
type ReceiptEvent = 'pay' | 'fail' | 'return' | 'return-all'

export interface PayRequest {
  stock_id: string
  coupon_code: string
  transaction_id: string
  payer_merchant: string
  payee_merchant: string
  /** Fen. */
  amount: number
  out_subsidy_no: string
}

export interface ReturnRequest extends Omit<PayRequest, 'out_subsidy_no'> {
  refund_id: string
  out_subsidy_return_no: string
}

export type PayReceipt = Row<ReceiptState, PayRequest>
export type ReturnReceipt = Row<ReceiptState, ReturnRequest>

const MOVES: Moves<ReceiptState, ReceiptEvent> = {
  ACCEPTED: { pay: 'SUCCESS', fail: 'FAIL' },
  SUCCESS: { return: 'PARTIAL_RETURN', 'return-all': 'FULL_RETURN' },
  PARTIAL_RETURN: { return: 'PARTIAL_RETURN', 'return-all': 'FULL_RETURN' },
  FULL_RETURN: {},
  FAIL: {},
}

const invalid = (message: string) => problem(400, 'INVALID_REQUEST', message)

export class CouponSubsidies {
  readonly receipts: Product<ReceiptState, ReceiptEvent, PayRequest>
  readonly returns: Product<ReceiptState, ReceiptEvent, ReturnRequest>
  readonly #coupons: MerchantCoupons
  readonly #orders: Orders
  readonly #refunds: Refunds
  readonly #accounts: Accounts

  constructor(book: Book, coupons: MerchantCoupons, orders: Orders, refunds: Refunds, accounts: Accounts) {
    this.#coupons = coupons
    this.#orders = orders
    this.#refunds = refunds
    this.#accounts = accounts
    const common = {
      first: 'ACCEPTED',
      moves: MOVES,
      ends: { ACCEPTED: { after: MINUTE, by: 'pay' } },
      acts: { settle: { succeed: 'pay', fail: 'fail', reasons: ['INSUFFICIENT_BALANCE', 'NO_RELATION'] } },
      unknown: () => problem(404, 'RESOURCE_NOT_EXISTS', '补差单据不存在'),
      reused: () => problem(400, 'RESOURCE_ALREADY_EXISTS', '请求重入，但本次请求与上次请求信息不一致'),
      refused: () => invalid('补差单据状态不支持该操作'),
    } as const
    this.receipts = new Product<ReceiptState, ReceiptEvent, PayRequest>(book, 'coupon-subsidies', {
      ...common,
      id: { prefix: '11', digits: 12 },
      happened: (row, event) => {
        const { payer_merchant, payee_merchant, amount } = row.request
        if (event === 'pay') this.#post(row, payee_merchant, amount)
        if (event === 'fail') this.#post(row, payer_merchant, amount)
      },
    })
    this.returns = new Product<ReceiptState, ReceiptEvent, ReturnRequest>(book, 'coupon-subsidies.returns', {
      ...common,
      id: { prefix: '21', digits: 12 },
      happened: (row, event) => {
        const { payer_merchant, payee_merchant, amount } = row.request
        if (event === 'fail') this.#post(row, payee_merchant, amount)
        if (event !== 'pay') return
        this.#post(row, payer_merchant, amount)
        const receipt = this.#receiptOf(row.request)
        const isAll = this.#returned(row.request, ['SUCCESS']) === receipt.request.amount
        this.receipts.move(receipt, isAll ? 'return-all' : 'return', row.updated)
      },
    })
  }

  /** @throws ApiError for a coupon that was not redeemed, an unknown payment, or more than the paying merchant has. */
  pay(mchid: string, request: PayRequest, now: EpochMilliseconds): PayReceipt {
    const { stock_id, coupon_code, transaction_id, payer_merchant, payee_merchant, amount } = request
    return this.receipts.place(mchid, request.out_subsidy_no, request, now, id => {
      const coupon = this.#coupons.find(mchid, coupon_code, stock_id)
      if (!this.#coupons.stockOf(coupon).request.subsidy) throw invalid('批次不允许营销补差')
      if (coupon.state !== 'USED') throw invalid('券未核销')
      if (!this.#orders.paidBy(payee_merchant).some(({ payment }) => payment.transactionId === transaction_id)) {
        throw problem(404, 'RESOURCE_NOT_EXISTS', '支付订单不存在')
      }
      this.#post({ id, no: request.out_subsidy_no, updated: now }, payer_merchant, -amount)
    })
  }

  /** @throws ApiError for more than the unreturned part, or more than the payee has. */
  giveBack(mchid: string, request: ReturnRequest, now: EpochMilliseconds): ReturnReceipt {
    return this.returns.place(mchid, request.out_subsidy_return_no, request, now, id => {
      const receipt = this.#receiptOf(request)
      if (!this.#refunds.receivedBy(request.payee_merchant).some(({ row }) => row.id === request.refund_id)) {
        throw problem(404, 'RESOURCE_NOT_EXISTS', '退款单不存在')
      }
      const left = receipt.request.amount - this.#returned(request, ['ACCEPTED', 'SUCCESS'])
      if (!this.receipts.can(receipt, 'return') || request.amount > left) throw invalid('补差回退金额超过可回退金额')
      this.#post({ id, no: request.out_subsidy_return_no, updated: now }, request.payee_merchant, -request.amount)
    })
  }

  /** The payment that a return belongs to. @throws ApiError 404 `RESOURCE_NOT_EXISTS`. */
  #receiptOf({ coupon_code, stock_id, transaction_id }: ReturnRequest): PayReceipt {
    const found = this.receipts
      .all()
      .find(
        ({ request, state }) =>
          state !== 'FAIL' &&
          request.coupon_code === coupon_code &&
          request.stock_id === stock_id &&
          request.transaction_id === transaction_id,
      )
    if (!found) throw problem(404, 'RESOURCE_NOT_EXISTS', '补差付款单不存在')
    return found
  }

  receiptOf({ request }: ReturnReceipt): PayReceipt {
    return this.#receiptOf(request)
  }

  #returned({ coupon_code, transaction_id }: ReturnRequest, states: readonly ReceiptState[]): number {
    return this.returns
      .all()
      .filter(
        ({ request, state }) =>
          request.coupon_code === coupon_code && request.transaction_id === transaction_id && states.includes(state),
      )
      .reduce((sum, { request }) => sum + request.amount, 0)
  }

  #post(row: Pick<PayReceipt, 'id' | 'no' | 'updated'>, mchid: string, amount: number): void {
    this.#accounts.post({ mchid, at: row.updated, amount, business: '营销补差', id: row.id, no: row.no })
  }
}
