/** The endpoints of partnerships: build, list, terminate. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Endpoint, endpoint, ok } from '../gateway/endpoint.js'
import type { Partnership, Partnerships } from '../ledger/partnerships.js'
import { pageOf } from './pages.js'

export function partnershipEndpoints(partnerships: Partnerships): readonly Endpoint[] {
  return [
    endpoint('post /v3/marketing/partnerships/build', ({ merchant, body, now }) =>
      ok(describe(partnerships.build(merchant.mchid, body, now))),
    ),
    endpoint('post /v3/marketing/partnerships/terminate', ({ merchant, body, now }) => {
      partnerships.terminate(merchant.mchid, body, now)
      return ok({ terminate_time: beijingTime(now) })
    }),
    endpoint('get /v3/marketing/partnerships', call => {
      const fits = (name: string, value: object) => {
        const given = Object.entries(JSON.parse(call.query.get(name) ?? '{}'))
        return given.every(([field, expected]) => Reflect.get(value, field) === expected)
      }
      const found = partnerships
        .of(call.merchant.mchid)
        .filter(({ request }) => fits('partner', request.partner) && fits('authorized_data', request.authorized_data))
      return ok(pageOf(call, found, describe))
    }),
  ]
}

function describe({ request, state, created, updated }: Partnership): object {
  return {
    ...request,
    state,
    build_time: beijingTime(created),
    ...(state === 'TERMINATED' && { terminate_time: beijingTime(updated) }),
    create_time: beijingTime(created),
    update_time: beijingTime(updated),
  }
}
