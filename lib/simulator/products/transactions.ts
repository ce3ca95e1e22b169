/** The endpoints of orders: create, query, close. */
import {
  type Call,
  type Endpoint,
  NO_CONTENT,
  ok,
  readJson,
  readParam,
  requireOwnBody,
  requireOwnQuery,
} from '../gateway/endpoint.js'
import { DESCRIPTIONS, describePayment, type Order, type Orders, requireOrder } from '../ledger/orders.js'

const ORDER = {
  appid: { type: 'string', title: '公众号ID', minLength: 1, maxLength: 32 },
  mchid: { type: 'string', title: '直连商户号', minLength: 1, maxLength: 32 },
  description: { type: 'string', title: '商品描述', minLength: 1, maxLength: 127 },
  attach: { type: 'string', title: '附加数据', maxLength: 128 },
  out_trade_no: { type: 'string', title: '商户订单号', pattern: '^[0-9A-Za-z_\\-|*]{6,32}$' },
  notify_url: { type: 'string', title: '通知地址', maxLength: 255, pattern: '^https?://[^\\s?#]+$' },
  time_expire: { type: 'string', title: '交易结束时间' },
  amount: {
    type: 'object',
    title: '订单金额',
    required: ['total'],
    properties: {
      total: { type: 'integer', title: '总金额', minimum: 1 },
      currency: { type: 'string', title: '货币类型', enum: ['CNY'] },
    },
  },
} as const

const REQUIRED = ['appid', 'mchid', 'description', 'out_trade_no', 'notify_url', 'amount'] as const

const NATIVE = { type: 'object', required: REQUIRED, properties: ORDER } as const

const JSAPI = {
  type: 'object',
  required: [...REQUIRED, 'payer'],
  properties: {
    ...ORDER,
    payer: {
      type: 'object',
      title: '支付者',
      required: ['openid'],
      properties: { openid: { type: 'string', title: '用户标识', minLength: 1, maxLength: 128 } },
    },
  },
} as const

const CLOSE = {
  type: 'object',
  required: ['mchid'],
  properties: { mchid: { type: 'string', title: '直连商户号' } },
} as const

export function transactionEndpoints(orders: Orders): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/v3/pay/transactions/native',
      handle(call) {
        const request = readJson(call, NATIVE)
        requireOwnBody(call, request)
        const { prepayId } = orders.place('NATIVE', request, call.now)
        return ok({ code_url: `weixin://wxpay/bizpayurl?pr=${prepayId}` })
      },
    },
    {
      method: 'POST',
      path: '/v3/pay/transactions/jsapi',
      handle(call) {
        const request = readJson(call, JSAPI)
        requireOwnBody(call, request)
        return ok({ prepay_id: orders.place('JSAPI', request, call.now).prepayId })
      },
    },
    {
      method: 'GET',
      path: '/v3/pay/transactions/out-trade-no/{out_trade_no}',
      handle: call => query(call, mchid => orders.find(mchid, readParam(call, 'out_trade_no'))),
    },
    {
      method: 'GET',
      path: '/v3/pay/transactions/id/{transaction_id}',
      handle: call => query(call, mchid => orders.findByTransactionId(mchid, readParam(call, 'transaction_id'))),
    },
    {
      method: 'POST',
      path: '/v3/pay/transactions/out-trade-no/{out_trade_no}/close',
      handle(call) {
        requireOwnBody(call, readJson(call, CLOSE))
        orders.close(call.merchant.mchid, readParam(call, 'out_trade_no'))
        return NO_CONTENT
      },
    },
  ]
}

function query(call: Call, find: (mchid: string) => Order | undefined) {
  requireOwnQuery(call)
  return ok(describe(requireOrder(find(call.merchant.mchid))))
}

/** The fields of the request, and the state of the order. */
function describe({ request, state, tradeType, payment }: Order): object {
  const { total, currency = 'CNY' } = request.amount
  const known = { ...request, trade_state: state, trade_state_desc: DESCRIPTIONS[state] }
  if (payment === undefined) return { ...known, amount: { total, currency } }
  return {
    ...known,
    ...describePayment({ request, tradeType }, payment),
    promotion_detail: [],
  }
}
