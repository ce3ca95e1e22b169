/** The endpoints of WeChat Pay Score about its users: permissions, plans and signed plans. */
import { type Call, type Endpoint, endpoint, NO_CONTENT, readParam } from '../gateway/endpoint.js'
import type { ServiceOrders } from '../ledger/payscore.js'
import type { PermissionRequest, Permissions } from '../ledger/payscore-permissions.js'
import type { PlanRequest, Plans, SignRequest, UseRequest } from '../ledger/payscore-plans.js'
import { problem } from '../ledger/problem.js'

const PLACING = { numbers: 'ledger' } as const

interface UserNames {
  readonly openid?: string | undefined
  readonly sub_openid?: string | undefined
  readonly service_id: string
}

export function permissionEndpoints(permissions: Permissions): readonly Endpoint[] {
  const apply = (call: Call<PermissionRequest>) => {
    const { merchant, body, now } = call
    const { id } = permissions.place(merchant.mchid, body.authorization_code, body, now)
    return call.respond({ apply_permissions_token: Buffer.from(id).toString('base64') })
  }
  const byCode = (call: Call) => permissions.find(call.merchant.mchid, readParam(call, 'authorization_code'))
  const byUser = (call: Call, { openid, sub_openid, service_id }: UserNames) => {
    const permission = permissions.byUser(call.merchant.mchid, openid ?? sub_openid, service_id)
    if (permission === undefined) throw problem(404, 'NOT_EXIST', '授权记录不存在')
    return permission
  }
  const query = (call: Call) => call.respond(permissions.describe(byCode(call)))
  const terminate = (call: Call) => {
    permissions.move(byCode(call), 'terminate', call.now)
    return NO_CONTENT
  }
  const terminateUser = (call: Call, names: UserNames) => {
    permissions.move(byUser(call, names), 'terminate', call.now)
    return NO_CONTENT
  }
  return [
    endpoint('post /v3/payscore/permissions', apply, PLACING),
    endpoint('post /v3/payscore/partner/permissions', apply, PLACING),
    endpoint('get /v3/payscore/permissions/authorization-code/{authorization_code}', query),
    endpoint('get /v3/payscore/partner/permissions/authorization-code/{authorization_code}', query),
    endpoint('get /v3/payscore/permissions/openid/{openid}', call =>
      call.respond(permissions.describe(byUser(call, namesOf(call, readParam(call, 'openid'))))),
    ),
    endpoint('get /v3/payscore/partner/permissions/search', call =>
      call.respond(permissions.describe(byUser(call, namesOf(call)))),
    ),
    endpoint('get /v3/payscore/user-service-state', call => {
      const { openid, service_id } = namesOf(call)
      const permission = permissions.byUser(call.merchant.mchid, openid, service_id)
      return call.respond({ use_service_state: permission?.state === 'AVAILABLE' ? 'AVAILABLE' : 'UNAVAILABLE' })
    }),
    endpoint('post /v3/payscore/permissions/authorization-code/{authorization_code}/terminate', terminate),
    endpoint('post /v3/payscore/partner/permissions/authorization-code/{authorization_code}/terminate', terminate),
    endpoint('post /v3/payscore/permissions/openid/{openid}/terminate', call =>
      terminateUser(call, { openid: readParam(call, 'openid'), service_id: call.body.service_id }),
    ),
    endpoint('post /v3/payscore/users/{openid}/permissions/{service_id}/terminate', call =>
      terminateUser(call, { openid: readParam(call, 'openid'), service_id: readParam(call, 'service_id') }),
    ),
    endpoint('post /v3/payscore/partner/permissions/terminate', call => terminateUser(call, call.body)),
  ]
}

function namesOf({ query }: Call, openid = query.get('openid') ?? undefined): UserNames {
  return { openid, sub_openid: query.get('sub_openid') ?? undefined, service_id: query.get('service_id') ?? '' }
}

export function planEndpoints(plans: Plans, services: ServiceOrders): readonly Endpoint[] {
  const find = (call: Call) => plans.plans.find(call.merchant.mchid, readParam(call, 'merchant_plan_no'))
  const create = (call: Call<PlanRequest>) => {
    const { merchant, body, now } = call
    return call.respond(plans.describe(plans.plans.place(merchant.mchid, body.merchant_plan_no, body, now)))
  }
  const query = (call: Call) => call.respond(plans.describe(find(call)))
  const stop = (call: Call) => call.respond(plans.describe(plans.plans.move(find(call), 'stop', call.now)))
  const sign = (call: Call<SignRequest>) => {
    const row = plans.sign(call.merchant.mchid, call.body, call.now)
    return call.respond({ sign_plan: plans.describeSign(row), package: Buffer.from(row.id).toString('base64') })
  }
  const number = (call: Call) => readParam(call, 'merchant_sign_plan_no')
  const querySign = (call: Call) => {
    return call.respond(plans.describeSign(plans.signs.find(call.merchant.mchid, number(call))))
  }
  const stopSign = (call: Call<{ stop_reason?: string | undefined }>) => {
    const { merchant, body, now } = call
    return call.respond(plans.describeSign(plans.stop(merchant.mchid, number(call), body.stop_reason, now)))
  }
  const use = (call: Call<UseRequest>) =>
    call.respond(services.describe(plans.use(call.merchant.mchid, call.body, call.now)))
  return [
    endpoint('post /v3/payscore/plan/payscore-plans', create, PLACING),
    endpoint('post /v3/payscore/plan/partner/payscore-plans', create, PLACING),
    endpoint('get /v3/payscore/plan/payscore-plans/merchant-plan-no/{merchant_plan_no}', query),
    endpoint('get /v3/payscore/plan/partner/payscore-plans/merchant-plan-no/{merchant_plan_no}', query),
    endpoint('post /v3/payscore/plan/payscore-plans/merchant-plan-no/{merchant_plan_no}/stop', stop),
    endpoint('post /v3/payscore/plan/partner/payscore-plans/merchant-plan-no/{merchant_plan_no}/stop', stop),
    endpoint('post /v3/payscore/sign-plan/user-sign-plans', sign, PLACING),
    endpoint('post /v3/payscore/sign-plan/partner/user-sign-plans', sign, PLACING),
    endpoint('get /v3/payscore/sign-plan/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}', querySign),
    endpoint(
      'get /v3/payscore/sign-plan/partner/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}',
      querySign,
    ),
    endpoint(
      'post /v3/payscore/sign-plan/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}/stop',
      stopSign,
    ),
    endpoint(
      'post /v3/payscore/sign-plan/partner/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}/stop',
      stopSign,
    ),
    endpoint('post /v3/payscore/sign-plan/serviceorder', use, PLACING),
    endpoint('post /v3/payscore/sign-plan/partner/serviceorder', use, PLACING),
  ]
}
