import { afterAll, expect, it } from 'vitest'
import { post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const PATH = '/v3/marketing/membercard-open/cards/478515832665/codes/478515832665/bonus/commit'
const BONUS = {
  out_trade_no: '1217752501201407033233368018',
  mchid: '1230000109',
  sub_mchid: '1900000109',
  bonus_value: 30,
}

const simulator = await startSimulator()
afterAll(() => simulator.close())

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
