/** The notifications about payments and refunds that were created with APIv2, in XML. */
import type { MintedXmlEvent } from '../../notification/mint.js'
import type { PaidOrder } from '../ledger/orders.js'
import type { Refund } from '../ledger/refunds.js'
import { describePayment } from '../products/v2/payments.js'
import type { OutgoingNotification } from './outgoing.js'

/** Returns undefined when the order has no `notify_url`. */
export function v2PaymentNotification({ request, tradeType, payment }: PaidOrder): OutgoingNotification | undefined {
  const { mchid, appid, out_trade_no, attach, notify_url } = request
  return notification('v2/transaction-success', notify_url, {
    return_code: 'SUCCESS',
    result_code: 'SUCCESS',
    appid,
    mch_id: mchid,
    out_trade_no,
    attach,
    ...describePayment({ request, tradeType }, payment),
  })
}

/** For a settled refund. Returns undefined when it has no `notify_url`. */
export function v2RefundNotification({
  request,
  order,
  payment,
  refundId,
  successTime,
}: Refund): OutgoingNotification | undefined {
  return notification('v2/refund-processed', request.notify_url, {
    return_code: 'SUCCESS',
    appid: order.request.appid,
    mch_id: order.request.mchid,
    req_info: {
      transaction_id: payment.transactionId,
      out_trade_no: order.request.out_trade_no,
      refund_id: refundId,
      out_refund_no: request.out_refund_no,
      total_fee: request.amount.total,
      settlement_total_fee: request.amount.total,
      refund_fee: request.amount.refund,
      settlement_refund_fee: request.amount.refund,
      refund_status: 'SUCCESS',
      success_time: successTime?.slice(0, 19).replace('T', ' '),
      refund_recv_accout: '支付用户零钱',
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
      refund_request_source: 'API',
    },
  })
}

function notification(
  event_type: MintedXmlEvent['event_type'],
  notify_url: string | undefined,
  resource: MintedXmlEvent['resource'],
): OutgoingNotification | undefined {
  if (notify_url === undefined) return undefined
  return { notify_url, event: { event_type, resource } }
}
