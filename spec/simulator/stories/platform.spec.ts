import { expect, it } from 'vitest'
import * as Bill from '../../../lib/bill/index.js'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure, readAll } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { ecommerce, merchant } = wxpay.v3
const { profitsharing, subsidies, refunds, fund } = ecommerce
const sub_mchid = '1900000110'
const supplier = '1900000200'

/** A paid order of the sub-merchant. */
async function sell(total: number, settle_info: { profit_sharing: boolean; subsidy_amount?: number }) {
  const part = number('ORDER')
  const combine_out_trade_no = number('BASKET')
  await wxpay.v3.combineTransactions.native.post({
    json: {
      combine_appid: appid,
      combine_mchid: mchid,
      combine_out_trade_no,
      notify_url,
      sub_orders: [
        {
          mchid,
          sub_mchid,
          out_trade_no: part,
          attach: '订单',
          description: '商品',
          amount: { total_amount: total, currency: 'CNY' },
          settle_info,
        },
      ],
    },
  })
  const { transaction_id = '' } = simulator.pay(combine_out_trade_no)
  return { out_trade_no: part, transaction_id }
}

const share = async (transaction_id: string, amount: number, finish = false) => {
  const out_order_no = number('SHARE')
  const part = { type: 'MERCHANT_ID', receiver_account: supplier, receiver_mchid: supplier } as const
  const receivers = [{ ...part, amount, description: '货款' }]
  await profitsharing.orders.post({
    json: { appid, sub_mchid, transaction_id, out_order_no, receivers, finish, notify_url },
  })
  return out_order_no
}
const refund = async (transaction_id: string, fen: number, total: number, over: object = {}) => {
  const out_refund_no = number('REFUND')
  const { data } = await refunds.apply.post({
    json: {
      sub_mchid,
      sp_appid: appid,
      transaction_id,
      out_refund_no,
      amount: { refund: fen, total, currency: 'CNY' },
      notify_url,
      ...over,
    },
  })
  return { out_refund_no, refund_id: data.refund_id, data }
}
const withdraw = async (amount: number, out_request_no = number('OUT')) => {
  await fund.withdraw.post({ json: { sub_mchid, out_request_no, amount, notify_url } })
  return out_request_no
}
const withdrawal = async (out_request_no: string) =>
  (await fund.withdraw.outRequestNo._out_request_no_.get({ out_request_no, query: { sub_mchid } })).data
const balance = async () => (await fund.balance._sub_mchid_.get({ sub_mchid })).data
const refused = { code: 'INVALID_REQUEST' }
const poor = { code: 'NOT_ENOUGH' }

