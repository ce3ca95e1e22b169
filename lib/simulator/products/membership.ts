/** The endpoint of member cards that commits the bonus points of an order. */
import { type Endpoint, NO_CONTENT, readJson } from '../gateway/endpoint.js'

const BONUS = {
  type: 'object',
  required: ['out_trade_no', 'mchid', 'sub_mchid', 'bonus_value'],
  properties: {
    out_trade_no: { type: 'string', title: '商户订单号', minLength: 1 },
    mchid: { type: 'string', title: '直连商户号', minLength: 1 },
    sub_mchid: { type: 'string', title: '子商户号', minLength: 1 },
    bonus_value: { type: 'integer', title: '会员积分值' },
  },
} as const

/** The `mchid` in the body is the merchant of the order, who need not be the caller. */
export const membershipEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit',
    handle(call) {
      readJson(call, BONUS)
      return NO_CONTENT
    },
  },
]
