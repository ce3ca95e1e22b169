/** The endpoints of parking: query the service of a plate, enter, deduct, and the orders of deductions. */
import { type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { DEFAULT_OPENID } from '../ledger/order.js'
import { requireOrder } from '../ledger/order-problems.js'
import type { Orders } from '../ledger/orders.js'
import { describeParkingOrder } from '../ledger/parking-order.js'
import type { Parkings } from '../ledger/parkings.js'
import { problem } from '../ledger/problem.js'
import type { Schema } from '../schema/catalogue.js'

/** Rules that the documents give in prose. */
const RULES: Schema = {
  properties: {
    out_trade_no: { pattern: '^[0-9A-Za-z_\\-*]{1,32}$' },
    description: { minLength: 1, maxLength: 128 },
    amount: { properties: { total: { minimum: 1 } } },
  },
}

export function parkingEndpoints(parkings: Parkings, orders: Orders): readonly Endpoint[] {
  return [
    endpoint('get /v3/vehicle/parking/services/find', call => {
      const plate = (name: string) => call.query.get(name) ?? ''
      const names = { plate_number: plate('plate_number'), plate_color: plate('plate_color') }
      const stay = parkings.newestOf(call.merchant.mchid, names)
      const isPaused = stay?.state === 'BLOCKED' && stay.reason !== 'OUT_SERVICE'
      const service_state = stay?.state === 'BLOCKED' ? (isPaused ? 'PAUSE' : 'OUT_SERVICE') : 'NORMAL'
      return call.respond({ ...names, openid: plate('openid'), service_state })
    }),
    endpoint(
      'post /v3/vehicle/parking/parkings',
      ({ merchant, body, now, respond }) => {
        const { id, state, reason } = parkings.enter(merchant.mchid, body, now)
        return respond({ id, state, ...(state === 'BLOCKED' && { block_reason: reason }) })
      },
      { numbers: 'ledger' },
    ),
    endpoint(
      'post /v3/vehicle/transactions/parking',
      ({ merchant, body, now }) => {
        const { trade_scene: _, goods_tag: __, profit_sharing, parking_info, ...request } = body
        if (!parking_info) throw problem(400, 'INVALID_REQUEST', '停车入场id不存在')
        const settle_info = profit_sharing === 'Y' && { settle_info: { profit_sharing: true } }
        const order = { ...request, ...settle_info, parking_info, payer: { openid: DEFAULT_OPENID } }
        return ok(describeParkingOrder(parkings.deduct(merchant.mchid, order, parking_info, now)))
      },
      { rules: RULES, numbers: 'ledger' },
    ),
    endpoint('get /v3/vehicle/transactions/out-trade-no/{out_trade_no}', call => {
      const order = requireOrder(orders.find(call.merchant.mchid, readParam(call, 'out_trade_no')))
      return ok(describeParkingOrder(order))
    }),
  ]
}
