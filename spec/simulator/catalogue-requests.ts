/** The catalogue with all its samples as specs read it: a request for each operation, and validators of its own. */
import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

// biome-ignore lint/suspicious/noExplicitAny: specs read the documents freely.
type Json = any

export interface Documented {
  document: 'v3' | 'v2'
  method: string
  path: string
  definition: Json
  /** The schema of the payload, references at its top resolved; undefined without JSON or XML. */
  schema: Json
  /** The official sample of the payload. */
  example: Json
}

const ROOT = resolve(import.meta.dirname, '../..')
// With every sample of a payload: those that are published lack what the samples of their fields say.
const DOCUMENTS: Record<string, Json> = {
  v3: JSON.parse(readFileSync(`${ROOT}/docs/generated/v3.json`, 'utf8')),
  v2: JSON.parse(readFileSync(`${ROOT}/docs/generated/v2.json`, 'utf8')),
}
const PAYLOADS = ['application/json', 'application/xml']

export function documented(document: 'v3' | 'v2'): Documented[] {
  return Object.entries<Json>(DOCUMENTS[document].paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, definition]) => {
      const content = definition.requestBody?.content ?? {}
      const payload = content[PAYLOADS.find(type => content[type]) ?? '']
      const schema = payload && dereference(document, payload.schema)
      return { document, method: method.toUpperCase(), path, definition, schema, example: payload?.example }
    }),
  )
}

export function dereference(document: 'v3' | 'v2', schema: Json): Json {
  if (schema?.$ref === undefined) return schema
  const steps: string[] = schema.$ref.split('/').slice(1)
  return dereference(
    document,
    steps.reduce((parent, name) => parent[name], DOCUMENTS[document]),
  )
}

/** The path and the query with the documented samples; `own` replaces some by name. Optional parameters are left out. */
export function targetOf(
  { document, path, definition }: Documented,
  own: Record<string, string> = {},
  write = (_name: string, value: string) => value,
): string {
  let target = path
  const query: string[] = []
  for (const parameter of definition.parameters ?? []) {
    const value = write(parameter.name, own[parameter.name] ?? String(parameterSample(document, parameter)))
    if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, encodeURIComponent(value))
    else if (parameter.in === 'query' && parameter.required)
      query.push(`${parameter.name}=${encodeURIComponent(value)}`)
  }
  return query.length === 0 ? target : `${target}?${query.join('&')}`
}

export function headersOf({ document, definition }: Documented): Record<string, string> {
  const required = (definition.parameters ?? []).filter((given: Json) => given.in === 'header' && given.required)
  return Object.fromEntries(required.map((given: Json) => [given.name, String(parameterSample(document, given))]))
}

function parameterSample(document: 'v3' | 'v2', { example, schema }: Json): unknown {
  const { type, format, examples = [], enum: values = [], minLength = 1 } = dereference(document, schema)
  const [first = example ?? values[0]] = examples
  if (first !== undefined) return [first].flat()[0]
  if (type === 'integer') return 1
  if (type === 'boolean') return true
  if (format === 'date') return '2026-11-01'
  return format === 'date-time' ? '2026-11-01T00:00:00+08:00' : '1'.padEnd(minLength, '0')
}

const publicKeys = new Map<string, KeyObject>()

/** Encrypts a value for WeChat Pay. */
export function encryptWith(publicKey: string, value: string, padding = constants.RSA_PKCS1_OAEP_PADDING): string {
  const key = publicKeys.get(publicKey) ?? createPublicKey(publicKey)
  publicKeys.set(publicKey, key)
  return publicEncrypt({ key, padding }, Buffer.from(value)).toString('base64')
}

/** A copy of a payload in which the fields that the schema marks are encrypted. */
export function encryptMarked(
  document: 'v3' | 'v2',
  schema: Json,
  value: Json,
  encrypt: (plain: string) => string,
): Json {
  const { properties = {}, items, ...own } = dereference(document, schema) ?? {}
  if (own['x-encrypted'] === 'platform' && value !== '') return encryptLeaves(value, encrypt)
  if (Array.isArray(value)) return value.map(item => encryptMarked(document, items, item, encrypt))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, field]) => [name, encryptMarked(document, properties[name], field, encrypt)]),
  )
}

