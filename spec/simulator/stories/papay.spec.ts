import { expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url, day } = shop
const { papay } = wxpay.v3
const plan_id = 12535

const contract = (over: object = {}) => ({
  appid,
  plan_id,
  out_contract_code: number('CODE'),
  contract_display_account: '微信代扣',
  contract_notify_url: notify_url,
  ...over,
})
const sign = async (over: object = {}) => {
  const json = contract(over)
  await papay.scheduledDeductSign.contracts.preEntrustSign.jsapi.post({ json })
  return json.out_contract_code
}
const query = async (out_contract_code: string) =>
  (
    await papay.sign.contracts.planId._plan_id_.outContractCode._out_contract_code_.get({
      plan_id,
      out_contract_code,
    })
  ).data
const signed = async (over: object = {}) => {
  const code = await sign(over)
  simulator.confirm(code)
  return { code, ...(await query(code)) }
}
const deduct = async (contract_id: string, total: number, out_trade_no = number('DEDUCT')) => {
  await papay.pay.transactions.apply.post({
    json: {
      appid,
      out_trade_no,
      description: '会员',
      transaction_notify_url: notify_url,
      contract_id,
      amount: { total, currency: 'CNY' },
    },
  })
  return out_trade_no
}
const stateOf = async (out_trade_no: string) =>
  (await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data.trade_state

const dayAfter = (date: string) =>
  new Date(Date.parse(`${date}T00:00:00Z`) + 24 * 60 * 60 * 1000).toISOString().slice(0, 10)

it('deducts by contract until one side ends it, and bills the deductions', async () => {
  // A user who leaves the page has not signed.
  const left = await sign()
  simulator.confirm(left, { fail: 'USER_CANCEL' })
  expect(await failure(query(left))).toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })

  const { code, contract_id, contract_expired_time } = await signed()
  expect(Date.parse(contract_expired_time ?? '')).toBeGreaterThan(Date.now())
  const paid = await deduct(contract_id, 300)
  const failed = await deduct(contract_id, 400)
  expect(await deduct(contract_id, 300, paid)).toBe(paid)
  expect(await stateOf(paid)).toBe('ACCEPT')
  simulator.pay(failed, { fail: 'NOTENOUGH' })
  await simulator.advance({ minutes: 1 })
  expect([await stateOf(paid), await stateOf(failed)]).toEqual(['SUCCESS', 'PAY_FAIL'])
  expect(await shop.received()).toMatchObject([
    { event_type: 'ENTRUST.SIGN', resource: { out_contract_code: code, contract_state: 'SIGNED' } },
    { event_type: 'TRANSACTION.FAIL', resource: { out_trade_no: failed, trade_state_desc: 'NOT_ENOUGH' } },
    { event_type: 'TRANSACTION.SUCCESS', resource: { out_trade_no: paid, trade_type: 'PAP' } },
  ])
  const out_refund_no = number('REFUND')
  await wxpay.v3.refund.domestic.refunds.post({
    json: { out_trade_no: paid, out_refund_no, amount: { refund: 100, total: 300, currency: 'CNY' } },
  })
  simulator.settle(out_refund_no)

  // The user ends one, the merchant the other.
  const other = await signed()
  simulator.confirm(other.code, { fail: 'USER_TERMINATE' })
  await papay.sign.contracts.planId._plan_id_.outContractCode._out_contract_code_.terminate.post({
    plan_id,
    out_contract_code: code,
    json: { contract_termination_remark: '服务停止' },
  })
  expect(await query(other.code)).toMatchObject({
    contract_state: 'TERMINATED',
    contract_terminate_info: { contract_termination_mode: 'USER_TERMINATE' },
  })
  expect(await query(code)).toMatchObject({
    contract_terminate_info: {
      contract_termination_mode: 'MCH_API_TERMINATE',
      contract_termination_remark: '服务停止',
    },
  })
  expect(await failure(deduct(contract_id, 1))).toMatchObject({ statusCode: 403, code: 'CONTRACT_NOT_EXIST' })
  expect(await shop.told()).toEqual(['ENTRUST.SIGN', 'ENTRUST.TERMINATE', 'ENTRUST.TERMINATE'])

  // What is announced is deducted on the third day or later, and once.
  const member = await signed()
  const announce = (amount: number) =>
    papay.contracts._contract_id_.notify.post({
      contract_id: member.contract_id,
      json: { mchid, appid, deduct_duration: { count: 2, unit: 'DAY' }, estimated_amount: { amount, currency: 'CNY' } },
    })
  await announce(500)
  expect(await failure(deduct(member.contract_id, 500))).toMatchObject({ code: 'INVALID_REQUEST' })

  // One for a single deduction, on a day that both know.
  const tomorrow = dayAfter(day)
  const estimated_deduct_amount = { total: 600, currency: 'CNY' }
  const once = { estimated_deduct_date: tomorrow, estimated_deduct_amount, description: '试用后扣费' }
  const [due, missed] = [await signed({ deduct_schedule: once }), await signed({ deduct_schedule: once })]
  const schedule = async (id: string, total = 600) =>
    (
      await papay.pay.schedules.contractId._contract_id_.schedule.post({
        contract_id: id,
        json: { appid, schedule_amount: { total, currency: 'CNY' } },
      })
    ).data
  expect(await failure(schedule(due.contract_id, 601))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await schedule(due.contract_id)).toMatchObject({ schedule_state: 'SCHEDULED', deduct_start_date: tomorrow })
  expect(await failure(deduct(due.contract_id, 600))).toMatchObject({ code: 'INVALID_REQUEST' })

  await shop.nextDay()
  const { rows } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.交易类型, row.订单金额, row.退款金额])).toEqual([
    [paid, 'PAP', '3.00', '0.00'],
    [paid, 'PAP', '0.00', '1.00'],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 200)

  await deduct(due.contract_id, 600)
  await simulator.advance({ minutes: 1 })
  expect(await query(due.code)).toMatchObject({
    contract_state: 'TERMINATED',
    deduct_schedule: { schedule_state: 'PAID', deduct_date: tomorrow, deduct_amount: { total: 600 } },
  })
  expect(await failure(schedule(missed.contract_id))).toMatchObject({ code: 'INVALID_REQUEST' })
  await shop.nextDay()
  expect(await query(missed.code)).toMatchObject({
    contract_state: 'TERMINATED',
    contract_terminate_info: { contract_termination_mode: 'SYSTEM_TERMINATE' },
    deduct_schedule: { schedule_state: 'EXPIRED' },
  })
  expect(await failure(deduct(member.contract_id, 501))).toMatchObject({ code: 'INVALID_REQUEST' })
  await deduct(member.contract_id, 500)
  await simulator.advance({ minutes: 1 })
  expect(await failure(deduct(member.contract_id, 1))).toMatchObject({ code: 'INVALID_REQUEST' })
})

