import { describe, expect, it } from 'vitest'
import { appid, number, openShop } from '../stories/shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const description = '商品'

const state = async (out_trade_no: string) =>
  (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data.trade_state

describe('an order by code', () => {
  const pay = (out_trade_no: string, end: string, total = 100) =>
    wxpay.v3.pay.transactions.codepay.post({
      json: {
        appid,
        mchid,
        description,
        out_trade_no,
        payer: { auth_code: `130000000000${end}` },
        amount: { total },
        scene_info: { store_info: { id: '1' } },
      },
    })
  const reverse = (out_trade_no: string) =>
    wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.reverse.post({ out_trade_no, json: { appid, mchid } })

  it('is paid at once, and does not show the payment code', async () => {
    const out_trade_no = number()
    const { data } = await pay(out_trade_no, '123456')
    expect(data).toMatchObject({ out_trade_no, trade_state: 'SUCCESS', trade_type: 'MICROPAY' })
    expect(JSON.stringify(data)).not.toContain('auth_code')
  })

  it.each([
    ['000001', 'SUCCESS'],
    ['000003', 'PAYERROR'],
  ])('with the code …%s is USERPAYING, then %s', async (end, ending) => {
    const out_trade_no = number()
    await expect(pay(out_trade_no, end)).rejects.toMatchObject({ statusCode: 202, code: 'USERPAYING' })
    expect(await state(out_trade_no)).toBe('USERPAYING')
    expect(await state(out_trade_no)).toBe(ending)
  })

  it('with the code …000002 is USERPAYING until it is reversed', async () => {
    const out_trade_no = number()
    await expect(pay(out_trade_no, '000002')).rejects.toMatchObject({ code: 'USERPAYING' })
    for (let index = 0; index < 3; index++) expect(await state(out_trade_no)).toBe('USERPAYING')
    await reverse(out_trade_no)
    expect(await state(out_trade_no)).toBe('REVOKED')
    expect(() => simulator.pay(out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDERREVERSED' }))
  })

  it('with the code …000004 ends as PAYERROR because of too little money', async () => {
    const out_trade_no = number()
    await expect(pay(out_trade_no, '000004')).rejects.toMatchObject({ code: 'NOT_ENOUGH' })
    expect(await state(out_trade_no)).toBe('PAYERROR')
  })

  it('of a large amount waits for the password, and can fail on purpose', async () => {
    const out_trade_no = number()
    await expect(pay(out_trade_no, '123456', 100_001)).rejects.toMatchObject({ code: 'USERPAYING' })
    expect(simulator.pay(out_trade_no, { fail: 'NOTENOUGH' })).toEqual({})
    expect(await state(out_trade_no)).toBe('PAYERROR')
  })

  it('that was paid is reversed with its money', async () => {
    const out_trade_no = number()
    await pay(out_trade_no, '123456')
    await reverse(out_trade_no)
    await reverse(out_trade_no)
    expect(await state(out_trade_no)).toBe('REVOKED')
  })
})

describe('an order in an app or a browser', () => {
  it('has a prepay_id or an h5_url, and can still be paid after a payment that failed', async () => {
    const [app, h5] = [number(), number()]
    const json = { appid, mchid, description, notify_url, amount: { total: 100 } }
    const prepaid = await wxpay.v3.pay.transactions.app.post({ json: { ...json, out_trade_no: app } })
    expect(prepaid.data.prepay_id).toMatch(/^wx\d{34}$/)
    const scene_info = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } }
    const { data } = await wxpay.v3.pay.transactions.h5.post({ json: { ...json, out_trade_no: h5, scene_info } })
    expect(data.h5_url).toMatch(/^https:\/\/wx\.tenpay\.com\//)
    simulator.pay(h5, { fail: 'NOTENOUGH' })
    expect(await state(h5)).toBe('NOTPAY')
    simulator.pay(h5)
    expect(await shop.received()).toMatchObject([
      { event_type: 'TRANSACTION.SUCCESS', resource: { out_trade_no: h5, trade_type: 'MWEB', amount: { total: 100 } } },
    ])
  })
})

describe('the order of a service provider', () => {
  it('is paid to the sub-merchant, and notified with both numbers', async () => {
    const out_trade_no = number()
    const parties = { sp_mchid: mchid, sub_mchid: '1900000110' }
    await wxpay.v3.pay.partner.transactions.jsapi.post({
      json: {
        ...parties,
        sp_appid: appid,
        description,
        out_trade_no,
        notify_url,
        amount: { total: 100 },
        payer: { sp_openid: 'the-payer' },
      },
    })
    const { transaction_id } = simulator.pay(out_trade_no)
    const { data } = await wxpay.v3.pay.partner.transactions.id._transaction_id_.get({
      transaction_id,
      query: parties,
    })
    expect(data).toMatchObject({ ...parties, out_trade_no, trade_state: 'SUCCESS', payer: { sp_openid: 'the-payer' } })
    expect(await shop.received()).toMatchObject([
      { resource: { ...parties, transaction_id, payer: { sp_openid: 'the-payer' } } },
    ])
    await wxpay.v3.refund.domestic.refunds.post({
      json: {
        sub_mchid: parties.sub_mchid,
        transaction_id,
        out_refund_no: number(),
        amount: { refund: 60, total: 100, currency: 'CNY' },
      },
    })
  })
})

describe('a combined order', () => {
  const place = (combine_out_trade_no: string, numbers: readonly string[]) =>
    wxpay.v3.combineTransactions.native.post({
      json: {
        combine_appid: appid,
        combine_mchid: mchid,
        combine_out_trade_no,
        notify_url,
        sub_orders: numbers.map((out_trade_no, index) => ({
          mchid,
          out_trade_no,
          attach: '附加',
          description,
          amount: { total_amount: 100 + index, currency: 'CNY' },
        })),
      },
    })
  const query = async (combine_out_trade_no: string) =>
    (await wxpay.v3.combineTransactions.outTradeNo._combine_out_trade_no_.get({ combine_out_trade_no })).data

  it('is paid as one, and each of its orders can be refunded', async () => {
    const [combined, one, other] = [number(), number(), number()]
    const { data } = await place(combined, [one, other])
    expect(data.code_url).toMatch(/^weixin:/)
    expect((await place(combined, [one, other])).data).toEqual(data)
    await expect(place(combined, [one, number()])).rejects.toMatchObject({ code: 'OUT_TRADE_NO_USED' })
    expect((await query(combined)).sub_orders).toMatchObject([{ trade_state: 'NOTPAY' }, { trade_state: 'NOTPAY' }])
    simulator.pay(combined)
    expect(await shop.received()).toMatchObject([
      {
        event_type: 'TRANSACTION.SUCCESS',
        resource: {
          combine_out_trade_no: combined,
          sub_orders: [
            { out_trade_no: one, trade_state: 'SUCCESS', amount: { total_amount: 100 } },
            { out_trade_no: other, trade_state: 'SUCCESS', amount: { total_amount: 101 } },
          ],
        },
      },
    ])
    const refund = { out_trade_no: other, out_refund_no: number() }
    await wxpay.v3.refund.domestic.refunds.post({
      json: { ...refund, amount: { refund: 1, total: 101, currency: 'CNY' } },
    })
    expect((await query(combined)).sub_orders).toMatchObject([{ trade_state: 'SUCCESS' }, { trade_state: 'REFUND' }])
  })

  it('is closed as one', async () => {
    const [combined, one] = [number(), number()]
    await place(combined, [one])
    await wxpay.v3.combineTransactions.outTradeNo._combine_out_trade_no_.close.post({
      combine_out_trade_no: combined,
      json: { combine_appid: appid, sub_orders: [{ mchid, out_trade_no: one }] },
    })
    expect(await state(one)).toBe('CLOSED')
    expect(() => simulator.pay(combined)).toThrow(expect.objectContaining({ code: 'ORDER_CLOSED' }))
  })
})
