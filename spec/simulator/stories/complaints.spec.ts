import { expect, it } from 'vitest'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url: url } = shop
const { complaintNotifications, complaintsV2, images } = wxpay.v3.merchantService
const complaints = complaintsV2._complaint_id_
const payer_openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

async function sell(total: number) {
  const out_trade_no = number('ORDER')
  await wxpay.v3.pay.transactions.native.post({
    json: {
      appid,
      mchid,
      description: '商品',
      out_trade_no,
      notify_url: 'https://shop.example/pay',
      amount: { total },
    },
  })
  const { transaction_id = '' } = simulator.pay(out_trade_no, { openid: payer_openid })
  return { out_trade_no, transaction_id }
}
const detail = async (complaint_id: string) => (await complaints.get({ complaint_id })).data
const list = async (over: object = {}) =>
  (await complaintsV2.get({ query: { begin_date: shop.day, end_date: shop.day, ...over } })).data
const history = async (complaint_id: string) =>
  ((await complaints.negotiationHistorys.get({ complaint_id })).data.data ?? []).map(log => log.operate_type)
const actions = async () =>
  (await shop.received()).map(event =>
    event.event_type === 'COMPLAINT.CREATE' || event.event_type === 'COMPLAINT.STATE_CHANGE'
      ? event.resource.action_type
      : event.event_type,
  )
const refused = { code: 'INVALID_REQUEST' }

