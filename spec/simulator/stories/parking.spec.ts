import { expect, it } from 'vitest'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { parking, transactions } = wxpay.v3.vehicle
const sub_mchid = '1900000110'
const plate = { plate_number: '粤B888888', plate_color: 'BLUE' } as const
const place = { parking_name: '欢乐海岸停车场', start_time: `${shop.day}T11:00:00+08:00` }

const enter = async (over: object = {}) => {
  const json = { sub_mchid, out_parking_no: number('STAY'), ...plate, ...place, free_duration: 0, notify_url, ...over }
  return { json, ...(await parking.parkings.post({ json })).data }
}
const service = async () =>
  (await parking.services.find.get({ query: { appid, sub_mchid, openid: 'o1', ...plate } })).data.service_state
const deduct = async (parking_id: string, total: number, over: object = {}, out_trade_no = number('ORDER')) => {
  const { data } = await transactions.parking.post({
    json: {
      appid,
      sub_mchid,
      description: '停车场扣费',
      out_trade_no,
      trade_scene: 'PARKING',
      notify_url,
      profit_sharing: 'N',
      amount: { total, currency: 'CNY' },
      parking_info: {
        parking_id,
        ...plate,
        ...place,
        end_time: `${shop.day}T12:00:00+08:00`,
        charging_duration: 3600,
        device_id: '12321',
        ...over,
      },
    },
  })
  return data
}
const query = async (out_trade_no: string) =>
  (await transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { sub_mchid } })).data
const refused = { code: 'INVALID_REQUEST' }

it('a car enters, may be blocked, leaves with a deduction, and is in the bill', async () => {
  const first = await enter()
  expect(first).toMatchObject({ state: 'NORMAL', id: expect.stringMatching(/^5K82/), ...plate })
  expect((await parking.parkings.post({ json: first.json })).data.id).toBe(first.id)
  expect(await failure(enter({ out_parking_no: first.json.out_parking_no, free_duration: 1 }))).toMatchObject(refused)

  // Its plate is blocked, and free again.
  simulator.confirm(first.out_parking_no, { fail: 'OVERDUE' })
  expect(await service()).toBe('PAUSE')
  expect(await failure(deduct(first.id, 500))).toMatchObject(refused)
  simulator.confirm(first.out_parking_no)
  expect(await service()).toBe('NORMAL')
  expect(await shop.received()).toMatchObject(
    [{ parking_state: 'BLOCKED', blocked_state_description: 'OVERDUE' }, { parking_state: 'NORMAL' }].map(state => ({
      event_type: 'VEHICLE.ENTRANCE_STATE_CHANGE',
      resource: { sp_mchid: mchid, sub_mchid, parking_id: first.id, ...plate, ...state },
    })),
  )

  // It is deducted once, for what was said when it entered.
  expect(await failure(deduct(first.id, 500, { parking_name: '别的停车场' }))).toMatchObject(refused)
  expect(await failure(deduct('5K82', 500))).toMatchObject(refused)
  const early = deduct(first.id, 500, { end_time: place.start_time })
  expect(await failure(early)).toMatchObject({ code: 'PARAM_ERROR' })
  const paid = await deduct(first.id, 500)
  expect(paid).toMatchObject({ trade_state: 'ACCEPTED', sp_mchid: mchid, trade_scene: 'PARKING' })
  expect(await deduct(first.id, 500, {}, paid.out_trade_no)).toEqual(paid)
  expect(await failure(deduct(first.id, 500))).toMatchObject(refused)
  await simulator.advance({ minutes: 1 })
  expect(await query(paid.out_trade_no)).toMatchObject({
    trade_state: 'SUCCESS',
    amount: { total: 500, payer_total: 500 },
  })
  simulator.settle(first.out_parking_no)

  // A deduction that fails; a stay that a later one of the same plate replaces.
  const second = await enter()
  const lost = await deduct(second.id, 300)
  simulator.pay(lost.out_trade_no, { fail: 'NOTENOUGH' })
  expect(await query(lost.out_trade_no)).toMatchObject({
    trade_state: 'PAY_FAIL',
    trade_state_description: 'NOT_ENOUGH',
  })
  const [third, fourth] = [await enter(), await enter()]
  expect(await failure(deduct(third.id, 100))).toMatchObject(refused)
  const last = await deduct(fourth.id, 200)
  simulator.pay(last.out_trade_no)
  expect((await shop.received()).map(({ event_type, resource }) => [event_type, Object(resource).user_repaid])).toEqual(
    [
      ['TRANSACTION.SUCCESS', undefined],
      ['TRANSACTION.PAY_BACK', 'Y'],
      ['TRANSACTION.FAIL', undefined],
      ['TRANSACTION.SUCCESS', undefined],
    ],
  )

  const out_refund_no = number('REFUND')
  await wxpay.v3.refund.domestic.refunds.post({
    json: {
      sub_mchid,
      out_trade_no: last.out_trade_no,
      out_refund_no,
      amount: { refund: 50, total: 200, currency: 'CNY' },
    },
  })
  await simulator.advance({ minutes: 20 })
  expect(await query(last.out_trade_no)).toMatchObject({ trade_state: 'REFUND' })
  await shop.nextDay()
  const { rows } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.特约商户号, row.订单金额, row.退款金额])).toEqual([
    [paid.out_trade_no, sub_mchid, '5.00', '0.00'],
    [last.out_trade_no, sub_mchid, '2.00', '0.00'],
    [last.out_trade_no, sub_mchid, '0.00', '0.50'],
  ])
  expect(await shop.flows('BASIC', sub_mchid)).toEqual([
    [paid.out_trade_no, '交易', 500],
    [last.out_trade_no, '交易', 200],
    [out_refund_no, '退款', -50],
  ])
})

it('is deducted through APIv2 as well, and queried as any order', async () => {
  const out_trade_no = number('ORDER')
  await wxpay.v2.vehicle.pay.payapply.post({
    xml: {
      appid,
      mch_id: mchid,
      sign_type: 'HMAC-SHA256',
      body: '停车场扣费',
      out_trade_no,
      total_fee: 300,
      spbill_create_ip: '127.0.0.1',
      notify_url: 'https://shop.example/pay',
      trade_type: 'PAP',
      version: '3.0',
      trade_scene: 'PARKING',
      scene_info: JSON.stringify({ scene_info: { plate_number: plate.plate_number, start_time: '20261128110000' } }),
    },
  })
  const state = async () =>
    (await wxpay.v2.pay.orderquery.post({ xml: { appid, mch_id: mchid, out_trade_no } })).data.trade_state
  expect(await state()).toBe('ACCEPT')
  await simulator.advance({ minutes: 1 })
  expect(await state()).toBe('SUCCESS')
})
