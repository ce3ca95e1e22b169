import { expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure, readAll } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { payscore } = wxpay.v3

const service_id = '2002000000000558128851361561536'
const names = { appid, service_id }
const partner = { service_id, sub_mchid: '1900000199' }
const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

const rental = (over: object = {}) => ({
  ...names,
  out_order_no: number('RENT'),
  service_introduction: '充电宝',
  time_range: { start_time: 'OnAccept' },
  location: { start_location: '一号柜' },
  risk_fund: { name: 'DEPOSIT', amount: 9900 },
  notify_url,
  ...over,
})
const open = async (over: object = {}) => (await payscore.serviceorder.post({ json: rental(over) })).data
const query = async (out_order_no: string) =>
  (await payscore.serviceorder.get({ query: { out_order_no, ...names } })).data
const bill = (total_amount: number, discount = 0) => ({
  total_amount,
  post_payments: [{ name: '租金', amount: total_amount + discount }],
  ...(discount > 0 && { post_discounts: [{ name: '会员', description: '会员优惠', amount: discount }] }),
})
const complete = async (out_order_no: string, json: ReturnType<typeof bill> & { profit_sharing?: boolean }) =>
  (await payscore.serviceorder._out_order_no_.complete.post({ out_order_no, json: { ...names, ...json } })).data
const modify = (out_order_no: string, total: number) =>
  payscore.serviceorder._out_order_no_.modify.post({
    out_order_no,
    json: { ...names, ...bill(total), reason: '优惠' },
  })
const cancel = (out_order_no: string) =>
  payscore.serviceorder._out_order_no_.cancel.post({ out_order_no, json: { ...names, reason: '不租了' } })

