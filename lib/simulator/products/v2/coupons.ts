/** The endpoints of APIv2 cash coupons: send, query a stock, query a coupon. APIv3 knows the same coupons. */
import { ApiError } from '../../../errors.js'
import { beijingDigits } from '../../../util/beijing-time.js'
import { requireFields } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { success, type V2Call } from '../../gateway/v2/message.js'
import type { Coupons } from '../../ledger/coupons.js'

const FOLDER = '/mmpaymkttransfers'
const STATES = { unactivated: 1, running: 4, paused: 16, stoped: 8 } as const

export function couponEndpoints(coupons: Coupons): readonly V2Endpoint[] {
  return [
    { path: `${FOLDER}/send_coupon`, handle: call => send(call, coupons) },
    {
      path: `${FOLDER}/query_coupon_stock`,
      notFoundCode: 'COUPON_STOCK_ID_NOT_VALID',
      handle(call) {
        const { coupon_stock_id } = requireFields(call.fields, 'coupon_stock_id')
        const stock = coupons.stocks.find(call.merchant.mchid, coupon_stock_id)
        const { stock_name, stock_use_rule, available_begin_time, available_end_time } = stock.request
        return success(call, {
          coupon_stock_id,
          coupon_name: stock_name,
          ...worthOf(stock.request),
          coupon_stock_status: STATES[stock.state],
          coupon_total: stock_use_rule.max_coupons,
          max_quota: stock_use_rule.max_coupons_per_user,
          is_send_num: coupons.sentOf(stock).length,
          coupon_budget: stock_use_rule.max_amount,
          ...times('begin_time', Date.parse(available_begin_time)),
          ...times('end_time', Date.parse(available_end_time)),
          ...times('create_time', stock.created),
        })
      },
    },
    {
      path: `${FOLDER}/querycouponsinfo`,
      handle(call) {
        const { coupon_id, openid } = requireFields(call.fields, 'coupon_id', 'openid')
        const coupon = coupons.find(call.merchant.mchid, openid, coupon_id)
        const { id, request } = coupons.stockOf(coupon)
        const { coupon_value, coupon_mininumn } = worthOf(request)
        const used = coupons.useOf(coupon)?.fen ?? 0
        return success(call, {
          coupon_stock_id: id,
          coupon_id,
          coupon_value,
          coupon_mininumn,
          coupon_name: request.stock_name,
          coupon_state: coupon.state,
          coupon_desc: request.pattern_info?.description ?? '',
          coupon_use_value: used,
          coupon_remain_value: coupon_value - used,
          send_source: 'NORMAL',
        })
      },
    },
  ]
}

/** A coupon that cannot be sent is a failed entry of the list, which has at most one entry. */
function send(call: V2Call, coupons: Coupons): string {
  const { mchid } = call.merchant
  const fields = requireFields(call.fields, 'coupon_stock_id', 'partner_trade_no', 'openid', 'appid')
  const { coupon_stock_id, partner_trade_no, openid, appid } = fields
  const request = {
    openid,
    stock_id: coupon_stock_id,
    out_request_no: partner_trade_no,
    appid,
    stock_creator_mchid: mchid,
  }
  const common = { coupon_stock_id, resp_count: 1, openid }
  try {
    const { id } = coupons.send(mchid, request, call.now)
    return success(call, {
      ...common,
      success_count: 1,
      failed_count: 0,
      ret_code: 'SUCCESS',
      coupon_id: id,
      ret_msg: '',
    })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const failed = { success_count: 0, failed_count: 1, ret_code: 'FAILED', coupon_id: '', ret_msg: error.message }
    return success(call, { ...common, ...failed })
  }
}

function worthOf({ coupon_use_rule: { fixed_normal_coupon: fixed } }: ReturnType<Coupons['stockOf']>['request']) {
  return { coupon_value: fixed?.coupon_amount ?? 0, coupon_mininumn: fixed?.transaction_minimum ?? 0 }
}

/** Seconds since 1970, and digits only. */
function times(name: string, time: number): Record<string, string> {
  return { [name]: String(Math.floor(time / 1000)), [`${name}_t`]: beijingDigits(time) }
}
