/** The endpoints of a brand's coupons for its products and their stocks: of the brand, and of partners that act for it. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { problem } from '../ledger/problem.js'
import type { ProductCoupon, ProductCoupons, ProductStock, SendRule } from '../ledger/product-coupons.js'
import { isSameDay } from '../ledger/validity.js'
import { asksFor, brandOf, tokenPageOf } from './pages.js'

export const ROOTS = ['/brand/marketing/product-coupon', '/v3/marketing/partner/product-coupon'] as const
const PLACING = { numbers: 'ledger' } as const

type Deactivation = Call<{ out_request_no: string; deactivate_reason: string }>
type StockBody = ProductStock['request']['stock']
type CreateBody = Omit<ProductCoupon['request'], 'creator'> & {
  stock?: StockBody | undefined
  stock_bundle?: StockBody | undefined
}
type Budget = Partial<Record<`${'current' | 'target'}_max_count${'' | '_per_day'}`, number>>

export function productCouponEndpoints(coupons: ProductCoupons): readonly Endpoint[] {
  return ROOTS.flatMap(root => endpointsOf(root, coupons))
}

function endpointsOf(root: (typeof ROOTS)[number], coupons: ProductCoupons): readonly Endpoint[] {
  const couponOf = (call: Call) => coupons.coupons.find(brandOf(call), readParam(call, 'product_coupon_id'))
  const stockOf = (call: Call) => coupons.stocks.find(brandOf(call), readParam(call, 'stock_id'))
  const respond = (call: Call, stock: ProductStock) => ok(describeStock(coupons, stock, call.now))
  const respondBundle = (call: Call, id: string) => {
    const stocks = coupons.bundleOf(brandOf(call), id)
    if (stocks.length === 0) throw problem(404, 'NOT_FOUND', '批次组不存在')
    return ok({ stock_bundle_id: id, stock_list: stocks.map(stock => describeStock(coupons, stock, call.now)) })
  }
  const place = (call: Call, coupon: ProductCoupon, no: string, stock: StockBody) =>
    coupons.stocks.place(coupon.mchid, no, { product_coupon_id: coupon.id, stock }, call.now)
  return [
    endpoint(
      `post ${root}/product-coupons`,
      (call: Call<CreateBody>) => {
        const { merchant, body, now } = call
        const { stock, stock_bundle, ...request } = body
        const { out_request_no } = request
        const own = { ...request, creator: merchant.mchid }
        const coupon = coupons.coupons.place(brandOf(call), out_request_no, own, now)
        const placed = stock && place(call, coupon, out_request_no, stock)
        const bundle = stock_bundle && placeBundle(coupons, coupon, out_request_no, stock_bundle, now)
        return ok({
          ...describeCoupon(coupons, coupon),
          ...(placed && { stock: describeStock(coupons, placed, now) }),
          ...(bundle && {
            stock_bundle: {
              stock_bundle_id: bundle[0]?.request.bundle?.id,
              stock_list: bundle.map(one => describeStock(coupons, one, now)),
            },
          }),
        })
      },
      PLACING,
    ),
    endpoint(`get ${root}/product-coupons/{product_coupon_id}`, call => ok(describeCoupon(coupons, couponOf(call)))),
    endpoint(`patch ${root}/product-coupons/{product_coupon_id}`, call => {
      const coupon = couponOf(call)
      coupons.note(coupon, { display_info: call.body.display_info })
      return ok(describeCoupon(coupons, coupon))
    }),
    endpoint(`post ${root}/product-coupons/{product_coupon_id}/deactivate`, call => {
      const coupon = coupons.coupons.move(couponOf(call), 'deactivate', call.now)
      coupons.note(coupon, deactivated(call))
      const stocks = coupons.stocks.of(coupon.mchid).filter(({ request }) => request.product_coupon_id === coupon.id)
      for (const stock of stocks) {
        if (coupons.stocks.can(stock, 'deactivate')) coupons.stocks.move(stock, 'deactivate', call.now)
      }
      return ok(describeCoupon(coupons, coupon))
    }),
    endpoint(
      `post ${root}/product-coupons/{product_coupon_id}/stocks`,
      call => respond(call, place(call, couponOf(call), call.body.out_request_no, call.body.stock)),
      PLACING,
    ),
    endpoint(`get ${root}/product-coupons/{product_coupon_id}/stocks`, call => {
      const { id, mchid } = couponOf(call)
      const found = coupons.stocks.of(mchid).filter(({ state, request }) => {
        const isOfBundle = asksFor(call, 'stock_bundle_id', request.bundle?.id)
        return request.product_coupon_id === id && asksFor(call, 'state', state) && isOfBundle
      })
      return ok(tokenPageOf(call, found, 'stock_list', stock => describeStock(coupons, stock, call.now)))
    }),
    endpoint(`get ${root}/product-coupons/{product_coupon_id}/stocks/{stock_id}`, call => respond(call, stockOf(call))),
    endpoint(`patch ${root}/product-coupons/{product_coupon_id}/stocks/{stock_id}`, call => {
      const { out_request_no: _, ...changes } = call.body
      const stock = stockOf(call)
      coupons.note(stock, changes)
      return respond(call, stock)
    }),
    endpoint(`post ${root}/product-coupons/{product_coupon_id}/stocks/{stock_id}/deactivate`, call => {
      const stock = coupons.stocks.move(stockOf(call), 'deactivate', call.now)
      coupons.note(stock, deactivated(call))
      return respond(call, stock)
    }),
    endpoint(`post ${root}/product-coupons/{product_coupon_id}/stocks/{stock_id}/update-budget`, call => {
      const stock = stockOf(call)
      updateBudget(coupons, stock, call.body)
      return respond(call, stock)
    }),
    endpoint(`post ${root}/product-coupons/{product_coupon_id}/stocks/{stock_id}/upload-coupon-codes`, call => {
      const stock = stockOf(call)
      if (stock.request.stock.coupon_code_mode !== 'UPLOAD')
        throw problem(400, 'INVALID_REQUEST', '批次不支持上传券Code')
      const list = call.body.code_list
      const { fresh, known, repeated } = coupons.codes.upload(stock.id, list, call.now)
      return ok({
        total_count: fresh.length + known.length,
        success_code_list: fresh,
        already_exist_code_list: known,
        duplicate_code_list: repeated,
      })
    }),
    endpoint(
      `post ${root}/product-coupons/{product_coupon_id}/stock-bundles`,
      call => {
        const { out_request_no, stock_bundle } = call.body
        const [first] = placeBundle(coupons, couponOf(call), out_request_no, stock_bundle, call.now)
        return respondBundle(call, first?.request.bundle?.id ?? '')
      },
      PLACING,
    ),
    endpoint(`post ${root}/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/update-budget`, call => {
      const id = readParam(call, 'stock_bundle_id')
      for (const stock of coupons.bundleOf(brandOf(call), id)) updateBudget(coupons, stock, call.body)
      return respondBundle(call, id)
    }),
    endpoint(`patch ${root}/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}`, call => {
      const { out_request_no: _, ...changes } = call.body
      const id = readParam(call, 'stock_bundle_id')
      for (const stock of coupons.bundleOf(brandOf(call), id)) coupons.note(stock, changes)
      return respondBundle(call, id)
    }),
    endpoint(`get ${root}/notify-configs`, ({ merchant }) => {
      const known = coupons.callback(merchant.mchid)
      if (!known) throw problem(404, 'NOT_FOUND', '未设置事件通知地址')
      return ok({ notify_url: known.notify_url, update_time: beijingTime(known.at) })
    }),
    endpoint(`post ${root}/notify-configs`, ({ merchant, body, now }) => {
      coupons.setCallback(merchant.mchid, body.notify_url, now)
      return ok({ notify_url: body.notify_url, update_time: beijingTime(now) })
    }),
  ]
}

export function deactivated({ body, now }: Deactivation): object {
  const { out_request_no, deactivate_reason } = body
  return { deactivate_request_no: out_request_no, deactivate_reason, deactivate_time: beijingTime(now) }
}

/** One stock for each use of the bundle. */
function placeBundle(
  coupons: ProductCoupons,
  { mchid, id, request }: ProductCoupon,
  no: string,
  { progressive_bundle_usage_rule: rule, ...stock }: StockBody,
  now: EpochMilliseconds,
): ProductStock[] {
  const { count = 1 } = request.progressive_bundle_usage_info ?? {}
  return Array.from({ length: count }, (_, index) => {
    const own = { ...stock, ...(rule && { progressive_bundle_usage_rule: ruleAt(rule, index) }) }
    const bundle = { id: `${id}${no}`, index }
    return coupons.stocks.place(mchid, `${no}/${index}`, { product_coupon_id: id, bundle, stock: own }, now)
  })
}

