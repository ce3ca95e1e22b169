/** The endpoints of cash coupons: their stocks, the users' coupons, and the files about uses and refunds. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { Stock, StockEvent } from '../ledger/coupon.js'
import type { StockRequest } from '../ledger/coupon-rules.js'
import type { Coupons } from '../ledger/coupons.js'
import { problem } from '../ledger/problem.js'
import { DAY } from '../ledger/product.js'
import { asksFor, pageOf } from './pages.js'

const PLACING = { numbers: 'ledger' } as const

export function couponEndpoints(coupons: Coupons): readonly Endpoint[] {
  const { stocks } = coupons
  const ofPath = (call: Call) => stocks.find(call.merchant.mchid, readParam(call, 'stock_id'))
  const created = (call: Call) => stocks.find(call.query.get('stock_creator_mchid') ?? '', readParam(call, 'stock_id'))
  const change = (event: StockEvent) => (call: Call) => {
    const stock = coupons.change(ofPath(call), event, call.now)
    return call.respond({ stock_id: stock.id, [`${event}_time`]: beijingTime(call.now) })
  }
  const couponOf = (call: Call) =>
    coupons.find(call.merchant.mchid, readParam(call, 'openid'), readParam(call, 'coupon_id'))
  return [
    endpoint(
      'post /v3/marketing/favor/coupon-stocks',
      ({ merchant, body, now, respond }) => {
        requireConsistent(body)
        const { id, created } = stocks.place(merchant.mchid, body.out_request_no, body, now)
        return respond({ stock_id: id, create_time: beijingTime(created) })
      },
      PLACING,
    ),
    endpoint('get /v3/marketing/favor/stocks', call => {
      const { query } = call
      const found = stocks
        .of(query.get('stock_creator_mchid') ?? '')
        .filter(
          stock =>
            asksFor(call, 'status', stock.state) &&
            stock.created >= Date.parse(query.get('create_start_time') ?? '1970-01-01') &&
            stock.created <= Date.parse(query.get('create_end_time') ?? '9999-12-31'),
        )
      return ok(pageOf(call, found, stock => describeStock(coupons, stock)))
    }),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}', call => ok(describeStock(coupons, created(call)))),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/merchants', call => {
      const { id, request } = created(call)
      const merchants = request.coupon_use_rule.available_merchants ?? [request.belong_merchant]
      return ok({ ...pageOf(call, merchants, mchid => mchid), stock_id: id })
    }),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/items', call => {
      const { id, request } = created(call)
      return ok({ ...pageOf(call, request.coupon_use_rule.available_items ?? [], item => item), stock_id: id })
    }),
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
    endpoint('get /v3/marketing/favor/users/{openid}/coupons', call => {
      const { query } = call
      const openid = readParam(call, 'openid')
      const found = coupons.sentTo(openid).filter(coupon => {
        const { request } = coupons.stockOf(coupon)
        const { available_merchants = [request.belong_merchant] } = request.coupon_use_rule
        return (
          (query.has('status') ? asksFor(call, 'status', coupon.state) : coupon.state !== 'EXPIRED') &&
          asksFor(call, 'stock_id', coupon.request.stock_id) &&
          asksFor(call, 'creator_mchid', coupon.request.stock_creator_mchid) &&
          asksFor(call, 'sender_mchid', coupon.mchid) &&
          (!query.has('available_mchid') || available_merchants.includes(query.get('available_mchid') ?? ''))
        )
      })
      return ok(pageOf(call, found, coupon => coupons.describe(coupon)))
    }),
    endpoint('get /v3/marketing/favor/users/{openid}/coupons/{coupon_id}', call =>
      ok(coupons.describe(couponOf(call))),
    ),
    endpoint('post /v3/marketing/favor/callbacks', ({ body, respond, now }) => {
      coupons.setCallback(body.mchid, { notify_url: body.notify_url, isOn: body.switch ?? true })
      return respond({ update_time: beijingTime(now), notify_url: body.notify_url })
    }),
    endpoint('get /v3/marketing/favor/callbacks', ({ query }) => {
      const mchid = query.get('mchid') ?? ''
      const known = coupons.callback(mchid)
      if (!known) throw problem(404, 'RESOURCE_NOT_EXISTS', '未设置消息通知地址')
      return ok({ mchid, notify_url: known.notify_url })
    }),
  ]
}

/** @throws ApiError 400 `INVALID_REQUEST` or `PARAM_ERROR` for an invalid period or budget. */
function requireConsistent({ available_begin_time, available_end_time, ...stock }: StockRequest): void {
  const days = (Date.parse(available_end_time) - Date.parse(available_begin_time)) / DAY
  if (!(days >= 0 && days <= 90)) {
    throw problem(400, 'INVALID_REQUEST', '批次发放规则或核销规则有误，请修改后重试')
  }
  const { max_amount, max_coupons } = stock.stock_use_rule
  const { coupon_amount } = stock.coupon_use_rule.fixed_normal_coupon ?? {}
  if (coupon_amount !== undefined && max_amount !== coupon_amount * max_coupons) {
    throw problem(400, 'PARAM_ERROR', '批次预算等于批次面额乘以发券数')
  }
}

function describeStock(coupons: Coupons, stock: Stock): object {
  const { stock_name, available_begin_time, available_end_time, no_cash, stock_type, ...request } = stock.request
  const { fixed_normal_coupon, available_items = [], goods_tag } = request.coupon_use_rule
  const at = (event: StockEvent) => stock.history.find(step => step.event === event)?.at
  const [started, stopped] = [at('start'), at('stop')]
  return {
    stock_id: stock.id,
    stock_creator_mchid: stock.mchid,
    stock_name,
    description: request.pattern_info?.description ?? '',
    available_begin_time,
    available_end_time,
    no_cash,
    stock_type,
    status: stock.state,
    create_time: beijingTime(stock.created),
    ...(started !== undefined && { start_time: beijingTime(started) }),
    ...(stopped !== undefined && { stop_time: beijingTime(stopped) }),
    distributed_coupons: coupons.sentOf(stock).length,
    singleitem: available_items.length > 0,
    stock_use_rule: { max_amount_by_day: 0, ...request.stock_use_rule, fixed_normal_coupon, goods_tag },
  }
}
