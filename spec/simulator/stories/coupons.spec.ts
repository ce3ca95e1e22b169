import { expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure, readAll } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { favor } = wxpay.v3.marketing
const by = { stock_creator_mchid: mchid }

const stock = (coupon_amount: number, max_coupons: number, no_cash: boolean, over: object = {}) => ({
  stock_name: no_cash ? '免充值券' : '预充值券',
  available_begin_time: `${shop.day}T00:00:00+08:00`,
  available_end_time: `${shop.day}T22:00:00+08:00`,
  stock_use_rule: {
    max_coupons,
    max_amount: coupon_amount * max_coupons,
    max_coupons_per_user: 1,
    natural_person_limit: false,
    prevent_api_abuse: false,
  },
  no_cash,
  stock_type: 'NORMAL' as const,
  belong_merchant: mchid,
  coupon_use_rule: {
    fixed_normal_coupon: { coupon_amount, transaction_minimum: coupon_amount * 2 },
    available_merchants: [mchid],
    ...over,
  },
  out_request_no: number('STOCK'),
})
const start = async (json: ReturnType<typeof stock>) => {
  const { stock_id } = (await favor.couponStocks.post({ json })).data
  await favor.stocks._stock_id_.start.post({ stock_id, json: by })
  return stock_id
}
const send = async (stock_id: string, openid: string) =>
  (
    await favor.users._openid_.coupons.post({
      openid,
      json: { stock_id, out_request_no: number('SEND'), appid, ...by },
    })
  ).data.coupon_id
const couponOf = async (openid: string, coupon_id: string) =>
  (await favor.users._openid_.coupons._coupon_id_.get({ openid, coupon_id, query: { appid } })).data
