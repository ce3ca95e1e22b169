import { expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { appid, number, openShop } from '../stories/shop.js'

const shop = await openShop({ https: true })
const { simulator, mchid } = shop
// What moves money demands the certificate of the merchant, and so https.
const wxpay = Builder.factory(simulator.config)
const { pay, secapi } = wxpay.v2
const account = '1900000200'
const sign_type = 'HMAC-SHA256'
const common = { mch_id: mchid, appid, sign_type } as const
const receiver = JSON.stringify({ type: 'MERCHANT_ID', account, name: '商户', relation_type: 'STORE' })
const part = (amount: number) => [{ type: 'MERCHANT_ID', account, amount, description: '分账' }]

async function paid(profit_sharing: 'Y' | 'N' = 'Y') {
  const out_trade_no = number()
  await pay.unifiedorder.post({
    xml: {
      appid,
      mch_id: mchid,
      body: '商品',
      out_trade_no,
      total_fee: 1000,
      spbill_create_ip: '127.0.0.1',
      notify_url: 'https://shop.example/pay',
      trade_type: 'NATIVE',
      profit_sharing,
    },
  })
  return simulator.pay(out_trade_no).transaction_id
}

it('shares several times, finishes, and takes back', async () => {
  await pay.profitsharingaddreceiver.post({ xml: { ...common, receiver } })
  const transaction_id = await paid()
  const [first, second, out_return_no] = [number(), number(), number()]
  const shared = { ...common, transaction_id, out_order_no: first }
  const { data } = await secapi.pay.multiprofitsharing.post({
    xml: { ...shared, receivers: JSON.stringify(part(200)) },
  })
  expect(data).toMatchObject({
    result_code: 'SUCCESS',
    out_order_no: first,
    order_id: expect.stringMatching(/^3008\d/),
  })
  const left = await pay.profitsharingorderamountquery.post({ xml: { mch_id: mchid, sign_type, transaction_id } })
  expect(left.data).toMatchObject({ unsplit_amount: '800' })
  const ratio = await pay.profitsharingmerchantratioquery.post({ xml: { mch_id: mchid, sign_type } })
  expect(ratio.data).toMatchObject({ max_ratio: '3000' })
  await secapi.pay.profitsharingfinish.post({
    xml: { ...common, transaction_id, out_order_no: second, description: '完结' },
  })
  simulator.settle(first)
  const query = { ...common, transaction_id, out_order_no: first }
  const { receivers, status } = (await pay.profitsharingquery.post({ xml: query })).data
  expect(status).toBe('FINISHED')
  expect(JSON.parse(receivers)).toMatchObject([{ account, amount: 200, result: 'SUCCESS' }])

  const back = { ...common, out_order_no: first, out_return_no }
  await secapi.pay.profitsharingreturn.post({
    xml: { ...back, return_account_type: 'MERCHANT_ID', return_account: account, return_amount: 50, description: '退' },
  })
  simulator.settle(out_return_no)
  expect((await pay.profitsharingreturnquery.post({ xml: back })).data).toMatchObject({
    result: 'SUCCESS',
    return_amount: '50',
  })
})

it('refuses an invalid list of receivers and an unknown order', async () => {
  const transaction_id = await paid()
  const share = (receivers: string, over: object = {}) =>
    secapi.pay.profitsharing.post({ xml: { ...common, transaction_id, out_order_no: number(), receivers, ...over } })
  for (const receivers of [
    '{',
    '{}',
    '[1]',
    JSON.stringify(part(0)),
    JSON.stringify([{ amount: 1, description: '' }]),
  ]) {
    await expect(share(receivers)).rejects.toMatchObject({ message: expect.stringContaining('格式错误') })
  }
  const ordinary = share(JSON.stringify(part(1)), { transaction_id: await paid('N') })
  await expect(ordinary).rejects.toMatchObject({ code: 'NOT_SHARE_ORDER' })
  const unknown = share(JSON.stringify(part(1)), { transaction_id: '4200' })
  await expect(unknown).rejects.toMatchObject({ code: 'ORDER_NOT_EXIST' })
})
