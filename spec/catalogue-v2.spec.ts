import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../lib/chain/proxy.js'
import type { OpenNode, OpenVerb } from '../lib/chain/types.js'
import { openClient } from '../lib/client/open-client.js'
import { readConfig } from '../lib/config/config.js'
import { v2Facts } from '../lib/protocol/v2/endpoints.js'
import { systemClock } from '../lib/util/deadline.js'
import { answer, config, type Gateway, isSigned, type ReceivedRequest, startGateway } from './v2-gateway.js'

interface Operation {
  method: string
  /** As on the wire. */
  path: string
  query: Record<string, string>
  /** The payload as the documents' samples have it. */
  xml: Record<string, string | number> | undefined
  isNonceless: boolean
  isUpload: boolean
  /** The documented fields of the payload, or of the query. */
  documented: string[]
}

interface Schema {
  $ref?: string
  examples?: unknown[]
  properties?: Record<string, Schema>
}

interface Documented {
  parameters?: { name: string; in: string; example?: unknown; schema: Schema }[]
  requestBody?: { content: Record<string, { example?: Record<string, string | number>; schema: Schema }> }
  'x-nonceless'?: boolean
}

const { paths, components } = JSON.parse(readFileSync(new URL('../docs/generated/v2.json', import.meta.url), 'utf8'))

const resolve = (schema: Schema = {}): Schema =>
  schema.$ref ? resolve(components.schemas[schema.$ref.replace(/^.*\//, '')]) : schema

const operations: Operation[] = Object.entries<Record<string, Documented>>(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { parameters = [], requestBody, 'x-nonceless': isNonceless = false }]) => {
    const query = parameters.filter(parameter => parameter.in === 'query')
    const [content] = Object.values(requestBody?.content ?? {})
    return {
      method: method.toUpperCase(),
      path,
      query: Object.fromEntries(
        query.map(({ name, example, schema }) => [name, String(example ?? schema.examples?.[0] ?? 'sample')]),
      ),
      xml: content && (content.example ?? {}),
      isNonceless,
      isUpload: requestBody?.content['multipart/form-data'] !== undefined,
      documented: content ? Object.keys(resolve(content.schema).properties ?? {}) : query.map(({ name }) => name),
    }
  }),
)

/** A segment as a property: the names of APIv2 need no other spelling, save those in kebab-case. */
const propertyOf = (segment: string) =>
  segment.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

const texts = (fields: Record<string, string | number>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway()
  gateway.answers = [answer()]
})
afterAll(() => gateway.close())

describe('every documented call of APIv2, in three forms and with two names of its verb', () => {
  it('there are 136', () => {
    expect(operations).toHaveLength(136)
  })

  it('arrives as documented: target, fields, their order, and a sign that an independent implementation accepts', async () => {
    const root = createChain(openClient(readConfig({ ...config, base_uri: gateway.url }, Date.now), systemClock).send)
    const forms: [name: string, node: (path: string) => OpenNode<unknown> | undefined][] = [
      [
        'property',
        path =>
          `v2${path}`
            .split('/')
            .map(propertyOf)
            .reduce<OpenNode<unknown> | undefined>((node, name) => node?.[name], root as unknown as OpenNode<unknown>),
      ],
      ['chain', path => root.chain(`v2${path}`)],
      ['bracket', path => root[`v2/${path.slice(1)}`]],
    ]
    const wrong: unknown[] = []
    let calls = 0
    for (const operation of operations) {
      const verb = operation.method.toLowerCase()
      const options = optionsOf(operation)
      const attempts = forms.flatMap(([, node]) =>
        [verb, `${verb}Async`].map(name => node(operation.path)?.[name] as OpenVerb<unknown> | undefined),
      )
      gateway.requests.length = 0
      const outcomes = await Promise.allSettled(attempts.map(call => call?.(options)))
      calls += outcomes.length
      try {
        expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
        expect(gateway.requests.map(request => arrivalOf(request, operation))).toEqual(
          Array(6).fill(expectationOf(operation)),
        )
        const nonces = gateway.requests.map(({ fields }) => fields.nonce_str)
        const isGiven = operation.xml?.nonce_str !== undefined
        const isWanted = operation.method === 'POST' && !operation.isNonceless && !operation.isUpload && !isGiven
        expect(new Set(nonces).size).toBe(isWanted ? 6 : 1)
      } catch (error) {
        wrong.push({ method: operation.method, path: operation.path, error })
      }
    }
    expect(wrong).toEqual([])
    expect(calls).toBe(136 * 6)
  }, 60_000)
})

