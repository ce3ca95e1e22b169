/** The pages of the reference: one for each operation and each notification of the catalogue. */
import { moneyOf } from '../../../openapi/tools/money.mjs'
import { propertyNames } from '../../../openapi/tools/names.mjs'
import type {
  Api,
  Document,
  DocumentedError,
  Method,
  Operation,
  Parameter,
  Schema,
} from '../../../openapi/tools/openapi.js'
import { payloadOf } from '../../../openapi/tools/operations.mjs'
import { partsOf, resolve } from '../../../openapi/tools/references.mjs'
import { uploadOf } from '../../../openapi/tools/upload.mjs'
import { type Field, fieldsOf, row } from './fields.js'
import { print } from './print.js'
import { sampleOf } from './sample.js'

/** An operation of the documents, with the parts that only readers need. */
interface DescribedOperation extends Operation {
  tags?: readonly string[]
  'x-roles'?: readonly string[]
  'x-updated'?: string
}

interface Section {
  name: 'path' | 'query' | 'json' | 'xml' | 'file' | 'response' | 'resource'
  fields: readonly Field[]
}

export interface Page {
  kind: 'operation' | 'event'
  api: Api
  /** Its address, without slashes at its ends: `v3/pay/transactions/native/post`. */
  slug: string
  /** The official title, in Chinese. */
  title: string
  /** The products that it belongs to; the page has the sidebar of the first. */
  products: readonly string[]
  /** The addresses of the official pages. */
  official: readonly string[]
  updated: string | undefined
  roles: readonly string[]
  note: string | undefined
  sections: readonly Section[]
  /** The response, or the content of a notification. */
  sample: unknown
  /** The notifications that follow from an operation, or the operations that a notification follows from. */
  related: readonly Link[]
}

/** A link to a page of the reference. */
export interface Link {
  title: string
  slug: string
  /** `POST /v3/refund/domestic/refunds`, or an event type. */
  subject: string
}

export interface OperationPage extends Page {
  kind: 'operation'
  method: Method
  /** The path in the chain: `v3/pay/transactions/native`. */
  path: string
  host: string
  needsCertificate: boolean
  unsigned: boolean
  statusCode: string
  /** The errors on its official page, except those of every call. */
  errors: readonly DocumentedError[]
  call: CallSample
  /** The call for a running simulator. */
  trial: Trial
  /** The upload: the reader chooses the file. */
  isUpload: boolean
}

export interface EventPage extends Page {
  kind: 'event'
  types: readonly string[]
  originalTypes: readonly string[]
}

export interface CallSample {
  /** The node, in each of the forms that the path has. */
  forms: readonly { name: 'properties' | 'chain' | 'bracket'; node: string }[]
  method: Method
  /** The options as TypeScript; empty for a call without any. */
  options: string
}

interface Trial {
  method: string
  path: string
  query?: unknown
  headers?: unknown
  json?: unknown
  xml?: unknown
  meta?: unknown
}

const MAIN_HOST = 'https://api.mch.weixin.qq.com'

export function pagesOf(documents: Record<Api, Document>): (OperationPage | EventPage)[] {
  const operations = APIS.flatMap(api => operationPages(documents[api], api))
  const events = APIS.flatMap(api => eventPages(documents[api], api, operations))
  const withEvents = operations.map(page => ({
    ...page,
    related: events.filter(({ related }) => related.some(({ slug }) => slug === page.slug)).map(linkTo),
  }))
  return [...withEvents, ...events]
}

function linkTo(page: OperationPage | EventPage): Link {
  const { title, slug } = page
  return { title, slug, subject: subjectOf(page) }
}

export function subjectOf(page: OperationPage | EventPage): string {
  return page.kind === 'operation' ? `${page.method.toUpperCase()} /${page.path}` : page.types.join(' ')
}

const APIS: readonly Api[] = ['v3', 'v2']

function operationPages(document: Document, api: Api): OperationPage[] {
  return Object.entries(document.paths).flatMap(([written, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const path = api === 'v2' ? `v2${written}` : written.slice(1)
      return operationPage({ document, api, path, method: method as Method, operation })
    }),
  )
}

interface Call {
  document: Document
  api: Api
  path: string
  method: Method
  operation: DescribedOperation
}