it('a complaint is notified, responded to, refunded, completed, and continued by the payer', async () => {
  expect(await failure(complaintNotifications.get())).toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
  await complaintNotifications.post({ json: { url: 'https://old.example/complaints' } })
  expect(await failure(complaintNotifications.post({ json: { url } }))).toMatchObject({
    code: 'RESOURCE_ALREADY_EXISTS',
  })
  expect((await complaintNotifications.put({ json: { url } })).data).toEqual({ mchid, url })

  const { out_trade_no, transaction_id } = await sell(990)
  await sell(100)
  const given = { out_trade_no, complaint_detail: '杯子碎了', problem_type: 'REFUND', payer_phone: '13800000000' }
  await simulator.trigger('COMPLAINT.CREATE', { override: given })
  const [event] = await shop.received()
  if (event?.event_type !== 'COMPLAINT.CREATE') return expect.fail('there is no notification')
  const { complaint_id } = event.resource
  const complaint = {
    complaint_id,
    complaint_state: 'PENDING',
    complaint_detail: '杯子碎了',
    complainted_mchid: mchid,
    payer_openid,
    payer_phone: '13800000000',
    complaint_order_info: [{ transaction_id, out_trade_no, amount: 990 }],
    complaint_full_refunded: false,
    incoming_user_response: true,
    user_complaint_times: 1,
    apply_refund_amount: 990,
  }
  expect(await detail(complaint_id)).toMatchObject(complaint)
  expect(await list()).toMatchObject({ total_count: 1, data: [{ complaint_id }] })
  expect(await list({ complainted_mchid: '1900000111' })).toMatchObject({ total_count: 0, data: [] })
  expect(await failure(list({ end_date: '2099-01-01' }))).toMatchObject({ code: 'PARAM_ERROR' })
  expect(await failure(detail('1'))).toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })

  const body = { complainted_mchid: mchid, response_content: '马上处理' }
  const other = complaints.response.post({ complaint_id, json: { ...body, complainted_mchid: '1900000111' } })
  expect(await failure(other)).toMatchObject(refused)
  const file = Buffer.from('a picture of the cup')
  const { media_id } = (await images.upload.post({ file: { filename: 'cup.png', content: file } })).data
  await complaints.response.post({ complaint_id, json: { ...body, response_images: [media_id] } })
  expect(await detail(complaint_id)).toMatchObject({ complaint_state: 'PROCESSING', incoming_user_response: false })
  const [{ image_list: [image = ''] = [] } = {}] =
    (await complaints.negotiationHistorys.get({ complaint_id })).data.data ?? []
  expect(new URL(image).origin).toBe(simulator.url)
  expect(decodeURIComponent(image)).toContain(media_id)
  await simulator.trigger('COMPLAINT.STATE_CHANGE', { override: { operate_details: '谢谢' } })
  expect(await detail(complaint_id)).toMatchObject({ complaint_state: 'PROCESSING', incoming_user_response: true })

  await complaints.updateRefundProgress.post({ complaint_id, json: { action: 'APPROVE', launch_refund_day: 0 } })
  await wxpay.v3.refund.domestic.refunds.post({
    json: { out_trade_no, out_refund_no: number('REFUND'), amount: { refund: 990, total: 990, currency: 'CNY' } },
  })
  await simulator.advance({ minutes: 20 })
  expect(await detail(complaint_id)).toMatchObject({ complaint_full_refunded: true, complaint_state: 'PROCESSING' })
  await complaints.complete.post({ complaint_id, json: { complainted_mchid: mchid } })
  expect(await detail(complaint_id)).toMatchObject({ complaint_state: 'PROCESSED' })
  expect(await failure(complaints.response.post({ complaint_id, json: body }))).toMatchObject(refused)

  const override = { complaint_id, action_type: 'CONTINUE_COMPLAINT' }
  await simulator.trigger('COMPLAINT.STATE_CHANGE', { override })
  expect(await detail(complaint_id)).toMatchObject({ complaint_state: 'PENDING', user_complaint_times: 2 })
  await complaints.updateRefundProgress.post({ complaint_id, json: { action: 'REJECT', reject_reason: '已退款' } })
  await complaints.complete.post({ complaint_id, json: { complainted_mchid: mchid } })

  expect(await actions()).toEqual([
    'USER_RESPONSE',
    'CONTINUE_COMPLAINT',
    'MERCHANT_RESPONSE',
    'MERCHANT_APPROVE_REFUND',
    'REFUND_SUCCESS',
    'MERCHANT_CONFIRM_COMPLETE',
    'MERCHANT_REJECT_REFUND',
    'MERCHANT_CONFIRM_COMPLETE',
  ])
  expect(await history(complaint_id)).toEqual([
    'MERCHANT_CONFIRM_COMPLETE',
    'MERCHANT_REFUSE_RERUND',
    'USER_CONTINUE_COMPLAINT',
    'MERCHANT_CONFIRM_COMPLETE',
    'COMPLAINT_REFUND_RECEIVED_SYSTEM_MESSAGE',
    'MERCHANT_APPROVE_REFUND',
    'USER_RESPONSE',
    'MERCHANT_RESPONSE',
    'USER_CREATE_COMPLAINT',
  ])

  await complaintNotifications.delete()
  expect(await failure(complaintNotifications.delete())).toMatchObject({ code: 'RESOURCE_NOT_EXISTS' })
  await shop.nextDay()
  expect(await shop.trades()).toMatchObject({ summary: { 订单总金额: '10.90', 退款总金额: '9.90' } })
})

it('is about the last paid order by default, and may have a number from the test', async () => {
  await complaintNotifications.post({ json: { url } })
  const { out_trade_no } = await sell(200)
  await simulator.trigger('COMPLAINT.CREATE', { override: { complaint_id: 'C1' } })
  expect(await detail('C1')).toMatchObject({ complaint_order_info: [{ out_trade_no, amount: 200 }] })
  const message = { blocks: [{ type: 'TEXT', text: { text: '您好' } }] }
  const unpaid = simulator.trigger('COMPLAINT.CREATE', { override: { out_trade_no: 'nothing' } })
  expect(await failure(unpaid)).toMatchObject({ message: expect.stringMatching(/`override`.*'nothing'/) })
  const json = { complainted_mchid: mchid, message, idempotent_id: 'I1' }
  const say = async () => (await complaints.responseImmediateService.post({ complaint_id: 'C1', json })).data.log_id
  expect(await say()).toBe(await say())
  expect(await history('C1')).toEqual(['MERCHANT_RESPONSE', 'USER_CREATE_COMPLAINT'])
  const again = simulator.trigger('COMPLAINT.CREATE', { override: { complaint_id: 'C1', complaint_detail: '不同' } })
  expect(await failure(again)).toMatchObject(refused)
})
