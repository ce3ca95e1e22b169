import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { printEvents } from '../../openapi/tools/events.mjs'
import { listCalls } from '../../openapi/tools/model.mjs'
import { printRoutes } from '../../openapi/tools/routes.mjs'
import { printSchemas } from '../../openapi/tools/shared.mjs'
import { printTree } from '../../openapi/tools/tree.mjs'
import { findingsIn } from '../types/service.js'
import { readCatalogue } from './catalogue.js'

const v3 = readCatalogue('v3', {
  'paths/receivers.yaml': `
delete:
  summary: 删除接收方
  externalDocs: { url: https://pay.weixin.qq.com/doc/v3/merchant/1 }
  x-docs: [https://pay.weixin.qq.com/doc/v3/partner/2]
  requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Receiver" } } } }
  responses: { 204: {} }`,
  'paths/receivers/delete.yaml': 'post: { summary: 删除, responses: { 204: {} } }',
  'paths/receivers/{receiver_id}.yaml': `
get:
  summary: 查询接收方
  servers: [{ url: https://api.example/hk }]
  parameters:
    - { name: mchid, in: query, required: true, schema: { type: string, title: 商户号 } }
    - { name: page, in: query, schema: { type: integer } }
    - { name: states, in: query, schema: { type: array, items: { type: string, enum: [A, B] } } }
  responses:
    200: { content: { application/json: { schema: { type: object, properties: { list: { type: array, items: { $ref: "#/components/schemas/Receiver" } } } } } } }`,
  'paths/refunds.yaml': `
post:
  summary: 退款
  requestBody:
    content:
      application/json:
        schema:
          type: object
          required: [amount]
          properties:
            transaction_id: { type: string, title: 订单号, maxLength: 32 }
            out_trade_no: { type: string, minLength: 6, maxLength: 32 }
            receiver: { $ref: "#/components/schemas/Receiver" }
            plan_id: { type: integer, format: int64 }
            amount:
              type: object
              required: [currency]
              properties: { total: { type: integer, title: 总金额 }, items: { type: array, items: { type: string } }, currency: { type: string } }
              anyOf: [{ required: [total] }, { required: [items, currency] }]
          anyOf: [{ required: [transaction_id] }, { required: [out_trade_no] }, { required: [receiver] }]
  responses:
    200: { content: { application/json: { schema: { $ref: "#/components/schemas/Refund" } } } }`,
  'paths/payouts.yaml': `
post:
  summary: 付款
  servers: [{ url: https://apihk.mch.weixin.qq.com }]
  requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Refund" } } } }
  responses: { 204: {} }`,
  'paths/payments.yaml': `
get:
  summary: 查询
  x-note: There is no page.
  responses:
    200:
      content:
        application/json:
          schema:
            anyOf:
              - type: object
                required: [kind, state, total]
                properties: { kind: { type: string, enum: [ONE], x-closed: true }, state: { type: string }, total: { type: integer } }
              - type: object
                required: [kind, orders]
                properties: { kind: { type: string, enum: [MANY], x-closed: true }, state: { type: string }, orders: { type: array, items: { type: string } } }`,
  'schemas/Refund.yaml': `
type: object
required: [plan_id]
properties:
  plan_id: { type: integer, format: int64 }
  refund_id: { type: string }
  out_refund_no: { type: string }
  fee: { type: integer, title: 手续费 }
  state: { type: string, enum: [DONE] }
  create_time: { type: string, format: date-time }
  count: { type: integer, title: 数量, x-unit: in thousands }
  price: { type: integer, title: 单价, x-unit: none }
anyOf: [{ required: [refund_id, state] }, { required: [out_refund_no, state] }]`,
  'schemas/Receiver.yaml': `
type: object
required: [account, amount]
properties:
  account: { type: string, title: 账户, x-encrypted: platform }
  aliases: { type: array, title: 别名, items: { type: string, x-encrypted: platform } }
  amount: { type: integer, title: "金额 */ 分" }
  level: { type: integer, enum: [1, 2], x-closed: true }
  kind: { type: string, enum: [A, B] }
  'odd-name': { type: boolean }`,
  'webhooks/RECEIVER.ADDED.yaml': `
summary: 新增
requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Receiver" } } } }`,
  'schemas/Paid.yaml': `
type: object
required: [mchid, payer, goods]
properties:
  mchid: { type: string }
  payer: { type: object, required: [openid], properties: { openid: { type: string } } }
  goods: { type: array, items: { type: object, required: [price], properties: { price: { type: integer } } } }
  attach: { type: string }`,
  'webhooks/PAID.yaml': `
summary: 支付
x-original-types: [transaction, sharing]
requestBody:
  content:
    application/json:
      schema:
        anyOf:
          - { $ref: "#/components/schemas/Paid", x-original-types: [transaction] }
          - type: object
            x-original-types: [transaction]
            required: [sp_mchid, payer]
            properties:
              sp_mchid: { type: string }
              payer: { type: object, required: [sp_openid], properties: { sp_openid: { type: string } } }
              goods: { type: array, items: { type: object, properties: { name: { type: string } } } }
          - type: object
            x-original-types: [sharing]
            required: [receiver]
            properties: { receiver: { type: string, x-encrypted: merchant } }`,
})