it('serves insurers and service providers from the same contracts', async () => {
  const insured = contract({ out_contract_code: number('POLICY') })
  const { contract_display_account: insured_display_name, ...policy } = insured
  const policy_end_date = dayAfter(dayAfter(day))
  await papay.insuranceSign.contracts.preEntrustSign.h5.post({
    json: { ...policy, insured_display_name, policy_start_date: day, policy_end_date, policy_periods: [] },
  })
  simulator.confirm(insured.out_contract_code)
  const sub_mchid = '1900000199'
  const { appid: sp_appid, ...partner } = contract()
  await papay.scheduledDeductSign.partner.contracts.preEntrustSign.app.post({
    json: { ...partner, sp_appid, sub_mchid },
  })
  simulator.confirm(partner.out_contract_code)
  const { data } = await papay.sign.partner.contracts.planId._plan_id_.outContractCode._out_contract_code_.get({
    ...{ plan_id, out_contract_code: partner.out_contract_code },
    query: { sub_mchid },
  })
  expect(data).toMatchObject({ sp_mchid: mchid, sub_mchid, contract_state: 'SIGNED' })
  const out_trade_no = number('DEDUCT')
  await papay.pay.partner.transactions.apply.post({
    json: {
      sp_appid,
      sub_mchid,
      out_trade_no,
      description: '会员',
      transaction_notify_url: notify_url,
      contract_id: data.contract_id,
      amount: { total: 700, currency: 'CNY' },
    },
  })
  // The policy ends with its day.
  await simulator.advance({ days: 1 })
  expect(await shop.received()).toMatchObject([
    { event_type: 'INSURANCE_ENTRUST.SIGN', resource: { insured_display_name } },
    { event_type: 'ENTRUST.SIGN', resource: { sp_mchid: mchid, sub_mchid } },
    { event_type: 'TRANSACTION.SUCCESS', resource: { sp_mchid: mchid, sub_mchid, out_trade_no } },
    {
      event_type: 'INSURANCE_ENTRUST.TERMINATE',
      resource: { contract_terminate_info: { contract_termination_mode: 'SYSTEM_TERMINATE' } },
    },
  ])
})