it('a platform sells for its sub-merchants, shares, subsidizes, refunds and pays out, to the fen', async () => {
  await profitsharing.receivers.add.post({
    json: { appid, type: 'MERCHANT_ID', account: supplier, name: '供应商', relation_type: 'SUPPLIER' },
  })
  const { transaction_id, out_trade_no } = await sell(10_000, { profit_sharing: true, subsidy_amount: 500 })
  expect(await balance()).toEqual({ sub_mchid, available_amount: 0, pending_amount: 10_000 })

  // What was announced is added first, once and exactly.
  expect(await failure(share(transaction_id, 3000))).toMatchObject(refused)
  const subsidy = { sub_mchid, transaction_id, amount: 500, description: '活动补差', out_subsidy_no: number('SUBSIDY') }
  expect(await failure(subsidies.create.post({ json: { ...subsidy, amount: 499 } }))).toMatchObject(refused)
  const added = (await subsidies.create.post({ json: subsidy })).data
  expect(added).toMatchObject({ result: 'SUCCESS', amount: 500 })
  expect((await subsidies.create.post({ json: subsidy })).data).toEqual(added)
  expect(await balance()).toMatchObject({ available_amount: 0, pending_amount: 10_500 })

  const out_order_no = await share(transaction_id, 3000)
  expect(await balance()).toMatchObject({ available_amount: 0, pending_amount: 10_500 })
  await simulator.advance({ minutes: 1 })
  const out_return_no = number('RETURN')
  const back = { sub_mchid, out_order_no, out_return_no }
  await profitsharing.returnorders.post({
    json: { ...back, return_mchid: supplier, amount: 1000, description: '退货' },
  })
  simulator.settle(out_return_no)
  expect((await profitsharing.returnorders.get({ query: back })).data).toMatchObject({ result: 'SUCCESS' })
  expect(await shop.told()).toEqual(['TRANSACTION.SUCCESS', 'PROFITSHARING.SUCCESS', 'PROFITSHARING.RETURN'])

  // A part is refunded, and as much of the subsidy goes back; then the rest is the sub-merchant's own.
  const giveBack = { sub_mchid, transaction_id, out_order_no: number('BACK'), amount: 100, description: '退款' }
  expect(await failure(subsidies.return.post({ json: giveBack }))).toMatchObject(refused)
  const part = await refund(transaction_id, 2000, 10_000)
  const returned = { ...giveBack, refund_id: part.refund_id }
  expect((await subsidies.return.post({ json: returned })).data).toMatchObject({ result: 'SUCCESS', amount: 100 })
  const twice = subsidies.return.post({ json: { ...returned, out_order_no: number('BACK') } })
  expect(await failure(twice)).toMatchObject(refused)
  const finish = { sub_mchid, transaction_id, out_order_no: number('FINISH'), description: '完结' }
  await profitsharing.finishOrder.post({ json: finish })
  const { out_order_no: finished } = finish
  await simulator.advance({ minutes: 20 })
  expect(
    (await profitsharing.orders.get({ query: { sub_mchid, transaction_id, out_order_no: finished } })).data,
  ).toMatchObject({
    status: 'FINISHED',
    finish_amount: 6400,
  })
  expect(await balance()).toMatchObject({ available_amount: 6400, pending_amount: 0 })

  // What is withdrawn is gone; what fails or is sent back by the bank returns.
  const [one, two, three] = [await withdraw(6000), await withdraw(100), await withdraw(100)]
  const waiting = number('OUT')
  expect(await failure(withdraw(201, waiting))).toMatchObject(poor)
  expect(await withdrawal(waiting)).toMatchObject({ status: 'INIT' })
  simulator.settle(one)
  simulator.settle(two, { fail: 'FAIL' })
  simulator.settle(three)
  simulator.settle(three, { fail: 'REFUND' })
  expect(await withdrawal(three)).toMatchObject({ status: 'REFUND', amount: 100 })
  await withdraw(201, waiting)
  expect(await withdrawal(waiting)).toMatchObject({ status: 'CREATE_SUCCESS' })
  expect(await shop.told()).toEqual(['REFUND.SUCCESS', ...Array(4).fill('MCHWITHDRAW.CHANGE')])
  const own = number('OUT')
  const elsewhere = { out_request_no: own, amount: 700, account_type: 'DEPOSIT', notify_url }
  expect(await failure(merchant.fund.withdraw.post({ json: elsewhere }))).toMatchObject({ code: 'PARAM_ERROR' })
  await merchant.fund.withdraw.post({ json: { out_request_no: own, amount: 700, account_type: 'BASIC', notify_url } })

  // The platform advances a refund that the sub-merchant cannot pay, which pays it back as soon as it can.
  const other = await sell(300, { profit_sharing: false })
  const spent = await withdraw(499)
  expect(await failure(refund(other.transaction_id, 300, 300))).toMatchObject(poor)
  const advanced = await refund(other.transaction_id, 300, 300, { refund_account: 'REFUND_SOURCE_PARTNER_ADVANCE' })
  expect(advanced.data).toMatchObject({ refund_account: 'REFUND_SOURCE_PARTNER_ADVANCE', amount: { advance: 300 } })
  const { refund_id } = advanced
  const { returnAdvance } = refunds._refund_id_
  expect((await returnAdvance.post({ refund_id, json: { sub_mchid } })).data).toMatchObject({ result: 'PROCESSING' })
  const last = await sell(1000, { profit_sharing: false })
  expect((await returnAdvance.post({ refund_id, json: { sub_mchid } })).data).toMatchObject({ result: 'SUCCESS' })
  expect((await returnAdvance.get({ refund_id, query: { sub_mchid } })).data).toMatchObject({
    result: 'SUCCESS',
    return_amount: 300,
    payer_mchid: sub_mchid,
    payee_mchid: mchid,
  })
  expect(await balance()).toMatchObject({ available_amount: 700 })

  // For the service around that refund, the platform receives a fee.
  const { afterSalesOrders } = profitsharing
  const fee = { sub_mchid, transaction_id, amount: 50, type: 'SERVICE_FEE_INCOME', scene: 'RETURN_GOODS' } as const
  const ofOther = afterSalesOrders.post({ json: { ...fee, refund_id } })
  expect(await failure(ofOther)).toMatchObject(refused)
  await afterSalesOrders.post({ json: { ...fee, refund_id: part.refund_id } })
  const feeOf = async () => (await afterSalesOrders.get({ query: { sub_mchid, transaction_id } })).data
  expect(await feeOf()).toMatchObject({ amount: 50, result: 'PROCESSING' })
  simulator.settle(transaction_id)
  expect(await feeOf()).toMatchObject({ result: 'SUCCESS' })

  await shop.nextDay()
  const { rows } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.特约商户号, row.商户退款单号, row.订单金额, row.退款金额])).toEqual([
    [out_trade_no, sub_mchid, '0', '100.00', '0.00'],
    [other.out_trade_no, sub_mchid, '0', '3.00', '0.00'],
    [last.out_trade_no, sub_mchid, '0', '10.00', '0.00'],
    [out_trade_no, sub_mchid, part.out_refund_no, '0.00', '20.00'],
    [other.out_trade_no, sub_mchid, advanced.out_refund_no, '0.00', '3.00'],
  ])
  expect(await shop.flows('BASIC', sub_mchid)).toEqual([
    [out_trade_no, '交易', 10_000],
    [subsidy.out_subsidy_no, '补差', 500],
    [out_order_no, '分账', -3000],
    [out_return_no, '分账回退', 1000],
    [part.out_refund_no, '退款', -2000],
    [returned.out_order_no, '补差回退', -100],
    [one, '提现', -6000],
    [two, '提现', -100],
    [three, '提现', -100],
    [two, '提现退回', 100],
    [three, '提现退回', 100],
    [waiting, '提现', -201],
    [other.out_trade_no, '交易', 300],
    [spent, '提现', -499],
    [last.out_trade_no, '交易', 1000],
    [refund_id, '垫付退款回补', -300],
    [transaction_id, '售后服务分账', -50],
  ])
  expect(await shop.balance('BASIC', sub_mchid)).toBe(650)
  expect(await shop.flows()).toEqual([
    [own, '提现', -700],
    [advanced.out_refund_no, '退款', -300],
    [refund_id, '垫付退款回补', 300],
    [transaction_id, '售后服务分账', 50],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE - 650)
  expect(await shop.flows('OPERATION')).toEqual([
    [subsidy.out_subsidy_no, '补差', -500],
    [returned.out_order_no, '补差回退', 100],
  ])
  const dayEnd = { sub_mchid, query: { date: shop.day } }
  expect((await fund.enddaybalance._sub_mchid_.get(dayEnd)).data).toMatchObject({ available_amount: 650 })
  const day = { account_type: 'BASIC', query: { date: shop.day } } as const
  expect((await merchant.fund.dayendbalance._account_type_.get(day)).data).toMatchObject({
    available_amount: OPENING_BALANCE - 650,
  })

  const shared = await readAll((await Bill.profitsharing(wxpay, { bill_date: shop.day })).rows())
  expect(shared.map(row => [row['商户分账/回退单号'], row.业务类型, row.金额])).toEqual([
    [out_order_no, '分账', '30.00'],
    [out_return_no, '分账回退', '10.00'],
  ])

  // What it had at the end of that day is paid out the next, but for what shall stay.
  const dayEndWithdraw = wxpay.v3.platsolution.ecommerce.withdraw.dayEndBalanceWithdraw
  const out_request_no = number('OUT')
  const json = { sub_mchid, out_request_no, calculate_amount_type: 'ONLY_DAY_END_BALANCE', notify_url } as const
  expect(await failure(dayEndWithdraw.post({ json: { ...json, reserve_amount: 650 } }))).toMatchObject(poor)
  await dayEndWithdraw.post({ json: { ...json, reserve_amount: 100 } })
  await shop.nextDay()
  const query = { sub_mchid }
  expect((await dayEndWithdraw.outRequestNo._out_request_no_.get({ out_request_no, query })).data).toMatchObject({
    status: 'FINISHED',
    total_amount: 550,
    success_amount: 550,
  })
  expect(await balance()).toMatchObject({ available_amount: 100 })
})
