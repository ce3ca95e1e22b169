/** The endpoints of APIv2 orders: create, pay by code, query, close, reverse. APIv3 knows the same orders. */
import { requireFen, requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { type Fields, ResultCodeError, success, type V2Call } from '../../gateway/v2/message.js'
import { CODE, DESCRIPTIONS, type Order, type OrderRequest, type TradeType } from '../../ledger/order.js'
import { describeV2Payment } from '../../ledger/order-notices.js'
import { requireOrder } from '../../ledger/order-problems.js'
import type { Orders } from '../../ledger/orders.js'
import type { Payments } from '../../ledger/payments.js'
import { waitsForPassword } from '../codepay.js'
import { codeUrl, h5Url } from '../transactions.js'

const OUT_TRADE_NO = /^[0-9A-Za-z_\-|*]{1,32}$/
export function paymentEndpoints(orders: Orders, payments: Payments): readonly V2Endpoint[] {
  const query = (call: V2Call) => success(call, describe(payments.query(findOrder(call, orders), call.now)))
  return [
    { path: '/pay/unifiedorder', handle: call => success(call, place(call, orders)) },
    { path: '/pay/micropay', handle: call => payByCode(call, orders, payments) },
    ...['/vehicle/pay', '/vehicle/partnerpay', '/transit/pay', '/transit/partnerpay'].map(path => ({
      path: `${path}/payapply`,
      handle: (call: V2Call) => deduct(call, orders, payments),
    })),
    { path: '/pay/orderquery', handle: query },
    { path: '/pay/paporderquery', handle: query },
    { path: '/pay/partner/paporderquery', handle: query },
    { path: '/transit/queryorder', handle: query },
    { path: '/transit/partnerpay/queryorder', handle: query },
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
        payments.reverse(findOrder(call, orders), call.now)
        return success(call, { recall: 'N' })
      },
    },
  ]
}

/** Places an order, with these fields of APIv3, and returns the fields of the response. */
export function place(call: V2Call, orders: Orders, over: Partial<OrderRequest> = {}) {
  const { fields, merchant, now } = call
  requireFields(fields, 'appid', 'spbill_create_ip', 'notify_url')
  const tradeType = requireTradeType(fields)
  if (tradeType === 'JSAPI') requireFields(fields, 'openid')
  const { prepayId } = orders.place(merchant.mchid, tradeType, { ...orderOf(call), ...over }, now, { version: 'v2' })
  return {
    trade_type: tradeType,
    prepay_id: prepayId,
    code_url: tradeType === 'NATIVE' ? codeUrl(prepayId) : undefined,
    mweb_url: tradeType === 'MWEB' ? h5Url(prepayId) : undefined,
  }
}

/** A deduction that was announced to the payer when the ride or the parking began. */
function deduct(call: V2Call, orders: Orders, payments: Payments): string {
  const order = orders.place(call.merchant.mchid, 'PAP', orderOf(call), call.now, { version: 'v2' })
  if (order.state === 'NOTPAY') payments.accept(order, call.now)
  return success(call, {})
}

function payByCode(call: V2Call, orders: Orders, payments: Payments): string {
  const { fields, merchant, now } = call
  requireFields(fields, 'appid', 'spbill_create_ip')
  const { auth_code } = requireFields(fields, 'auth_code')
  if (!CODE.test(auth_code)) throw new ResultCodeError('AUTH_CODE_INVALID', '授权码检验错误')
  const request = { ...orderOf(call), payer: { auth_code } }
  const order = orders.place(merchant.mchid, 'MICROPAY', request, now, { version: 'v2' })
  if (waitsForPassword(payments, order)) throw new ResultCodeError('USERPAYING', DESCRIPTIONS.USERPAYING)
  payments.pay(merchant.mchid, order.request.out_trade_no, undefined, now)
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
    ...(fields.sub_mch_id && { sub_mchid: fields.sub_mch_id }),
    ...(fields.profit_sharing === 'Y' && { settle_info: { profit_sharing: true } }),
    ...(fields.attach && { attach: fields.attach }),
    ...(fields.goods_tag && { goods_tag: fields.goods_tag }),
    ...(fields.openid && { payer: { openid: fields.openid } }),
  }
}

/** @throws ApiError `ORDER_NOT_EXIST`. */
function findOrder({ fields, merchant: { mchid } }: V2Call, orders: Orders): Order {
  if (fields.transaction_id) return requireOrder(orders.findByTransactionId(mchid, fields.transaction_id))
  return requireOrder(orders.find(mchid, requireFields(fields, 'out_trade_no').out_trade_no))
}

function describe({ request, state, tradeType, payment }: Order): Record<string, string | number | undefined> {
  const known = {
    out_trade_no: request.out_trade_no,
    // APIv2 has one state for both.
    trade_state: state === 'PAY_FAIL' ? 'PAYERROR' : state,
    trade_state_desc: DESCRIPTIONS[state],
    attach: request.attach,
  }
  if (payment === undefined) return known
  return { ...known, ...describeV2Payment({ request, tradeType }, payment) }
}
