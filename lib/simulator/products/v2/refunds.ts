/** The endpoints of APIv2 refunds: create (which requires the merchant certificate), query. */
import { requireFen, requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ReturnCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import type { Refund, Refunds } from '../../ledger/refunds.js'

const OUT_REFUND_NO = /^[0-9A-Za-z_\-|*@]{1,64}$/

export function refundEndpoints(refunds: Refunds): readonly V2Endpoint[] {
  return [
    {
      path: '/secapi/pay/refund',
      needsCertificate: true,
      notFoundCode: 'ORDERNOTEXIST',
      handle: call => place(call, refunds),
    },
    {
      path: '/pay/refundquery',
      notFoundCode: 'REFUNDNOTEXIST',
      handle(call) {
        const { out_refund_no } = requireFields(call.fields, 'out_refund_no')
        return success(call, describeStatus(refunds.find(call.merchant.mchid, out_refund_no)))
      },
    },
  ]
}

function place(call: V2Call, refunds: Refunds): string {
  const { fields, merchant, now } = call
  const { transaction_id, out_trade_no } = fields
  if (!transaction_id && !out_trade_no) throw new ReturnCodeError('缺少参数out_trade_no或transaction_id')
  const { refundId, request, order, payment } = refunds.place(
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
  return success(call, {
    transaction_id: payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    out_refund_no: request.out_refund_no,
    refund_id: refundId,
    refund_fee: request.amount.refund,
    total_fee: request.amount.total,
    cash_fee: request.amount.total,
    cash_refund_fee: request.amount.refund,
  })
}

function describeStatus({ request, order, payment, refundId, successTime }: Refund) {
  return {
    transaction_id: payment.transactionId,
    out_trade_no: order.request.out_trade_no,
    total_fee: request.amount.total,
    cash_fee: request.amount.total,
    refund_count: 1,
    out_refund_no_0: request.out_refund_no,
    refund_id_0: refundId,
    refund_fee_0: request.amount.refund,
    refund_status_0: successTime ? 'SUCCESS' : 'PROCESSING',
    refund_success_time_0: successTime?.slice(0, 19).replace('T', ' '),
  }
}
