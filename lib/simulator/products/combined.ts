/** The endpoints of combined orders, including e-commerce: create, query, close. */
import { type Call, type Endpoint, endpoint, foreignMerchant, NO_CONTENT, ok, readParam } from '../gateway/endpoint.js'
import type { CombinedRequest, TradeType } from '../ledger/order.js'
import { describeCombined } from '../ledger/order-notices.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import { codeUrl, h5Url } from './transactions.js'

const PLACING = { numbers: 'ledger' } as const

type CombineCall = Call<CombinedRequest>

export function combinedEndpoints(orders: Orders): readonly Endpoint[] {
  const prepare = (call: CombineCall, tradeType: TradeType) => {
    const { combine_mchid } = call.body
    if (combine_mchid !== call.merchant.mchid) throw foreignMerchant('/combine_mchid', combine_mchid, 'body')
    return orders.combine(call.merchant.mchid, tradeType, call.body, call.now).prepayId
  }
  const prepay = (tradeType: TradeType) => (call: CombineCall) => call.respond({ prepay_id: prepare(call, tradeType) })
  return [
    endpoint('post /v3/combine-transactions/jsapi', prepay('JSAPI'), PLACING),
    endpoint('post /v3/combine-transactions/miniprogram', prepay('JSAPI'), PLACING),
    endpoint('post /v3/combine-transactions/app', prepay('APP'), PLACING),
    endpoint('post /v3/combine-transactions/h5', call => ok({ h5_url: h5Url(prepare(call, 'MWEB')) }), PLACING),
    endpoint(
      'post /v3/combine-transactions/native',
      call => ok({ code_url: codeUrl(prepare(call, 'NATIVE')) }),
      PLACING,
    ),
    endpoint('get /v3/combine-transactions/out-trade-no/{combine_out_trade_no}', call => {
      const combined = requireOrder(orders.findCombined(call.merchant.mchid, readParam(call, 'combine_out_trade_no')))
      return ok(describeCombined(combined, orders.partsOf(combined)))
    }),
    endpoint('post /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close', call => {
      const combined = requireOrder(orders.findCombined(call.merchant.mchid, readParam(call, 'combine_out_trade_no')))
      for (const { request } of orders.partsOf(combined)) orders.close(call.merchant.mchid, request.out_trade_no)
      return NO_CONTENT
    }),
  ]
}
