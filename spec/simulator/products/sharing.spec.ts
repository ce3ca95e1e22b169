import { beforeAll, expect, it } from 'vitest'
import { appid, number, openShop } from '../stories/shop.js'

const shop = await openShop()
const { simulator, wxpay, notify_url } = shop
const sub_mchid = '1900000110'
const RECEIVER = { type: 'MERCHANT_ID', account: '1900000200' } as const

beforeAll(async () => {
  await wxpay.v3.profitsharing.receivers.add.post({
    json: { sub_mchid, appid, ...RECEIVER, name: '商户', relation_type: 'STORE' },
  })
})

/** A paid order of the sub-merchant, of 10 yuan. */
async function paid(profit_sharing = true, sub = sub_mchid) {
  const out_trade_no = number()
  await wxpay.v3.pay.partner.transactions.native.post({
    json: {
      sp_appid: appid,
      sp_mchid: simulator.config.mchid,
      sub_mchid: sub,
      description: '商品',
      out_trade_no,
      notify_url: 'https://shop.example/pay',
      amount: { total: 1000 },
      settle_info: { profit_sharing },
    },
  })
  return simulator.pay(out_trade_no).transaction_id
}

const share = (transaction_id: string, out_order_no: string, amount: number, over: object = {}) =>
  wxpay.v3.profitsharing.orders.post({
    json: {
      sub_mchid,
      appid,
      transaction_id,
      out_order_no,
      notify_url,
      unfreeze_unsplit: false,
      receivers: [{ ...RECEIVER, amount, description: '分给商户' }],
      ...over,
    },
  })
const query = async (transaction_id: string, out_order_no: string) =>
  (await wxpay.v3.profitsharing.orders._out_order_no_.get({ out_order_no, query: { sub_mchid, transaction_id } })).data
const unsplit = async (transaction_id: string) =>
  (await wxpay.v3.profitsharing.transactions._transaction_id_.amounts.get({ transaction_id })).data.unsplit_amount

it('is PROCESSING, then FINISHED with a notification, and the same for the same request', async () => {
  const transaction_id = await paid()
  const out_order_no = number()
  const { data } = await share(transaction_id, out_order_no, 300)
  expect(data).toMatchObject({ state: 'PROCESSING', receivers: [{ amount: 300, result: 'PENDING' }] })
  expect((await share(transaction_id, out_order_no, 300)).data).toEqual(data)
  await expect(share(transaction_id, out_order_no, 301)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await unsplit(transaction_id)).toBe(700)
  await simulator.advance({ minutes: 1 })
  expect(await query(transaction_id, out_order_no)).toMatchObject({
    state: 'FINISHED',
    receivers: [{ amount: 300, result: 'SUCCESS' }],
  })
  expect(await shop.received()).toMatchObject([
    {
      event_type: 'PROFITSHARING.SUCCESS',
      resource: { sub_mchid, transaction_id, out_order_no, receiver: { ...RECEIVER, amount: 300 } },
    },
  ])
})

