import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import * as Builder from '../../../lib/builder.js'
import type { NotificationEvent } from '../../../lib/notification/index.js'
import * as Notification from '../../../lib/notification/index.js'
import { Simulator } from '../../../lib/simulator/index.js'
import type { WechatPay } from '../../../lib/types/wechatpay.js'
import { readAll } from '../../async.js'

const HOUR = 60 * 60 * 1000
const appid = 'wxd678efh567hg6787'
const description = '商品'

let simulator: Simulator
let wxpay: WechatPay
let mchid: string
let notify_url: string
const events: NotificationEvent[] = []
const shop = createServer((request, response) =>
  Notification.create(wxpay)
    .handler(async event => void events.push(event))
    .node(request, response),
)
let count = 0
const number = () => `ORDER${Date.now()}${count++}`

beforeAll(async () => {
  await once(shop.listen(0, '127.0.0.1'), 'listening')
  notify_url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify`
  simulator = await Simulator.start({ clock: Date.now })
  wxpay = Builder.factory(simulator.config)
  mchid = simulator.config.mchid
})
afterEach(() => {
  events.length = 0
})
afterAll(async () => {
  await simulator.close()
  shop.close()
})

const state = async (out_trade_no: string) =>
  (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data.trade_state

describe('the order of a till', () => {
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

  it('with the code …000004 ends as PAYERROR for want of money', async () => {
    const out_trade_no = number()
    await expect(pay(out_trade_no, '000004')).rejects.toMatchObject({ code: 'NOTENOUGH' })
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
    await simulator.deliver()
    expect(events).toMatchObject([
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
    await simulator.deliver()
    expect(events).toMatchObject([{ resource: { ...parties, transaction_id, payer: { sp_openid: 'the-payer' } } }])
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
    await simulator.deliver()
    expect(events).toMatchObject([
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

describe("the next day's bill", () => {
  it('equals the ledger to the fen', async () => {
    const own = await Simulator.start({ keys: simulator.keys })
    const client = Builder.factory(own.config)
    const now = Date.now()
    await own.advance({ seconds: (24 * HOUR - ((now - 4 * HOUR) % (24 * HOUR))) / 1000 })
    const today = new Date(now + 24 * HOUR - ((now - 4 * HOUR) % (24 * HOUR)) + 8 * HOUR).toISOString().slice(0, 10)
    const place = async (total: number) => {
      const out_trade_no = number()
      await client.v3.pay.transactions.native.post({
        json: { appid, mchid, description, out_trade_no, notify_url: 'https://shop.example/n', amount: { total } },
      })
      return out_trade_no
    }
    const [paid, refunded, unpaid] = [await place(990), await place(500), await place(1)]
    own.pay(paid)
    own.pay(refunded)
    const refund = async (out_trade_no: string, fen: number, total: number, fail?: string) => {
      const out_refund_no = number()
      await client.v3.refund.domestic.refunds.post({
        json: { out_trade_no, out_refund_no, amount: { refund: fen, total, currency: 'CNY' } },
      })
      own.settle(out_refund_no, { fail })
      return out_refund_no
    }
    const settled = await refund(refunded, 300, 500)
    const closed = await refund(paid, 11, 990, 'CLOSED')
    await client.v3.fundApp.mchTransfer.transferBills.post({
      json: {
        appid,
        out_bill_no: 'TRANSFER1',
        openid: 'o',
        transfer_amount: 100,
        transfer_remark: '报销',
        transfer_scene_id: '1000',
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '注册会员有礼' }],
      },
    })
    own.confirm('TRANSFER1')
    await expect(Bill.trade(client, { bill_date: today })).rejects.toMatchObject({ code: 'STATEMENT_CREATING' })
    await own.advance({ hours: 21 })
    await expect(Bill.trade(client, { bill_date: today })).rejects.toMatchObject({ code: 'STATEMENT_CREATING' })
    await own.advance({ hours: 1 })

    const bill = await Bill.trade(client, { bill_date: today })
    const rows = await readAll(bill.rows())
    expect(rows.map(row => [row.商户订单号, row.交易状态, row.订单金额, row.退款金额, row.商户退款单号])).toEqual([
      [paid, 'SUCCESS', '9.90', '0.00', '0'],
      [refunded, 'SUCCESS', '5.00', '0.00', '0'],
      [refunded, 'REFUND', '0.00', '3.00', settled],
    ])
    expect(JSON.stringify(rows)).not.toContain(unpaid)
    expect(bill.summary).toMatchObject({ 总交易单数: '3', 订单总金额: '14.90', 退款总金额: '3.00' })
    const refunds = await readAll((await Bill.trade(client, { bill_date: today, bill_type: 'REFUND' })).rows())
    expect(refunds.map(row => row.商户退款单号)).toEqual([settled])

    const flows = await readAll((await Bill.fundflow(client, { bill_date: today })).rows())
    expect(flows.map(row => [row.业务凭证号, row['收支金额(元)'], row['账户结余(元)']])).toEqual([
      [paid, '9.90', '1000009.90'],
      [refunded, '5.00', '1000014.90'],
      [settled, '3.00', '1000011.90'],
      [closed, '0.11', '1000011.79'],
      [closed, '0.11', '1000011.90'],
    ])
    const transfers = await readAll(
      (await Bill.fundflow(client, { bill_date: today, account_type: 'OPERATION' })).rows(),
    )
    expect(transfers.map(row => [row.业务凭证号, row.收支类型, row['收支金额(元)']])).toEqual([
      ['TRANSFER1', '支出', '1.00'],
    ])
    await own.close()
  })
})