function operationPage(call: Call): OperationPage {
  const { api, path, method, operation } = call
  const [statusCode = '200', response] = Object.entries(operation.responses)[0] ?? []
  const body = Object.values(response?.content ?? {})[0]?.schema
  return {
    kind: 'operation',
    api,
    method,
    path,
    slug: slugOf(path, method),
    ...about(operation),
    products: [operation.tags?.[0] ?? OTHERS],
    host: operation.servers?.[0]?.url ?? MAIN_HOST,
    needsCertificate: (operation.security?.length ?? 0) > 0,
    unsigned: operation['x-unsigned'] ?? false,
    statusCode,
    errors: operation['x-errors'] ?? [],
    sections: sectionsOf(call, body),
    sample: body && sampleOf(body, call.document.components.schemas),
    call: { forms: formsOf(path), method, options: printOptions(optionsOf(call)) },
    trial: trialOf(call),
    isUpload: payloadOf(operation)?.option === 'file',
    related: [],
  }
}

/** The product of the operations without one. */
export const OTHERS = '其他'

function slugOf(path: string, method: string): string {
  return `${path.replace(/\/$/, '').replace(/[{}+]/g, '')}/${method}`
}

function about(operation: DescribedOperation) {
  const { summary, externalDocs } = operation
  return {
    title: summary,
    official: [...(externalDocs ? [externalDocs.url] : []), ...(operation['x-docs'] ?? [])],
    updated: operation['x-updated'],
    roles: operation['x-roles'] ?? [],
    note: operation['x-note'],
  }
}

function sectionsOf(call: Call, body: Schema | undefined): Section[] {
  const { operation, document } = call
  const { schemas } = document.components
  const money = moneyOf(operation)
  const parameters = (place: Parameter['in']) =>
    (operation.parameters ?? [])
      .filter(parameter => parameter.in === place)
      .map(({ name, schema, required = false }) =>
        row(name, schema, required, { shared: schemas, money, depth: 0, above: [] }),
      )
  const payload = payloadOf(operation)
  const upload = payload?.option === 'file' ? uploadOf({ ...call, name: '', shared: schemas }) : undefined
  const payloadSchema = payload?.option === 'file' ? upload?.meta : payload?.schema
  const sections: Section[] = [
    { name: 'path', fields: placeholderFields(call, parameters('path')) },
    { name: 'query', fields: parameters('query') },
    ...(payload && payloadSchema ? [{ name: payload.option, fields: fieldsOf(payloadSchema, schemas, money) }] : []),
    { name: 'response', fields: body ? fieldsOf(body, schemas, money) : [] },
  ]
  return sections.filter(({ fields }) => fields.length > 0)
}

/** The catalogue leaves out the placeholders that need no description. */
function placeholderFields({ path }: Call, described: readonly Field[]): Field[] {
  return placeholdersOf(path).map(
    name =>
      described.find(field => field.name === name) ??
      row(name, { type: 'string' }, true, { shared: {}, money: 'fen', depth: 0, above: [] }),
  )
}

function placeholdersOf(path: string): string[] {
  return [...path.matchAll(/\{\+?(\w+)\}/g)].map(([, name = '']) => name)
}

function formsOf(path: string): CallSample['forms'] {
  // Paths of brands are those of a client of their own.
  const client = path.startsWith('brand/') ? 'ofBrand' : 'wxpay'
  const names = path.split('/').map(segment => propertyNames(segment)[0])
  const properties = names.map(name => (name === undefined ? name : /^\w+$/.test(name) ? `.${name}` : `['${name}']`))
  return [
    ...(names.includes(undefined) ? [] : [{ name: 'properties' as const, node: `${client}${properties.join('')}` }]),
    { name: 'chain', node: `${client}.chain('${path}')` },
    { name: 'bracket', node: `${client}['${path}']` },
  ]
}

