/** The notifications about payments, refunds and transfers. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { DESCRIPTIONS, describePayment, type PaidOrder } from '../ledger/orders.js'
import type { Refund } from '../ledger/refunds.js'
import { describeTransfer, type Transfer } from '../ledger/transfers.js'
import type { OutgoingNotification } from './outgoing.js'
import { v2PaymentNotification, v2RefundNotification } from './v2-events.js'

/** Returns undefined when the order has no `notify_url`. */
export function paymentNotification(order: PaidOrder, now: EpochMilliseconds): OutgoingNotification | undefined {
  if (order.version === 'v2') return v2PaymentNotification(order)
  const { request, tradeType, payment } = order
  const { mchid, appid, out_trade_no, attach, notify_url } = request
  return notification('TRANSACTION.SUCCESS', notify_url, now, {
    summary: '支付成功',
    resource: {
      mchid,
      appid,
      out_trade_no,
      trade_state: 'SUCCESS',
      trade_state_desc: DESCRIPTIONS.SUCCESS,
      attach: attach ?? '',
      ...describePayment({ request, tradeType }, payment),
    },
  })
}

/** For a settled refund. Returns undefined when it has no `notify_url`. */
export function refundNotification(refund: Refund, now: EpochMilliseconds): OutgoingNotification | undefined {
  if (refund.version === 'v2') return v2RefundNotification(refund)
  const { request, order, payment, refundId, successTime } = refund
  const { total, refund: refunded } = request.amount
  return notification('REFUND.SUCCESS', request.notify_url, now, {
    summary: '退款成功',
    resource: {
      mchid: order.request.mchid,
      out_trade_no: order.request.out_trade_no,
      transaction_id: payment.transactionId,
      out_refund_no: request.out_refund_no,
      refund_id: refundId,
      refund_status: 'SUCCESS',
      success_time: successTime,
      user_received_account: '支付用户零钱',
      amount: { total, refund: refunded, payer_total: total, payer_refund: refunded },
    },
  })
}

/** For a confirmed transfer. Returns undefined when it has no `notify_url`. */
export function transferNotification(transfer: Transfer, now: EpochMilliseconds): OutgoingNotification | undefined {
  const { appid: _, transfer_remark: __, ...resource } = describeTransfer(transfer)
  return notification('MCHTRANSFER.BILL.FINISHED', transfer.request.notify_url, now, {
    summary: '商家转账单据终态通知',
    resource,
  })
}

function notification(
  event_type: string,
  notify_url: string | undefined,
  now: EpochMilliseconds,
  content: { summary: string; resource: object },
): OutgoingNotification | undefined {
  if (notify_url === undefined) return undefined
  return { notify_url, event: { event_type, create_time: beijingTime(now), ...content } }
}
