/** The endpoints of merchants' member cards by their codes: import, activate, change, make unavailable. */
import { type Call, type Endpoint, endpoint, NO_CONTENT, ok, readParam } from '../gateway/endpoint.js'
import type { CodeEvent, MemberCodes } from '../ledger/member-codes.js'
import { problem } from '../ledger/problem.js'
import { pageOf } from './pages.js'

export function memberCodeEndpoints(codes: MemberCodes): readonly Endpoint[] {
  const find = (call: Call) =>
    codes.find(call.merchant.mchid, `${readParam(call, 'card_id')}/${readParam(call, 'code')}`)
  const move = (call: Call, event: CodeEvent, note: object) => {
    codes.note(codes.move(find(call), event, call.now), note)
    return NO_CONTENT
  }
  return [
    endpoint('post /v3/marketing/membercard-open/cards/{card_id}/codes/deposit', call => {
      const card = readParam(call, 'card_id')
      const data = (call.body.code ?? []).map(code => {
        const isKnown = codes.seek(call.merchant.mchid, `${card}/${code}`) !== undefined
        codes.offer(call.merchant.mchid, card, code, call.now)
        return { code, result: isKnown ? 'DUPLICATE' : 'SUCCESS' }
      })
      return ok({ data })
    }),
    endpoint('post /v3/marketing/membercard-open/cards/{card_id}/users/import', call => {
      const { openid, code = `4785${String(codes.all().length).padStart(8, '0')}` } = call.body
      const row = codes.offer(call.merchant.mchid, readParam(call, 'card_id'), code, call.now, openid)
      codes.move(row, 'import', call.now)
      return ok({ code })
    }),
    endpoint('get /v3/marketing/membercard-open/user/cards', call => {
      const openid = call.query.get('openid')
      const found = codes
        .of(call.merchant.mchid)
        .filter(row => row.request.openid === openid && row.state !== 'OFFERED')
      return ok(pageOf(call, found, ({ request: { card_id, code } }) => ({ card_id, code })))
    }),
    endpoint('get /v3/marketing/membercard-open/cards/{card_id}/codes/{code}', call => {
      const row = find(call)
      if (row.state === 'OFFERED') throw problem(404, 'RESOURCE_NOT_EXISTS', '会员卡未被领取')
      return ok(codes.describe(row))
    }),
    endpoint('patch /v3/marketing/membercard-open/cards/{card_id}/codes/{code}', call => {
      const { balance_information, ...said } = call.body
      codes.note(find(call), { ...said, ...(balance_information && { balance: balance_information.balance }) })
      return NO_CONTENT
    }),
    endpoint('patch /v3/marketing/membercard-open/cards/{card_id}/codes/{code}/rights', call => {
      codes.note(find(call), call.body)
      return NO_CONTENT
    }),
    endpoint('post /v3/marketing/membercard-open/cards/{card_id}/codes/{code}/activate', call =>
      move(call, 'activate', call.body),
    ),
    endpoint('post /v3/marketing/membercard-open/cards/{card_id}/codes/{code}/unavailable', call =>
      move(call, 'invalidate', {}),
    ),
    endpoint('patch /v3/marketing/membercard-open/callback', ({ merchant: { mchid }, body: { notify_url } }) => {
      codes.setCallback(mchid, notify_url)
      return ok({ notify_url, mchid })
    }),
    endpoint('get /v3/marketing/membercard-open/callback', ({ merchant: { mchid } }) => {
      const notify_url = codes.callback(mchid)
      if (notify_url === undefined) throw problem(404, 'RESOURCE_NOT_EXISTS', '未设置回调地址')
      return ok({ notify_url, mchid })
    }),
  ]
}
