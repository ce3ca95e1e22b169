import { expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure, readAll } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url, day } = shop
const { transactions, refunds } = wxpay.v3.global
const own = { query: { mchid } }

const order = (over: object = {}) => ({
  appid,
  mchid,
  description: 'Tea',
  out_trade_no: number('HK'),
  notify_url,
  trade_type: 'NATIVE' as const,
  merchant_category_code: '1011',
  amount: { total: 888, currency: 'HKD' },
  ...over,
})

it('sells outside mainland China and refunds a part: in the statement of the day, but not among the yuan of the account', async () => {
  const sold = order()
  const { data } = await transactions.native.post({ json: sold })
  expect(data.code_url).toMatch(/^weixin:/)
  expect((await transactions.mweb.post({ json: order({ trade_type: 'MWEB' }) })).data.mweb_url).toMatch(/^https:/)
  const { out_trade_no } = sold
  const { transaction_id } = simulator.pay(out_trade_no)
  const amount = { total: 888, currency: 'HKD', payer_currency: 'HKD' }
  expect((await transactions.id._transaction_id_.get({ transaction_id, ...own })).data).toMatchObject({
    id: transaction_id,
    out_trade_no,
    trade_state: 'SUCCESS',
    amount,
  })
  expect(await shop.received()).toMatchObject([
    { event_type: 'TRANSACTION.SUCCESS', resource: { id: transaction_id, out_trade_no, amount } },
  ])

  const out_refund_no = number('HKBACK')
  const json = {
    mchid,
    appid,
    out_trade_no,
    out_refund_no,
    notify_url,
    amount: { refund: 88, total: 888, currency: 'HKD' },
  }
  const { data: refund } = await refunds.post({ json })
  expect((await refunds.post({ json })).data.id).toBe(refund.id)
  simulator.settle(out_refund_no)
  expect((await refunds.id._refund_id_.get({ refund_id: refund.id, ...own })).data).toMatchObject({ status: 'SUCCESS' })
  expect((await refunds.get({ query: { out_trade_no, mchid, offset: 0, count: 10 } })).data).toMatchObject({
    id: transaction_id,
    data: [{ out_refund_no, amount: { refund: 88 } }],
    total_num: 1,
  })
  expect(await shop.received()).toMatchObject([
    {
      event_type: 'REFUND.SUCCESS',
      resource: { out_refund_no, recv_account: '支付用户零钱', amount: { currency: 'HKD' } },
    },
  ])

  const left = order()
  await transactions.native.post({ json: left })
  await transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no: left.out_trade_no, json: { mchid } })
  expect(() => simulator.pay(left.out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDER_CLOSED' }))

  // In yuan on the same day.
  const local = { appid, mchid, description: '茶', out_trade_no: number('LOCAL'), notify_url }
  await wxpay.v3.pay.transactions.native.post({ json: { ...local, amount: { total: 100, currency: 'CNY' } } })
  simulator.pay(local.out_trade_no)
  const { data: fund } = await wxpay.v3.merchant.fund.balance._account_type_.get({ account_type: 'BASIC' })
  expect(fund.available_amount).toBe(OPENING_BALANCE + 100)

  const date = day.replaceAll('-', '')
  const early = readAll(Bill.statement(wxpay, { date, mchid }).rows())
  expect(await failure(early)).toMatchObject({ code: 'STATEMENT_CREATING' })
  await shop.nextDay()
  const statement = Bill.statement(wxpay, { date, mchid })
  expect(
    (await readAll(statement.rows())).map(row => [row['订单金额(标价币种)'], row.标价币种, row.用户退款金额]),
  ).toEqual([
    ['8.88', 'HKD', '0.00'],
    ['1.00', 'CNY', '0.00'],
    ['0.00', 'HKD', '0.88'],
  ])
  expect(statement.summary).toMatchObject({ 总交易单数: '3', 退款总金额: '0.88' })
  expect(await shop.flows()).toEqual([[local.out_trade_no, '交易', 100]])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 100)
  const empty = readAll(Bill.statement(wxpay, { date: '20260901', mchid }).rows())
  expect(await failure(empty)).toMatchObject({ code: 'NO_STATEMENT_EXIST' })
})

it('is paid by code and by contract outside mainland China', async () => {
  const { micropay, papay } = wxpay.v3.global
  const till = (code: string) => {
    const { notify_url: _, ...json } = order({ trade_type: 'MICROPAY', payer: { auth_code: code } })
    return json
  }
  const bought = till('134567890123456789')
  const { data } = await micropay.transactions.pay.post({ json: bought })
  expect(data).toMatchObject({ trade_type: 'MICROPAY', trade_state: 'SUCCESS', amount: { payer_currency: 'HKD' } })
  const { out_trade_no } = bought
  await micropay.transactions.outTradeNo._out_trade_no_.reverse.post({ out_trade_no, json: { mchid } })
  expect((await transactions.outTradeNo._out_trade_no_.get({ out_trade_no, ...own })).data.trade_state).toBe('REVOKED')
  const typing = await micropay.transactions.pay.post({ json: till('134567890123000002') })
  expect(typing.data.trade_state).toBe('USERPAYING')
  expect(await failure(micropay.transactions.pay.post({ json: till('1') }))).toMatchObject({
    code: 'AUTH_CODE_INVALID',
  })

  const out_contract_code = number('HKCODE')
  const signing = { appid, plan_id: 123, out_contract_code, user_display_name: 'Tea', success_notify_url: notify_url }
  await papay.contracts.jsapiPreEntrustSign.post({ json: signing })
  simulator.confirm(out_contract_code)
  const contract = (await papay.contracts.outContractCode._out_contract_code_.get({ out_contract_code })).data
  expect(contract).toMatchObject({ mchid, out_contract_code, state: 'SIGNED' })
  const { contract_id = '' } = contract
  const deduction = () => ({
    appid,
    description: 'Tea',
    out_trade_no: number('HKPAP'),
    notify_url,
    merchant_category_code: '1011',
    contract_id,
    amount: { total: 500, currency: 'HKD' },
  })
  const json = deduction()
  const deducted = (await papay.transactions.post({ json })).data
  expect(deducted).toMatchObject({ trade_type: 'AUTH', trade_state: 'SUCCESS', amount: { total: 500 } })
  expect(await failure(papay.transactions.post({ json }))).toMatchObject({ code: 'ORDERPAID' })
  await papay.transactions.outTradeNo._out_trade_no_.reverse.post({ out_trade_no: json.out_trade_no })
  await papay.contracts._contract_id_.terminate.post({ contract_id, json: { appid, termination_note: 'closed' } })
  expect(await failure(papay.transactions.post({ json: deduction() }))).toMatchObject({ code: 'CONTRACT_NOT_EXIST' })
  expect(await shop.received()).toMatchObject([
    { event_type: 'PAPAY.SIGN', resource: { out_contract_code, contract_id } },
    { event_type: 'TRANSACTION.SUCCESS', resource: { id: deducted.transaction_id } },
    { event_type: 'PAPAY.TERMINATE', resource: { contract_termination_mode: 'MERCHANT' } },
  ])
})
