import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dereference, validate } from '@scalar/openapi-parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import type { Schema } from '../../openapi/tools/openapi.js'
import { publish } from '../../openapi/tools/publish.mjs'
import { documents } from '../types/catalogue.js'
import { readCatalogue } from './catalogue.js'

// What WeChat Pay documents in August 2026, a line for each operation and notification.
const documented = readFileSync(join(import.meta.dirname, 'documented.txt'), 'utf8')
  .trim()
  .split('\n')

it('no documented operation or notification is missing', () => {
  const present = new Set(
    Object.entries(documents).flatMap(([api, { paths, webhooks }]) => [
      ...Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map(method => `${api} ${method} ${path}`)),
      ...Object.keys(webhooks).map(name => `${api} notify ${name}`),
    ]),
  )
  expect(documented).toHaveLength(1_090 + 136 + 111 + 10)
  expect(documented.filter(line => !present.has(line))).toEqual([])
})

describe.each(Object.entries(documents))('the document of API%s', { timeout: 60_000 }, (_, document) => {
  const published = () => JSON.parse(publish(document))

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(published())
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
  })

  it('loads in the parser of an API explorer, every reference included', async () => {
    const { valid, errors } = await validate(published())
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
    const { schema, errors: unresolved } = dereference(published())
    expect(unresolved ?? []).toEqual([])
    expect(operationsOf(schema?.paths)).toBe(operationsOf(document.paths))
    expect(operationsOf(schema?.webhooks)).toBe(operationsOf(document.webhooks))
  })

  it('has an id of its own for each operation', () => {
    const ids = Object.values({ ...document.paths, ...document.webhooks }).flatMap(item =>
      Object.values(item).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('uses every shared schema', () => {
    const text = JSON.stringify(document)
    const unused = Object.keys(document.components.schemas).filter(
      name => !text.includes(`"#/components/schemas/${name}"`),
    )
    expect(unused).toEqual([])
  })
})

/** Every object schema of APIv2, with where it is. */
function objectsOf(node: unknown, place: string): { place: string; schema: Schema }[] {
  if (typeof node !== 'object' || node === null) return []
  const inner = Object.entries(node).flatMap(([key, value]) => objectsOf(value, `${place} ${key}`))
  return isObjectSchema(node) ? [{ place, schema: node }, ...inner] : inner
}

function isObjectSchema(node: object): node is Schema {
  return 'properties' in node
}

describe('a message of APIv2', () => {
  const objects = objectsOf(documents.v2, 'v2')

  it('need not say what only a failure says, nor have a numbered field', () => {
    const wrong = objects.flatMap(({ place, schema: { required = [] } }) =>
      required.filter(name => /^err_|_\$/.test(name)).map(name => `${place}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('has space for a signature of HMAC-SHA256, unless it is signed with MD5 only', () => {
    const short = objects.filter(({ schema: { properties: { sign, sign_type } = {} } }) => {
      const isMd5 = sign_type?.enum?.join() === 'MD5'
      return !isMd5 && sign?.maxLength !== undefined && sign.maxLength < 64
    })
    expect(objects.length).toBeGreaterThan(200)
    expect(short.map(({ place }) => place)).toEqual([])
  })
})

function operationsOf(items: object | undefined): number {
  return Object.values(items ?? {}).reduce((sum, item) => sum + Object.keys(item).length, 0)
}

it('a sample is published where the samples of the fields do not make it', () => {
  const payload = (sample: string) => {
    const document = readCatalogue('v3', {
      'paths/a.yaml': `post:
  summary: s
  requestBody:
    content:
      application/json:
        schema:
          type: object
          properties:
            a: { type: string, examples: [x] }
            list: { type: array, items: { type: object, properties: { b: { type: integer, examples: [1] } } } }
        example: ${sample}
`,
    })
    return JSON.parse(publish(document)).paths['/v3/a'].post.requestBody.content['application/json']
  }
  expect(payload('{ a: x, list: [{ b: 1 }] }')).not.toHaveProperty('example')
  for (const sample of [
    '{ a: y, list: [{ b: 1 }] }',
    '{ a: x }',
    '{ a: x, list: [{ b: 1 }, { b: 1 }] }',
    '{ a: x, list: [] }',
  ])
    expect(payload(sample)).toHaveProperty('example')
})