function optionsOf({ method, query, xml, isUpload }: Operation) {
  if (isUpload) return { body: uploadForm() }
  // Samples hold what only WeChat Pay could have encrypted, so the fields go out as they are given.
  return method === 'GET' ? { query } : { query, xml, encrypt: false }
}

function uploadForm(): FormData {
  const form = new FormData()
  form.append('mch_id', '1900000109')
  form.append('media', new Blob(['bytes'], { type: 'image/png' }), 'a.png')
  form.append('media_hash', '4b3a6218bb3e3a7303e8a171a60fcf92')
  form.append('sign_type', 'HMAC-SHA256')
  return form
}

/** What came over the wire, less what differs from one call to the next, which is checked by itself. */
function arrivalOf(request: ReceivedRequest, operation: Operation) {
  const fields = operation.isUpload ? formFields(request) : request.fields
  const { sign: _, nonce_str, ...rest } = fields
  const names = Object.keys(fields)
  return {
    method: request.method,
    pathname: request.url.replace(/\?.*/, ''),
    query: operation.method === 'GET' ? '' : request.url.replace(/^[^?]*/, ''),
    fields: operation.xml?.nonce_str === undefined ? rest : { ...rest, nonce_str },
    names: names.filter(name => name !== 'nonce_str' || operation.xml?.nonce_str !== undefined),
    isSigned: fields.sign !== undefined && isSigned({ ...request, fields }),
    type: request.headers['content-type']?.replace(/boundary=.*/, 'boundary'),
    accept: request.headers.accept,
  }
}

function expectationOf({ method, path, query, xml, isUpload }: Operation) {
  const isPage = path === '/appauth/authindex'
  const { sign: _, ...given } = isUpload
    ? { mch_id: '1900000109', media_hash: '4b3a6218bb3e3a7303e8a171a60fcf92', sign_type: 'HMAC-SHA256' }
    : texts(xml ?? query)
  const filled = path === '/applyment/micro/signcontract' || isUpload ? {} : merchantOf(path, given)
  const search = new URLSearchParams(query).toString()
  return {
    method,
    pathname: path,
    query: method === 'GET' || search === '' ? '' : `?${search}`,
    fields: { ...given, ...filled },
    names: [...Object.keys({ ...given, ...filled }), ...(isPage ? [] : ['sign'])],
    isSigned: !isPage,
    type: method === 'GET' ? undefined : isUpload ? 'multipart/form-data; boundary' : 'text/xml; charset=utf-8',
    accept: 'text/xml, text/plain, application/x-gzip',
  }
}

const merchantOf = (path: string, given: Record<string, string>) =>
  Object.keys(given).some(name => /^(?:combine_)?mch_?id$/.test(name)) ? {} : { mch_id: `no sample for ${path}` }

function formFields({ body }: ReceivedRequest): Record<string, string> {
  const parts = String(body).matchAll(/name="(\w+)"\r\n\r\n(.*?)\r\n--/gs)
  return Object.fromEntries([...parts].map(([, name = '', value = '']) => [name, value]))
}

describe('the merchant number that a caller leaves out', () => {
  it.each(operations.filter(({ isUpload }) => !isUpload))('$method $path has it where it is documented', operation => {
    const expected = operation.documented.filter(name => ['mch_id', 'mchid', 'combine_mch_id'].includes(name))
    expect([v2Facts(operation.method === 'GET' ? 'GET' : 'POST', operation.path).merchantField]).toEqual(
      expected.length > 0 ? expected : [undefined],
    )
  })
})