it('rents out with and without confirmation, collects what is due, and bills the deductions', async () => {
  // Confirmed by the user. Its number is free for an order of the cashier.
  const { out_order_no, order_id } = await open()
  const { out_trade_no } = await sell(out_order_no)
  simulator.confirm(out_order_no)
  expect(await failure(payscore.serviceorder.get({ query: names }))).toMatchObject({ code: 'PARAM_ERROR' })
  expect(await failure(complete(out_order_no, { ...bill(300), total_amount: 299 }))).toMatchObject({
    code: 'INVALID_REQUEST',
  })
  expect(await failure(complete(out_order_no, bill(9901)))).toMatchObject({ code: 'INVALID_REQUEST' })
  const returned = {
    ...bill(300, 50),
    time_range: { end_time: '20261128120000' },
    location: { end_location: '二号柜' },
  }
  expect(await complete(out_order_no, returned)).toMatchObject({ order_id, state: 'DOING' })
  expect(await complete(out_order_no, returned)).toMatchObject({ order_id, state: 'DOING' })
  await simulator.advance({ minutes: 1 })
  const paid = await query(out_order_no)
  expect(paid).toMatchObject({
    state: 'DONE',
    time_range: { start_time: 'OnAccept', end_time: '20261128120000' },
    location: { start_location: '一号柜', end_location: '二号柜' },
    collection: { state: 'USER_PAID', paid_amount: 300, details: [{ seq: 1, paid_type: 'NEWTON' }] },
  })
  const transaction_id = paid.collection?.details?.[0]?.transaction_id ?? ''
  expect(await shop.received()).toMatchObject([
    { event_type: 'PAYSCORE.USER_CONFIRM', resource: { out_order_no, state: 'DOING' } },
    { event_type: 'PAYSCORE.USER_PAID', resource: { out_order_no, state: 'DONE', collection: paid.collection } },
  ])
  // Its number is not that of the deduction, which is refunded by the transaction.
  const deduction = await wxpay.v3.pay.transactions.id._transaction_id_.get({ transaction_id, query: { mchid } })
  expect(deduction.data.out_trade_no).not.toBe(out_order_no)
  const amount = { refund: 100, total: 300, currency: 'CNY' }
  const out_refund_no = number('REFUND')
  const refunds = wxpay.v3.refund.domestic.refunds
  expect(await failure(refunds.post({ json: { out_trade_no, out_refund_no, amount } }))).toMatchObject({
    code: 'RESOURCE_NOT_EXISTS',
  })
  await refunds.post({ json: { transaction_id, out_refund_no, amount } })
  expect(await failure(cancel(out_order_no))).toMatchObject({ code: 'ORDER_DONE' })

  // A user who has given permission need not confirm, until it is taken back.
  const authorization_code = number('CODE')
  const permission = async () =>
    (
      await payscore.permissions.authorizationCode._authorization_code_.get({
        authorization_code,
        query: { service_id },
      })
    ).data
  const state = async () =>
    (await payscore.userServiceState.get({ query: { ...names, openid } })).data.use_service_state
  await payscore.permissions.post({ json: { ...names, authorization_code, notify_url } })
  expect(await permission()).toMatchObject({ authorization_state: 'UNBINDUSER' })
  expect(await state()).toBe('UNAVAILABLE')
  simulator.confirm(authorization_code)
  expect(await permission()).toMatchObject({ authorization_state: 'AVAILABLE', openid })
  expect(await state()).toBe('AVAILABLE')
  const free = { need_user_confirm: false, openid }
  const late = await open(free)
  expect(late.state).toBe('DOING')
  await complete(late.out_order_no, bill(500))
  simulator.pay(late.out_order_no, { fail: 'NOTENOUGH' })
  expect(await failure(modify(late.out_order_no, 501))).toMatchObject({ code: 'INVALID_REQUEST' })
  await modify(late.out_order_no, 400)
  simulator.pay(late.out_order_no, { fail: 'NOTENOUGH' })
  await payscore.serviceorder._out_order_no_.pay.post({ out_order_no: late.out_order_no, json: names })
  await simulator.advance({ minutes: 1 })
  expect(await query(late.out_order_no)).toMatchObject({ state: 'DONE', collection: { paid_amount: 400 } })
  simulator.confirm(authorization_code, { fail: 'USER_CLOSE' })
  expect(await state()).toBe('UNAVAILABLE')
  expect(await failure(open(free))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await shop.told()).toEqual(['PAYSCORE.USER_OPEN_SERVICE', 'PAYSCORE.USER_PAID', 'PAYSCORE.USER_CLOSE_SERVICE'])

  // Paid in cash: nothing is deducted. Cancelled and expired ones cost nothing.
  const cash = await open()
  simulator.confirm(cash.out_order_no)
  await complete(cash.out_order_no, bill(700))
  const { data: synced } = await payscore.serviceorder._out_order_no_.sync.post({
    out_order_no: cash.out_order_no,
    json: { ...names, type: 'Order_Paid', detail: { paid_time: `${shop.day.replaceAll('-', '')}130000` } },
  })
  expect(synced).toMatchObject({ state: 'DONE', collection: { details: [{ paid_type: 'MCH', amount: 700 }] } })
  const given = await open()
  await cancel(given.out_order_no)
  expect((await cancel(given.out_order_no)).data.order_id).toBe(given.order_id)
  expect(await query(given.out_order_no)).toMatchObject({ state: 'REVOKED' })

  // For a sub-merchant, whose money it is; completed with its creation.
  const sub = { ...partner, appid, sub_appid: appid, out_order_no: number('SUB'), service_introduction: '寄件', openid }
  await payscore.partner.serviceorder.directComplete.post({
    json: { ...sub, ...bill(800), time_range: { start_time: '20261128' }, notify_url },
  })
  await simulator.advance({ minutes: 1 })
  const { data: done } = await payscore.partner.serviceorder.get({
    query: { ...partner, out_order_no: sub.out_order_no },
  })
  expect(done).toMatchObject({ ...partner, state: 'DONE', collection: { paid_amount: 800 } })
  const other = { service_id, sub_mchid: '1900000200', out_order_no: sub.out_order_no }
  expect(await failure(payscore.partner.serviceorder.get({ query: other }))).toMatchObject({ code: 'ORDER_NOT_EXIST' })

  await simulator.advance({ minutes: 20 })
  const forgotten = await open()
  await shop.nextDay()
  const { rows, summary } = await shop.trades()
  expect(rows.map(row => [row.订单金额, row.退款金额])).toEqual([
    ['3.00', '0.00'],
    ['4.00', '0.00'],
    ['8.00', '0.00'],
    ['0.00', '1.00'],
  ])
  expect(rows.some(row => row.商户订单号 === out_order_no)).toBe(false)
  expect(summary).toMatchObject({ 订单总金额: '15.00', 退款总金额: '1.00' })
  const score = await Bill.payscore(wxpay, { bill_date: shop.day, service_id })
  expect((await readAll(score.rows())).map(row => [row.商户服务订单号, row.收款金额, row.收款方式])).toEqual([
    [out_order_no, '3.00', 'NEWTON'],
    [late.out_order_no, '4.00', 'NEWTON'],
    [cash.out_order_no, '7.00', 'MCH'],
    [sub.out_order_no, '8.00', 'NEWTON'],
  ])
  expect(score.summary).toEqual({ 总笔数: '4', 收款总金额: '22.00' })
  // What the sub-merchant has received is not in the account of the provider.
  expect(await shop.balance()).toBe(OPENING_BALANCE + 300 - 100 + 400)
  await simulator.advance({ days: 30 })
  expect(await query(forgotten.out_order_no)).toMatchObject({ state: 'EXPIRED' })
})

