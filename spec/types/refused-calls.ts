/** Calls that must not compile, and the same ones when they are right. */
import { beforeAll, expect, it } from 'vitest'
import { type Compiler, clients, refusals } from './compile.js'

const order = `{ appid: 'wx1', mchid: '1', description: 'a', out_trade_no: '1', notify_url: 'https://a.example', amount: { total: 1 } }`
const native = {
  properties: 'wxpay.v3.pay.transactions.native',
  bracket: "wxpay['v3/pay/transactions/native']",
  chain: "wxpay.chain('v3/pay/transactions/native')",
}
const query = {
  properties: 'wxpay.v3.pay.transactions.id._transaction_id_',
  bracket: "wxpay['v3/pay/transactions/id/{transaction_id}']",
  chain: "wxpay.chain('v3/pay/transactions/id/{transaction_id}')",
}

const refund = "sp_appid: 'wx1', sub_mchid: '1', out_refund_no: '1', amount: { refund: 1, total: 1 }"
const partner =
  "sp_appid: 'wx1', sp_mchid: '1', sub_mchid: '2', description: 'a', out_trade_no: '1', notify_url: 'https://a.example', amount: { total: 1 }"
const abroad =
  "description: 'a', out_trade_no: '1', trade_type: 'NATIVE', notify_url: 'https://a.example', merchant_category_code: '1', amount: { total: 1 }"

