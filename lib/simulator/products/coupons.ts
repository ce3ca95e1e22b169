/** The endpoints of coupons: create a stock, start, pause, restart and stop it, send of it, query both. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import type { Coupon, Coupons, Stock, StockEvent } from '../ledger/coupons.js'
import { problem } from '../ledger/problem.js'

const PLACING = { numbers: 'ledger' } as const

export function couponEndpoints(coupons: Coupons): readonly Endpoint[] {
  const { stocks } = coupons
  const change = (event: StockEvent) => (call: Call) => {
    const stock = stocks.move(stocks.find(call.merchant.mchid, readParam(call, 'stock_id')), event, call.now)
    return call.respond({ stock_id: stock.id, [`${event}_time`]: beijingTime(call.now) })
  }
  return [
    endpoint(
      'post /v3/marketing/favor/coupon-stocks',
      ({ merchant, body, now, respond }) => {
        const { id, created } = stocks.place(merchant.mchid, body.out_request_no, body, now)
        return respond({ stock_id: id, create_time: beijingTime(created) })
      },
      PLACING,
    ),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}', call =>
      call.respond(describeStock(coupons, stocks.find(call.merchant.mchid, readParam(call, 'stock_id')))),
    ),
    endpoint('post /v3/marketing/favor/stocks/{stock_id}/start', change('start')),
    endpoint('post /v3/marketing/favor/stocks/{stock_id}/pause', change('pause')),
    endpoint('post /v3/marketing/favor/stocks/{stock_id}/restart', change('restart')),
    endpoint('post /v3/marketing/favor/stocks/{stock_id}/stop', change('stop')),
    endpoint(
      'post /v3/marketing/favor/users/{openid}/coupons',
      call => {
        const request = { ...call.body, openid: readParam(call, 'openid') }
        return call.respond({ coupon_id: coupons.send(call.merchant.mchid, request, call.now).id })
      },
      PLACING,
    ),
    endpoint('get /v3/marketing/favor/users/{openid}/coupons/{coupon_id}', call => {
      const coupon = coupons.coupons.find(call.merchant.mchid, readParam(call, 'coupon_id'))
      if (coupon.request.openid !== readParam(call, 'openid')) {
        throw problem(404, 'RESOURCE_NOT_EXISTS', '代金券不存在')
      }
      return call.respond(describeCoupon(coupons, coupon, call.now))
    }),
  ]
}

function describeStock(coupons: Coupons, stock: Stock): object {
  const { stock_name, available_begin_time, available_end_time, no_cash, stock_type } = stock.request
  return {
    stock_id: stock.id,
    stock_creator_mchid: stock.mchid,
    stock_name,
    available_begin_time,
    available_end_time,
    no_cash,
    stock_type,
    status: stock.state,
    create_time: beijingTime(stock.created),
    distributed_coupons: coupons.sentOf(stock.mchid, stock).length,
  }
}

function describeCoupon(coupons: Coupons, coupon: Coupon, now: number): object {
  const { request } = coupons.stocks.find(coupon.mchid, coupon.request.stock_id)
  return {
    stock_creator_mchid: coupon.mchid,
    stock_id: coupon.request.stock_id,
    coupon_id: coupon.id,
    coupon_name: request.stock_name,
    status: Date.parse(request.available_end_time) <= now ? 'EXPIRED' : coupon.state,
    create_time: beijingTime(coupon.created),
    available_begin_time: request.available_begin_time,
    available_end_time: request.available_end_time,
    no_cash: request.no_cash,
  }
}