it('supports the contracts of APIv2, and notifies in XML', async () => {
  const { v2 } = wxpay
  const contract_code = number('CODE')
  const signing = {
    ...{ appid, mch_id: mchid, plan_id: String(plan_id), contract_code, request_serial: 1, version: '1.0' as const },
    ...{ contract_display_account: '微信代扣', notify_url, timestamp: '1', return_app: 'Y' as const },
  }
  await v2.papay.preentrustweb.post({ xml: signing })
  simulator.confirm(contract_code)
  const { data } = await v2.papay.querycontract.post({
    xml: { appid, mch_id: Number(mchid), plan_id, contract_code, version: '1.0' },
  })
  expect(data).toMatchObject({ contract_state: '0', contract_code })
  const { contract_id } = data
  const deduct = async (total_fee: number) => {
    const out_trade_no = number('DEDUCT')
    await v2.pay.pappayapply.post({
      xml: {
        ...{ appid, mch_id: mchid, body: '会员', out_trade_no, total_fee, spbill_create_ip: '127.0.0.1' },
        ...{ notify_url, trade_type: 'PAP', contract_id },
      },
    })
    return out_trade_no
  }
  const [paid, failed] = [await deduct(100), await deduct(200)]
  simulator.pay(failed, { fail: 'NOT_ENOUGH' })
  await simulator.advance({ minutes: 1 })
  const order = async (out_trade_no: string) =>
    (await v2.pay.paporderquery.post({ xml: { appid, mch_id: mchid, out_trade_no } })).data.trade_state
  expect([await order(paid), await order(failed)]).toEqual(['SUCCESS', 'PAYERROR'])
  await v2.papay.deletecontract.post({
    xml: { appid, mch_id: mchid, contract_id, contract_termination_remark: '停止', version: '1.0' },
  })
  expect(await failure(deduct(1))).toMatchObject({ code: 'CONTRACT_NOT_EXIST' })

  // Signed with a payment.
  const ordered = number('CODE')
  const out_trade_no = number('ORDER')
  await v2.pay.contractorder.post({
    xml: {
      ...{ appid, mch_id: mchid, contract_mchid: mchid, contract_appid: appid, out_trade_no, body: '首月' },
      ...{ notify_url, total_fee: 300, spbill_create_ip: '127.0.0.1', trade_type: 'NATIVE', plan_id },
      ...{
        contract_code: ordered,
        request_serial: 2,
        contract_display_account: '微信代扣',
        contract_notify_url: notify_url,
      },
    },
  })
  simulator.pay(out_trade_no)
  expect(await shop.received()).toMatchObject([
    { event_type: 'v2/pap-contract-state-changed', resource: { change_type: 'ADD', contract_code } },
    { event_type: 'v2/transaction-success', resource: { err_code: 'NOTENOUGH', out_trade_no: failed } },
    { event_type: 'v2/transaction-success', resource: { result_code: 'SUCCESS', out_trade_no: paid } },
    {
      event_type: 'v2/pap-contract-state-changed',
      resource: { change_type: 'DELETE', contract_termination_mode: '3' },
    },
    { event_type: 'v2/transaction-success', resource: { out_trade_no } },
    { event_type: 'v2/pap-contract-state-changed', resource: { change_type: 'ADD', contract_code: ordered } },
  ])
})
