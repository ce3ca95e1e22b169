import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import * as Media from '../../../lib/media.js'
import { OPENING_BALANCE } from '../../../lib/simulator/ledger/accounts.js'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const sub_mchid = '1900000199'
const shop = await openShop({
  merchants: [
    { mchid: '1900000109', role: 'partner', subs: [sub_mchid] },
    { mchid: sub_mchid, role: 'direct' },
  ],
})
const { simulator, wxpay, mchid, notify_url } = shop
const { mchTransfer } = wxpay.v3.fundApp
const openid = 'o-MYE42l80oelYMDE34nYD456Xoy'

const scene = {
  transfer_scene_id: '1000' as const,
  transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '注册会员有礼' }],
}
const bill = (transfer_amount: number, over: object = {}) => ({
  appid,
  out_bill_no: number('BILL'),
  openid,
  user_name: '张三',
  transfer_amount,
  transfer_remark: '报销',
  notify_url,
  ...scene,
  ...over,
})
const transfer = async (fen: number, over: object = {}) => {
  const json = bill(fen, over)
  return { json, ...(await mchTransfer.transferBills.post({ json })).data }
}
const query = async (out_bill_no: string) =>
  (await mchTransfer.transferBills.outBillNo._out_bill_no_.get({ out_bill_no })).data
const cancel = (out_bill_no: string) => mchTransfer.transferBills.outBillNo._out_bill_no_.cancel.post({ out_bill_no })

it('pays users who confirm, gives receipts, gets unreceived money back, and bills it', async () => {
  const paid = await transfer(400)
  expect(paid).toMatchObject({ state: 'WAIT_USER_CONFIRM', package_info: expect.any(String) })
  simulator.confirm(paid.out_bill_no, { fail: 'TRANSFERING' })
  expect(await query(paid.out_bill_no)).toMatchObject({ state: 'TRANSFERING' })
  simulator.confirm(paid.out_bill_no)
  const { transfer_bill_no } = paid
  const { data } = await mchTransfer.transferBills.transferBillNo._transfer_bill_no_.get({ transfer_bill_no })
  expect(data).toMatchObject({ out_bill_no: paid.out_bill_no, state: 'SUCCESS', openid, transfer_amount: 400 })
  expect(await failure(cancel(paid.out_bill_no))).toMatchObject({ code: 'INVALID_REQUEST' })

  const frozen = await transfer(500)
  simulator.confirm(frozen.out_bill_no, { fail: 'ACCOUNT_FROZEN' })
  expect(await query(frozen.out_bill_no)).toMatchObject({ state: 'FAIL', fail_reason: 'ACCOUNT_FROZEN' })
  const mistaken = await transfer(600)
  expect((await cancel(mistaken.out_bill_no)).data).toMatchObject({ state: 'CANCELING' })
  await simulator.advance({ seconds: 1 })
  expect(await query(mistaken.out_bill_no)).toMatchObject({ state: 'CANCELLED', fail_reason: 'MCH_CANCEL' })
  expect(await failure(transfer(OPENING_BALANCE))).toMatchObject({ code: 'NOT_ENOUGH' })
  expect(await failure(transfer(200_000, { user_name: undefined }))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await shop.received()).toMatchObject(
    [paid, frozen, mistaken].map(({ out_bill_no }, index) => ({
      event_type: 'MCHTRANSFER.BILL.FINISHED',
      resource: { out_bill_no, mch_id: mchid, state: ['SUCCESS', 'FAIL', 'CANCELLED'][index] },
    })),
  )

  // A receipt of what has arrived.
  const { out_bill_no } = paid
  const receipt = async () => (await mchTransfer.elecsign.outBillNo._out_bill_no_.get({ out_bill_no })).data
  expect(await failure(receipt())).toMatchObject({ code: 'NOT_FOUND' })
  const refused = mchTransfer.elecsign.outBillNo.post({ json: { out_bill_no: frozen.out_bill_no } })
  expect(await failure(refused)).toMatchObject({ code: 'INVALID_REQUEST' })
  const { data: applied } = await mchTransfer.elecsign.transferBillNo.post({ json: { transfer_bill_no } })
  expect(applied).toMatchObject({ state: 'GENERATING' })
  await simulator.advance({ minutes: 1 })
  const ready = await receipt()
  expect(ready).toMatchObject({ state: 'FINISHED', hash_type: 'SHA256' })
  const file = await buffer((await Media.follow(wxpay, ready)).body)
  expect(file.toString('latin1')).toMatch(new RegExp(`^%PDF-1\\.4\\n[^]*${transfer_bill_no}[^]*%%EOF\\n$`))
  expect(createHash('sha256').update(file).digest('hex').toUpperCase()).toBe(ready.hash_value)

  // Nobody confirms this one in time.
  const late = await transfer(700)
  await shop.nextDay()
  expect(await query(late.out_bill_no)).toMatchObject({ state: 'FAIL', fail_reason: 'OVERDUE_CLOSE' })
  const flows = [
    [paid, '商家转账', -400],
    [frozen, '商家转账', -500],
    [frozen, '商家转账退回', 500],
    [mistaken, '商家转账', -600],
    [mistaken, '商家转账退回', 600],
    [late, '商家转账', -700],
  ] as const
  expect(await shop.flows('OPERATION')).toEqual(flows.map(([{ out_bill_no }, ...flow]) => [out_bill_no, ...flow]))
  expect(await shop.balance('OPERATION')).toBe(OPENING_BALANCE - 400 - 700)
  await simulator.advance({ days: 30 })
  expect(await failure(query(out_bill_no))).toMatchObject({ code: 'NOT_FOUND' })
})