const v2 = readCatalogue('v2', {
  'paths/pay/order.yaml': `
post:
  summary: 下单
  requestBody: { content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } }
  responses: { 200: { content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } } }`,
  'paths/pay/settle.yaml': `
post:
  summary: 结算
  requestBody:
    content:
      application/xml:
        schema:
          type: object
          properties: { mch_id: { type: string }, fee: { type: integer }, order_id: { type: string } }
          anyOf: [{ required: [mch_id, fee] }, { required: [order_id] }]`,
  'schemas/Order.yaml': `
type: object
required: [mch_id, fee]
properties:
  mch_id: { type: string }
  fee: { type: integer }
  kind: { type: integer, enum: [1, 2] }
  is_free: { type: boolean }
  coupon_id_$n: { type: string }
  detail: { type: string, contentMediaType: application/json, contentSchema: { type: object } }`,
  'webhooks/refunded.yaml': `
summary: 退款
requestBody: { content: { application/xml: { schema: { type: object, required: [req_info], properties: { req_info: { type: string, x-encrypted: apiv2, contentSchema: { type: object, properties: { fee: { type: integer } } } } } } } } }`,
})

const documents = { v3, v2 }
const calls = listCalls(documents)
const files: Record<string, string> = {
  ...printSchemas(calls, documents),
  ...printTree(calls),
  'routes.d.ts': printRoutes(calls),
  'events.d.ts': printEvents(documents),
}

