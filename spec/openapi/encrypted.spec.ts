import { expect, it } from 'vitest'
import { listEvents } from '../../openapi/tools/events.mjs'
import type { Schema } from '../../openapi/tools/openapi.js'
import { documents } from '../types/catalogue.js'

/** What the documents give as a sample of something encrypted. */
const CIPHERTEXT = /^(?!\/|pages\/)(?=.*[+/=])[\w+/-]{28,}={0,2}$/
/** Of somebody's name or number, a sample that no one could be called. */
const PERSONAL = /姓名|身份证|证件号|手机号|卡号|户名|邮箱/
const UNREADABLE = /^(?!example_)[\w+/=-]{28,}$/

/** Fields that look encrypted and are handed out as they come, by their name. */
const READABLE: Record<string, string> = {
  algorithm: 'the name of an algorithm',
  encryption_algorithm: 'the name of an algorithm',
  nonce: 'a part of an AEAD ciphertext',
  associated_data: 'a part of an AEAD ciphertext',
  ciphertext: 'encrypted with the APIv3 key: the download of certificates decrypts it',
  encrypt_key: 'a key of bytes, no text: Bill decrypts it with the file that it belongs to',
  encrypt_code: 'a code that WeChat Pay has encrypted and decrypts again',
  access_token: 'a token of WeChat Pay',
  out_card_code: 'the number of a card of the merchant',
  photo_icon: 'a picture',
  brand_logo: 'the id of an upload',
  id_card_copy: 'the id of an upload',
  id_card_national: 'the id of an upload',
}

interface Field {
  place: string
  name: string
  schema: Schema
  samples: readonly unknown[]
}

const schemas = documents.v3.components.schemas

function* fieldsOf(given: Schema, place: string, name: string, sample: unknown): Generator<Field> {
  const target = given.$ref && schemas[given.$ref.slice(given.$ref.lastIndexOf('/') + 1)]
  const schema = { ...target, ...given }
  if (schema['x-encrypted']) return
  yield { place, name, schema, samples: [...(schema.examples ?? []), sample] }
  for (const [key, field] of Object.entries(schema.properties ?? {}))
    yield* fieldsOf(field, `${place}/${key}`, key, Object(sample)[key])
  if (schema.items) yield* fieldsOf(schema.items, `${place}/[]`, name, Object(sample)[0])
  for (const part of schema.anyOf ?? []) yield* fieldsOf(part, place, name, sample)
}

function* allFields(): Generator<Field> {
  for (const [path, item] of Object.entries(documents.v3.paths))
    for (const [method, { parameters = [], requestBody, responses }] of Object.entries(item)) {
      for (const { name, schema, example } of parameters)
        yield* fieldsOf(schema, `${method} ${path} ?${name}`, name, example)
      for (const { content = {} } of [requestBody ?? {}, ...Object.values(responses)])
        for (const { schema = {}, example } of Object.values(content))
          yield* fieldsOf(schema, `${method} ${path} `, '', example)
    }
  for (const { type, schema } of listEvents(documents.v3, 'v3')) yield* fieldsOf(schema, type, '', undefined)
}

function looksEncrypted({ schema: { type, items, title = '' }, samples }: Field): boolean {
  if (/^加密/.test(title)) return type === 'string' || (type === 'array' && !items?.['x-encrypted'])
  if (type !== 'string') return false
  const texts = samples.filter(sample => typeof sample === 'string')
  return texts.some(text => CIPHERTEXT.test(text) || (PERSONAL.test(title) && UNREADABLE.test(text)))
}

const unmarked = [...allFields()].filter(looksEncrypted)

it('what is documented as encrypted is marked so', () => {
  expect(unmarked.filter(({ name }) => !(name in READABLE)).map(({ place }) => place)).toEqual([])
})

it('what is let pass is there', () => {
  const names = new Set(unmarked.map(({ name }) => name))
  expect(Object.keys(READABLE).filter(name => !names.has(name))).toEqual([])
})

it('nothing is marked whose sample anybody can read as a word of the protocol', () => {
  const marked: string[] = []
  const visit = (schema: Schema, place: string) => {
    const samples = schema.examples ?? []
    if (schema['x-encrypted'] && samples.some(sample => /^[A-Z]+(_[A-Z]+)+$/.test(String(sample)))) marked.push(place)
    for (const [name, field] of Object.entries(schema.properties ?? {})) visit(field, `${place}/${name}`)
    if (schema.items) visit(schema.items, `${place}/[]`)
  }
  for (const [path, item] of Object.entries(documents.v3.paths))
    for (const { requestBody } of Object.values(item))
      for (const { schema = {} } of Object.values(requestBody?.content ?? {})) visit(schema, path)
  for (const [name, schema] of Object.entries(schemas)) visit(schema, name)
  expect(marked).toEqual([])
})