function encryptLeaves(value: Json, encrypt: (plain: string) => string): Json {
  return Array.isArray(value) ? value.map(item => encryptLeaves(item, encrypt)) : encrypt(String(value).slice(0, 50))
}

const AJV = { strict: false, validateSchema: false, code: { optimize: false } }
const validators = new Map<string, ReturnType<Ajv2020['compile']>>()
const AJVS = { v3: new Ajv2020(AJV), v2: new Ajv2020({ ...AJV, coerceTypes: true }) }
for (const ajv of Object.values(AJVS)) {
  formats.default(ajv)
  for (const [name, document] of Object.entries(DOCUMENTS)) ajv.addSchema(document, name)
}

/** What a response violates; undefined when it is as documented. */
export function misfit({ document, method, path, definition }: Documented, status: number, value: unknown) {
  const content = definition.responses[status]?.content ?? {}
  const type = PAYLOADS.find(name => content[name])
  if (type === undefined) return value === undefined ? undefined : 'a body is not documented'
  return violation(document, ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type], value)
}

/** What the decrypted content of a notification violates; undefined when it is as documented. */
export function eventMisfit(event_type: string, resource: unknown): string | undefined {
  const [, name = ''] = /^v2\/(.*)/.exec(event_type) ?? []
  // What has failed has not all that the documents name.
  if (name in DOCUMENTS.v2.webhooks && Reflect.get(Object(resource), 'result_code') === 'FAIL') return undefined
  if (name in DOCUMENTS.v2.webhooks) {
    // The fields of XML are strings.
    const problem = violation('v2', ['webhooks', name, 'post', 'requestBody', 'content', 'application/xml'], {
      ...Object(resource),
    })
    return problem && `${event_type}: ${problem}`
  }
  if (DOCUMENTS.v3.webhooks[event_type] === undefined) return `${event_type} is not documented`
  const content = ['post', 'requestBody', 'content', 'application/json']
  const problem = violation('v3', ['webhooks', event_type, ...content], resource)
  return problem && `${event_type}: ${problem}`
}

function violation(document: 'v3' | 'v2', steps: readonly string[], value: unknown): string | undefined {
  const pointer = [...steps, 'schema'].map(step => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
  const ajv = AJVS[document]
  const $ref = `${document}#/${pointer.join('/')}`
  const validate = validators.get($ref) ?? ajv.compile({ $ref })
  validators.set($ref, validate)
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}

/** What one operation in so many may lack; the misses beyond that. */
export function beyondOneIn(count: number, of: readonly unknown[], misses: readonly string[]): readonly string[] {
  return misses.slice(Math.floor(of.length / count))
}

export function nameOf({ method, path }: Documented): string {
  return `${method} ${path}`
}

/** What each operation responds, one after the other. */
export async function responsesOf<Given>(
  operations: readonly Documented[],
  call: (operation: Documented) => Promise<Given>,
): Promise<Map<Documented, Given>> {
  const responses = new Map<Documented, Given>()
  for (const operation of operations) responses.set(operation, await call(operation))
  return responses
}

/** What operations respond to a sample in which `change` has spoilt a field; without a field, one is left out. */
export async function refusalsOf<Given>(
  operations: readonly Documented[],
  change: (operation: Documented) => { field: string; response: Promise<Given> } | undefined,
): Promise<{ operation: Documented; field: string; response: Given }[]> {
  const refusals: { operation: Documented; field: string; response: Given }[] = []
  for (const operation of operations) {
    const changed = change(operation)
    if (changed) refusals.push({ operation, field: changed.field, response: await changed.response })
  }
  return refusals
}

/** Responses that do not fit the schema of their operation; `read` returns their status and their value. */
export function misfitsOf<Given>(
  responses: readonly (readonly [Documented, Given])[],
  read: (operation: Documented, response: Given) => { status: number; value: unknown },
): string[] {
  return responses.flatMap(([operation, response]) => {
    const { status, value } = read(operation, response)
    const problem = misfit(operation, status, value)
    return problem === undefined ? [] : [`${nameOf(operation)}: ${problem}`]
  })
}