/** The options of the documented sample. */
function optionsOf(call: Call): Record<string, unknown> {
  const { operation, path, document } = call
  const { schemas } = document.components
  const parameters = operation.parameters ?? []
  const valueFor = ({ example, schema }: Parameter) => example ?? sampleOf(schema, schemas)
  const placeholders = placeholdersOf(path).map(name => {
    const parameter = parameters.find(other => other.in === 'path' && other.name === name)
    return [name, String(parameter ? valueFor(parameter) : '1')]
  })
  const query = parameters
    .filter(({ in: place, required, example, schema }) => {
      return place === 'query' && (required || example !== undefined || schema.examples !== undefined)
    })
    .map(parameter => [parameter.name, valueFor(parameter)])
  const headers = parameters
    .filter(({ in: place, required }) => place === 'header' && required)
    .map(parameter => [parameter.name, String(valueFor(parameter))])
  return {
    ...Object.fromEntries(placeholders),
    ...(query.length > 0 && { query: Object.fromEntries(query) }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...payloadSample(call),
    ...(isDownload(operation) && { sink: '/path/to/file' }),
  }
}

function payloadSample(call: Call): Record<string, unknown> {
  const { operation, document } = call
  const { schemas } = document.components
  const payload = payloadOf(operation)
  if (!payload) return {}
  if (payload.option === 'file') {
    const { meta } = uploadOf({ ...call, name: '', shared: schemas }) ?? {}
    return { file: '/path/to/image.jpg', ...(meta && { meta: sampleOf(meta, schemas) }) }
  }
  const example = Object.values(operation.requestBody?.content ?? {})[0]?.example
  return { [payload.option]: example ?? sampleOf(payload.schema, schemas) }
}

function isDownload({ responses }: Operation): boolean {
  return responses[200]?.content?.['application/octet-stream'] !== undefined
}

function printOptions(options: Record<string, unknown>): string {
  return Object.keys(options).length === 0 ? '' : print(options)
}

function trialOf(call: Call): Trial {
  const { json, xml, meta, query, headers, file: _, sink: __, ...placeholders } = optionsOf(call)
  const path = call.path.replace(/\{\+?(\w+)\}/g, (_, name) => encodeURIComponent(String(placeholders[name])))
  const payload = { json: plainly(json, call), xml, meta }
  return {
    method: call.method.toUpperCase(),
    path: `/${path}`,
    ...(query !== undefined && { query: asMerchant(query) }),
    ...(headers !== undefined && { headers }),
    ...Object.fromEntries(
      Object.entries(payload).flatMap(([option, value]) => (value === undefined ? [] : [[option, asMerchant(value)]])),
    ),
  }
}

/** The documented samples of encrypted fields are ciphertexts, which the simulator would encrypt again. */
function plainly(json: unknown, { operation, document }: Call): unknown {
  const payload = payloadOf(operation)
  return payload?.option === 'json' ? plainOf(json, payload.schema, document.components.schemas) : json
}

function plainOf(value: unknown, given: Schema, shared: Readonly<Record<string, Schema>>): unknown {
  const schema = resolve(given, shared)
  if (schema['x-encrypted'] === 'platform') return Array.isArray(value) ? value.map(() => PLAIN) : PLAIN
  if (Array.isArray(value)) return value.map(item => plainOf(item, schema.items ?? {}, shared))
  if (typeof value !== 'object' || value === null) return value
  const schemas = [schema, ...partsOf(schema).map(part => resolve(part, shared))]
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const property = schemas.find(({ properties }) => properties?.[name])?.properties?.[name]
      return [name, property ? plainOf(inner, property, shared) : inner]
    }),
  )
}

/** The sample for a personal name, number or address. */
const PLAIN = '张三'

/** Replaces the documented merchant number with that of the simulator's merchant. */
function asMerchant(values: unknown): unknown {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return values
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, MERCHANT_FIELDS.has(name) ? SIMULATED_MERCHANT : value]),
  )
}

const MERCHANT_FIELDS = new Set(['mchid', 'mch_id', 'sp_mchid', 'combine_mchid'])
const SIMULATED_MERCHANT = '1900000109'

function eventPages(document: Document, api: Api, operations: readonly OperationPage[]): EventPage[] {
  const { components, webhooks } = document
  const { schemas } = components
  return Object.entries(webhooks).map(([name, { post }]) => {
    const operation: DescribedOperation | undefined = post
    const schema = Object.values(post?.requestBody?.content ?? {})[0]?.schema
    if (!operation || !schema) throw new Error(`The notification ${name} has no content.`)
    const causes = causesOf(operation['x-follows'] ?? [], api, operations)
    const products = [...(operation.tags ?? []), ...causes.flatMap(cause => cause.products)]
    return {
      kind: 'event',
      api,
      slug: api === 'v2' ? `events/v2/${name}` : `events/${name}`,
      ...about(operation),
      products: products.length > 0 ? [...new Set(products)] : [NOTIFICATIONS],
      types: operation['x-event-types'] ?? [],
      originalTypes: operation['x-original-types'] ?? [],
      sections: [{ name: 'resource', fields: fieldsOf(schema, schemas, moneyOf(operation)) }],
      sample: sampleOf(schema, schemas),
      related: causes.map(linkTo),
    }
  })
}

/** The product of the notifications without one. */
export const NOTIFICATIONS = '回调通知'

function causesOf(places: readonly string[], api: Api, operations: readonly OperationPage[]): OperationPage[] {
  return places.map(place => {
    const [method = '', written = ''] = place.split(' ')
    const slug = slugOf(api === 'v2' ? `v2${written}` : written.slice(1), method)
    const page = operations.find(other => other.slug === slug)
    if (!page) throw new Error(`There is no operation ${place}.`)
    return page
  })
}

export type { Field }
