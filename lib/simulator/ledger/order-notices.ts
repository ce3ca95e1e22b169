/** The notifications about payments, and the fields that they share with the responses to queries. */
import { beijingDigits } from '../../util/beijing-time.js'
import type { Notice } from './book.js'
import { describeDiscounts, describeV2Discount, paidAmounts } from './discount.js'
import type { Combined, Order, PaidOrder, Payment } from './order.js'
import { parkingNotice } from './parking-order.js'
import { v2CodeOf } from './v2-codes.js'

/** Returns undefined when the order has no `notify_url`. */
export function paymentNotice(order: PaidOrder): Notice | undefined {
  const { request, payment, version } = order
  const { notify_url } = request
  if (notify_url === undefined) return undefined
  if (version === 'v2') return v2PaymentNotice(order, notify_url)
  if (request.parking_info) return parkingNotice(order, 'SUCCESS', notify_url)
  const { transaction_id, ...paid } = describePayment(order, payment)
  return {
    event_type: 'TRANSACTION.SUCCESS',
    notify_url,
    summary: '支付成功',
    resource: {
      ...describeParties(order),
      ...describeState('SUCCESS', '支付成功'),
      ...(version === 'global' ? { ...paid, id: transaction_id } : { ...paid, transaction_id }),
    },
  }
}

/** The notification for a failed deduction. */
export function deductionNotice(order: Order): Notice | undefined {
  const { notify_url, amount, out_trade_no, appid, sub_mchid, attach, parking_info } = order.request
  // Outside mainland China, the response reports the failure.
  if (notify_url === undefined || order.version === 'global') return undefined
  if (parking_info) return parkingNotice(order, 'FAIL', notify_url)
  if (order.version === 'v2') {
    return {
      event_type: 'v2/transaction-success',
      notify_url,
      resource: {
        return_code: 'SUCCESS',
        result_code: 'FAIL',
        err_code: order.reason && v2CodeOf(order.reason),
        err_code_des: '扣款失败',
        appid,
        mch_id: order.mchid,
        sub_mch_id: sub_mchid,
        out_trade_no,
        attach,
        total_fee: amount.total,
      },
    }
  }
  return {
    event_type: 'TRANSACTION.FAIL',
    notify_url,
    summary: '扣款失败',
    resource: {
      ...describeParties(order),
      ...describeState('PAY_FAIL', order.reason ?? '扣款失败'),
      amount: { total: amount.total, currency: amount.currency ?? 'CNY' },
    },
  }
}

/** Returns undefined when the combined order has no `notify_url`. */
export function combinedNotice(combined: Combined, paid: readonly PaidOrder[]): Notice | undefined {
  const { notify_url } = combined.request
  if (notify_url === undefined) return undefined
  return {
    event_type: 'TRANSACTION.SUCCESS',
    notify_url,
    summary: '支付成功',
    resource: describeCombined(combined, paid),
  }
}

/** As in a query and in the notification. */
export function describeCombined({ request }: Combined, parts: readonly Order[]): object {
  const { combine_appid, combine_mchid, combine_out_trade_no, scene_info, combine_payer_info } = request
  const [payment] = parts.flatMap(part => part.payment ?? [])
  return {
    combine_appid,
    combine_mchid,
    combine_out_trade_no,
    combine_transaction_id: payment?.transactionId ?? '',
    ...(scene_info?.device_id && { scene_info: { device_id: scene_info.device_id } }),
    sub_orders: parts.map(describePart),
    combine_payer_info: { openid: payment?.openid ?? combine_payer_info?.openid ?? '' },
  }
}

function describePart({ request, payment, state, tradeType }: Order): object {
  const { mchid, sub_mchid, sub_appid, out_trade_no, attach, amount } = request
  const currency = amount.currency ?? 'CNY'
  return {
    mchid,
    ...(sub_mchid && { sub_mchid }),
    ...(sub_appid && { sub_appid }),
    out_trade_no,
    trade_type: tradeType,
    trade_state: state,
    attach: attach ?? '',
    amount: {
      total_amount: amount.total,
      currency,
      payer_amount: payment ? paidAmounts({ amount }, payment).payer : 0,
      payer_currency: currency,
    },
    ...(payment && {
      transaction_id: payment.transactionId,
      bank_type: 'OTHERS',
      success_time: payment.successTime,
      ...(payment.discount && { promotion_detail: describeDiscounts(payment, currency) }),
    }),
  }
}

function describeParties({ request }: Order) {
  const { mchid, appid, sp_mchid, sp_appid, sub_mchid, sub_appid, out_trade_no, attach } = request
  const own = { mchid, appid, out_trade_no, attach: attach ?? '' }
  if (sp_mchid === undefined) return own
  return { sp_mchid, sp_appid: sp_appid ?? '', sub_mchid, sub_appid, out_trade_no, attach: attach ?? '' }
}

function describeState(trade_state: string, trade_state_desc: string) {
  return { trade_state, trade_state_desc }
}

/** The fields of a payment in APIv3, as in a query and in the notification. */
export function describePayment({ request, tradeType }: Pick<Order, 'request' | 'tradeType'>, payment: Payment) {
  const { total, currency = 'CNY' } = request.amount
  const { openid } = payment
  return {
    transaction_id: payment.transactionId,
    trade_type: tradeType,
    bank_type: 'OTHERS',
    success_time: payment.successTime,
    payer: request.sp_mchid === undefined ? { openid } : partnerPayer(request.payer, openid),
    amount: { total, payer_total: paidAmounts(request, payment).payer, currency, payer_currency: currency },
    ...(payment.discount && { promotion_detail: describeDiscounts(payment, currency) }),
  }
}

function partnerPayer(payer: Order['request']['payer'], openid: string) {
  return payer?.sub_openid && !payer.sp_openid ? { sub_openid: payer.sub_openid } : { sp_openid: openid }
}

function v2PaymentNotice(order: PaidOrder, notify_url: string): Notice {
  const { mchid, request } = order
  return {
    event_type: 'v2/transaction-success',
    notify_url,
    resource: {
      return_code: 'SUCCESS',
      result_code: 'SUCCESS',
      appid: request.appid,
      mch_id: mchid,
      sub_mch_id: request.sub_mchid,
      out_trade_no: request.out_trade_no,
      attach: request.attach,
      ...describeV2Payment(order, order.payment),
    },
  }
}

/** The fields of a payment in APIv2, as in a query and in the notification. */
export function describeV2Payment({ request, tradeType }: Pick<Order, 'request' | 'tradeType'>, payment: Payment) {
  const { total, currency = 'CNY' } = request.amount
  return {
    openid: payment.openid,
    is_subscribe: 'N',
    trade_type: tradeType,
    bank_type: 'OTHERS',
    total_fee: total,
    fee_type: currency,
    cash_fee: paidAmounts(request, payment).payer,
    ...describeV2Discount(request, payment),
    transaction_id: payment.transactionId,
    time_end: beijingDigits(Date.parse(payment.successTime)),
  }
}
