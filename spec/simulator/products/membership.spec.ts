import { afterAll, expect, it } from 'vitest'
import { Simulator } from '../../../lib/simulator/index.js'
import { post } from '../raw-merchant.js'

const PATH = '/v3/marketing/membercard-open/cards/478515832665/codes/478515832665/bonus/commit'
const BONUS = {
  out_trade_no: '1217752501201407033233368018',
  mchid: '1230000109',
  sub_mchid: '1900000109',
  bonus_value: 30,
}

const simulator = await Simulator.start()
afterAll(() => simulator.close())

it('committing bonus points returns 204, also for an order of a different merchant', async () => {
  expect(await post(simulator.config, PATH, BONUS)).toMatchObject({ status: 204, text: '' })
})

it.each(['out_trade_no', 'mchid', 'sub_mchid'])('%s is required', async name => {
  expect(await post(simulator.config, PATH, { ...BONUS, [name]: undefined })).toMatchObject({
    status: 400,
    json: { code: 'PARAM_ERROR', detail: { field: `/${name}`, location: 'body' } },
  })
})

it('bonus_value must be an integer, not a string', async () => {
  expect(await post(simulator.config, PATH, { ...BONUS, bonus_value: '30' })).toMatchObject({
    status: 400,
    json: { detail: { field: '/bonus_value', value: '30', issue: '此字段需要一个 integer 类型的 Json 值' } },
  })
})
