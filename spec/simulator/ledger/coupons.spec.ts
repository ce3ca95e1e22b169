import { expect, it } from 'vitest'
import { BusinessClock } from '../../../lib/simulator/ledger/clock.js'
import { createLedger, type Ledger } from '../../../lib/simulator/ledger/ledger.js'

const [MCHID, OTHER] = ['1900000109', '1900000200']
const NOW = Date.UTC(2026, 10, 24, 8)
const HOUR = 60 * 60 * 1000
const end = '2026-11-24T20:00:00+08:00'

const open = () => createLedger(new BusinessClock(() => NOW), { merchants: [{ mchid: MCHID }], payers: [] })

/** A running stock of coupons of 100 fen for orders from 200 fen on. */
function stockOf({ coupons }: Ledger, no_cash: boolean, max_coupons = 10) {
  const stock = coupons.stocks.place(
    MCHID,
    `stock ${no_cash}`,
    {
      stock_name: '一元券',
      available_begin_time: '2026-11-24T00:00:00+08:00',
      available_end_time: end,
      stock_use_rule: { max_coupons, max_amount: 100 * max_coupons, max_coupons_per_user: max_coupons },
      no_cash,
      stock_type: 'NORMAL',
      belong_merchant: MCHID,
      coupon_use_rule: { fixed_normal_coupon: { coupon_amount: 100, transaction_minimum: 200 } },
      out_request_no: 'stock',
    },
    NOW,
  )
  return coupons.change(stock, 'start', NOW)
}

const sending = (stock_id: string, out_request_no: string, openid = 'payer') => ({
  openid,
  stock_id,
  out_request_no,
  appid: 'wx1',
  stock_creator_mchid: MCHID,
})

function pay({ orders, payments }: Ledger, out_trade_no: string, total: number) {
  const request = {
    mchid: MCHID,
    appid: 'wx1',
    description: '商品',
    out_trade_no,
    amount: { total },
    payer: { openid: 'payer' },
  }
  orders.place(MCHID, 'NATIVE', request, NOW)
  return payments.pay(MCHID, out_trade_no, undefined, NOW)
}

it.each([true, false])(
  'parts of an order return its coupon to the fen, however they are cut (no_cash: %s)',
  no_cash => {
    const cuts = [[333], [1, 1, 331], [332, 1], [100, 100, 100, 33], [7, 300, 26], Array.from({ length: 333 }, () => 1)]
    for (const [index, cut] of cuts.entries()) {
      const ledger = open()
      ledger.coupons.send(MCHID, sending(stockOf(ledger, no_cash).id, `send${index}`), NOW)
      const before = ledger.accounts.balance(MCHID)
      const order = pay(ledger, 'order', 333)
      expect(order.payment.discount).toMatchObject({ fen: 100, isPrepaid: !no_cash })
      expect(ledger.accounts.balance(MCHID) - before).toBe(no_cash ? 233 : 333)
      const refunds = cut.map((refund, part) => {
        const amount = { refund, total: 333, currency: 'CNY' }
        const placed = ledger.refunds.place(MCHID, { out_trade_no: 'order', out_refund_no: `part${part}`, amount }, NOW)
        ledger.act('settle', [MCHID], `part${part}`, {})
        return { refund, ...placed }
      })
      for (const { refund, discount } of refunds) expect(refund - discount).toBeGreaterThanOrEqual(0)
      expect(refunds.reduce((sum, { discount }) => sum + discount, 0)).toBe(100)
      expect(ledger.accounts.balance(MCHID)).toBe(before)
    }
  },
)

