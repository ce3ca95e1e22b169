import { expect, it } from 'vitest'
import { failure } from '../../async.js'
import { appid, number, openShop } from './shop.js'

const shop = await openShop()
const { simulator, wxpay, mchid, notify_url } = shop
const { fapiaoApplications, merchant, userTitle } = wxpay.v3.newTaxControlFapiao
const application = fapiaoApplications._fapiao_apply_id_
const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const buyer_information = { type: 'INDIVIDUAL', name: '张三' } as const
const items = [
  { tax_code: '3010101020203000000', quantity: 100_000_000, total_amount: 1130, tax_rate: 1300, discount: false },
]

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
  const { transaction_id = '' } = simulator.pay(out_trade_no)
  return { out_trade_no, transaction_id }
}
const issue = (fapiao_apply_id: string, scene: 'WITH_WECHATPAY' | 'WITHOUT_WECHATPAY', ...fapiaos: string[]) =>
  fapiaoApplications.post({
    json: {
      scene,
      fapiao_apply_id,
      buyer_information,
      fapiao_information: fapiaos.map(fapiao_id => ({ fapiao_id, total_amount: 1130, need_list: false, items })),
    },
  })
const query = async (fapiao_apply_id: string) => (await application.get({ fapiao_apply_id })).data.fapiao_information
const reverse = (fapiao_apply_id: string, fapiao_id: string) =>
  application.reverse.post({
    fapiao_apply_id,
    json: { reverse_reason: 'SALES_RETURN', fapiao_information: [{ fapiao_id, fapiao_number: '1' }] },
  })
const minute = () => simulator.advance({ minutes: 1 })
const missing = { code: 'RESOURCE_NOT_EXISTS' }
const refused = { code: 'INVALID_REQUEST' }

it('a fapiao is asked for, issued, put into the wallet, and reversed with the refund', async () => {
  await merchant.developmentConfig.patch({ json: { callback_url: notify_url, show_fapiao_cell: true } })
  expect((await merchant.developmentConfig.get()).data).toEqual({ callback_url: notify_url, show_fapiao_cell: true })
  const { transaction_id, out_trade_no } = await sell(1130)

  // Of a payment.
  expect(
    (await userTitle.get({ query: { scene: 'WITH_WECHATPAY', fapiao_apply_id: transaction_id } })).data,
  ).toMatchObject({
    amount: 1130,
    out_trade_no,
  })
  await simulator.trigger('FAPIAO.USER_APPLIED', { override: { fapiao_apply_id: transaction_id } })
  expect(await shop.received()).toMatchObject([
    { event_type: 'FAPIAO.USER_APPLIED', resource: { mchid, fapiao_apply_id: transaction_id } },
  ])
  expect(await failure(issue('4200', 'WITH_WECHATPAY', number('F')))).toMatchObject(missing)
  const [one, two] = [number('FAPIAO'), number('FAPIAO')]
  await issue(transaction_id, 'WITH_WECHATPAY', one, two)
  await issue(transaction_id, 'WITH_WECHATPAY', one, two)
  expect(await query(transaction_id)).toMatchObject([
    { fapiao_id: one, status: 'ISSUE_ACCEPTED', total_amount: 1130, tax_amount: 130, amount: 1000 },
    { fapiao_id: two, status: 'ISSUE_ACCEPTED' },
  ])
  const third = number('FAPIAO')
  expect(await failure(issue(number('APPLY'), 'WITHOUT_WECHATPAY', third))).toMatchObject(missing)
  const other = await sell(200)
  expect(await failure(issue(other.transaction_id, 'WITH_WECHATPAY', third, one))).toMatchObject(refused)
  expect(await failure(query(other.transaction_id))).toMatchObject(missing)
  expect(await failure(reverse(transaction_id, one))).toMatchObject(refused)
  simulator.settle(two, { fail: 'OVER_QUOTA' })
  await minute()
  await minute()
  expect(await query(transaction_id)).toMatchObject([
    {
      status: 'ISSUED',
      blue_fapiao: { fapiao_number: expect.any(String) },
      card_information: { card_status: 'INSERTED' },
    },
    { status: 'ISSUE_FAILED', fapiao_error_code: 'OVER_QUOTA' },
  ])
  const files = await application.fapiaoFiles.get({
    fapiao_apply_id: transaction_id,
    query: { sub_mchid: mchid, fapiao_id: one },
  })
  expect(files.data.fapiao_download_info_list).toMatchObject([{ fapiao_id: one, status: 'ISSUED' }])
  const fapiao = { fapiao_apply_id: transaction_id, fapiao_information: [{ fapiao_id: one, fapiao_status: 'ISSUED' }] }
  expect(await shop.received()).toMatchObject([
    { event_type: 'FAPIAO.ISSUED', resource: { mchid, ...fapiao } },
    { event_type: 'FAPIAO.CARD_INSERTED', resource: { fapiao_information: [{ card_status: 'INSERTED' }] } },
  ])

  const out_refund_no = number('REFUND')
  await wxpay.v3.refund.domestic.refunds.post({
    json: { transaction_id, out_refund_no, amount: { refund: 1130, total: 1130, currency: 'CNY' } },
  })
  await reverse(transaction_id, one)
  simulator.settle(one, { fail: 'TAX_SYSTEM_DOWN' })
  await reverse(transaction_id, one)
  await minute()
  await minute()
  expect(await query(transaction_id)).toMatchObject([
    { status: 'REVERSED', red_fapiao: {}, card_information: { card_status: 'DISCARDED' } },
    { status: 'ISSUE_FAILED' },
  ])
  expect(await shop.told()).toEqual(['FAPIAO.REVERSED', 'FAPIAO.CARD_DISCARDED'])

  await shop.nextDay()
  expect(await shop.flows()).toEqual([
    [out_trade_no, '交易', 1130],
    [other.out_trade_no, '交易', 200],
    [out_refund_no, '退款', -1130],
  ])
  const { summary } = await shop.trades()
  expect(summary).toMatchObject({ 订单总金额: '13.30', 退款总金额: '11.30' })
})

