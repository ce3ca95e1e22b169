import { expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { transactions } = wxpay.v3.pay
const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

const order = (total: number, over: object = {}) => ({
  appid,
  mchid,
  description: '商品',
  out_trade_no: number('ORDER'),
  notify_url,
  amount: { total },
  ...over,
})
const query = async (out_trade_no: string) =>
  (await transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } })).data
const state = async (out_trade_no: string) => (await query(out_trade_no)).trade_state
const refund = async (out_trade_no: string, fen: number, total: number) => {
  const out_refund_no = number('REFUND')
  const json = { out_trade_no, out_refund_no, notify_url, amount: { refund: fen, total, currency: 'CNY' } }
  const { data } = await wxpay.v3.refund.domestic.refunds.post({ json })
  return { out_refund_no, data }
}
const refundState = async (out_refund_no: string) =>
  (await wxpay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no })).data

it('sells for a day in every way, and its bills equal what happened to the fen', async () => {
  // A code on the counter.
  const native = order(990)
  const { code_url } = (await transactions.native.post({ json: native })).data
  expect((await transactions.native.post({ json: native })).data.code_url).toBe(code_url)
  expect(await state(native.out_trade_no)).toBe('NOTPAY')
  simulator.pay(native.out_trade_no, { fail: 'NOTENOUGH' })
  simulator.pay(native.out_trade_no)
  expect(await failure(transactions.native.post({ json: native }))).toMatchObject({ code: 'ORDERPAID' })

  // In WeChat, in an app, in a browser.
  const jsapi = order(500, { payer: { openid }, attach: '三号桌' })
  await transactions.jsapi.post({ json: { ...jsapi, payer: { openid } } })
  const app = order(1200)
  await transactions.app.post({ json: app })
  const h5 = order(60)
  const scene_info = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } }
  await transactions.h5.post({ json: { ...h5, scene_info } })
  for (const { out_trade_no } of [jsapi, app, h5]) simulator.pay(out_trade_no)
  const paid = await shop.received()
  expect(paid.map(({ event_type, resource }) => [event_type, resource])).toMatchObject(
    [
      { out_trade_no: native.out_trade_no, trade_type: 'NATIVE', amount: { total: 990, payer_total: 990 } },
      { out_trade_no: jsapi.out_trade_no, trade_type: 'JSAPI', payer: { openid }, attach: '三号桌' },
      { out_trade_no: app.out_trade_no, trade_type: 'APP' },
      { out_trade_no: h5.out_trade_no, trade_type: 'MWEB' },
    ].map(resource => ['TRANSACTION.SUCCESS', resource]),
  )

  // With a contract for later payments.
  const contracted = order(30, { payer: { openid } })
  const contract_info = { plan_id: '12535', contract_code: number('CONTRACT'), contract_notify_url: notify_url }
  await transactions.jsapiWithContract.post({ json: { ...contracted, payer: { openid }, contract_info } })
  simulator.pay(contracted.out_trade_no)
  const { data: contract } =
    await wxpay.v3.papay.sign.contracts.planId._plan_id_.outContractCode._out_contract_code_.get({
      plan_id: 12535,
      out_contract_code: contract_info.contract_code,
    })
  expect(contract).toMatchObject({ contract_state: 'SIGNED', openid })
  expect(await shop.told()).toEqual(['TRANSACTION.SUCCESS', 'ENTRUST.SIGN'])

  // At the till: paid, paid after the password, refused, given up, taken back.
  const code = (end: string, over = order(100)) =>
    transactions.codepay.post({
      json: { ...over, payer: { auth_code: `130000000000${end}` }, scene_info: { store_info: { id: '1' } } },
    })
  const reverse = (out_trade_no: string) =>
    transactions.outTradeNo._out_trade_no_.reverse.post({ out_trade_no, json: { appid, mchid } })
  const [atOnce, slow, failed, poor, unpaid, taken] = [order(100), order(200), order(1), order(2), order(3), order(400)]
  await code('123456', atOnce)
  expect(await failure(code('000001', slow))).toMatchObject({ statusCode: 202, code: 'USERPAYING' })
  expect([await state(slow.out_trade_no), await state(slow.out_trade_no)]).toEqual(['USERPAYING', 'SUCCESS'])
  await failure(code('000003', failed))
  expect([await state(failed.out_trade_no), await state(failed.out_trade_no)]).toEqual(['USERPAYING', 'PAYERROR'])
  expect(await failure(code('000004', poor))).toMatchObject({ code: 'NOT_ENOUGH' })
  expect(await failure(code('000002', unpaid))).toMatchObject({ code: 'USERPAYING' })
  await reverse(unpaid.out_trade_no)
  await code('123456', taken)
  await reverse(taken.out_trade_no)
  expect([await state(unpaid.out_trade_no), await state(taken.out_trade_no)]).toEqual(['REVOKED', 'REVOKED'])

  // Not bought: closed by the shop, and by the time.
  const closed = order(5)
  await transactions.native.post({ json: closed })
  const close = () =>
    transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no: closed.out_trade_no, json: { mchid } })
  await close()
  await close()
  const time_expire = `${shop.day}T12:30:00+08:00`
  const expiring = order(6, { time_expire })
  await transactions.native.post({ json: expiring })
  await simulator.advance({ minutes: 30 })
  expect([await state(closed.out_trade_no), await state(expiring.out_trade_no)]).toEqual(['CLOSED', 'CLOSED'])
  expect(() => simulator.pay(expiring.out_trade_no)).toThrow(expect.objectContaining({ code: 'ORDER_CLOSED' }))

  // Money back: by itself, abnormal and then by hand, closed.
  await shop.told()
  const settled = await refund(native.out_trade_no, 300, 990)
  expect(settled.data).toMatchObject({ status: 'PROCESSING', amount: { refund: 300, total: 990 } })
  const abnormal = await refund(jsapi.out_trade_no, 500, 500)
  simulator.settle(abnormal.out_refund_no, { fail: 'ABNORMAL' })
  const withdrawn = await refund(app.out_trade_no, 700, 1200)
  simulator.settle(withdrawn.out_refund_no, { fail: 'CLOSED' })
  expect(await failure(refund(native.out_trade_no, 691, 990))).toMatchObject({ code: 'INVALID_REQUEST' })
  await simulator.advance({ minutes: 20 })
  const { refund_id } = abnormal.data
  const { data: retried } = await wxpay.v3.refund.domestic.refunds._refund_id_.applyAbnormalRefund.post({
    refund_id,
    json: { out_refund_no: abnormal.out_refund_no, type: 'MERCHANT_BANK_CARD' },
  })
  expect(retried).toMatchObject({ status: 'PROCESSING' })
  expect(
    await failure(
      wxpay.v3.refund.domestic.refunds._refund_id_.applyAbnormalRefund.post({
        refund_id: settled.data.refund_id,
        json: { out_refund_no: settled.out_refund_no, type: 'MERCHANT_BANK_CARD' },
      }),
    ),
  ).toMatchObject({ code: 'INVALID_REQUEST' })
  await simulator.advance({ minutes: 20 })
  expect(await refundState(settled.out_refund_no)).toMatchObject({ status: 'SUCCESS' })
  expect(await refundState(abnormal.out_refund_no)).toMatchObject({ status: 'SUCCESS' })
  expect(await refundState(withdrawn.out_refund_no)).toMatchObject({ status: 'CLOSED' })
  expect(await state(app.out_trade_no)).toBe('REFUND')
  const refunds = await shop.received()
  expect(
    refunds.map(({ event_type, resource }) => [event_type, Reflect.get(Object(resource), 'out_refund_no')]),
  ).toEqual([
    ['REFUND.ABNORMAL', abnormal.out_refund_no],
    ['REFUND.CLOSED', withdrawn.out_refund_no],
    ['REFUND.SUCCESS', settled.out_refund_no],
    ['REFUND.SUCCESS', abnormal.out_refund_no],
  ])

  // Money out.
  await wxpay.v3.fundApp.mchTransfer.transferBills.post({
    json: {
      appid,
      out_bill_no: 'TRANSFER1',
      openid,
      transfer_amount: 100,
      transfer_remark: '报销',
      transfer_scene_id: '1000',
      transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '注册会员有礼' }],
    },
  })
  simulator.confirm('TRANSFER1')

  expect(await failure(shop.trades())).toMatchObject({ code: 'STATEMENT_CREATING' })
  await shop.nextDay()
  const { rows, summary } = await shop.trades()
  expect(rows.map(row => [row.商户订单号, row.交易类型, row.交易状态, row.订单金额, row.退款金额])).toEqual([
    [native.out_trade_no, 'NATIVE', 'SUCCESS', '9.90', '0.00'],
    [jsapi.out_trade_no, 'JSAPI', 'SUCCESS', '5.00', '0.00'],
    [app.out_trade_no, 'APP', 'SUCCESS', '12.00', '0.00'],
    [h5.out_trade_no, 'MWEB', 'SUCCESS', '0.60', '0.00'],
    [contracted.out_trade_no, 'JSAPI', 'SUCCESS', '0.30', '0.00'],
    [atOnce.out_trade_no, 'MICROPAY', 'SUCCESS', '1.00', '0.00'],
    [slow.out_trade_no, 'MICROPAY', 'SUCCESS', '2.00', '0.00'],
    [taken.out_trade_no, 'MICROPAY', 'SUCCESS', '4.00', '0.00'],
    [taken.out_trade_no, 'MICROPAY', 'REVOKED', '0.00', '4.00'],
    [native.out_trade_no, 'NATIVE', 'REFUND', '0.00', '3.00'],
    [jsapi.out_trade_no, 'JSAPI', 'REFUND', '0.00', '5.00'],
  ])
  expect(summary).toMatchObject({ 总交易单数: '11', 订单总金额: '34.80', 退款总金额: '12.00' })
  const { rows: refundRows } = await shop.trades('REFUND')
  expect(refundRows.map(row => row.商户退款单号)).toEqual(['0', settled.out_refund_no, abnormal.out_refund_no])
  expect(await shop.flows('OPERATION')).toEqual([['TRANSFER1', '商家转账', -100]])
  expect(await shop.flows()).toEqual([
    [native.out_trade_no, '交易', 990],
    [jsapi.out_trade_no, '交易', 500],
    [app.out_trade_no, '交易', 1200],
    [h5.out_trade_no, '交易', 60],
    [contracted.out_trade_no, '交易', 30],
    [atOnce.out_trade_no, '交易', 100],
    [slow.out_trade_no, '交易', 200],
    [taken.out_trade_no, '交易', 400],
    [taken.out_trade_no, '撤销', -400],
    [settled.out_refund_no, '退款', -300],
    [abnormal.out_refund_no, '退款', -500],
    [withdrawn.out_refund_no, '退款', -700],
    [withdrawn.out_refund_no, '退款退回', 700],
  ])
  expect(await shop.balance()).toBe(OPENING_BALANCE + 3480 - 1200)
})
