/** The endpoints of a brand's member cards: of the brand, and of partners that act for it. */
import { beijingTime } from '../../util/beijing-time.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import type { MemberCard, MemberCards, MembershipActivity, UserCard } from '../ledger/member-cards.js'
import { MINUTE } from '../ledger/product.js'
import { asksFor, brandOf, pageFrom } from './pages.js'

const ROOTS = ['/brand/card-member', '/v3/brand/partner/card-member'] as const
const PLACING = { numbers: 'ledger' } as const

export function memberCardEndpoints(cards: MemberCards): readonly Endpoint[] {
  return ROOTS.flatMap(root => [...cardEndpoints(root, cards), ...activityEndpoints(root, cards)])
}

function cardEndpoints(root: (typeof ROOTS)[number], cards: MemberCards): readonly Endpoint[] {
  const cardOf = (call: Call) => cards.cards.find(brandOf(call), readParam(call, 'card_id'))
  const find = (call: Call) => cards.find(brandOf(call), readParam(call, 'user_card_code'))
  const respond = (card: MemberCard) => ok(describeCard(cards, card))
  const respondUser = (row: UserCard) => ok(cards.describe(row))
  const invalidate = (call: Call) => respond(cards.cards.move(cardOf(call), 'invalidate', call.now))
  const offer = (call: Call<{ card_id: string; openid: string }>) => {
    const { card_id, openid } = call.body
    const row = cards.offer(brandOf(call), { card_id, openid }, call.now)
    return ok({ token: `${row.id}${call.now}`, expire_time: beijingTime(call.now + 30 * MINUTE) })
  }
  return [
    endpoint(
      `post ${root}/cards`,
      call => {
        const { out_request_no } = call.body
        const request = { ...call.body, creator: call.merchant.mchid }
        return respond(cards.cards.place(brandOf(call), out_request_no, request, call.now))
      },
      PLACING,
    ),
    endpoint(`get ${root}/cards`, call => {
      const found = cards.cards.of(brandOf(call)).filter(({ state }) => asksFor(call, 'state', state))
      return ok(pageFrom(call, found, card => describeCard(cards, card)))
    }),
    endpoint(`get ${root}/cards/{card_id}`, call => respond(cardOf(call))),
    endpoint(`patch ${root}/cards/{card_id}`, call => {
      const card = cardOf(call)
      cards.note(card, call.body)
      return respond(card)
    }),
    endpoint(`delete ${root}/cards/{card_id}`, invalidate),
    endpoint(`post ${root}/cards/{card_id}/invalidate`, invalidate),
    endpoint(`post ${root}/pre-auth-tokens`, offer),
    endpoint(`get ${root}/user-cards`, call => {
      const found = cards.users.of(brandOf(call)).filter(({ state, request }) => {
        const isHere = state !== 'OFFERED' && asksFor(call, 'user_card_state', state)
        return isHere && asksFor(call, 'openid', request.openid)
      })
      return ok(pageFrom(call, found, row => cards.describe(row)))
    }),
    endpoint(`get ${root}/user-cards/{user_card_code}`, call => respondUser(find(call))),
    endpoint(`patch ${root}/user-cards/{user_card_code}`, call => {
      const row = find(call)
      cards.note(row, call.body)
      return respondUser(row)
    }),
    endpoint(`post ${root}/user-cards/{user_card_code}/confirm`, call => {
      const { user_card_confirm_state, ...said } = call.body
      const row = find(call)
      cards.note(row, said)
      const event = user_card_confirm_state === 'CREATE_CARD_FAIL' ? 'refuse' : 'confirm'
      return respondUser(cards.users.move(row, event, call.now))
    }),
    endpoint(`post ${root}/user-cards/{user_card_code}/invalidate`, call => {
      const row = cards.users.move(find(call), 'invalidate', call.now)
      const { invalid_reason } = call.body
      cards.note(row, { ...(invalid_reason && { invalid_reason }), invalid_time: beijingTime(call.now) })
      return respondUser(row)
    }),
    endpoint(`post ${root}/user-cards/import-by-openid`, call => {
      const { card_id, openid, user_card_code, ...said } = call.body
      const row = cards.import(brandOf(call), { card_id, openid }, user_card_code, call.now)
      cards.note(row, said)
      return respondUser(row)
    }),
    endpoint(`post ${root}/user-points/sync`, call => {
      const row = cards.find(brandOf(call), call.body.user_card_code)
      cards.note(row, { point_balance: call.body.point_balance })
      return ok({ ...call.body, brand_id: row.mchid })
    }),
  ]
}

function activityEndpoints(root: (typeof ROOTS)[number], cards: MemberCards): readonly Endpoint[] {
  const activityOf = (call: Call) => cards.activities.find(brandOf(call), readParam(call, 'activity_id'))
  const respond = (row: MembershipActivity) => ok(describeActivity(cards, row))
  return [
    endpoint(
      `post ${root}/membership-activities`,
      call => respond(cards.activities.place(brandOf(call), call.body.out_request_no, call.body, call.now)),
      PLACING,
    ),
    endpoint(`get ${root}/membership-activities`, call => {
      const found = cards.activities.of(brandOf(call)).filter(({ state, request }) => {
        return asksFor(call, 'card_id', request.card_id) && asksFor(call, 'activity_state', state)
      })
      return ok(pageFrom(call, found, row => describeActivity(cards, row)))
    }),
    endpoint(`get ${root}/membership-activities/{activity_id}`, call => respond(activityOf(call))),
    endpoint(`post ${root}/membership-activities/{activity_id}/terminate`, call =>
      respond(cards.activities.move(activityOf(call), 'terminate', call.now)),
    ),
  ]
}

function describeCard(cards: MemberCards, row: MemberCard): object {
  return {
    ...row.request,
    card_id: row.id,
    brand_id: row.mchid,
    ...cards.noteOf(row),
    state: row.state,
    create_time: beijingTime(row.created),
    modify_time: beijingTime(row.updated),
  }
}

function describeActivity(cards: MemberCards, row: MembershipActivity): object {
  return {
    ...row.request,
    activity_id: row.id,
    brand_id: row.mchid,
    activity_state: row.state,
    apply_available: cards.leftOf(row),
    create_time: beijingTime(row.created),
    modify_time: beijingTime(row.updated),
  }
}
