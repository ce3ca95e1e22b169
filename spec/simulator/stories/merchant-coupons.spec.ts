import { expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { busifavor, paygiftactivity } = wxpay.v3.marketing

const stock = async (coupon_code_mode: 'WECHATPAY_MODE' | 'MERCHANT_API' | 'MERCHANT_UPLOAD', rules: object = {}) => {
  const { data } = await busifavor.stocks.post({
    json: {
      stock_name: '五元券',
      belong_merchant: mchid,
      goods_name: '全场',
      stock_type: 'NORMAL',
      coupon_use_rule: {
        coupon_available_time: {
          available_begin_time: `${shop.day}T00:00:00+08:00`,
          available_end_time: `${shop.day}T22:00:00+08:00`,
        },
        fixed_normal_coupon: { discount_amount: 500, transaction_minimum: 1000 },
        use_method: 'OFF_LINE',
      },
      stock_send_rule: { max_coupons: 3, max_coupons_per_user: 1, ...rules },
      out_request_no: number('STOCK'),
      coupon_code_mode,
      subsidy: true,
    },
  })
  return data.stock_id
}
const stockOf = async (stock_id: string) => (await busifavor.stocks._stock_id_.get({ stock_id })).data
const send = async (stock_id: string, openid: string, over: object = {}) => {
  const json = { openid, appid, stock_id, out_request_no: number('SEND'), ...over }
  return (await busifavor.coupons.send.post({ json })).data.coupon_code ?? ''
}
const use = async (coupon_code: string, over: object = {}) =>
  (
    await busifavor.coupons.use.post({
      json: { coupon_code, appid, use_time: `${shop.day}T12:00:00+08:00`, use_request_no: number('USE'), ...over },
    })
  ).data
const couponOf = async (openid: string, coupon_code: string) =>
  (await busifavor.users._openid_.coupons._coupon_code_.appids._appid_.get({ openid, coupon_code, appid })).data
const pay = async (openid: string, total: number) => {
  const out_trade_no = number('ORDER')
  await wxpay.v3.pay.transactions.jsapi.post({
    json: { appid, mchid, description: '商品', out_trade_no, notify_url, amount: { total }, payer: { openid } },
  })
  return { out_trade_no, ...simulator.pay(out_trade_no) }
}

it('gives coupons, redeems, takes back and cancels them, and is paid for them', async () => {
  await busifavor.callbacks.post({ json: { mchid, notify_url } })
  const stock_id = await stock('WECHATPAY_MODE')
  const code = await send(stock_id, 'anna')
  expect(await shop.received()).toMatchObject([
    { event_type: 'COUPON.SEND', resource: { coupon_code: code, stock_id, openid: 'anna', send_merchant: mchid } },
  ])
  expect(await failure(send(stock_id, 'anna'))).toMatchObject({ code: 'RULE_LIMIT' })

  // Redeemed once, whatever is repeated; taken back, and redeemed again.
  const use_request_no = number('USE')
  const used = await use(code, { use_request_no })
  expect(await use(code, { use_request_no })).toEqual(used)
  expect(used).toMatchObject({ stock_id, openid: 'anna' })
  expect(await failure(use(code))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await couponOf('anna', code)).toMatchObject({ coupon_state: 'USED', use_request_no })
  await busifavor.coupons.return.post({ json: { coupon_code: code, stock_id, return_request_no: number('RETURN') } })
  const returned = await couponOf('anna', code)
  expect(returned).toMatchObject({ coupon_state: 'SENDED' })
  expect(returned).not.toHaveProperty('use_request_no')
  const order = await pay('anna', 1000)
  const association = { stock_id, coupon_code: code, out_trade_no: order.out_trade_no }
  await busifavor.coupons.associate.post({ json: { ...association, out_request_no: number() } })
  expect(await couponOf('anna', code)).toMatchObject({ associate_out_trade_no: order.out_trade_no })
  await use(code)

  // Cancelled, used up, and more of them.
  const second = await send(stock_id, 'ben')
  await busifavor.coupons.deactivate.post({
    json: { coupon_code: second, stock_id, deactivate_request_no: number(), deactivate_reason: '发错了' },
  })
  expect(await couponOf('ben', second)).toMatchObject({ coupon_state: 'DEACTIVATED', deactivate_reason: '发错了' })
  expect(await failure(use(second))).toMatchObject({ code: 'INVALID_REQUEST' })
  await send(stock_id, 'clara')
  expect(await failure(send(stock_id, 'dora'))).toMatchObject({ code: 'NOT_ENOUGH' })
  const budget = (current_max_coupons: number) =>
    busifavor.stocks._stock_id_.budget.patch({
      stock_id,
      json: { target_max_coupons: 4, current_max_coupons, modify_budget_request_no: number() },
    })
  expect(await failure(budget(2))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect((await budget(3)).data).toMatchObject({ max_coupons: 4 })
  const last = await send(stock_id, 'dora')

  await busifavor.stocks._stock_id_.patch({
    stock_id,
    json: { out_request_no: number(), comment: '活动', coupon_use_rule: { use_method: 'PAYMENT_CODE' } },
  })
  expect(await stockOf(stock_id)).toMatchObject({
    comment: '活动',
    coupon_use_rule: { use_method: 'PAYMENT_CODE', fixed_normal_coupon: { discount_amount: 500 } },
    stock_send_rule: { max_coupons: 4 },
  })

  // Codes of the merchant's own, one by one and in advance.
  const own = await stock('MERCHANT_API')
  expect(await failure(send(own, 'anna'))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await send(own, 'anna', { coupon_code: 'MYCODE01' })).toBe('MYCODE01')
  const pool = await stock('MERCHANT_UPLOAD')
  const upload = (coupon_code_list: string[]) =>
    busifavor.stocks._stock_id_.couponcodes.post({
      stock_id: pool,
      json: { coupon_code_list, upload_request_no: number() },
    })
  expect((await upload(['POOL0001', 'POOL0001'])).data).toMatchObject({
    success_count: 1,
    duplicate_codes: ['POOL0001'],
  })
  expect((await upload(['POOL0001', 'POOL0002'])).data).toMatchObject({
    success_codes: ['POOL0002'],
    exist_codes: ['POOL0001'],
  })
  expect(await send(pool, 'anna')).toBe('POOL0001')
  const stored = busifavor.stocks._stock_id_.couponcodes._coupon_code_
  await stored.delete({ stock_id: pool, coupon_code: 'POOL0002', query: { delete_request_no: number() } })
  expect(await failure(send(pool, 'ben'))).toMatchObject({ code: 'NOT_ENOUGH' })
  expect(await stockOf(pool)).toMatchObject({ coupon_code_count: { total_count: 1, available_count: 0 } })

  // A gift for those who pay enough, while the activity goes on.
  const gifts = await stock('WECHATPAY_MODE')
  const { activity_id } = (
    await paygiftactivity.uniqueThresholdActivity.post({
      json: {
        activity_base_info: {
          activity_name: '满十元送',
          activity_second_title: '送券',
          merchant_logo_url: 'https://qpic.cn/xxx',
          begin_time: `${shop.day}T12:30:00+08:00`,
          end_time: `${shop.day}T20:00:00+08:00`,
          out_request_no: number('GIFT'),
          delivery_purpose: 'OFF_LINE_PAY',
        },
        award_send_rule: {
          award_type: 'BUSIFAVOR',
          merchant_option: 'MANUAL_INPUT_MERCHANT',
          transaction_amount_minimum: 1000,
          send_content: 'SINGLE_COUPON',
          award_list: [{ stock_id: gifts, original_image_url: 'https://qpic.cn/xxx' }],
          merchant_id_list: [mchid],
        },
      },
    })
  ).data
  const early = await pay('emma', 1000)
  await simulator.advance({ hours: 1 })
  const activity = async () =>
    (await paygiftactivity.activities._activity_id_.get({ activity_id })).data.activity_status
  expect(await activity()).toBe('ONGOING_ACT_STATUS')
  await shop.received()
  const little = await pay('emma', 999)
  const enough = await pay('emma', 1000)
  const given = await shop.received()
  expect(given.map(({ event_type }) => event_type)).toEqual([
    'TRANSACTION.SUCCESS',
    'TRANSACTION.SUCCESS',
    'COUPON.SEND',
  ])
  expect(given.at(-1)).toMatchObject({
    resource: {
      openid: 'emma',
      send_channel: 'BUSICOUPON_SEND_CHANNEL_PAYGIFT',
      attach_info: { transaction_id: enough.transaction_id },
    },
  })
  await paygiftactivity.activities._activity_id_.terminate.post({ activity_id })
  expect(await activity()).toBe('TERMINATE_ACT_STATUS')

  // Another merchant pays for a coupon that was redeemed here, and gets a part back with a refund.
  const receipt = {
    stock_id,
    coupon_code: code,
    transaction_id: order.transaction_id,
    payer_merchant: mchid,
    payee_merchant: mchid,
  }
  const receipts = busifavor.subsidy.payReceipts
  const subsidize = (amount: number, out_subsidy_no = number('SUBSIDY')) =>
    receipts.post({ json: { ...receipt, amount, description: '补差', out_subsidy_no } })
  const subsidy = (await subsidize(300)).data
  expect(subsidy).toMatchObject({ status: 'ACCEPTED', amount: 300 })
  const failed = (await subsidize(100, 'SUBSIDY-FAILED')).data
  simulator.settle('SUBSIDY-FAILED', { fail: 'INSUFFICIENT_BALANCE' })
  const out_refund_no = number('REFUND')
  const { refund_id } = (
    await wxpay.v3.refund.domestic.refunds.post({
      json: { out_trade_no: order.out_trade_no, out_refund_no, amount: { refund: 400, total: 1000, currency: 'CNY' } },
    })
  ).data
  await simulator.advance({ minutes: 1 })
  const receiptOf = async (subsidy_receipt_id: string) =>
    (await receipts._subsidy_receipt_id_.get({ subsidy_receipt_id })).data
  expect(await receiptOf(failed.subsidy_receipt_id)).toMatchObject({
    status: 'FAIL',
    fail_reason: 'INSUFFICIENT_BALANCE',
  })
  const giveBack = (amount: number) =>
    busifavor.subsidy.returnReceipts.post({
      json: { ...receipt, refund_id, amount, description: '回退', out_subsidy_return_no: number('BACK') },
    })
  expect(await failure(giveBack(301))).toMatchObject({ code: 'INVALID_REQUEST' })
  await giveBack(120)
  await simulator.advance({ minutes: 1 })
  expect(await receiptOf(subsidy.subsidy_receipt_id)).toMatchObject({ status: 'PARTIAL_RETURN' })

  await simulator.advance({ hours: 9 })
  expect(await couponOf('dora', last)).toMatchObject({ coupon_state: 'EXPIRED' })
  expect(await stockOf(stock_id)).toMatchObject({
    stock_state: 'STOPED',
    send_count_information: { total_send_num: 4 },
  })
  expect((await busifavor.users._openid_.coupons.get({ openid: 'anna', query: { appid } })).data.total_count).toBe(3)

  await simulator.advance({ hours: 14 })
  expect((await shop.flows()).map(([no, business, fen]) => [no.replace(/\d{10,}$/, ''), business, fen])).toEqual([
    ['ORDER', '交易', 1000],
    ['ORDER', '交易', 1000],
    ['ORDER', '交易', 999],
    ['ORDER', '交易', 1000],
    ['SUBSIDY', '营销补差', -300],
    ['SUBSIDY-FAILED', '营销补差', -100],
    ['SUBSIDY-FAILED', '营销补差', 100],
    ['REFUND', '退款', -400],
    ['SUBSIDY', '营销补差', 300],
    ['BACK', '营销补差', -120],
    ['BACK', '营销补差', 120],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 3999 - 400)
  expect((await shop.trades()).rows.map(row => row.商户订单号)).toEqual(
    [order, early, little, enough, order].map(({ out_trade_no }) => out_trade_no),
  )
})
