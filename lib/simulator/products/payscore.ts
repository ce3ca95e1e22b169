/** The endpoints of service orders of WeChat Pay Score: create, query, cancel, complete, modify, pay. */
import { type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import type { ServiceOrder, ServiceOrders } from '../ledger/payscore.js'

export function payscoreEndpoints(services: ServiceOrders): readonly Endpoint[] {
  const find = (call: Call) => services.find(call.merchant.mchid, readParam(call, 'out_order_no'))
  const respond = (call: Call, row: ServiceOrder) => call.respond(services.describe(row))
  return [
    endpoint(
      'post /v3/payscore/serviceorder',
      call => respond(call, services.open(call.merchant.mchid, call.body, call.now)),
      { numbers: 'ledger' },
    ),
    endpoint('get /v3/payscore/serviceorder', call =>
      respond(call, services.find(call.merchant.mchid, call.query.get('out_order_no') ?? '')),
    ),
    endpoint('post /v3/payscore/serviceorder/{out_order_no}/cancel', call => {
      const row = services.move(find(call), 'cancel', call.now, call.body.reason)
      return call.respond({ order_id: row.id })
    }),
    endpoint('post /v3/payscore/serviceorder/{out_order_no}/complete', call => {
      const row = find(call)
      const { total_amount, post_payments, post_discounts } = call.body
      services.complete(row, 'complete', { total_amount, post_payments, post_discounts }, call.now)
      return respond(call, row)
    }),
    endpoint('post /v3/payscore/serviceorder/{out_order_no}/modify', call => {
      const row = find(call)
      const { total_amount, post_payments, post_discounts } = call.body
      services.complete(row, 'modify', { total_amount, post_payments, post_discounts }, call.now)
      return respond(call, row)
    }),
    endpoint('post /v3/payscore/serviceorder/{out_order_no}/pay', call => {
      const row = services.move(find(call), 'pay', call.now)
      return call.respond({ order_id: row.id })
    }),
  ]
}