describe('the generated types', { timeout: 60_000 }, () => {
  it('document a verb by its title and link, and a field by its label', () => {
    expect(files['v3.d.ts']).toContain(
      '/** 删除接收方 {@link https://pay.weixin.qq.com/doc/v3/merchant/1} {@link https://pay.weixin.qq.com/doc/v3/partner/2} */',
    )
    expect(files['v3.d.ts']).toContain('/** 查询 · There is no page. */')
    expect(files['v3-schemas.d.ts']).toContain('/** 账户 · encrypted by the client */\n  account: string')
    expect(files['v3-schemas.d.ts']).toContain('/** 别名 · encrypted by the client */\n  aliases?: string[]')
  })

  it('say what no type can: units, lengths, formats, and which field makes up for which', () => {
    const rule = 'one of `transaction_id`, `out_trade_no`, `receiver` is required'
    expect(files['v3.d.ts']).toContain(`/** 订单号 · at most 32 characters · ${rule} */\n  transaction_id: string`)
    expect(files['v3.d.ts']).toContain(`/** 6–32 characters · ${rule} */\n  out_trade_no: string`)
    expect(files['v3.d.ts']).toContain('/** 总金额 · in fen (分) · one of `total`, `items` + `currency` is required */')
    expect(files['v3-schemas.d.ts']).toContain("/** 手续费 · in fen (分), abroad in the currency's minor unit */")
    expect(files['v3-schemas.d.ts']).toContain('/** RFC 3339 */\n  create_time?: string')
    expect(files['v3-schemas.d.ts']).toContain('/** 数量 · in thousands */\n  count?: number')
    expect(files['v3-schemas.d.ts']).toContain('/** 单价 */\n  price?: number')
  })

  it('cannot be ended early by a label that closes a comment', () => {
    expect(files['v3-schemas.d.ts']).toContain('/** 金额 * / 分 · in fen (分) */\n  amount: number')
  })

  it('are what a call takes and gives', async () => {
    expect(
      await findings(`
const gone = await v3.receivers.delete({ json: { account: 'a', amount: 1, level: 2, 'odd-name': true } })
const empty: undefined = gone.data
const found = await v3.receivers._receiver_id_.get({ receiver_id: 1, query: { mchid: '1', page: '2', states: 'A' } })
const amount: number | undefined = found.data.list?.[0]?.amount
await v3.receivers['{receiver_id}'].getAsync({ receiver_id: 'a', query: { mchid: '1', page: 2, states: ['A', 'B'] } })
await hk.v3.receivers._receiver_id_.get({ receiver_id: 1, query: 'mchid=1' })
const order = await v2.pay.order.post({ xml: { fee: '1', kind: '2', is_free: 'true', detail: '{}' } })
const fee: string = order.data.fee
const coupon: string | undefined = order.data.coupon_id_0
await v2.pay.order.postAsync({ xml: { mch_id: '1', fee: 1, kind: 2, is_free: true, nonce_str: 'a' } })
const added: number = events['RECEIVER.ADDED'].resource.amount
const refunded: string | undefined = events['v2/refunded'].resource.req_info.fee
const payload: Operations['delete /v3/receivers']['json'] = { account: 'a', amount: 1 }
const query: Operations['get /v3/receivers/{receiver_id}']['query'] = { mchid: '1' }
const data: Operations['post /v2/pay/order']['data'] = { mch_id: '1', fee: '1' }
const node: Routes['hk/v3/receivers/{receiver_id}'] = hk.v3.receivers._receiver_id_
export { added, amount, coupon, data, empty, fee, node, payload, query, refunded }`),
    ).toEqual([])
  })

  it('tell the variants of a notification apart, and give the usual one without that', async () => {
    const paid = "const event = events['PAID']\n"
    expect(
      await findings(`${paid}
const usual: [string, string, number | undefined, string | undefined] =
  [event.resource.mchid, event.resource.payer.openid, event.resource.goods[0]?.price, event.resource.attach]
if ('sp_mchid' in event.resource) {
  const partner: [string, string, string | undefined] =
    [event.resource.sp_mchid, event.resource.payer.sp_openid, event.resource.goods[0]?.name]
  const absent: [never, never] = [event.resource.mchid, event.resource.payer.openid]
  void [partner, absent]
}
if ('receiver' in event.resource) event.resource.receiver satisfies string
if (event.original_type === 'sharing') event.resource.receiver satisfies string
else event.resource.mchid satisfies string
export { usual }`),
    ).toEqual([])
    for (const statement of [
      'event.resource.receiver',
      'event.resource.sp_mchid',
      "if (event.original_type === 'transaction') event.resource.receiver",
      "if (event.original_type === 'sharing') event.resource.mchid.length",
      "event.original_type === 'share'",
    ])
      expect(await findings(paid + statement)).toHaveLength(1)
  })

  it('take a value that an open list lacks, and know those that it has', async () => {
    expect(
      await findings(`
await v3.receivers.delete({ json: { account: 'a', amount: 1, kind: 'A', level: 1 } })
await v3.receivers.delete({ json: { account: 'a', amount: 1, kind: 'from the future' } })
await v3.receivers._receiver_id_.get({ receiver_id: 1, query: { mchid: '1', states: ['A', 'C'] } })
await v2.pay.order.post({ xml: { fee: 1, kind: 3 } })
await v2.pay.order.post({ xml: { fee: 1, kind: '3' } })
const order = await v2.pay.order.post({ xml: { fee: 1, kind: 1 } })
switch (order.data.kind) { case '1': case '2': break; default: order.data.kind satisfies string | undefined }
const { data } = await v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY', total: 1 } } })
if (data.state !== 'DONE') data.state satisfies string | undefined
`),
    ).toEqual([])
  })

  it('want one of several fields, at any depth', async () => {
    expect(
      await findings(`
await v3.refunds.post({ json: { out_trade_no: '1', amount: { currency: 'CNY', total: 1 } } })
await v3.refunds.post({ json: { transaction_id: '1', out_trade_no: '1', amount: { currency: 'CNY', items: ['a'] } } })
await v3.refunds.post({ json: { receiver: { account: 'a', amount: 1 }, amount: { currency: 'CNY', total: 1, items: [] } } })
`),
    ).toEqual([])
    const [neither] = await findings("v3.refunds.post({ json: { amount: { currency: 'CNY', total: 1 } } })")
    expect(neither).toContain("not assignable to type 'PostV3RefundsJson'")
    const [nested] = await findings("v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY' } } })")
    expect(nested).toContain('not assignable')
    const [misspelt] = await findings(
      "v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY', totl: 1 } } })",
    )
    expect(misspelt).toContain("'totl' does not exist")
    const [wrong] = await findings(
      "v3.refunds.post({ json: { transaction_id: '1', out_trade_no: 1, amount: { currency: 'CNY', total: 1 } } })",
    )
    expect(wrong).toContain('not assignable')
    expect(
      await findings("v3.refunds.post({ json: { transaction_id: undefined, amount: { currency: 'CNY', total: 1 } } })"),
    ).toHaveLength(1)
    expect(await findings("v3.payouts.post({ json: { plan_id: 1, state: 'DONE' } })")).toHaveLength(1)
  })

  it('bring what every alternative requires, and let the others be absent', async () => {
    expect(
      await findings(`
const { data } = await v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY', total: 1 } } })
data.state.length
data.refund_id satisfies string | undefined
`),
    ).toEqual([])
    expect(
      await findings(`
const { data } = await v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY', total: 1 } } })
data.refund_id.length`),
    ).toHaveLength(1)
  })

  it('give a response of several shapes the fields of all, until one is told from the others', async () => {
    const paid = 'const { data } = await v3.payments.get()\n'
    expect(
      await findings(`${paid}
data.total satisfies number | undefined
data.orders?.length
if (data.kind === 'ONE') data.total.toFixed()
else data.orders.length
`),
    ).toEqual([])
    expect(await findings(`${paid}data.total.toFixed()`)).toHaveLength(1)
    expect(await findings(`${paid}data.state.length`)).toHaveLength(1)
  })

  it('bring an ID beyond 2^53 as a string, and take a number', async () => {
    expect(
      await findings(`
const { data } = await v3.refunds.post({ json: { transaction_id: '1', plan_id: 1, amount: { currency: 'CNY', total: 1 } } })
data.plan_id satisfies number | string
await v3.payouts.post({ json: { plan_id: 1, refund_id: '1', state: 'DONE' } })`),
    ).toEqual([])
    expect(await findings("v3.payouts.post({ json: { plan_id: '1', refund_id: '1', state: 'DONE' } })")).toHaveLength(1)
    expect(
      await findings(
        "(await v3.refunds.post({ json: { transaction_id: '1', amount: { currency: 'CNY', total: 1 } } })).data.plan_id.toFixed()",
      ),
    ).toHaveLength(1)
  })

  it('no two shared types have one name', () => {
    const response = (name: string) => `get:
  summary: s
  responses: { 200: { content: { application/json: { schema: { $ref: "#/components/schemas/${name}" } } } } }`
    const clashing = readCatalogue('v3', {
      'paths/a.yaml': response('Order'),
      'paths/b.yaml': response('OrderResponse'),
      'schemas/Order.yaml': 'type: object\nproperties: { order_id: { type: integer, format: int64 } }',
      'schemas/OrderResponse.yaml': 'type: object\nproperties: { state: { type: string } }',
    })
    const both = { v3: clashing, v2 }
    expect(() => printSchemas(listCalls(both), both)).toThrow('OrderResponse')
  })

  it('let the client fill in what one of several alternatives requires', async () => {
    expect(await findings('await v2.pay.settle.post({ xml: { fee: 1 } })')).toEqual([])
    expect(await findings('v2.pay.settle.post({ xml: {} })')).toHaveLength(1)
  })

  it('a segment that is also a verb of its parent can be called and continued', async () => {
    expect(
      await findings(`
await v3.receivers.delete({ json: { account: 'a', amount: 1 } })
await v3.receivers.deleteAsync({ json: { account: 'a', amount: 1 } })
await v3.receivers.delete.post()
await v3.receivers.chain('delete').post()`),
    ).toEqual([])
    expect(await findings('await v3.receivers.delete()')).toHaveLength(1)
    expect(await findings('await v3.receivers.delete.get()')).toHaveLength(1)
  })

  it.each([
    ['a wrong number', "v3.receivers.delete({ json: { account: 'a', amount: 1, level: 3 } })"],
    ['digits for a number of APIv3', "v3.receivers.delete({ json: { account: 'a', amount: '1' } })"],
    ['words for a number of APIv2', "v2.pay.order.post({ xml: { fee: 'one' } })"],
    ['an object for a text that holds JSON', 'v2.pay.order.post({ xml: { fee: 1, detail: {} } })'],
    ['a path under a server of its own that it does not have', 'hk.v3.receivers.delete'],
  ])('refuse %s', async (_, statement) => {
    expect(await findings(statement)).toHaveLength(1)
  })
})

// Beside the real ones, so that what they import from lib is there.
const folder = resolve(import.meta.dirname, '../../lib/types/of-this-spec')

/** What is wrong with the statements of a user of these types. */
async function findings(statements: string): Promise<string[]> {
  const consumer = `import type { Events } from './events.js'
import type { Operations, Routes } from './routes.js'
import type { V2 } from './v2.js'
import type { Hk, V3 } from './v3.js'
declare const v3: V3, v2: V2, hk: Hk, events: Events
export type { Operations, Routes }
${statements}
`
  return findingsIn(folder, { ...files, 'consumer.ts': consumer })
}