/** A bundle has lists of rules, `normal_coupon_list`, and each of its stocks its own, `normal_coupon`. */
function ruleAt<Rule extends { coupon_available_period: object }>(rule: Rule, index: number) {
  const { coupon_available_period } = rule
  const entries = Object.entries(rule).map(([name, value]) =>
    Array.isArray(value) ? [name.replace(/_list$/, ''), value[index]] : [name, value],
  )
  return { ...Object.fromEntries(entries), coupon_available_period }
}

/** @throws ApiError 400 `INVALID_REQUEST` for a limit that is not the current one. */
function updateBudget(coupons: ProductCoupons, stock: ProductStock, budget: Budget): void {
  const rule = coupons.sendRuleOf(stock)
  for (const name of ['max_count', 'max_count_per_day'] as const satisfies readonly (keyof SendRule)[]) {
    const target = budget[`target_${name}`]
    if (target === undefined) continue
    if (budget[`current_${name}`] !== rule[name]) throw problem(400, 'INVALID_REQUEST', '当前发放次数上限与实际不一致')
    coupons.setSendRule(stock, { [name]: target })
  }
}

export function describeCoupon(coupons: ProductCoupons, row: ProductCoupon): object {
  return { ...row.request, product_coupon_id: row.id, state: row.state, brand_id: row.mchid, ...coupons.noteOf(row) }
}

export function describeStock(coupons: ProductCoupons, row: ProductStock, now: EpochMilliseconds): object {
  const { stock, product_coupon_id, bundle } = row.request
  const sent = coupons.sentOf(row)
  const codes = coupons.codes.of(row.id)
  return {
    ...stock,
    product_coupon_id,
    stock_id: row.id,
    brand_id: row.mchid,
    state: row.state,
    stock_send_rule: coupons.sendRuleOf(row),
    sent_count_info: {
      total_count: sent.length,
      today_count: sent.filter(({ created }) => isSameDay(created, now)).length,
    },
    ...(codes.length > 0 && {
      coupon_code_count_info: {
        total_count: codes.length,
        available_count: codes.filter(({ dispatched }) => dispatched === undefined).length,
      },
    }),
    ...(bundle && { stock_bundle_info: { stock_bundle_id: bundle.id, stock_bundle_index: bundle.index } }),
    ...coupons.noteOf(row),
  }
}
