import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { printEvents } from '../../openapi/tools/events.mjs'
import { listCalls } from '../../openapi/tools/model.mjs'
import { printRoutes } from '../../openapi/tools/routes.mjs'
import { printSchemas } from '../../openapi/tools/shared.mjs'
import { printTree } from '../../openapi/tools/tree.mjs'
import { compile } from '../types/compile.js'
import { readCatalogue } from './catalogue.js'

const v3 = readCatalogue('v3', {
  'paths/receivers.yaml': `
delete:
  summary: 删除接收方
  externalDocs: { url: https://pay.weixin.qq.com/doc/v3/merchant/1 }
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
  'schemas/Receiver.yaml': `
type: object
required: [account, amount]
properties:
  account: { type: string, title: 账户, x-encrypted: platform }
  amount: { type: integer, title: "金额 */ 分" }
  level: { type: integer, enum: [1, 2] }
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
            required: [sp_mchid, payer, goods]
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
    expect(files['v3.d.ts']).toContain('/** 删除接收方 {@link https://pay.weixin.qq.com/doc/v3/merchant/1} */')
    expect(files['v3-schemas.d.ts']).toContain(
      '/** 账户 · Sensitive: given in plain text, sent encrypted. */\n  account: string',
    )
  })

  it('cannot be ended early by a label that closes a comment', () => {
    expect(files['v3-schemas.d.ts']).toContain('/** 金额 * / 分 */\n  amount: number')
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

const lib = resolve(import.meta.dirname, '../../lib')

/** What is wrong with the statements of a user of these types. */
async function findings(statements: string): Promise<string[]> {
  const placed = Object.fromEntries(
    Object.entries(files).map(([file, content]) => [
      file,
      content
        .replaceAll("'../../", `'${lib}/`)
        .replaceAll("'../call.js", `'${join(lib, 'types/call.js')}`)
        .replaceAll("'../event.js", `'${join(lib, 'types/event.js')}`),
    ]),
  )
  const consumer = `import type { Events } from './events.js'
import type { Operations, Routes } from './routes.js'
import type { V2 } from './v2.js'
import type { Hk, V3 } from './v3.js'
declare const v3: V3, v2: V2, hk: Hk, events: Events
export type { Operations, Routes }
${statements}
`
  const { findings } = await compile({ ...placed, 'consumer.ts': consumer }, { options: { skipLibCheck: false } })
  return findings.map(({ file, line, message }) => `${file}:${line} ${message}`)
}
