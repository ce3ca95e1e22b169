import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

// These require the merchant certificate.
const shop = await openShop({ https: true })
const { simulator, wxpay, mchid } = shop
const { mmpaymkttransfers, mmpaysptrans } = wxpay.v2
const openid = 'o-MYE42l80oelYMDE34nYD456Xoy'

const pay = async (amount: number, over: object = {}) => {
  const partner_trade_no = number('PAY')
  const xml = { mch_appid: appid, mchid, partner_trade_no, openid, check_name: 'NO_CHECK', amount, desc: '报销' }
  await mmpaymkttransfers.promotion.transfers.post({ xml: { ...xml, spbill_create_ip: '127.0.0.1', ...over } })
  return partner_trade_no
}
const bank = async (amount: number) => {
  const partner_trade_no = number('BANK')
  const { data } = await mmpaysptrans.pay_bank.post({
    xml: {
      ...{ mch_id: mchid, partner_trade_no, amount, bank_code: '1002' },
      ...{ enc_bank_no: '6225760000000000', enc_true_name: '张三' },
    },
  })
  return { partner_trade_no, fee: Number(data.cmms_amt) }
}
const packet = async (total_amount: number, over: object = {}) => {
  const mch_billno = number('HB')
  const xml = {
    ...{ mch_billno, mch_id: mchid, wxappid: appid, send_name: '商户', re_openid: openid, total_amount, total_num: 1 },
    ...{ wishing: '新年快乐', client_ip: '127.0.0.1', act_name: '新年', remark: '红包' },
  }
  await mmpaymkttransfers.sendredpack.post({ xml: { ...xml, ...over } })
  return mch_billno
}
const query = async (mch_billno: string) =>
  (await mmpaymkttransfers.gethbinfo.post({ xml: { mch_billno, mch_id: mchid, appid, bill_type: 'MCHT' } })).data

it('pays users, cards and red packets, gets unreceived money back, and bills it', async () => {
  const paid = await pay(100)
  const info = { xml: { partner_trade_no: paid, mch_id: mchid, appid } }
  expect((await mmpaymkttransfers.gettransferinfo.post(info)).data).toMatchObject({
    status: 'SUCCESS',
    openid,
    payment_amount: '100',
  })
  // APIv2 knows the transfers of APIv3, which wait for the user.
  const [out_bill_no, transfer_scene_report_infos] = [number('BILL'), [{ info_type: '活动', info_content: '有礼' }]]
  const transfer = { appid, out_bill_no, openid, transfer_scene_id: '1000' as const, transfer_scene_report_infos }
  await wxpay.v3.fundApp.mchTransfer.transferBills.post({
    json: { ...transfer, transfer_amount: 50, transfer_remark: '礼' },
  })
  const waiting = { xml: { partner_trade_no: out_bill_no, mch_id: mchid, appid } }
  expect((await mmpaymkttransfers.gettransferinfo.post(waiting)).data).toMatchObject({ status: 'PROCESSING' })
  simulator.confirm(out_bill_no, { fail: 'PAYEE_ACCOUNT_ABNORMAL' })
  expect((await mmpaymkttransfers.gettransferinfo.post(waiting)).data).toMatchObject({
    status: 'FAILED',
    reason: 'PAYEE_ACCOUNT_ABNORMAL',
  })
  expect(await failure(pay(OPENING_BALANCE))).toMatchObject({ code: 'NOTENOUGH' })
  expect(await failure(pay(1, { check_name: 'FORCE_CHECK' }))).toMatchObject({ code: 'PARAM_ERROR' })

  // The fee is a thousandth, at least one yuan.
  const [arrives, returns] = [await bank(5000), await bank(300_000)]
  expect([arrives.fee, returns.fee]).toEqual([100, 300])
  simulator.settle(arrives.partner_trade_no)
  simulator.settle(returns.partner_trade_no, { fail: 'BANK_FAIL' })
  const card = { xml: { mch_id: mchid, partner_trade_no: returns.partner_trade_no } }
  expect((await mmpaysptrans.query_bank.post(card)).data).toMatchObject({
    status: 'BANK_FAIL',
    cmms_amt: '300',
    bank_no_md5: createHash('md5').update('6225760000000000').digest('hex'),
  })

  const [opened, forgotten, refused] = [await packet(200), await packet(300), await packet(400)]
  expect(await query(opened)).toMatchObject({ status: 'SENT', hb_type: 'NORMAL', total_amount: '200' })
  simulator.confirm(opened)
  simulator.confirm(refused, { fail: '用户账户异常' })
  expect(await query(opened)).toMatchObject({ status: 'RECEIVED' })
  expect(await query(refused)).toMatchObject({ status: 'FAILED', reason: '用户账户异常' })
  expect(await failure(packet(99))).toMatchObject({ code: 'MONEY_LIMIT' })
  expect(await failure(query('unknown'))).toMatchObject({ code: 'NOT_FOUND' })
  const group = number('HB')
  const { data } = await mmpaymkttransfers.sendgroupredpack.post({
    xml: {
      ...{ mch_billno: group, mch_id: mchid, wxappid: appid, send_name: '商户', re_openid: openid },
      ...{ total_amount: 600, total_num: 3, amt_type: 'ALL_RAND', wishing: '快乐', act_name: '新年', remark: '红包' },
    },
  })
  expect(data.send_listid).toMatch(/^1000\d+$/)
  simulator.confirm(group)

  await shop.nextDay()
  expect(await query(forgotten)).toMatchObject({ status: 'RFUND_ING' })
  await simulator.advance({ seconds: 1 })
  expect(await query(forgotten)).toMatchObject({ status: 'REFUND', refund_amount: '300' })
  expect(await shop.flows('OPERATION')).toEqual([
    [paid, '商家转账', -100],
    [out_bill_no, '商家转账', -50],
    [out_bill_no, '商家转账退回', 50],
    [arrives.partner_trade_no, '付款到银行卡', -5100],
    [returns.partner_trade_no, '付款到银行卡', -300_300],
    [returns.partner_trade_no, '付款到银行卡退回', 300_300],
    [opened, '现金红包', -200],
    [forgotten, '现金红包', -300],
    [refused, '现金红包', -400],
    [refused, '现金红包退款', 400],
    [group, '现金红包', -600],
  ])
  expect(await shop.balance('OPERATION')).toBe(OPENING_BALANCE - 100 - 5100 - 200 - 300 - 600)
})
