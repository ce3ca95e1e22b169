/** The endpoints of refunds: create, query. */
import { type Endpoint, ok, readJson, readParam } from '../gateway/endpoint.js'
import { parameterError } from '../ledger/problem.js'
import type { Refund, RefundRequest, Refunds } from '../ledger/refunds.js'

const REFUND = {
  type: 'object',
  required: ['out_refund_no', 'amount'],
  properties: {
    transaction_id: { type: 'string', title: '微信支付订单号', minLength: 1, maxLength: 32 },
    out_trade_no: { type: 'string', title: '商户订单号', minLength: 1, maxLength: 32 },
    out_refund_no: { type: 'string', title: '商户退款单号', pattern: '^[0-9A-Za-z_\\-|*@]{1,64}$' },
    reason: { type: 'string', title: '退款原因', maxLength: 80 },
    notify_url: { type: 'string', title: '退款结果回调url', maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
    funds_account: { type: 'string', title: '退款资金来源' },
    amount: {
      type: 'object',
      title: '金额信息',
      required: ['refund', 'total', 'currency'],
      properties: {
        refund: { type: 'integer', title: '退款金额', minimum: 1 },
        total: { type: 'integer', title: '原订单金额', minimum: 1 },
        currency: { type: 'string', title: '退款币种', enum: ['CNY'] },
      },
    },
  },
} as const

export function refundEndpoints(refunds: Refunds): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/v3/refund/domestic/refunds',
      handle(call) {
        const request = readJson(call, REFUND)
        requireOrderNumber(request)
        return ok(describe(refunds.place(call.merchant.mchid, request, call.now)))
      },
    },
    {
      method: 'GET',
      path: '/v3/refund/domestic/refunds/{out_refund_no}',
      handle: call => ok(describe(refunds.find(call.merchant.mchid, readParam(call, 'out_refund_no')))),
    },
  ]
}

function requireOrderNumber({ transaction_id, out_trade_no }: RefundRequest): void {
  if (transaction_id !== undefined || out_trade_no !== undefined) return
  throw parameterError('transaction_id与out_trade_no必须二选一', {
    field: '/transaction_id',
    value: '',
    issue: 'transaction_id or out_trade_no is required',
    location: 'body',
  })
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
