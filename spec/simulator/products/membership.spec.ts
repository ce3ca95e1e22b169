import { expect, it } from 'vitest'
import { failure } from '../../async.js'
import { post } from '../raw-merchant.js'
import { number, openShop } from '../stories/shop.js'

const PATH = '/v3/marketing/membercard-open/cards/478515832665/codes/478515832665/bonus/commit'
const BONUS = {
  out_trade_no: '1217752501201407033233368018',
  mchid: '1230000109',
  sub_mchid: '1900000109',
  bonus_value: 30,
}

const { simulator, wxpay, notify_url, received } = await openShop()

it('committing bonus points returns 204, also for an order of a different merchant', async () => {
  expect(await post(simulator.config, PATH, BONUS)).toMatchObject({ status: 204, text: '' })
})

it('out_trade_no is required', async () => {
  expect(await post(simulator.config, PATH, { ...BONUS, out_trade_no: undefined })).toMatchObject({
    status: 400,
    json: { code: 'PARAM_ERROR', detail: { field: '/out_trade_no', location: 'body' } },
  })
})

it.each(['mchid', 'sub_mchid'])('%s may be left out, but not both', async name => {
  expect(await post(simulator.config, PATH, { ...BONUS, [name]: undefined })).toMatchObject({ status: 204 })
  expect(await post(simulator.config, PATH, { ...BONUS, mchid: undefined, sub_mchid: undefined })).toMatchObject({
    status: 400,
    json: { code: 'PARAM_ERROR' },
  })
})

it('bonus_value must be an integer, not a string', async () => {
  expect(await post(simulator.config, PATH, { ...BONUS, bonus_value: '30' })).toMatchObject({
    status: 400,
    json: { detail: { field: '/bonus_value', value: '30', issue: '此字段需要一个 integer 类型的 Json 值' } },
  })
})

it('a code that was imported is accepted by a user, activated, changed and made unavailable', async () => {
  const { callback, cards, user } = wxpay.v3.marketing.membercardOpen
  const { codes, users } = cards._card_id_
  await callback.patch({ json: { notify_url } })
  const path = { card_id: 'pCARD', code: 'CODE0001' }
  const deposit = async () =>
    (await codes.deposit.post({ card_id: path.card_id, json: { code: [path.code] } })).data.data
  expect(await deposit()).toEqual([{ code: path.code, result: 'SUCCESS' }])
  expect(await deposit()).toEqual([{ code: path.code, result: 'DUPLICATE' }])
  const query = async () => (await codes._code_.get(path)).data
  expect(await failure(query())).toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
  simulator.confirm(path.code)
  expect(await query()).toMatchObject({ user_card_status: 'NOT_ACTIVATE', code: path.code })
  await codes._code_.activate.post({ ...path, json: { membership_number: '7' } })
  await codes._code_.rights.patch({ ...path, json: { out_request_no: number(), bonus_value: 600 } })
  expect(await query()).toMatchObject({ user_card_status: 'EFFECTIVE', membership_number: '7', bonus_value: 600 })
  await codes._code_.unavailable.post({ ...path, json: { reason: '退会' } })
  expect((await query()).user_card_status).toBe('UNAVAILABLE')
  expect(await failure(codes._code_.activate.post({ ...path, json: {} }))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect((await received()).map(({ event_type }) => event_type)).toEqual([
    'MEMBERCARD.ACCEPT_CARD',
    'MEMBERCARD.ACTIVATE_CARD',
  ])
  const json = { openid: 'member', code: 'CODE0002', out_request_no: number() }
  await users.import.post({ card_id: path.card_id, json })
  const { data } = await user.cards.get({ query: { openid: 'member', offset: 0, limit: 10 } })
  expect(data).toMatchObject({ total_count: 1, data: [{ code: 'CODE0002' }] })
})
