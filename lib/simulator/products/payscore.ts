/** The endpoints of service orders of WeChat Pay Score, of merchants and of service providers. */
import { alsoAt, type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import {
  type Completion,
  type ServiceOrder,
  type ServiceOrders,
  type ServiceRequest,
  sumOf,
} from '../ledger/payscore.js'
import type { Permissions } from '../ledger/payscore-permissions.js'
import { parameterError, problem } from '../ledger/problem.js'

const PLACING = { numbers: 'ledger' } as const

/** The fields of a request that name its service. */
interface Named {
  readonly service_id?: string | undefined
  readonly sub_mchid?: string | undefined
}

type CompleteCall = Call<Completion & Named & { total_amount: number }>
type PresetCall = Call<Omit<ServiceRequest, 'need_user_confirm'> & Partial<Completion>>
type SyncCall = Call<Named & { detail: { paid_time: string; paid_amount?: number | undefined } }>

export function serviceEndpoints(services: ServiceOrders, permissions: Permissions): readonly Endpoint[] {
  const respond = (call: Call, row: ServiceOrder) => call.respond(services.describe(row))
  const open = (call: Call<ServiceRequest>) => {
    const { body, merchant, now } = call
    const permission = permissions.byUser(merchant.mchid, body.openid, body.service_id)
    if (body.need_user_confirm === false && permission?.state === 'UNAVAILABLE') {
      throw problem(400, 'INVALID_REQUEST', '用户已解除授权')
    }
    return respond(call, services.open(merchant.mchid, body, now))
  }
  const query = (call: Call) => {
    const { query, merchant } = call
    const numbers = ['out_order_no', 'query_id'].flatMap(name => query.get(name) || [])
    const [number = ''] = numbers
    if (numbers.length !== 1) throw oneNumber()
    const named = { service_id: query.get('service_id') ?? undefined, sub_mchid: query.get('sub_mchid') ?? undefined }
    return respond(call, requireNamed(services, merchant.mchid, number, named))
  }
  const find = (call: Call<Named>) =>
    requireNamed(services, call.merchant.mchid, readParam(call, 'out_order_no'), call.body)
  const cancel = (call: Call<Named & { reason: string }>) =>
    respond(call, services.move(find(call), 'cancel', call.now, call.body.reason))
  const complete = (event: 'complete' | 'modify') => (call: CompleteCall) =>
    respond(call, services.complete(find(call), event, completionOf(call.body), call.now))
  const collect = (call: Call<Named>) => respond(call, services.move(find(call), 'collect', call.now))
  const sync = (call: SyncCall) => {
    const { paid_time, paid_amount } = call.body.detail
    return respond(call, services.sync(find(call), paid_time, paid_amount, call.now))
  }
  const preset = (call: PresetCall) => {
    const { body, merchant, now } = call
    const said = completionOf({ ...body, total_amount: body.total_amount ?? sumOf(body) })
    const row = services.open(merchant.mchid, { ...body, need_user_confirm: false }, now)
    return respond(call, row.state === 'DOING' ? services.complete(row, 'complete', said, now) : row)
  }
  return alsoAt(
    '/v3/payscore',
    ['/v3/payscore/partner'],
    [
      endpoint('post /v3/payscore/serviceorder', open, PLACING),
      endpoint('post /v3/payscore/servicepayondeliveryorder', open, PLACING),
      endpoint('post /v3/payscore/serviceorder/direct-complete', preset, PLACING),
      endpoint('get /v3/payscore/serviceorder', query),
      endpoint('post /v3/payscore/serviceorder/{out_order_no}/cancel', cancel),
      endpoint('post /v3/payscore/serviceorder/{out_order_no}/complete', complete('complete')),
      endpoint('post /v3/payscore/serviceorder/{out_order_no}/modify', complete('modify')),
      endpoint('post /v3/payscore/serviceorder/{out_order_no}/pay', collect),
      endpoint('post /v3/payscore/serviceorder/{out_order_no}/sync', sync),
    ],
  )
}

/** Only the fields of the request, so that a repeated request can be compared. */
function completionOf(body: Completion): Completion {
  const { total_amount, post_payments, post_discounts, time_range, location, profit_sharing } = body
  return {
    total_amount,
    ...(post_payments && { post_payments }),
    ...(post_discounts && { post_discounts }),
    ...(time_range && { time_range }),
    ...(location && { location }),
    ...(profit_sharing !== undefined && { profit_sharing }),
  }
}

/** @throws ApiError 404 also for an order of a different service or sub-merchant. */
function requireNamed(services: ServiceOrders, mchid: string, number: string, named: Named): ServiceOrder {
  const row = services.find(mchid, number)
  const { service_id, sub_mchid } = row.request
  const isSame = (named.service_id ?? service_id) === service_id && (named.sub_mchid ?? sub_mchid) === sub_mchid
  if (!isSame) throw problem(404, 'ORDER_NOT_EXIST', '订单不存在')
  return row
}

function oneNumber() {
  const issue = 'out_order_no和query_id必须且只能填写一个'
  return parameterError(issue, { field: 'out_order_no', issue, location: 'query' })
}
