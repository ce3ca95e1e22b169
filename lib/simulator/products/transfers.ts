/** The endpoints of transfers to users and of authorisations, of merchants, service providers and e-commerce. */
import { alsoAt, type Call, type Endpoint, endpoint, readParam } from '../gateway/endpoint.js'
import { problem } from '../ledger/problem.js'
import type { Authorizations } from '../ledger/transfer-authorizations.js'
import type { Transfer, TransferRequest, Transfers } from '../ledger/transfers.js'
import type { Schema } from '../schema/catalogue.js'

const APP = '/v3/fund-app/mch-transfer'

/** Rules that the documents give in prose. */
const RULES: Schema = {
  properties: {
    appid: { minLength: 1, maxLength: 32 },
    out_bill_no: { pattern: '^[0-9A-Za-z]{1,32}$' },
    openid: { minLength: 1, maxLength: 64 },
    transfer_amount: { minimum: 1 },
    transfer_remark: { minLength: 1, maxLength: 32 },
    transfer_scene_id: { minLength: 1, maxLength: 36 },
    notify_url: { maxLength: 256, pattern: '^https?://[^\\s?#]+$' },
  },
}
const PLACING = { rules: RULES, numbers: 'ledger' } as const
/** Fen. From this amount, the name of the receiver is checked. */
const NAMED = 200_000

export function transferEndpoints(transfers: Transfers): readonly Endpoint[] {
  const respond = (call: Call, row: Transfer) => call.respond(transfers.describe(row))
  const create = (call: Call<TransferRequest>) => {
    const { merchant, body, now } = call
    if (body.transfer_amount >= NAMED && !body.user_name) {
      throw problem(400, 'INVALID_REQUEST', '转账金额达到2000元时，必须填写收款用户姓名')
    }
    return respond(call, transfers.transfer(merchant.mchid, body, now))
  }
  const find = (call: Call, name: string, payer: string | undefined) =>
    transfers.recent(call.merchant.mchid, readParam(call, name), payer, call.now)
  const query = (name: string) => (call: Call) =>
    respond(call, find(call, name, call.query.get('sub_mchid') ?? undefined))
  const cancel = (call: Call) => {
    const row = find(call, 'out_bill_no', undefined)
    return respond(call, transfers.move(row, 'cancel', call.now))
  }
  const own = [
    endpoint(`post ${APP}/transfer-bills/transfer`, create, PLACING),
    endpoint(`post ${APP}/transfer-bills/pre-transfer-with-authorization`, create, PLACING),
  ]
  const bills = [
    endpoint(`post ${APP}/transfer-bills`, create, PLACING),
    endpoint(`get ${APP}/transfer-bills/out-bill-no/{out_bill_no}`, query('out_bill_no')),
    endpoint(`post ${APP}/transfer-bills/out-bill-no/{out_bill_no}/cancel`, cancel),
  ]
  const byId = endpoint(`get ${APP}/transfer-bills/transfer-bill-no/{transfer_bill_no}`, query('transfer_bill_no'))
  return [
    ...alsoAt(APP, [`${APP}/partner`], own),
    ...alsoAt(APP, [`${APP}/partner`, '/v3/ecommerce/mch-transfer'], bills),
    ...alsoAt(APP, ['/v3/ecommerce/mch-transfer'], [byId]),
    endpoint(`post ${APP}/transfer-to-qq-wallet-bills`, create, PLACING),
    endpoint(`get ${APP}/transfer-to-qq-wallet-bills/{out_bill_no}`, query('out_bill_no')),
    endpoint(`post ${APP}/transfer-to-qq-wallet-bills/{out_bill_no}/cancel`, cancel),
  ]
}

export function authorizationEndpoints(authorizations: Authorizations): readonly Endpoint[] {
  const find = (call: Call) => authorizations.find(call.merchant.mchid, readParam(call, 'out_authorization_no'))
  const query = (call: Call) => call.respond(authorizations.describe(find(call)))
  const close = (call: Call) => {
    const row = authorizations.close(call.merchant.mchid, readParam(call, 'out_authorization_no'), call.now)
    return call.respond(authorizations.describe(row))
  }
  const numbered = 'out-authorization-no/{out_authorization_no}'
  return [
    endpoint(
      `post ${APP}/user-confirm-authorization`,
      call => {
        const { authorization_notify_url: notify_url, scene_info: _, ...request } = call.body
        const row = authorizations.apply(call.merchant.mchid, { ...request, notify_url }, call.now)
        return call.respond(authorizations.describe(row))
      },
      { numbers: 'ledger' },
    ),
    endpoint(
      `post ${APP}/partner/user-confirm-authorizations`,
      call => call.respond(authorizations.describe(authorizations.apply(call.merchant.mchid, call.body, call.now))),
      { numbers: 'ledger' },
    ),
    endpoint(`get ${APP}/user-confirm-authorization/${numbered}`, query),
    endpoint(`get ${APP}/partner/user-confirm-authorizations/{out_authorization_no}`, query),
    endpoint(`post ${APP}/user-confirm-authorization/${numbered}/close`, close),
    endpoint(`post ${APP}/partner/user-confirm-authorizations/{out_authorization_no}/close`, close),
  ]
}