it('pays authorised transfers without confirmation, until the authorisation is closed', async () => {
  const out_authorization_no = number('AUTH')
  const authorization = async (named = out_authorization_no) =>
    (
      await mchTransfer.userConfirmAuthorization.outAuthorizationNo._out_authorization_no_.get({
        out_authorization_no: named,
      })
    ).data
  const first = await mchTransfer.transferBills.preTransferWithAuthorization.post({
    json: bill(100, {
      authorization_info: { user_display_name: '张三', out_authorization_no, authorization_notify_url: notify_url },
    }),
  })
  expect(await authorization()).toMatchObject({ state: 'WAIT_USER_CONFIRM' })
  const { openid: _, ...within } = bill(200)
  const pay = async (over: object) =>
    (await mchTransfer.transferBills.transfer.post({ json: { ...within, out_bill_no: number('BILL'), ...over } })).data
  expect(await failure(pay({ out_authorization_no }))).toMatchObject({ code: 'INVALID_REQUEST' })
  simulator.confirm(first.data.out_bill_no)
  const { authorization_id } = await authorization()
  const [arrives, fails] = [await pay({ authorization_id }), await pay({ out_authorization_no })]
  expect(arrives).toMatchObject({ state: 'ACCEPTED', openid })
  simulator.settle(fails.out_bill_no, { fail: 'DAY_RECEIVED_QUOTA_EXCEED' })
  await simulator.advance({ seconds: 1 })
  expect(await query(arrives.out_bill_no)).toMatchObject({ state: 'PROCESSING' })
  await simulator.advance({ minutes: 1 })
  expect(await query(arrives.out_bill_no)).toMatchObject({ state: 'SUCCESS' })
  expect(await query(fails.out_bill_no)).toMatchObject({ state: 'FAIL' })
  const { data } = await mchTransfer.userConfirmAuthorization.outAuthorizationNo._out_authorization_no_.close.post({
    out_authorization_no,
  })
  expect(data).toMatchObject({ state: 'CLOSED', close_info: { close_reason: 'CLOSE_VIA_MCH_API' } })
  expect(await failure(pay({ authorization_id }))).toMatchObject({ code: 'INVALID_REQUEST' })
  expect(await shop.told()).toEqual([
    'MCHTRANSFER.AUTHORIZATION.CONFIRMED',
    'MCHTRANSFER.BILL.FINISHED',
    'MCHTRANSFER.BILL.FINISHED',
    'MCHTRANSFER.BILL.FINISHED',
    'MCHTRANSFER.AUTHORIZATION.CLOSED',
  ])
  const unconfirmed = number('AUTH')
  await mchTransfer.userConfirmAuthorization.post({
    json: {
      out_authorization_no: unconfirmed,
      appid,
      openid,
      user_display_name: '张三',
      transfer_scene_id: '1000',
      authorization_notify_url: notify_url,
    },
  })
  await simulator.advance({ days: 1 })
  expect(await authorization(unconfirmed)).toMatchObject({
    state: 'CLOSED',
    close_info: { close_reason: 'USER_OVERDUE_UNCONFIRMED' },
  })
})

