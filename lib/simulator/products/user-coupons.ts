/** The endpoints of the users' coupons of a brand: send, confirm, use, return, deactivate. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { problem } from '../ledger/problem.js'
import type { ProductCoupons, UserCoupon } from '../ledger/product-coupons.js'
import { asksFor, brandOf, tokenPageOf } from './pages.js'
import { deactivated, describeCoupon, describeStock, ROOTS } from './product-coupons.js'

const PLACING = { numbers: 'ledger' } as const

interface UseBody {
  out_request_no: string
  use_time: string
  associated_order_info?: object | undefined
  associated_pay_score_order_info?: object | undefined
}

export function userCouponEndpoints(coupons: ProductCoupons): readonly Endpoint[] {
  return ROOTS.flatMap(root => endpointsOf(root, coupons))
}

function endpointsOf(root: (typeof ROOTS)[number], coupons: ProductCoupons): readonly Endpoint[] {
  const find = (call: Call) => coupons.find(brandOf(call), readParam(call, 'openid'), readParam(call, 'coupon_code'))
  const respond = (call: Call, row: UserCoupon) => ok(describeUser(coupons, row, call.now))
  const respondBundle = (call: Call, rows: readonly UserCoupon[]) =>
    ok({
      user_coupon_bundle_id: rows[0]?.request.bundle?.id,
      user_product_coupon_list: rows.map(row => describeUser(coupons, row, call.now)),
    })
  return [
    endpoint(
      `post ${root}/users/{openid}/coupons`,
      call => {
        const { product_coupon_id, stock_id, appid, send_request_no, coupon_code, attach } = call.body
        const request = {
          openid: readParam(call, 'openid'),
          product_coupon_id,
          stock_id,
          appid,
          send_request_no,
          ...(coupon_code && { coupon_code }),
          ...(attach && { attach }),
        }
        return respond(call, coupons.send(brandOf(call), request, call.now))
      },
      PLACING,
    ),
    endpoint(
      `post ${root}/users/{openid}/coupon-bundles`,
      call => {
        const { product_coupon_id, stock_bundle_id, appid, send_request_no, attach } = call.body
        const stocks = coupons.bundleOf(brandOf(call), stock_bundle_id)
        if (stocks.length === 0) throw problem(404, 'NOT_FOUND', '批次组不存在')
        const openid = readParam(call, 'openid')
        const common = { openid, product_coupon_id, appid, send_request_no, ...(attach && { attach }) }
        const id = `${stock_bundle_id}${send_request_no}`
        const rows = stocks.map((stock, index) =>
          coupons.send(
            brandOf(call),
            { ...common, stock_id: stock.id, bundle: { id, index, count: stocks.length } },
            call.now,
          ),
        )
        return respondBundle(call, rows)
      },
      PLACING,
    ),
    endpoint(`post ${root}/users/{openid}/coupon-bundles/{user_coupon_bundle_id}/deactivate`, call => {
      const id = readParam(call, 'user_coupon_bundle_id')
      const rows = coupons.users.of(brandOf(call)).filter(({ request }) => request.bundle?.id === id)
      if (rows.length === 0) throw problem(404, 'NOT_FOUND', '用户券组不存在')
      for (const row of rows.filter(one => coupons.users.can(one, 'deactivate'))) {
        coupons.note(coupons.users.move(row, 'deactivate', call.now), deactivated(call))
      }
      return respondBundle(call, rows)
    }),
    endpoint(`get ${root}/users/{openid}/coupons`, call => {
      const found = coupons.users.of(brandOf(call)).filter(({ state, request }) => {
        return (
          request.openid === readParam(call, 'openid') &&
          asksFor(call, 'product_coupon_id', request.product_coupon_id) &&
          asksFor(call, 'stock_id', request.stock_id) &&
          asksFor(call, 'coupon_state', state) &&
          asksFor(call, 'user_coupon_bundle_id', request.bundle?.id)
        )
      })
      return ok(tokenPageOf(call, found, 'user_coupon_list', row => describeUser(coupons, row, call.now)))
    }),
    endpoint(`get ${root}/users/{openid}/coupons/{coupon_code}`, call => respond(call, find(call))),
    endpoint(`post ${root}/users/{openid}/coupons/{coupon_code}/confirm`, call => {
      const row = coupons.confirm(find(call), call.now)
      coupons.note(row, { confirm_request_no: call.body.out_request_no, confirm_time: beijingTime(call.now) })
      return respond(call, row)
    }),
    endpoint(`post ${root}/users/{openid}/coupons/{coupon_code}/use`, (call: Call<UseBody>) => {
      const { out_request_no, associated_order_info, associated_pay_score_order_info, use_time } = call.body
      const row = coupons.users.move(find(call), 'use', call.now)
      const order = {
        ...(associated_order_info && { associated_order_info }),
        ...(associated_pay_score_order_info && { associated_pay_score_order_info }),
      }
      coupons.note(row, { [detailOf(row)]: { use_request_no: out_request_no, use_time, ...order } })
      return respond(call, row)
    }),
    endpoint(`post ${root}/users/{openid}/coupons/{coupon_code}/return`, call => {
      const row = coupons.users.move(find(call), 'return', call.now)
      const returned = { return_request_no: call.body.out_request_no, return_time: beijingTime(call.now) }
      coupons.note(row, { [detailOf(row)]: returned })
      return respond(call, row)
    }),
    endpoint(`post ${root}/users/{openid}/coupons/{coupon_code}/deactivate`, call => {
      const row = coupons.users.move(find(call), 'deactivate', call.now)
      coupons.note(row, deactivated(call))
      return respond(call, row)
    }),
  ]
}

function detailOf({ request }: UserCoupon): string {
  return request.bundle ? 'progressive_bundle_usage_detail' : 'single_usage_detail'
}

function describeUser(coupons: ProductCoupons, row: UserCoupon, now: EpochMilliseconds): object {
  const { begin, end } = coupons.validity(row)
  const { attach, bundle, send_request_no, product_coupon_id } = row.request
  const used = coupons.users
    .of(row.mchid)
    .filter(({ state, request }) => state === 'USED' && request.bundle?.id === bundle?.id)
  return {
    brand_id: row.mchid,
    coupon_code: coupons.codeOf(row),
    coupon_state: row.state,
    valid_begin_time: beijingTime(begin),
    valid_end_time: beijingTime(end),
    receive_time: beijingTime(row.created),
    send_request_no,
    send_channel: 'API',
    ...(attach && { attach }),
    ...(bundle && {
      user_product_coupon_bundle_info: {
        user_coupon_bundle_id: bundle.id,
        user_coupon_bundle_index: bundle.index,
        total_count: bundle.count,
        used_count: used.length,
      },
    }),
    product_coupon: describeCoupon(coupons, coupons.coupons.find(row.mchid, product_coupon_id)),
    stock: describeStock(coupons, coupons.stockOf(row), now),
    ...coupons.noteOf(row),
  }
}