it('without a payment, the user fills in a title first; a fapiao that the merchant issued goes into the wallet', async () => {
  const fapiao_apply_id = number('APPLY')
  const names = { scene: 'WITHOUT_WECHATPAY', fapiao_apply_id } as const
  const url = { fapiao_apply_id, source: 'WEB', appid, openid, total_amount: 1130 } as const
  expect((await userTitle.titleUrl.get({ query: url })).data.title_url).toContain(fapiao_apply_id)
  expect(await failure(userTitle.get({ query: names }))).toMatchObject(missing)
  simulator.confirm(fapiao_apply_id)
  expect((await userTitle.get({ query: names })).data).toMatchObject({ type: 'INDIVIDUAL', amount: 1130 })

  const { fapiao_media_id } = (
    await fapiaoApplications.uploadFapiaoFile.post({
      file: { filename: 'fapiao.pdf', content: Buffer.from('%PDF-1.4') },
      meta: { file_type: 'PDF' },
    })
  ).data
  const fapiao_number = '12345678'
  await application.insertCards.post({
    fapiao_apply_id,
    json: {
      scene: 'WITHOUT_WECHATPAY',
      buyer_information,
      fapiao_card_information: [
        {
          fapiao_media_id,
          fapiao_number,
          fapiao_code: '044001911211',
          fapiao_time: `${shop.day}T12:00:00+08:00`,
          check_code: '1',
          password: '1',
          total_amount: 1130,
          tax_amount: 130,
          amount: 1000,
          seller_information: { name: '商户', taxpayer_id: '202003261233701778' },
          extra_information: { drawer: '李四' },
        },
      ],
    },
  })
  await minute()
  expect(await query(fapiao_apply_id)).toMatchObject([
    { fapiao_id: fapiao_number, status: 'ISSUED', card_information: { card_status: 'INSERTED' } },
  ])
  expect(await shop.received()).toMatchObject([
    { event_type: 'FAPIAO.USER_APPLIED', resource: { fapiao_apply_id, apply_time: expect.any(String) } },
    { event_type: 'FAPIAO.CARD_INSERTED', resource: { fapiao_information: [{ fapiao_id: fapiao_number }] } },
  ])
})