it('pays batches, of which each part ends on its own', async () => {
  const batch = (over: object = {}) => ({
    appid,
    out_batch_no: number('BATCH'),
    batch_name: '十一月',
    batch_remark: '报销',
    total_amount: 600,
    total_num: 3,
    notify_url,
    transfer_detail_list: [100, 200, 300].map(transfer_amount => ({
      out_detail_no: number('PART'),
      transfer_amount,
      transfer_remark: '报销',
      openid,
    })),
    ...over,
  })
  const find = async (out_batch_no: string, detail_status = 'ALL') =>
    (
      await wxpay.v3.transfer.batches.outBatchNo._out_batch_no_.get({
        out_batch_no,
        query: { need_query_detail: true, detail_status },
      })
    ).data
  const json = batch()
  const { out_batch_no, transfer_detail_list } = json
  expect(await failure(wxpay.v3.transfer.batches.post({ json: batch({ total_num: 4 }) }))).toMatchObject({
    code: 'INVALID_REQUEST',
  })
  const { data } = await wxpay.v3.transfer.batches.post({ json })
  // The details are not listed before the batch has finished.
  expect((await find(out_batch_no)).transfer_detail_list).toBeUndefined()
  const [, second] = transfer_detail_list
  const findDetail = async (number: string) =>
    (
      await wxpay.v3.transfer.batches.outBatchNo._out_batch_no_.details.outDetailNo._out_detail_no_.get({
        out_batch_no: number,
        out_detail_no: second?.out_detail_no ?? '',
      })
    ).data
  expect(await findDetail(out_batch_no)).toMatchObject({ detail_status: 'INIT' })
  simulator.settle(second?.out_detail_no ?? '', { fail: 'REAL_NAME_CHECK_FAIL' })
  await simulator.advance({ minutes: 2 })
  expect((await find(out_batch_no)).transfer_batch).toMatchObject({
    batch_id: data.batch_id,
    batch_status: 'FINISHED',
    success_amount: 400,
    success_num: 2,
    fail_amount: 200,
    fail_num: 1,
  })
  expect((await find(out_batch_no, 'FAIL')).transfer_detail_list).toMatchObject([{ detail_status: 'FAIL' }])
  expect(await findDetail(out_batch_no)).toMatchObject({ transfer_amount: 200, fail_reason: 'REAL_NAME_CHECK_FAIL' })
  await wxpay.v3.transfer.billReceipt.post({ json: { out_batch_no } })
  const closed = batch()
  await wxpay.v3.transfer.batches.post({ json: closed })
  simulator.settle(closed.out_batch_no, { fail: 'MERCHANT_REVOCATION' })
  expect((await find(closed.out_batch_no)).transfer_batch).toMatchObject({
    batch_status: 'CLOSED',
    close_reason: 'MERCHANT_REVOCATION',
    fail_num: 3,
  })
  expect(await failure(findDetail(closed.out_batch_no))).toMatchObject({ code: 'NOT_FOUND' })
  expect(await shop.received()).toMatchObject([
    { event_type: 'MCHTRANSFER.BATCH.FINISHED', resource: { out_batch_no, fail_amount: 200 } },
    { event_type: 'MCHTRANSFER.BATCH.CLOSED', resource: { out_batch_no: closed.out_batch_no } },
  ])
  await simulator.advance({ minutes: 1 })
  const receipt = (await wxpay.v3.transfer.billReceipt._out_batch_no_.get({ out_batch_no })).data
  expect(receipt).toMatchObject({ signature_status: 'FINISHED', hash_value: expect.any(String) })
})

