/** The endpoints of refunds: create, query. */
import { type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { Refund, Refunds } from '../ledger/refunds.js'
import type { Schema } from '../schema/catalogue.js'

/** What the documents say in prose. */
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

export function refundEndpoints(refunds: Refunds): readonly Endpoint[] {
  return [
    endpoint(
      'post /v3/refund/domestic/refunds',
      ({ merchant, body, now }) => ok(describe(refunds.place(merchant.mchid, body, now))),
      { rules: RULES, numbers: 'ledger' },
    ),
    endpoint('get /v3/refund/domestic/refunds/{out_refund_no}', call =>
      ok(describe(refunds.find(call.merchant.mchid, readParam(call, 'out_refund_no')))),
    ),
  ]
}

function describe({ request, order, payment, refundId, createTime, successTime }: Refund): object {
  const { refund, total, currency } = request.amount
  return {
    refund_id: refundId,
    out_refund_no: request.out_refund_no,
    transaction_id: payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    ...(successTime && { success_time: successTime }),
    create_time: createTime,
    status: successTime ? 'SUCCESS' : 'PROCESSING',
    funds_account: request.funds_account ?? 'AVAILABLE',
    amount: {
      total,
      refund,
      from: [],
      payer_total: total,
      payer_refund: refund,
      settlement_total: total,
      settlement_refund: refund,
      discount_refund: 0,
      currency,
    },
    promotion_detail: [],
  }
}
