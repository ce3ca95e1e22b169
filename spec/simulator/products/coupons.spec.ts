import { expect, it } from 'vitest'
import { beijingTime } from '../../../lib/util/beijing-time.js'
import { appid, openShop } from '../stories/shop.js'

const DAY = 24 * 60 * 60 * 1000
// APIv2 requires the merchant's certificate.
const { simulator, wxpay, mchid, day } = await openShop({ https: true })
const { stocks, couponStocks } = wxpay.v3.marketing.favor
const { coupons } = wxpay.v3.marketing.favor.users._openid_
let count = 0

async function create(max_coupons = 2) {
  const { data } = await couponStocks.post({
    json: {
      stock_name: '一元券',
      available_begin_time: `${day}T12:00:00+08:00`,
      available_end_time: beijingTime(Date.parse(`${day}T12:00:00+08:00`) + DAY),
      stock_use_rule: {
        max_coupons,
        max_amount: 100 * max_coupons,
        max_coupons_per_user: 1,
        natural_person_limit: false,
        prevent_api_abuse: false,
      },
      no_cash: false,
      stock_type: 'NORMAL',
      belong_merchant: mchid,
      coupon_use_rule: {
        fixed_normal_coupon: { coupon_amount: 100, transaction_minimum: 100 },
        available_merchants: [mchid],
      },
      out_request_no: `${mchid}2026112401${count++}`,
    },
  })
  return data.stock_id
}
const change = (stock_id: string) => ({ stock_id, json: { stock_creator_mchid: mchid } })
const status = async (stock_id: string) =>
  (await stocks._stock_id_.get({ stock_id, query: { stock_creator_mchid: mchid } })).data
const send = async (stock_id: string, openid: string, out_request_no = `${mchid}20261124send${count++}`) =>
  (await coupons.post({ openid, json: { stock_id, out_request_no, appid, stock_creator_mchid: mchid } })).data.coupon_id

it('a stock is unactivated, running, paused, running and stopped, in no other order', async () => {
  const stock_id = await create()
  expect(await status(stock_id)).toMatchObject({ status: 'unactivated' })
  await expect(stocks._stock_id_.pause.post(change(stock_id))).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  await stocks._stock_id_.start.post(change(stock_id))
  expect(await status(stock_id)).toMatchObject({ status: 'running' })
  await stocks._stock_id_.pause.post(change(stock_id))
  expect(await status(stock_id)).toMatchObject({ status: 'paused' })
  await stocks._stock_id_.restart.post(change(stock_id))
  await stocks._stock_id_.stop.post(change(stock_id))
  expect(await status(stock_id)).toMatchObject({ status: 'stoped' })
  await expect(stocks._stock_id_.start.post(change(stock_id))).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
})

it('coupons are sent of a running stock only, as many as it has, and not more than a user may have', async () => {
  const stock_id = await create()
  await expect(send(stock_id, 'one')).rejects.toMatchObject({ code: 'REQUEST_BLOCKED' })
  await stocks._stock_id_.start.post(change(stock_id))
  const coupon_id = await send(stock_id, 'one', `${mchid}20261124same`)
  expect(await send(stock_id, 'one', `${mchid}20261124same`)).toBe(coupon_id)
  await expect(send(stock_id, 'one')).rejects.toMatchObject({ code: 'RULE_LIMIT' })
  await send(stock_id, 'two')
  await expect(send(stock_id, 'three')).rejects.toMatchObject({ code: 'NOT_ENOUGH' })
  expect(await status(stock_id)).toMatchObject({ distributed_coupons: 2 })
})

it('APIv2 sends and queries the same coupons, and deducts them from its orders', async () => {
  const coupon_stock_id = await create(1)
  await stocks._stock_id_.start.post(change(coupon_stock_id))
  const { mmpaymkttransfers, pay } = wxpay.v2
  const xml = { coupon_stock_id, openid_count: 1, partner_trade_no: `${mchid}20261124v2`, openid: 'v2user', appid }
  const sent = (await mmpaymkttransfers.send_coupon.post({ xml })).data
  expect(sent).toMatchObject({ success_count: '1', ret_code: 'SUCCESS' })
  expect((await mmpaymkttransfers.send_coupon.post({ xml })).data.coupon_id).toBe(sent.coupon_id)
  const other = { ...xml, partner_trade_no: `${mchid}20261124v2b`, openid: 'other' }
  expect((await mmpaymkttransfers.send_coupon.post({ xml: other })).data).toMatchObject({
    failed_count: '1',
    ret_code: 'FAILED',
  })
  const stock = (await mmpaymkttransfers.query_coupon_stock.post({ xml: { coupon_stock_id, appid } })).data
  expect(stock).toMatchObject({ coupon_stock_status: '4', coupon_value: '100', is_send_num: '1' })
  const wrong = mmpaymkttransfers.query_coupon_stock.post({ xml: { coupon_stock_id: '7', appid } })
  await expect(wrong).rejects.toMatchObject({ code: 'COUPON_STOCK_ID_NOT_VALID' })

  const out_trade_no = 'V2WITHCOUPON'
  const place = {
    appid,
    body: '商品',
    out_trade_no,
    total_fee: 300,
    spbill_create_ip: '127.0.0.1',
    notify_url: 'https://a.example/',
  }
  await pay.unifiedorder.post({ xml: { ...place, trade_type: 'JSAPI', openid: 'v2user' } })
  simulator.pay(out_trade_no)
  const { coupon_id } = sent
  const order = (await pay.orderquery.post({ xml: { appid, out_trade_no } })).data
  expect(order).toMatchObject({
    total_fee: '300',
    cash_fee: '200',
    coupon_fee: '100',
    coupon_count: '1',
    coupon_id_0: coupon_id,
  })
  const coupon = (
    await mmpaymkttransfers.querycouponsinfo.post({
      xml: { coupon_id, openid: 'v2user', appid, stock_id: coupon_stock_id },
    })
  ).data
  expect(coupon).toMatchObject({ coupon_state: 'USED', coupon_use_value: '100', coupon_remain_value: '0' })
})

it('a merchant permits a partner to send its coupons, and revokes the permission', async () => {
  const { partnerships } = wxpay.v3.marketing
  const json = {
    partner: { type: 'MERCHANT', merchant_id: '1900000200' },
    authorized_data: { business_type: 'FAVOR_STOCK' },
  }
  const headers = { 'Idempotency-Key': '1' }
  expect((await partnerships.build.post({ json, headers })).data).toMatchObject({ ...json, state: 'ESTABLISHED' })
  const list = async () => (await partnerships.get({ query: { partner: JSON.stringify(json.partner) } })).data
  expect(await list()).toMatchObject({ total_count: 1, data: [{ state: 'ESTABLISHED' }] })
  await partnerships.terminate.post({ json, headers })
  expect(await list()).toMatchObject({ data: [{ state: 'TERMINATED' }] })
})

it('a coupon belongs to its user, and expires', async () => {
  const stock_id = await create()
  await stocks._stock_id_.start.post(change(stock_id))
  const coupon_id = await send(stock_id, 'owner')
  const query = async (openid: string) =>
    (await coupons._coupon_id_.get({ openid, coupon_id, query: { appid } })).data.status
  expect(await query('owner')).toBe('SENDED')
  await expect(query('other')).rejects.toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
  await simulator.advance({ days: 1 })
  expect(await query('owner')).toBe('EXPIRED')
  await expect(send(stock_id, 'late')).rejects.toMatchObject({ code: 'REQUEST_BLOCKED' })
})