it('sends the red packets of a brand', async () => {
  const { brandMerchantBatches, brandMerchantOutBatches } = wxpay.v3.fundApp.brandRedpacket
  const [out_batch_no, kept = '', lost = ''] = [number('BRAND'), number('PACKET'), number('PACKET')]
  const of = { brand_id: 1234, brand_appid: appid, template_id: 'template' }
  const json = {
    ...of,
    scene: 'CUSTOM_SEND' as const,
    out_batch_no,
    batch_name: '周年',
    batch_remark: '周年',
    total_amount: 300,
    total_num: 2,
    detail_list: [
      { out_detail_no: kept, amount: 100, openid, remark: '谢谢' },
      { out_detail_no: lost, amount: 200, openid, user_name: '张三' },
    ],
  }
  const { data } = await brandMerchantBatches.post({ json })
  expect(data).toMatchObject({ out_batch_no, batch_state: 'ACCEPTED' })
  expect((await brandMerchantBatches.post({ json })).data.batch_no).toBe(data.batch_no)
  simulator.settle(lost, { fail: 'NAME_NOT_CORRECT' })
  await simulator.advance({ minutes: 2 })
  const query = { need_query_detail: true, detail_state: 'DETAIL_VIEW_FAIL' } as const
  const { data: batch } = await brandMerchantOutBatches._out_batch_no_.get({ out_batch_no, query })
  expect(batch).toMatchObject({
    ...of,
    brand_mchid: mchid,
    batch_no: data.batch_no,
    batch_state: 'FINISHED',
    success_amount: 100,
    fail_amount: 200,
    detail_list: [{ out_detail_no: lost, detail_state: 'DETAIL_FAIL' }],
  })
  const [{ transfer_detail_no: detail_no } = { transfer_detail_no: '' }] = batch.detail_list ?? []
  const failed = await brandMerchantBatches._batch_no_.details._detail_no_.get({ batch_no: batch.batch_no, detail_no })
  expect(failed.data).toMatchObject({ ...of, out_detail_no: lost, amount: 200, fail_reason: 'NAME_NOT_CORRECT' })
  const sent = await brandMerchantOutBatches._out_batch_no_.outDetails._out_detail_no_.get({
    out_batch_no,
    out_detail_no: kept,
  })
  expect(sent.data).toMatchObject({ detail_state: 'DETAIL_SUCCESS', amount: 100, remark: '谢谢' })
})

it('pays from the account of a sub-merchant', async () => {
  const { partner } = mchTransfer
  const json = { ...bill(900), sub_mchid }
  await partner.transferBills.post({ json })
  const { out_bill_no } = json
  simulator.confirm(out_bill_no)
  const get = async () =>
    (await partner.transferBills.outBillNo._out_bill_no_.get({ out_bill_no, query: { sub_mchid } })).data
  expect(await get()).toMatchObject({ mchid, sub_mchid, state: 'SUCCESS' })
  await partner.electronicReceipts.post({ json: { sub_mchid, out_bill_no } })
  await simulator.advance({ minutes: 1 })
  const { data } = await partner.electronicReceipts._out_bill_no_.get({ out_bill_no, query: { sub_mchid } })
  const file = await buffer((await Media.follow(wxpay, data)).body)
  expect(createHash('sm3').update(file).digest('hex').toUpperCase()).toBe(data.hash_value)
})