const buy = async (openid: string, total: number, over: object = {}) => {
  const out_trade_no = number('ORDER')
  await wxpay.v3.pay.transactions.jsapi.post({
    json: {
      appid,
      mchid,
      description: '商品',
      out_trade_no,
      notify_url,
      amount: { total },
      payer: { openid },
      ...over,
    },
  })
  simulator.pay(out_trade_no)
  return out_trade_no
}
const orderOf = async (out_trade_no: string) =>
  (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data
const refund = async (out_trade_no: string, fen: number, total: number, fail?: string) => {
  const out_refund_no = number('REFUND')
  const json = { out_trade_no, out_refund_no, notify_url, amount: { refund: fen, total, currency: 'CNY' } }
  const { data } = await wxpay.v3.refund.domestic.refunds.post({ json })
  simulator.settle(out_refund_no, { fail })
  return { ...data, out_refund_no }
}

it('sends coupons, deducts them from payments, returns them with refunds, and accounts for them', async () => {
  await favor.callbacks.post({ json: { mchid, notify_url } })
  expect((await favor.callbacks.get({ query: { mchid } })).data).toEqual({ mchid, notify_url })

  const prepaid = stock(300, 3, false)
  expect(
    await failure(start({ ...prepaid, stock_use_rule: { ...prepaid.stock_use_rule, max_amount: 1 } })),
  ).toMatchObject({ code: 'PARAM_ERROR' })
  const cash = await start(prepaid)
  const free = await start(stock(200, 10, true, { goods_tag: ['MEMBER'] }))
  const [anna, ben, clara, dora] = await Promise.all(
    [
      [cash, 'anna'],
      [free, 'ben'],
      [cash, 'clara'],
      [cash, 'dora'],
    ].map(async ([stock_id = '', openid = '']) => ({ openid, coupon_id: await send(stock_id, openid) })),
  )
  if (!anna || !ben || !clara || !dora) return expect.fail('a coupon is missing')
  expect(await failure(send(cash, 'anna'))).toMatchObject({ code: 'NOT_ENOUGH' })
  expect(await failure(send(free, 'ben'))).toMatchObject({ code: 'RULE_LIMIT' })
  expect(await couponOf(anna.openid, anna.coupon_id)).toMatchObject({
    status: 'SENDED',
    normal_coupon_information: { coupon_amount: 300, transaction_minimum: 600 },
  })

  // Below the threshold, and without the mark of the order, a coupon is not used.
  const small = await buy('anna', 599)
  const unmarked = await buy('ben', 1000)
  expect(await shop.told()).toEqual(['TRANSACTION.SUCCESS', 'TRANSACTION.SUCCESS'])
  const annas = await buy('anna', 1000)
  const bens = await buy('ben', 1000, { goods_tag: 'MEMBER' })
  expect(await orderOf(annas)).toMatchObject({
    amount: { total: 1000, payer_total: 700 },
    promotion_detail: [{ coupon_id: anna.coupon_id, type: 'CASH', amount: 300, stock_id: cash }],
  })
  expect(await couponOf('ben', ben.coupon_id)).toMatchObject({
    status: 'USED',
    consume_information: { consume_mchid: mchid },
  })
  expect(await shop.received()).toMatchObject([
    { event_type: 'TRANSACTION.SUCCESS', resource: { amount: { total: 1000, payer_total: 700 } } },
    { event_type: 'COUPON.USE', resource: { coupon_id: anna.coupon_id, status: 'USED', no_cash: false } },
    { event_type: 'TRANSACTION.SUCCESS', resource: { promotion_detail: [{ type: 'NOCASH', amount: 200 }] } },
    { event_type: 'COUPON.USE', resource: { coupon_id: ben.coupon_id, no_cash: true } },
  ])

  // A part of an order comes back with a part of its coupon, and the last part with the rest.
  const [third, closed, rest] = [
    await refund(bens, 333, 1000),
    await refund(bens, 600, 1000, 'CLOSED'),
    await refund(bens, 667, 1000),
  ]
  expect(third).toMatchObject({
    amount: { payer_total: 800, payer_refund: 266, discount_refund: 67, settlement_total: 800, settlement_refund: 266 },
    promotion_detail: [{ promotion_id: ben.coupon_id, type: 'DISCOUNT', amount: 200, refund_amount: 67 }],
  })
  expect(rest).toMatchObject({ amount: { payer_refund: 534, discount_refund: 133 } })
  expect((await couponOf('ben', ben.coupon_id)).status).toBe('USED')
  // A whole order returns its coupon, which is used again.
  const whole = await refund(annas, 1000, 1000)
  expect(whole).toMatchObject({ amount: { payer_refund: 700, settlement_refund: 1000 } })
  expect((await couponOf('anna', anna.coupon_id)).status).toBe('SENDED')
  const again = await buy('anna', 600)
  const claras = await buy('clara', 700)
  const half = await refund(claras, 350, 700)
  expect((await shop.told()).filter(type => type === 'COUPON.USE')).toHaveLength(2)

  // What nobody uses expires with the stock, whose money comes back.
  const list = async (openid: string) => (await favor.users._openid_.coupons.get({ openid, query: { appid } })).data
  expect(await list('dora')).toMatchObject({ total_count: 1, data: [{ coupon_id: dora.coupon_id }] })
  await simulator.advance({ hours: 10 })
  expect((await couponOf('dora', dora.coupon_id)).status).toBe('EXPIRED')
  expect(await list('dora')).toMatchObject({ total_count: 0 })
  expect(await failure(send(free, 'late'))).toMatchObject({ code: 'REQUEST_BLOCKED' })
  const stocks = (await favor.stocks.get({ query: { offset: 0, limit: 10, ...by, status: 'stoped' } })).data
  expect(stocks).toMatchObject({ total_count: 2, data: [{ distributed_coupons: 3 }, { distributed_coupons: 1 }] })

  await simulator.advance({ hours: 14 })
  const { rows, summary } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.订单金额, row.应结订单金额, row.代金券金额])).toEqual([
    [small, '5.99', '5.99', '0.00'],
    [unmarked, '10.00', '10.00', '0.00'],
    [annas, '10.00', '10.00', '3.00'],
    [bens, '10.00', '8.00', '0.00'],
    [again, '6.00', '6.00', '3.00'],
    [claras, '7.00', '7.00', '3.00'],
    ...[bens, bens, annas, claras].map(no => [no, '0.00', '0.00', '0.00']),
  ])
  expect(rows.slice(6).map(row => [row.商户退款单号, row.申请退款金额, row.退款金额, row.充值券退款金额])).toEqual([
    [third.out_refund_no, '3.33', '2.66', '0.00'],
    [rest.out_refund_no, '6.67', '5.34', '0.00'],
    [whole.out_refund_no, '10.00', '10.00', '3.00'],
    [half.out_refund_no, '3.50', '3.50', '1.50'],
  ])
  expect(summary).toMatchObject({ 订单总金额: '48.99', 应结订单总金额: '46.99', 申请退款总金额: '23.50' })
  expect(summary).toMatchObject({ 退款总金额: '21.50', 充值券退款总金额: '4.50' })
  expect(await shop.flows()).toEqual([
    [prepaid.out_request_no, '代金券预充值', -900],
    [small, '交易', 599],
    [unmarked, '交易', 1000],
    [annas, '交易', 1000],
    [bens, '交易', 800],
    [third.out_refund_no, '退款', -266],
    [closed.out_refund_no, '退款', -480],
    [closed.out_refund_no, '退款退回', 480],
    [rest.out_refund_no, '退款', -534],
    [whole.out_refund_no, '退款', -1000],
    [again, '交易', 600],
    [claras, '交易', 700],
    [half.out_refund_no, '退款', -350],
    [prepaid.out_request_no, '代金券预充值退回', 150],
    [prepaid.out_request_no, '代金券预充值退回', 300],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 4699 - 2150 - 900 + 450)

  const [used, returned] = await Promise.all(
    (['useFlow', 'refundFlow'] as const).map(async flow => {
      const bill = Bill.follow(wxpay, await favor.stocks._stock_id_[flow].get({ stock_id: cash }))
      return (await readAll(bill.rows())).map(row => [row.优惠id, row['优惠金额（元）'], row.交易类型])
    }),
  )
  expect(used).toEqual([
    [anna.coupon_id, '3.00', '支付'],
    [anna.coupon_id, '3.00', '支付'],
    [clara.coupon_id, '3.00', '支付'],
  ])
  expect(returned).toEqual([
    [anna.coupon_id, '3.00', '退款'],
    [clara.coupon_id, '1.50', '退款'],
  ])
})