// Each on a line of its own.
const REFUSED: Record<string, string> = {
  'a wrong segment': 'wxpay.v3.pay.transactions.nativ',
  'a wrong beginning': 'wxpay.v4',
  'a wrong segment in brackets': "wxpay.v3['pay']['transaction']",
  'a path of brands with the client of a merchant': 'wxpay.brand',
  'a path of brands with the client of a merchant, by chain()': "wxpay.chain('brand/store/brandstores').post",
  'a path of brands with the client of a merchant, in brackets': "wxpay['brand/store/brandstores'].post",
  'a wrong segment of a brand': 'ofBrand.brand.anything',
  'a path of merchants with the client of a brand': 'ofBrand.v3',
  'a path of merchants with the client of a brand, by chain()': "ofBrand.chain('v3/certificates').get",
  'a path of merchants with the client of a brand, in brackets': "ofBrand['v3/certificates']",
  'a field that an answer to a brand lacks':
    '(await ofBrand.brand.marketing.productCoupon.notifyConfigs.get()).data.code_url',
  'a segment in the wrong case': 'wxpay.v3.merchantservice',
  'a placeholder without its name': 'wxpay.v3.pay.transactions.id._id_',
  'a path in a text that may be anything': "wxpay['' as string]",
  'a field that the answer lacks': `(await ${native.properties}.post({ json: ${order} })).data.prepay_id`,
  'a field of an answer without content':
    "(await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no: '1', json: { mchid: '1' } })).data.code_url",
  'the use of data that are unknown': "(await wxpay['v3/undocumented'].post({ json: {} })).data.code_url",
  'the use of data that are unknown, by chain()':
    "(await wxpay.chain('v3/undocumented').post({ json: {} })).data.code_url",
  'data of a download': "(await wxpay.v3.billdownload.file.get({ query: { token: '1' } })).data.length",
  'writing a child': 'wxpay.v3.pay = wxpay.v3.pay',
  'writing a verb': `${native.properties}.post = ${native.properties}.post`,
  'writing a beginning': 'wxpay.v3 = wxpay.v3',
  'writing a bracket': `${native.bracket} = ${native.bracket}`,
  'an APIv2 payload as JSON': 'wxpay.v2.pay.orderquery.post({ json: {} })',
  'an APIv2 amount that is no number': "wxpay.v2.pay.closeorder.post({ xml: { appid: 1, out_trade_no: '1' } })",
  ...Object.fromEntries(
    Object.entries(native).flatMap(([form, node]) => [
      [`a verb that the path does not have, ${form}`, `${node}.get()`],
      [`no options, ${form}`, `${node}.post()`],
      [`no payload, ${form}`, `${node}.post({})`],
      [`an unknown option, ${form}`, `${node}.post({ json: ${order}, jsno: {} })`],
      [`a missing required field, ${form}`, `${node}.post({ json: { ...${order}, appid: undefined } })`],
      [`a missing nested required field, ${form}`, `${node}.post({ json: { ...${order}, amount: {} } })`],
      [`an amount as text, ${form}`, `${node}.post({ json: { ...${order}, amount: { total: '1' } } })`],
      [`a misspelt field, ${form}`, `${node}.post({ json: { ...${order}, atach: 'a' } })`],
      [
        `a misspelt nested field, ${form}`,
        `${node}.post({ json: { ...${order}, amount: { total: 1, curency: 'CNY' } } })`,
      ],
    ]),
  ),
  'a value that a closed list lacks':
    "wxpay.v3.bill.tradebill.get({ query: { bill_date: '2026-11-24', tar_type: 'ZIP' } })",
  'a refund of neither order number': `wxpay.v3.ecommerce.refunds.apply.post({ json: { ${refund} } })`,
  'a payer without an OpenID': `wxpay.v3.pay.partner.transactions.jsapi.post({ json: { ${partner}, payer: {} } })`,
  'half an institution': `wxpay.v3.global.transactions.native.post({ json: { ${abroad}, sp_mchid: '1', sub_mchid: '2' } })`,
  'a store without its number': `${native.properties}.post({ json: { ...${order}, scene_info: { payer_client_ip: '1.1.1.1', store_info: { name: 'a' } } } })`,
  'a field of the request in the order that a query brings': `(await ${query.properties}.get({ transaction_id: '1', query: { mchid: '1' } })).data.notify_url`,
  'a different type than an open list has': `${native.properties}.post({ json: { ...${order}, limit_pay: [1] } })`,
  ...Object.fromEntries(
    Object.entries(query).flatMap(([form, node]) => [
      [`a missing placeholder, ${form}`, `${node}.get({ query: { mchid: '1' } })`],
      [`an empty placeholder, ${form}`, `${node}.get({ transaction_id: undefined, query: { mchid: '1' } })`],
      [`another placeholder, ${form}`, `${node}.get({ refund_id: '1', query: { mchid: '1' } })`],
      [`a missing query, ${form}`, `${node}.get({ transaction_id: '1' })`],
      [`a misspelt parameter, ${form}`, `${node}.getAsync({ transaction_id: '1', query: { mchid: '1', mchld: '1' } })`],
    ]),
  ),
}

