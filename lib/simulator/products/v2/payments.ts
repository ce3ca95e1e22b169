/** The endpoints of APIv2 orders: create, pay by code, reverse, query, close. APIv3 knows the same orders. */
import { beijingDigits } from '../../../util/beijing-time.js'
import { requireFen, requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { type Fields, ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import {
  CODE,
  needsPassword,
  type Order,
  type Orders,
  type Payment,
  requireOrder,
  stateOf,
  type TradeType,
  USER_PAYING,
} from '../../ledger/orders.js'

const OUT_TRADE_NO = /^[0-9A-Za-z_\-|*]{1,32}$/

export function paymentEndpoints(orders: Orders): readonly V2Endpoint[] {
  return [
    { path: '/pay/unifiedorder', handle: call => place(call, orders) },
    { path: '/pay/micropay', handle: call => payByCode(call, orders) },
    { path: '/pay/orderquery', handle: call => success(call, describe(findOrder(call, orders))) },
    {
      path: '/pay/closeorder',
      handle(call) {
        orders.close(call.merchant.mchid, requireFields(call.fields, 'out_trade_no').out_trade_no)
        return success(call, {})
      },
    },
    {
      path: '/secapi/pay/reverse',
      handle(call) {
        orders.reverse(call.merchant.mchid, requireFields(call.fields, 'out_trade_no').out_trade_no)
        return success(call, { recall: 'N' })
      },
    },
  ]
}

function place(call: V2Call, orders: Orders): string {
  const { fields, now } = call
  requireFields(fields, 'appid', 'spbill_create_ip', 'notify_url')
  const tradeType = requireTradeType(fields)
  if (tradeType === 'JSAPI') requireFields(fields, 'openid')
  const { prepayId } = orders.place(tradeType, orderOf(call), now, 'v2')
  return success(call, {
    trade_type: tradeType,
    prepay_id: prepayId,
    code_url: tradeType === 'NATIVE' ? `weixin://wxpay/bizpayurl?pr=${prepayId}` : undefined,
    mweb_url:
      tradeType === 'MWEB'
        ? `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepayId}&package=1`
        : undefined,
  })
}

function payByCode(call: V2Call, orders: Orders): string {
  const { fields, merchant, now } = call
  requireFields(fields, 'appid', 'spbill_create_ip')
  if (!CODE.test(requireFields(fields, 'auth_code').auth_code)) {
    throw new ResultCodeError('AUTH_CODE_INVALID', '授权码检验错误')
  }
  const order = orders.place('MICROPAY', orderOf(call), now, 'v2')
  if (needsPassword(order)) throw new ResultCodeError('USERPAYING', USER_PAYING)
  orders.pay(merchant.mchid, order.request.out_trade_no, undefined, now)
  return success(call, describe(order))
}

function requireTradeType(fields: Fields): TradeType {
  const { trade_type } = requireFields(fields, 'trade_type')
  const known = (['JSAPI', 'NATIVE', 'APP', 'MWEB'] as const).find(type => type === trade_type)
  if (known !== undefined) return known
  throw new ResultCodeError('PARAM_ERROR', 'trade_type参数格式错误')
}

/** The request of the order in the form of APIv3. */
function orderOf({ fields, merchant }: V2Call) {
  const { body } = requireFields(fields, 'body')
  return {
    appid: fields.appid,
    mchid: merchant.mchid,
    description: body,
    out_trade_no: requireFormat(fields, 'out_trade_no', OUT_TRADE_NO),
    amount: { total: requireFen(fields, 'total_fee'), currency: fields.fee_type ?? 'CNY' },
    ...(fields.time_expire && { time_expire: fields.time_expire }),
    ...(fields.notify_url && { notify_url: fields.notify_url }),
    ...(fields.attach && { attach: fields.attach }),
    ...(fields.openid && { payer: { openid: fields.openid } }),
  }
}

/** @throws ApiError `ORDER_NOT_EXIST`. */
function findOrder({ fields, merchant: { mchid } }: V2Call, orders: Orders): Order {
  if (fields.transaction_id) return requireOrder(orders.findByTransactionId(mchid, fields.transaction_id))
  return requireOrder(orders.find(mchid, requireFields(fields, 'out_trade_no').out_trade_no))
}

function describe(order: Order): Record<string, string | number | undefined> {
  const { request, tradeType, payment } = order
  const known = { out_trade_no: request.out_trade_no, ...stateOf(order), attach: request.attach }
  if (payment === undefined) return known
  return { ...known, ...describePayment({ request, tradeType }, payment) }
}

/** The fields of a payment in APIv2, as in a query and in the notification. */
export function describePayment({ request, tradeType }: Pick<Order, 'request' | 'tradeType'>, payment: Payment) {
  const { total, currency = 'CNY' } = request.amount
  return {
    openid: payment.openid,
    is_subscribe: 'N',
    trade_type: tradeType,
    bank_type: 'OTHERS',
    total_fee: total,
    fee_type: currency,
    cash_fee: total,
    transaction_id: payment.transactionId,
    time_end: beijingDigits(Date.parse(payment.successTime)),
  }
}
