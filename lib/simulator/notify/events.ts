/** What is told to a `notify_url`: that an order was paid, that a refund or a transfer has arrived. */
import { randomUUID } from 'node:crypto'
import { mint } from '../../notification/mint.js'
import { beijingTime } from '../../util/beijing-time.js'
import { DESCRIPTIONS, describePayment, type PaidOrder } from '../ledger/orders.js'
import type { Refund } from '../ledger/refunds.js'
import { describeTransfer, type Transfer } from '../products/transfers.js'
import type { Announcement } from './sender.js'
import { announcePayment as announceV2Payment, announceRefund as announceV2Refund } from './v2-events.js'

/** Undefined when the order names no `notify_url`. `now` in milliseconds. */
export function announcePayment(order: PaidOrder, now: number): Announcement | undefined {
  if (order.version === 'v2') return announceV2Payment(order)
  const { request, tradeType, payment } = order
  const { mchid, appid, out_trade_no, attach, notify_url } = request
  return announce('TRANSACTION.SUCCESS', notify_url, now, {
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

/** Of a refund that has arrived. Undefined when it names no `notify_url`. `now` in milliseconds. */
export function announceRefund(refund: Refund, now: number): Announcement | undefined {
  if (refund.version === 'v2') return announceV2Refund(refund)
  const { request, order, payment, refundId, successTime } = refund
  const { total, refund: refunded } = request.amount
  return announce('REFUND.SUCCESS', request.notify_url, now, {
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

/** Of a transfer that the user has taken. Undefined when it names no `notify_url`. `now` in milliseconds. */
export function announceTransfer(transfer: Transfer, now: number): Announcement | undefined {
  const { appid: _, transfer_remark: __, ...resource } = describeTransfer(transfer)
  return announce('MCHTRANSFER.BILL.FINISHED', transfer.request.notify_url, now, {
    summary: '商家转账单据终态通知',
    resource,
  })
}

function announce(
  event_type: string,
  notify_url: string | undefined,
  now: number,
  content: { summary: string; resource: object },
): Announcement | undefined {
  if (notify_url === undefined) return undefined
  const event = { event_type, id: randomUUID(), create_time: beijingTime(now), ...content }
  return {
    event_type,
    notify_url,
    mint(merchant, sentAt) {
      const { serial, privateKey } = merchant.platform.signing(undefined, sentAt)
      const keys = { serial, privateKey, apiv3Key: merchant.apiv3Key }
      return mint(event, keys, { timestamp: Math.floor(sentAt / 1000) })
    },
  }
}
