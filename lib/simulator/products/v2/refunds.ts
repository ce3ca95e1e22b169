/** The endpoints of APIv2 refunds: create (which requires the merchant certificate), query. */
import { requireFen, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ReturnCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import { problem } from '../../ledger/problem.js'
import {
  amountsOf,
  type Refund,
  type Refunds,
  refundReceiverOf,
  successTimeOf,
  v2StateOf,
} from '../../ledger/refunds.js'

const OUT_REFUND_NO = /^[0-9A-Za-z_\-|*@]{1,64}$/

export function refundEndpoints(refunds: Refunds): readonly V2Endpoint[] {
  return [
    {
      path: '/secapi/pay/refund',
      notFoundCode: 'ORDERNOTEXIST',
      handle: call => place(call, refunds),
    },
    {
      path: '/pay/refundquery',
      notFoundCode: 'REFUNDNOTEXIST',
      handle: call => success(call, describeStatus(findRefunds(call, refunds))),
    },
  ]
}

function place(call: V2Call, refunds: Refunds): string {
  const { fields, merchant, now } = call
  const { transaction_id, out_trade_no } = fields
  if (!transaction_id && !out_trade_no) throw new ReturnCodeError('缺少参数out_trade_no或transaction_id')
  const refund = refunds.place(
    merchant.mchid,
    {
      ...(transaction_id && { transaction_id }),
      ...(out_trade_no && { out_trade_no }),
      out_refund_no: requireFormat(fields, 'out_refund_no', OUT_REFUND_NO),
      amount: { refund: requireFen(fields, 'refund_fee'), total: requireFen(fields, 'total_fee'), currency: 'CNY' },
      ...(fields.notify_url && { notify_url: fields.notify_url }),
    },
    now,
    'v2',
  )
  const { row, order, discount } = refund
  const { payerTotal, settledTotal, payer, settled } = amountsOf(refund)
  return success(call, {
    transaction_id: order.payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    out_refund_no: row.no,
    refund_id: row.id,
    refund_fee: row.request.amount.refund,
    total_fee: row.request.amount.total,
    cash_fee: payerTotal,
    cash_refund_fee: payer,
    ...(order.payment.discount && {
      settlement_total_fee: settledTotal,
      settlement_refund_fee: settled,
      coupon_refund_fee: discount,
    }),
  })
}

/**
 * The refunds that the first of the four numbers names, in WeChat Pay's precedence. An order number names all its
 * refunds.
 */
function findRefunds({ fields, merchant: { mchid } }: V2Call, refunds: Refunds): [Refund, ...Refund[]] {
  const { refund_id, out_refund_no, transaction_id, out_trade_no } = fields
  const [first, ...more] = refunds.of(mchid).filter(({ row, order }) => {
    if (refund_id) return row.id === refund_id
    if (out_refund_no) return row.no === out_refund_no
    if (transaction_id) return order.payment.transactionId === transaction_id
    return order.request.out_trade_no === out_trade_no
  })
  if (!first) throw problem(404, 'RESOURCE_NOT_EXISTS', '退款单不存在')
  return [first, ...more]
}

function describeStatus(refunds: readonly [Refund, ...Refund[]]) {
  const [first] = refunds
  const { row, order } = first
  const numbered = refunds.map((refund, index) => ({
    [`out_refund_no_${index}`]: refund.row.no,
    [`refund_id_${index}`]: refund.row.id,
    [`refund_fee_${index}`]: refund.row.request.amount.refund,
    ...(order.payment.discount && { [`coupon_refund_fee_${index}`]: refund.discount }),
    [`refund_status_${index}`]: v2StateOf(refund.row),
    [`refund_success_time_${index}`]: successTimeOf(refund.row)?.slice(0, 19).replace('T', ' '),
    [`refund_recv_accout_${index}`]: refundReceiverOf(refund.row),
  }))
  return {
    transaction_id: order.payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    total_fee: row.request.amount.total,
    cash_fee: amountsOf(first).payerTotal,
    refund_count: refunds.length,
    ...Object.assign({}, ...numbered),
  }
}