it('continues from a snapshot: coupons expire, and prepaid money is returned', () => {
  const ledger = open()
  const before = ledger.accounts.balance(MCHID)
  const { id } = stockOf(ledger, false, 2)
  const [used, left] = ['a', 'b'].map(no => ledger.coupons.send(MCHID, sending(id, no), NOW).no)
  pay(ledger, 'order', 200)
  const restored = open()
  restored.restore(JSON.parse(JSON.stringify(ledger.snapshot())))
  restored.clock.advance({ seconds: (Date.parse(end) - NOW) / 1000 })
  restored.now()
  expect([used, left].map(no => restored.coupons.coupons.find(MCHID, no ?? '').state)).toEqual(['USED', 'EXPIRED'])
  expect(restored.coupons.stocks.find(MCHID, id).state).toBe('stoped')
  // Two coupons were paid for, and one was used: by a payer of the same merchant.
  expect(restored.accounts.balance(MCHID) - before).toBe(200 - 100)
  expect(ledger.accounts.balance(MCHID) - before).toBe(200 - 200)
})

it('a coupon that was returned after its stock has ended is not usable, and its money is returned', () => {
  const ledger = open()
  const before = ledger.accounts.balance(MCHID)
  const { id } = stockOf(ledger, false, 1)
  ledger.coupons.send(MCHID, sending(id, 'a'), NOW)
  pay(ledger, 'order', 200)
  ledger.clock.advance({ hours: 12 })
  const now = ledger.now()
  expect(now).toBe(NOW + 12 * HOUR)
  const amount = { refund: 200, total: 200, currency: 'CNY' }
  ledger.refunds.place(MCHID, { out_trade_no: 'order', out_refund_no: 'whole', amount }, now)
  ledger.act('settle', [MCHID], 'whole', {})
  expect(ledger.coupons.coupons.find(MCHID, 'a').state).toBe('EXPIRED')
  expect(ledger.accounts.balance(MCHID)).toBe(before)
})

it("a payer's own coupon is used among those of others, also after a snapshot", () => {
  const ledger = open()
  const { id } = stockOf(ledger, true)
  const send = (openid: string) => ledger.coupons.send(MCHID, sending(id, `to ${openid}`, openid), NOW)
  const [first, own] = ['one', 'payer', 'two'].map(send).slice(0, 2)
  const restored = open()
  restored.restore(JSON.parse(JSON.stringify(ledger.snapshot())))
  for (const one of [ledger, restored]) {
    const { payment } = pay(one, 'order', 200)
    expect(payment.discount?.couponId).toBe(own?.id)
    expect(pay(one, 'next', 200).payment.discount).toBeUndefined()
    expect(one.coupons.sentOf(one.coupons.stocks.find(MCHID, id)).map(({ state }) => state)).toEqual([
      'SENDED',
      'USED',
      'SENDED',
    ])
    expect(() => one.coupons.find(MCHID, 'payer', first?.id ?? '')).toThrow(
      expect.objectContaining({ code: 'RESOURCE_NOT_EXISTS' }),
    )
  }
})

it('a stock that the merchant cannot pay for is not started', () => {
  const ledger = open()
  ledger.accounts.open(MCHID, 'BASIC', 99)
  expect(() => stockOf(ledger, false, 1)).toThrow(expect.objectContaining({ statusCode: 403, code: 'NOT_ENOUGH' }))
  expect(ledger.coupons.stocks.of(MCHID).map(({ state }) => state)).toEqual(['unactivated'])
  expect(ledger.accounts.balance(MCHID)).toBe(99)
})

it('a different merchant sends a coupon only while a partnership allows it', () => {
  const ledger = open()
  const { id } = stockOf(ledger, true)
  const send = (no: string) => ledger.coupons.send(OTHER, sending(id, no), NOW)
  const blocked = expect.objectContaining({ statusCode: 403, code: 'REQUEST_BLOCKED' })
  expect(() => send('a')).toThrow(blocked)
  const request = {
    partner: { type: 'MERCHANT', merchant_id: OTHER },
    authorized_data: { business_type: 'FAVOR_STOCK', stock_id: id },
  }
  ledger.partnerships.build(MCHID, request, NOW)
  expect(send('b').mchid).toBe(OTHER)
  ledger.partnerships.terminate(MCHID, request, NOW)
  expect(() => send('c')).toThrow(blocked)
})
