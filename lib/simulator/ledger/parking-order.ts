/** An order that pays for a stay in a car park, as its API and its notifications describe it. */
import { beijingTime } from '../../util/beijing-time.js'
import type { Notice } from './book.js'
import { describeDiscounts, paidAmounts } from './discount.js'
import { DEFAULT_OPENID, DESCRIPTIONS, type Order } from './order.js'

export function parkingNotice(order: Order, event: 'SUCCESS' | 'FAIL' | 'PAY_BACK', notify_url: string): Notice {
  return {
    event_type: `TRANSACTION.${event}`,
    notify_url,
    summary: event === 'FAIL' ? '扣费失败' : event === 'PAY_BACK' ? '用户还款成功' : '扣费成功',
    resource: { ...describeParkingOrder(order), ...(event === 'PAY_BACK' && { user_repaid: 'Y' }) },
  }
}

export function describeParkingOrder({ mchid, request, state, payment, created, reason }: Order) {
  const { appid, sub_appid, sub_mchid, description, out_trade_no, attach, amount, parking_info, payer } = request
  const { total, currency = 'CNY' } = amount
  const payer_total = payment && paidAmounts(request, payment).payer
  return {
    appid,
    ...(sub_appid && { sub_appid }),
    sp_mchid: mchid,
    ...(sub_mchid && { sub_mchid }),
    description,
    create_time: beijingTime(created),
    out_trade_no,
    trade_state: state === 'ACCEPT' ? 'ACCEPTED' : state,
    trade_state_description: reason ?? DESCRIPTIONS[state],
    ...(attach && { attach }),
    trade_scene: 'PARKING',
    parking_info,
    payer: { openid: payment?.openid ?? payer?.openid ?? DEFAULT_OPENID },
    amount: {
      total,
      currency,
      ...(payer_total !== undefined && { payer_total, discount_total: total - payer_total }),
    },
    ...(payment && {
      transaction_id: payment.transactionId,
      bank_type: 'OTHERS',
      success_time: payment.successTime,
      ...(payment.discount && { promotion_detail: describeDiscounts(payment, currency) }),
    }),
  }
}
