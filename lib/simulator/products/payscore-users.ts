/** The endpoints of WeChat Pay Score about its users: permissions, plans and signed plans. */
import { alsoAt, type Call, type Endpoint, endpoint, NO_CONTENT, readParam } from '../gateway/endpoint.js'
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
  const queryUser = (call: Call) => call.respond(permissions.describe(byUser(call, namesOf(call))))
  const terminateUser = (call: Call) => {
    permissions.move(byUser(call, { ...namesOf(call), ...Object(call.body) }), 'terminate', call.now)
    return NO_CONTENT
  }
  return [
    ...alsoAt(
      '/v3/payscore',
      ['/v3/payscore/partner'],
      [
        endpoint('post /v3/payscore/permissions', apply, PLACING),
        endpoint('get /v3/payscore/permissions/authorization-code/{authorization_code}', query),
        endpoint('post /v3/payscore/permissions/authorization-code/{authorization_code}/terminate', terminate),
      ],
    ),
    endpoint('get /v3/payscore/permissions/openid/{openid}', queryUser),
    endpoint('get /v3/payscore/partner/permissions/search', queryUser),
    endpoint('get /v3/payscore/user-service-state', call => {
      const { openid, service_id } = namesOf(call)
      const permission = permissions.byUser(call.merchant.mchid, openid, service_id)
      return call.respond({ use_service_state: permission?.state === 'AVAILABLE' ? 'AVAILABLE' : 'UNAVAILABLE' })
    }),
    endpoint('post /v3/payscore/permissions/openid/{openid}/terminate', terminateUser),
    endpoint('post /v3/payscore/users/{openid}/permissions/{service_id}/terminate', terminateUser),
    endpoint('post /v3/payscore/partner/permissions/terminate', terminateUser),
  ]
}

/** Reads a parameter of the path or of the query. */
function namesOf({ params, query }: Call): UserNames {
  const named = (name: string) => params[name] ?? query.get(name) ?? undefined
  return { openid: named('openid'), sub_openid: named('sub_openid'), service_id: named('service_id') ?? '' }
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
  const signs = '/v3/payscore/sign-plan'
  return [
    ...alsoAt(
      '/v3/payscore/plan',
      ['/v3/payscore/plan/partner'],
      [
        endpoint('post /v3/payscore/plan/payscore-plans', create, PLACING),
        endpoint('get /v3/payscore/plan/payscore-plans/merchant-plan-no/{merchant_plan_no}', query),
        endpoint('post /v3/payscore/plan/payscore-plans/merchant-plan-no/{merchant_plan_no}/stop', stop),
      ],
    ),
    ...alsoAt(
      signs,
      [`${signs}/partner`],
      [
        endpoint(`post ${signs}/user-sign-plans`, sign, PLACING),
        endpoint(`get ${signs}/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}`, querySign),
        endpoint(`post ${signs}/user-sign-plans/merchant-sign-plan-no/{merchant_sign_plan_no}/stop`, stopSign),
        endpoint(`post ${signs}/serviceorder`, use, PLACING),
      ],
    ),
  ]
}