it('sells a plan that a user signs, uses part by part, and cancels', async () => {
  const plan_detail_list = [
    { plan_detail_name: '第一次', original_price: 600, actual_price: 500 },
    { plan_detail_name: '第二次', original_price: 600, actual_price: 500 },
  ]
  const { plan, signPlan } = payscore
  const merchant_plan_no = number('PLAN')
  const { data } = await plan.payscorePlans.post({
    json: {
      ...names,
      merchant_plan_no,
      plan_name: '洗车两次',
      plan_duration: 30,
      deduction_quantity: 2,
      total_original_price: 1200,
      total_actual_price: 1000,
      plan_detail_list,
    },
  })
  const [first = '', second = ''] = [number('PART'), number('PART')]
  const merchant_sign_plan_no = number('SIGN')
  const signing = {
    ...names,
    plan_id: data.plan_id,
    openid,
    merchant_sign_plan_no,
    notify_url,
    sign_plan_detail: [first, second].map((merchant_plan_detail_no, index) => ({
      plan_detail_no: index + 1,
      merchant_plan_detail_no,
    })),
  }
  const { sign_plan } = (await signPlan.userSignPlans.post({ json: signing })).data
  const use = (plan_detail_no: number, out_trade_no: string) =>
    signPlan.serviceorder.post({
      json: {
        ...names,
        sign_plan_id: sign_plan.sign_plan_id,
        plan_detail_no,
        out_trade_no,
        openid,
        notify_url,
        service_introduction: '洗车',
        time_range: { start_time: 'OnAccept' },
      },
    })
  const signed = async () =>
    (await signPlan.userSignPlans.merchantSignPlanNo._merchant_sign_plan_no_.get({ merchant_sign_plan_no })).data
  expect(await failure(use(1, first))).toMatchObject({ code: 'INVALID_REQUEST' })
  simulator.confirm(merchant_sign_plan_no)
  expect(await failure(use(1, second))).toMatchObject({ code: 'PARAM_ERROR' })
  await use(1, first)
  expect((await signed()).signed_detail_list).toMatchObject([
    { plan_detail_state: 'USING' },
    { plan_detail_state: 'NOT_USED' },
  ])
  await simulator.advance({ minutes: 1 })
  expect(await signed()).toMatchObject({
    sign_state: 'SIGNED',
    going_detail_no: 2,
    signed_detail_list: [{ plan_detail_state: 'USED', actual_pay_price: 500 }, { plan_detail_state: 'NOT_USED' }],
  })
  simulator.confirm(merchant_sign_plan_no, { fail: 'USER' })
  expect(await signed()).toMatchObject({ sign_state: 'UNSIGNED', cancel_sign_type: 'USER' })
  expect(await failure(use(2, second))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await shop.told()).toEqual(['PAYSCORE.USER_SIGN_PLAN', 'PAYSCORE.USER_PAID', 'PAYSCORE.USER_CANCEL_SIGN_PLAN'])
  const stopped = await plan.payscorePlans.merchantPlanNo._merchant_plan_no_.stop.post({ merchant_plan_no })
  expect(stopped.data).toMatchObject({
    plan_state: 'STOP',
    plan_detail_list: [{ plan_detail_no: 1 }, { plan_detail_no: 2 }],
  })
  const late = { ...signing, merchant_sign_plan_no: number('SIGN') }
  expect(await failure(signPlan.userSignPlans.post({ json: late }))).toMatchObject({ code: 'INVALID_REQUEST' })
})

async function sell(out_trade_no: string) {
  await wxpay.v3.pay.transactions.native.post({
    json: { appid, mchid, description: '线', out_trade_no, notify_url, amount: { total: 100 } },
  })
  return { out_trade_no }
}
