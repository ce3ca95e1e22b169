/** The endpoints of refunds, including e-commerce: create, query, handle an abnormal one. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { ADVANCED, amountsOf, type Refund, type Refunds, refundReceiverOf, successTimeOf } from '../ledger/refunds.js'
import type { Schema } from '../schema/catalogue.js'

/** Rules that the documents give in prose. */
const RULES: Schema = {
  properties: {
    transaction_id: { minLength: 1, maxLength: 32 },
    out_trade_no: { minLength: 1, maxLength: 32 },
    out_refund_no: { pattern: '^[0-9A-Za-z_\\-|*@]{1,64}$' },
    reason: { maxLength: 80 },
    notify_url: { maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
    amount: {
      properties: { refund: { minimum: 1 }, total: { minimum: 1 }, currency: { enum: ['CNY'], 'x-closed': true } },
    },
  },
}

const PLACING = { rules: RULES, numbers: 'ledger' } as const

export function refundEndpoints(refunds: Refunds): readonly Endpoint[] {
  const find = (call: Call, name: string) => refunds.find(call.merchant.mchid, readParam(call, name))
  const retry = (call: Call) => refunds.retry(call.merchant.mchid, readParam(call, 'refund_id'), call.now)
  return [
    endpoint(
      'post /v3/refund/domestic/refunds',
      ({ merchant, body, now }) => ok(describe(refunds.place(merchant.mchid, body, now))),
      PLACING,
    ),
    endpoint('get /v3/refund/domestic/refunds/{out_refund_no}', call => ok(describe(find(call, 'out_refund_no')))),
    endpoint('post /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund', call => ok(describe(retry(call)))),
    endpoint(
      'post /v3/ecommerce/refunds/apply',
      ({ merchant, body, now }) => ok(describeEcommerce(refunds.place(merchant.mchid, body, now))),
      PLACING,
    ),
    endpoint('get /v3/ecommerce/refunds/out-refund-no/{out_refund_no}', call =>
      ok(describeEcommerce(find(call, 'out_refund_no'))),
    ),
    endpoint('get /v3/ecommerce/refunds/id/{refund_id}', call => ok(describeEcommerce(find(call, 'refund_id')))),
    endpoint('post /v3/ecommerce/refunds/{refund_id}/apply-abnormal-refund', call =>
      ok(describeEcommerce(retry(call))),
    ),
  ]
}

/** The fields of a domestic refund. */
export function describe(given: Refund) {
  const { row, order, discount } = given
  const { refund, total, currency = 'CNY' } = row.request.amount
  const { payerTotal, settledTotal, payer, settled } = amountsOf(given)
  const success_time = successTimeOf(row)
  return {
    refund_id: row.id,
    out_refund_no: row.no,
    transaction_id: order.payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    channel: 'ORIGINAL',
    user_received_account: refundReceiverOf(row),
    ...(success_time && { success_time }),
    create_time: beijingTime(row.created),
    status: row.state,
    funds_account: row.request.funds_account ?? 'AVAILABLE',
    amount: {
      total,
      refund,
      from: [],
      payer_total: payerTotal,
      payer_refund: payer,
      settlement_total: settledTotal,
      settlement_refund: settled,
      discount_refund: discount,
      currency,
    },
    promotion_detail: describeReturned(given),
  }
}

function describeEcommerce(given: Refund): object {
  const { refund_account, amount } = given.row.request
  const { refund, currency = 'CNY' } = amount
  const advance = refund_account === ADVANCED ? refund : 0
  const { payer: payer_refund } = amountsOf(given)
  const { status, ...common } = describe(given)
  return {
    ...common,
    status: status === 'CLOSED' ? 'CLOSE' : status,
    amount: { refund, from: [], payer_refund, discount_refund: given.discount, currency, advance },
    ...(refund_account && { refund_account }),
  }
}

/** The returned part of the order's discount. */
function describeReturned({ order, discount }: Refund): object[] {
  const { discount: whole } = order.payment
  if (!whole) return []
  const { couponId: promotion_id, scope, fen: amount, isPrepaid } = whole
  return [{ promotion_id, scope, type: isPrepaid ? 'COUPON' : 'DISCOUNT', amount, refund_amount: discount }]
}
