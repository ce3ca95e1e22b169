import { readFileSync } from 'node:fs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as Notification from '../../lib/notification/index.js'
import {
  apiv3Key,
  encryptContent,
  encryptRefund,
  keys,
  mintKeys,
  notice,
  secret,
  xml,
  xmlNotice,
} from './wechat-pay.js'

interface Schema {
  $ref?: string
  type?: string
  enum?: readonly unknown[]
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: readonly Schema[]
  examples?: readonly unknown[]
  contentMediaType?: string
  contentSchema?: Schema
  'x-encrypted'?: string
}

interface Webhook {
  post: { requestBody: { content: Record<string, { schema: Schema; example?: unknown }> } }
}

interface Catalogue {
  webhooks: Record<string, Webhook>
  components: { schemas: Record<string, Schema> }
}

const read = (api: string): Catalogue =>
  JSON.parse(readFileSync(new URL(`../../docs/generated/${api}.json`, import.meta.url), 'utf8'))

type Sample = [title: string, type: string, resource: Record<string, unknown>]

/** Samples of every notification: a value for each documented field, and the documented samples. */
function samples(catalogue: Catalogue): Sample[] {
  return Object.entries(catalogue.webhooks).flatMap(([type, { post }]) => {
    const [content] = Object.values(post.requestBody.content)
    const variants = variantsOf(content?.schema ?? {}, catalogue)
    const full = variants.map(variant => sample(variant, catalogue))
    const shown = [content?.example, ...variants.flatMap(({ examples }) => examples)].filter(Boolean)
    return [...full, ...shown].map(
      (resource, index): Sample => [`${type}, sample ${index + 1}`, type, Object(resource)],
    )
  })
}

function variantsOf(schema: Schema, catalogue: Catalogue): Schema[] {
  const { anyOf, ...variant } = resolve(schema, catalogue)
  return anyOf && !variant.properties ? anyOf.map(member => resolve(member, catalogue)) : [variant]
}

function resolve(schema: Schema, catalogue: Catalogue): Schema {
  const { $ref } = schema
  return $ref ? (catalogue.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {}) : schema
}

// A number stands where the documents write $n, as in coupon_id_$n.
const fieldName = (documented: string) => documented.replace('$n', '0')

function sample(schema: Schema, catalogue: Catalogue): unknown {
  if (schema.$ref) return sample(resolve(schema, catalogue), catalogue)
  const { type, enum: values, properties = {}, items = {} } = schema
  if (values) return values[0]
  if (schema['x-encrypted'] && schema.contentSchema) return sample(schema.contentSchema, catalogue)
  if (schema.contentMediaType) return JSON.stringify(sample(schema.contentSchema ?? {}, catalogue))
  if (type === 'array') return [sample(items, catalogue)]
  if (type === 'object') {
    return Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [fieldName(name), sample(property, catalogue)]),
    )
  }
  if (type === 'integer' || type === 'number') return 1_234_567_890
  return type === 'boolean' ? true : '示例 & <文本>'
}

const notification = Notification.create(keys)
const v3 = samples(read('v3'))
const v2 = samples(read('v2')).map(
  ([title, type, fields]): Sample => [
    title,
    type,
    'sign_type' in fields ? { ...fields, sign_type: 'HMAC-SHA256' } : fields,
  ],
)

it('the catalogue has a sample of each notification and of each thing that it can stand for', () => {
  const types = (all: Sample[]) => new Set(all.map(([, type]) => type)).size
  expect(types(v3)).toBeGreaterThanOrEqual(111)
  expect(types(v2)).toBeGreaterThanOrEqual(10)
  expect(v3.filter(([, type]) => type === 'TRANSACTION.SUCCESS').length).toBeGreaterThan(10)
  expect([...v3, ...v2].filter(([, , resource]) => Object.keys(resource).length === 0)).toEqual([])
})

describe('every notification of APIv3 parses to its event', () => {
  it.each(v3)('%s', async (_title, event_type, resource) => {
    const event = await notification.parse(notice({ event_type, resource }))
    expect(event).toMatchObject({ event_type, resource_type: 'encrypt-resource' })
    expect(event.resource).toEqual(resource)
  })

  it.each(v3)('%s, when it is minted here', async (_title, event_type, resource) => {
    const minted = Notification.mint({ event_type, resource }, mintKeys)
    const event = await notification.parse(minted)
    expect(event.event_type).toBe(event_type)
    expect(event.resource).toEqual(resource)
  })
})

describe('every notification of APIv2 parses to its event', () => {
  it.each(v2)('%s', async (_title, name, resource) => {
    const { sign: _, event_nonce: __, event_associated_data: ___, ...fields } = texts(resource)
    const event = await notification.parse(signed(fields))
    expect(event.event_type).toBe(`v2/${name}`)
    expect(event.resource).toMatchObject(fields)
  })

  it.each(v2)('%s, when it is minted here', async (_title, name, resource) => {
    const { sign: _, nonce_str: __, event_nonce: ___, event_associated_data: ____, ...fields } = texts(resource)
    const event = await notification.parse(
      Notification.mint({ event_type: `v2/${name}`, resource: fields }, { secret, apiv3Key }),
    )
    expect(event.event_type).toBe(`v2/${name}`)
    expect(event.resource).toMatchObject(fields)
  })
})

it('an event narrows by its type, and an undocumented event stays unknown', () => {
  type Event = Notification.NotificationEvent
  type Narrowed<Type extends string> = Extract<Event, { event_type: Type }>
  expectTypeOf<Narrowed<'TRANSACTION.SUCCESS'>['resource']['out_trade_no']>().toEqualTypeOf<string>()
  expectTypeOf<Narrowed<'v2/refund-processed'>['resource']['req_info']['out_refund_no']>().toEqualTypeOf<string>()
  const type = (event: Event): string => {
    switch (event.event_type) {
      case 'TRANSACTION.SUCCESS':
        expectTypeOf(event.resource.amount).not.toBeAny()
        expectTypeOf(event.resource.out_trade_no).toEqualTypeOf<string>()
        return event.resource.out_trade_no
      case 'MCHTRANSFER.BILL.FINISHED':
        expectTypeOf(event).toEqualTypeOf<Notification.EventOf<'MCHTRANSFER.BILL.FINISHED'>>()
        // @ts-expect-error: a payment's field on a transfer
        return event.resource.trade_state
      case 'v2/transaction-success':
        return event.resource.total_fee
      default:
        expectTypeOf(event.event_type).toExtend<string>()
        return event.summary ?? event.event_type
    }
  }
  expect(type).toBeTypeOf('function')
  expectTypeOf<Notification.UnlistedEvent['resource']>().toEqualTypeOf<unknown>()
  // @ts-expect-error: an unknown notification
  type Misspelt = Notification.EventOf<'TRANSACTION.SUCCES'>
  expectTypeOf<Misspelt>().toBeNever()
})

type Fields = Record<string, unknown>

/** As in XML: strings, and objects in place of encrypted content. */
function texts(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? texts(Object(value)) : String(value),
    ]),
  )
}

function signed(fields: Fields) {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'req_info') flat[name] = encryptRefund(Object(value))
    else if (name === 'event_ciphertext') flat[name] = encryptContent(JSON.stringify(value), '0123456789ab', 'payscore')
    else flat[name] = String(value)
  }
  if ('event_ciphertext' in fields)
    Object.assign(flat, { event_nonce: '0123456789ab', event_associated_data: 'payscore' })
  return 'req_info' in fields ? xml(flat) : xmlNotice(flat, 'HMAC-SHA256')
}