it('cannot exceed the order, and nothing can be shared after the rest is unfrozen, or of an ordinary order', async () => {
  const transaction_id = await paid()
  await expect(share(transaction_id, number(), 1001)).rejects.toMatchObject({ code: 'NOT_ENOUGH' })
  const released = number()
  await wxpay.v3.profitsharing.orders.unfreeze.post({
    json: { sub_mchid, transaction_id, out_order_no: released, description: '解冻' },
  })
  expect(await unsplit(transaction_id)).toBe(0)
  expect(await query(transaction_id, released)).toMatchObject({
    receivers: [{ type: 'MERCHANT_ID', account: sub_mchid, amount: 1000, result: 'PENDING' }],
  })
  await expect(share(transaction_id, number(), 1)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  await expect(share(await paid(false), number(), 1)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  await expect(share('4200', number(), 1)).rejects.toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
})

it('is only for receivers, and not more than three tenths of the order for others', async () => {
  const transaction_id = await paid()
  const stranger = { receivers: [{ ...RECEIVER, account: '1900000999', amount: 1, description: '分账' }] }
  const refused = { code: 'INVALID_REQUEST' }
  await expect(share(transaction_id, number(), 0, stranger)).rejects.toMatchObject(refused)
  await share(transaction_id, number(), 100)
  await expect(share(transaction_id, number(), 201)).rejects.toMatchObject(refused)
  const itself = { receivers: [{ ...RECEIVER, account: sub_mchid, amount: 500, description: '分给自己' }] }
  await share(transaction_id, number(), 0, itself)
  await share(transaction_id, number(), 200)
  expect(await unsplit(transaction_id)).toBe(200)
  const { data } = await wxpay.v3.profitsharing.merchantConfigs._sub_mchid_.get({ sub_mchid })
  expect(data).toEqual({ sub_mchid, max_ratio: 3000 })
})

it.each([
  ['whose receiver was removed meanwhile', undefined, 'NO_RELATION'],
  ['that fails on purpose', 'ACCOUNT_ABNORMAL', 'ACCOUNT_ABNORMAL'],
])('a part %s is CLOSED, and its money can be shared again', async (_what, fail, fail_reason) => {
  const transaction_id = await paid()
  const out_order_no = number()
  const account = '1900000300'
  const receiver = { ...RECEIVER, sub_mchid, appid, account }
  await wxpay.v3.profitsharing.receivers.add.post({ json: { ...receiver, relation_type: 'STORE' } })
  await share(transaction_id, out_order_no, 0, {
    receivers: [{ ...RECEIVER, account, amount: 300, description: '分账' }],
  })
  await wxpay.v3.profitsharing.receivers.delete.post({ json: receiver })
  simulator.settle(out_order_no, { fail })
  expect(await query(transaction_id, out_order_no)).toMatchObject({
    state: 'FINISHED',
    receivers: [{ result: 'CLOSED', fail_reason }],
  })
  expect(await unsplit(transaction_id)).toBe(1000)
})

it('ends after thirty days: the rest belongs to the merchant', async () => {
  const transaction_id = await paid()
  await simulator.advance({ days: 30 })
  expect(await unsplit(transaction_id)).toBe(0)
  await expect(share(transaction_id, number(), 1)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
})

it('can be returned, but not more than was shared or than the receiver has', async () => {
  const transaction_id = await paid()
  const out_order_no = number()
  await share(transaction_id, out_order_no, 300)
  simulator.settle(out_order_no)
  const back = async (out_return_no: string, amount: number) =>
    (
      await wxpay.v3.profitsharing.returnOrders.post({
        json: { sub_mchid, out_order_no, out_return_no, return_mchid: RECEIVER.account, amount, description: '回退' },
      })
    ).data
  const result = async (out_return_no: string) =>
    (
      await wxpay.v3.profitsharing.returnOrders._out_return_no_.get({
        out_return_no,
        query: { sub_mchid, out_order_no },
      })
    ).data
  const [first, second] = [number(), number()]
  expect(await back(first, 100)).toMatchObject({ result: 'PROCESSING', out_order_no, amount: 100 })
  await expect(back(number(), 201)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  simulator.settle(first)
  expect(await result(first)).toMatchObject({ result: 'SUCCESS' })
  expect(await unsplit(transaction_id)).toBe(800)
  expect((await shop.received()).at(-1)).toMatchObject({
    event_type: 'PROFITSHARING.RETURN',
    resource: { transaction_id, out_order_no: first, receiver: { account: RECEIVER.account, amount: 100 } },
  })
  await back(second, 200)
  simulator.settle(second, { fail: 'TIME_OUT_CLOSED' })
  expect(await result(second)).toMatchObject({ result: 'FAILED', fail_reason: 'TIME_OUT_CLOSED' })
})

it('leaves the sub-merchant with what can be refunded', async () => {
  const transaction_id = await paid()
  const refund = (refund: number) =>
    wxpay.v3.ecommerce.refunds.apply.post({
      json: {
        sub_mchid,
        sp_appid: appid,
        transaction_id,
        out_refund_no: number(),
        amount: { refund, total: 1000, currency: 'CNY' },
      },
    })
  expect((await refund(400)).data).toMatchObject({ status: 'PROCESSING', amount: { refund: 400 } })
  expect(await unsplit(transaction_id)).toBe(600)
  await expect(refund(601)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
})

it('a refund of shared money is paid from the other money of the sub-merchant', async () => {
  const balance = async () => (await wxpay.v3.ecommerce.fund.balance._sub_mchid_.get({ sub_mchid })).data
  const before = await balance()
  const [transaction_id] = [await paid(), await paid(false)]
  const out_order_no = number()
  await share(transaction_id, out_order_no, 300)
  simulator.settle(out_order_no)
  const out_refund_no = number()
  const amount = { refund: 1000, total: 1000, currency: 'CNY' } as const
  await wxpay.v3.refund.domestic.refunds.post({ json: { sub_mchid, transaction_id, out_refund_no, amount } })
  expect(await unsplit(transaction_id)).toBe(0)
  expect(await balance()).toEqual({ ...before, available_amount: before.available_amount + 700 })
})

it('but not from what is frozen in a different order', async () => {
  const sub = '1900000120'
  await wxpay.v3.profitsharing.receivers.add.post({
    json: { sub_mchid: sub, appid, ...RECEIVER, name: '商户', relation_type: 'STORE' },
  })
  const [transaction_id, other] = [await paid(true, sub), await paid(true, sub)]
  const out_order_no = number()
  await share(transaction_id, out_order_no, 300, { sub_mchid: sub })
  simulator.settle(out_order_no)
  const amount = { refund: 1000, total: 1000, currency: 'CNY' } as const
  const json = { sub_mchid: sub, transaction_id, out_refund_no: number(), amount }
  await expect(wxpay.v3.refund.domestic.refunds.post({ json })).rejects.toMatchObject({ code: 'NOT_ENOUGH' })
  await wxpay.v3.profitsharing.orders.unfreeze.post({
    json: { sub_mchid: sub, transaction_id: other, out_order_no: number(), description: '解冻' },
  })
  expect((await wxpay.v3.refund.domestic.refunds.post({ json })).data).toMatchObject({ status: 'PROCESSING' })
})

it('supports the same shares in the APIs of platforms and brands', async () => {
  const { ecommerce, brand } = wxpay.v3
  const platform = ecommerce.profitsharing
  await platform.receivers.add.post({ json: { appid, ...RECEIVER, name: '商户', relation_type: 'SUPPLIER' } })
  const brand_mchid = '1900000300'
  await brand.profitsharing.receivers.add.post({
    json: { brand_mchid, appid, ...RECEIVER, name: '商户', relation_type: 'SUPPLIER' },
  })
  const part = { type: RECEIVER.type, amount: 100, description: '分账' }
  const transaction_id = await paid()
  const [first, second, last] = [number(), number(), number()]
  const { data } = await platform.orders.post({
    json: {
      appid,
      sub_mchid,
      transaction_id,
      out_order_no: first,
      receivers: [{ ...part, receiver_account: RECEIVER.account, receiver_mchid: RECEIVER.account }],
      finish: false,
    },
  })
  expect(data).toMatchObject({ status: 'PROCESSING', receivers: [{ receiver_account: RECEIVER.account }] })
  expect(await query(transaction_id, first)).toMatchObject({ state: 'PROCESSING', order_id: data.order_id })
  await brand.profitsharing.orders.post({
    json: {
      brand_mchid,
      appid,
      sub_mchid,
      transaction_id,
      out_order_no: second,
      receivers: [{ ...part, account: RECEIVER.account }],
      finish: false,
    },
  })
  await platform.finishOrder.post({ json: { sub_mchid, transaction_id, out_order_no: last, description: '完结' } })
  await simulator.advance({ minutes: 1 })
  const names = { sub_mchid, transaction_id }
  expect((await platform.orders.get({ query: { ...names, out_order_no: last } })).data).toMatchObject({
    status: 'FINISHED',
    finish_amount: 800,
  })
  expect((await brand.profitsharing.orders.get({ query: { ...names, out_order_no: second } })).data).toMatchObject({
    status: 'FINISHED',
    receivers: [{ account: RECEIVER.account, result: 'SUCCESS', amount: 100 }],
  })
  const out_return_no = number()
  const back = { sub_mchid, out_order_no: second, out_return_no }
  await brand.profitsharing.returnorders.post({
    json: { ...back, return_mchid: RECEIVER.account, amount: 100, description: '回退' },
  })
  simulator.settle(out_return_no, { fail: 'TIME_OUT_CLOSED' })
  expect((await platform.returnorders.get({ query: back })).data).toMatchObject({
    result: 'FAIL',
    fail_reason: 'TIME_OUT_CLOSED',
  })
})