// The same calls, right.
const ACCEPTED: readonly string[] = [
  ...Object.values(native).flatMap(node => [
    `(await ${node}.post({ json: ${order} })).data.code_url.length`,
    `(await ${node}.postAsync({ json: ${order}, timeout: 1, headers: { a: 'b' } })).data.code_url.length`,
    `await ${node}.post({ body: '{}' })`,
    `await ${node}.post({ json: { ...${order}, limit_pay: ['no_balance', 'a value from the future'] } })`,
  ]),
  ...Object.values(query).flatMap(node => [
    `(await ${node}.get({ transaction_id: 1, query: { mchid: '1' } })).data.amount?.total?.toFixed()`,
    `await ${node}.get({ transaction_id: '1', query: 'mchid=1' })`,
    `(await ${node}.get({ transaction_id: '1', query: { mchid: '1' } })).data.amount?.payer_total?.toFixed()`,
    `(await ${node}.get({ transaction_id: '1', query: { mchid: '1' } })).data.promotion_detail?.[0]?.stock_id?.length`,
    `(await ${node}.get({ transaction_id: '1', query: { mchid: '1' } })).data.trade_state.length`,
  ]),
  `await wxpay.v3.ecommerce.refunds.apply.post({ json: { ${refund}, transaction_id: '1' } })`,
  `await wxpay.v3.ecommerce.refunds.apply.post({ json: { ${refund}, out_trade_no: '1' } })`,
  `await wxpay.v3.pay.partner.transactions.jsapi.post({ json: { ${partner}, payer: { sub_openid: 'a' } } })`,
  `await wxpay.v3.global.transactions.native.post({ json: { ${abroad}, mchid: '1', appid: 'wx1' } })`,
  `await wxpay.v3.global.transactions.native.post({ json: { ${abroad}, sp_mchid: '1', sp_appid: 'wx1', sub_mchid: '2' } })`,
  `await ${native.properties}.post({ json: { ...${order}, scene_info: { payer_client_ip: '1.1.1.1', store_info: { id: '1' } } } })`,
  "await wxpay.v3.combineTransactions.native.post({ json: { combine_appid: 'wx1', combine_mchid: '1', combine_out_trade_no: '1', notify_url: 'https://a.example', sub_orders: [{ mchid: '1', attach: 'a', amount: { total_amount: 1, currency: 'CNY' }, out_trade_no: '1', description: 'a' }] } })",
  "await wxpay.v3.medIns.refunds.notify.post({ query: { mix_trade_no: '1' }, json: { med_refund_total_fee: 1, med_refund_gov_fee: 1, med_refund_self_fee: 0, med_refund_other_fee: 0, refund_time: '2026-11-24T00:00:00+08:00', out_refund_no: '1' } })",
  "(await wxpay.v3.billdownload.file.get({ query: { token: '1' }, sink: '/a' })).body.pipe",
  "await wxpay.v3.merchant.media.upload.post({ file: '/a.png' })",
  'await wxpay.v3.merchant.media.upload.post({ body: new FormData() })',
  "await wxpay.v3['merchant-service'].images['{media_id}'].get({ media_id: '1' })",
  "await wxpay.v3.chain('merchant-service/images').chain('{media_id}').get({ media_id: '1' })",
  "await wxpay.v3.apply4subject.applyment._business_code_.cancel.post({ business_code: '1' })",
  "(await wxpay.hk.v3.refunds.id._refund_id_.get({ refund_id: '1' })).data.id",
  "(await wxpay.v2.pay.orderquery.post({ xml: { appid: 'wx1', out_trade_no: '1' } })).data.coupon_id_0?.length",
  "await wxpay.v2.secapi.mch.uploadmedia.post({ file: new Uint8Array(), meta: { sign_type: 'MD5' } })",
  "(await wxpay.chain('v3/bill/tradebill?bill_date=2026-11-23').get()).data.download_url.length",
  '(await ofBrand.brand.marketing.productCoupon.notifyConfigs.get()).data.notify_url.length',
  "(await ofBrand.chain('brand/marketing/product-coupon/notify-configs').get()).data.notify_url.length",
  "(await ofBrand.chain('/brand/marketing/product-coupon/notify-configs').get()).data.notify_url.length",
  "(await ofBrand['brand/marketing/product-coupon/notify-configs'].get()).data.notify_url.length",
  "await ofBrand.chain('brand/anything/goes').post({ json: {} })",
  "await wxpay.chain('' as string).patch({ anything: 1 })",
  'await wxpay.v3',
]

/** The specs of one compiler. */
export function describeRefusals(compiler: Compiler): void {
  let refused: string[]

  beforeAll(async () => {
    const found = await refusals(clients, [...Object.values(REFUSED), ...ACCEPTED], { compiler })
    refused = found.map(({ statement, message }) => statement ?? message)
  })

  it.each(Object.entries(REFUSED))('%s does not compile', (_, statement) => {
    expect(refused).toContain(statement)
  })

  it('the same calls compile when they are right', () => {
    const wrong = new Set(Object.values(REFUSED))
    expect(refused.filter(statement => !wrong.has(statement))).toEqual([])
  })
}
