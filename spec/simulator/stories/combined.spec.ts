import { expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { combineTransactions } = wxpay.v3

/** Parts of 100, 101, … fen. */
const basket = (count: number, over: object = {}) => ({
  combine_appid: appid,
  combine_mchid: mchid,
  combine_out_trade_no: number('BASKET'),
  notify_url,
  sub_orders: Array.from({ length: count }, (_, index) => ({
    mchid,
    out_trade_no: number('PART'),
    attach: `第${index + 1}件`,
    description: '商品',
    amount: { total_amount: 100 + index, currency: 'CNY' },
  })),
  ...over,
})
const query = async ({ combine_out_trade_no }: { combine_out_trade_no: string }) =>
  (await combineTransactions.outTradeNo._combine_out_trade_no_.get({ combine_out_trade_no })).data
const close = ({ combine_out_trade_no, sub_orders }: ReturnType<typeof basket>) =>
  combineTransactions.outTradeNo._combine_out_trade_no_.close.post({
    combine_out_trade_no,
    json: {
      combine_appid: appid,
      sub_orders: sub_orders.map(({ out_trade_no }) => ({ mchid, out_trade_no })),
    },
  })
const refund = async (out_trade_no: string, fen: number, total: number) => {
  const out_refund_no = number('REFUND')
  await wxpay.v3.refund.domestic.refunds.post({
    json: { out_trade_no, out_refund_no, notify_url, amount: { refund: fen, total, currency: 'CNY' } },
  })
  return out_refund_no
}

it('sells baskets, takes parts of them back, and bills each part', async () => {
  const sold = basket(3)
  const { data } = await combineTransactions.native.post({ json: sold })
  expect((await combineTransactions.native.post({ json: sold })).data).toEqual(data)
  const [one, two, three] = sold.sub_orders.map(({ out_trade_no }) => out_trade_no)
  if (one === undefined || two === undefined || three === undefined) return expect.fail('a part is missing')
  // Neither the basket nor a part of it can be sold twice, nor a part be paid alone.
  const again = { ...sold, combine_out_trade_no: number('BASKET') }
  expect(await failure(combineTransactions.native.post({ json: again }))).toMatchObject({ code: 'OUT_TRADE_NO_USED' })
  expect(() => simulator.pay(one)).toThrow(sold.combine_out_trade_no)
  expect((await query(sold)).sub_orders).toMatchObject([1, 2, 3].map(() => ({ trade_state: 'NOTPAY' })))
  simulator.pay(sold.combine_out_trade_no, { openid: 'the-payer' })

  const given = basket(2, { combine_payer_info: { openid: 'the-giver' } })
  await combineTransactions.jsapi.post({ json: { ...given, combine_payer_info: { openid: 'the-giver' } } })
  simulator.pay(given.combine_out_trade_no)
  expect(await shop.received()).toMatchObject(
    [sold, given].map(({ combine_out_trade_no, sub_orders }, index) => ({
      event_type: 'TRANSACTION.SUCCESS',
      resource: {
        combine_out_trade_no,
        combine_payer_info: { openid: ['the-payer', 'the-giver'][index] },
        sub_orders: sub_orders.map(({ out_trade_no, attach, amount }) => ({
          mchid,
          out_trade_no,
          attach,
          trade_state: 'SUCCESS',
          amount: { ...amount, payer_amount: amount.total_amount },
        })),
      },
    })),
  )

  const first = await refund(one, 40, 100)
  const rest = await refund(one, 60, 100)
  expect(await failure(refund(one, 1, 100))).toMatchObject({ code: 'INVALID_REQUEST' })
  const failed = await refund(two, 1, 101)
  simulator.settle(failed, { fail: 'CLOSED' })
  await simulator.advance({ minutes: 20 })
  expect(await shop.told()).toEqual(['REFUND.CLOSED', 'REFUND.SUCCESS', 'REFUND.SUCCESS'])
  expect((await query(sold)).sub_orders).toMatchObject([
    { trade_state: 'REFUND' },
    { trade_state: 'REFUND' },
    { trade_state: 'SUCCESS' },
  ])

  const left = basket(2)
  await combineTransactions.app.post({ json: left })
  await close(left)
  await close(left)
  const expired = basket(2, { time_expire: `${shop.day}T13:00:00+08:00` })
  await combineTransactions.native.post({ json: expired })
  await simulator.advance({ hours: 1 })
  for (const lost of [left, expired]) {
    expect((await query(lost)).sub_orders).toMatchObject([{ trade_state: 'CLOSED' }, { trade_state: 'CLOSED' }])
    expect(() => simulator.pay(lost.combine_out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDER_CLOSED' }))
  }
  expect(await failure(close(sold))).toMatchObject({ code: 'ORDERPAID' })

  await shop.nextDay()
  const parts = [...sold.sub_orders, ...given.sub_orders].map(({ out_trade_no, amount }) => ({
    out_trade_no,
    fen: amount.total_amount,
  }))
  const { rows, summary } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.订单金额, row.商户退款单号, row.退款金额])).toEqual([
    ...parts.map(({ out_trade_no, fen }) => [out_trade_no, (fen / 100).toFixed(2), '0', '0.00']),
    [one, '0.00', first, '0.40'],
    [one, '0.00', rest, '0.60'],
  ])
  expect(summary).toMatchObject({ 总交易单数: '7', 订单总金额: '5.04', 退款总金额: '1.00' })
  expect(await shop.flows()).toEqual([
    ...parts.map(({ out_trade_no, fen }) => [out_trade_no, '交易', fen]),
    [first, '退款', -40],
    [rest, '退款', -60],
    [failed, '退款', -1],
    [failed, '退款退回', 1],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 504 - 100)
})
