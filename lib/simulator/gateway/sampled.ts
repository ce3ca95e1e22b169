/**
 * Sampled responses from the catalogue, for operations without a product module. They reflect what was created before.
 */
import { createHash } from 'node:crypto'
import { endpointFacts } from '../../protocol/endpoints.js'
import { isRecord } from '../../util/plain-object.js'
import { problem } from '../ledger/problem.js'
import type { Created, Records, Values } from '../ledger/records.js'
import { type Operation, resolve } from '../schema/catalogue.js'
import { familyOf, keysOf } from '../schema/families.js'
import { sampleFile } from '../schema/files.js'
import { sample } from '../schema/sample.js'
import type { Call } from './endpoint.js'
import type { EndpointResponse } from './router.js'

/**
 * The response of an operation that no product module handles. It reads, changes and deletes what was created through
 * the same API; anything else that an operation names is assumed to exist.
 *
 * @throws ApiError 404 `RESOURCE_NOT_EXISTS` when an operation reads something that a different operation should have
 *   created first.
 */
export function sampledResponse(
  operation: Operation,
  call: Call,
  parameters: Values,
  records: Records,
): EndpointResponse {
  const { mchid } = call.merchant
  const family = familyOf(operation)
  const named = Object.fromEntries(family.names.map(name => [name, parameters[name]]))
  const known = family.sources.length > 0 ? records.find(mchid, family.sources, named) : undefined
  if (!known && family.sources.length > 0 && operation.method === 'GET') {
    throw problem(404, 'RESOURCE_NOT_EXISTS', '记录不存在')
  }
  const body = asRecord(call.body)
  if (known) change(operation, known, body, records)
  const remembered = known && { ...possible(operation, known.returned), ...known.sent }
  return create(operation, call, { ...remembered, ...parameters, ...body }, records)
}

/** The documented response with the given fields. A missing required field is taken from the request or sampled. */
export function completeResponse(operation: Operation, call: Omit<Call, 'respond'>, values: object): EndpointResponse {
  const { response, document } = operation
  if (!response.content) return { statusCode: response.statusCode, body: '' }
  const given = { ...mine(call), ...call.params, ...Object.fromEntries(call.query), ...asRecord(call.body) }
  const sampled = sample(response.content.schema, { document, echoes: [given], isSparse: true })
  return { statusCode: response.statusCode, body: JSON.stringify({ ...asRecord(sampled), ...values }) }
}

// An operation that creates something below it, such as the stock of a coupon, does not change it.
function change(operation: Operation, known: Created, body: Values, records: Records): void {
  if (operation.method === 'DELETE') records.remove(known)
  else if (keysOf(operation).length === 0) known.sent = { ...known.sent, ...body }
}

/** Leaves out the states that this operation does not document: after a close, something is no longer processing. */
function possible({ document, response }: Operation, returned: Values): Values {
  const { properties = {} } = response.content ? resolve(document, response.content.schema) : {}
  const entries = Object.entries(returned).filter(([name, value]) => {
    const { enum: values } = resolve(document, properties[name] ?? {})
    return !values || values.includes(value)
  })
  return Object.fromEntries(entries)
}

function create(operation: Operation, call: Call, echo: Values, records: Records): EndpointResponse {
  const { path, document } = operation
  const { statusCode, content, mediaType } = operation.response
  if (mediaType === 'application/octet-stream') return download(operation)
  const keys = keysOf(operation)
  const sampled = content && sample(content.schema, { document, echoes: [mine(call), echo] })
  const values = { ...asRecord(sampled), ...numbersOf(asRecord(sampled), keys, call, echo) }
  if (keys.length > 0) records.add({ mchid: call.merchant.mchid, source: path, sent: echo, returned: values }, keys)
  return { statusCode, body: content ? JSON.stringify(values) : '' }
}

/** The numbers that WeChat Pay assigns: different ones for different requests. */
function numbersOf(sampled: Values, keys: readonly string[], { request }: Call, echo: Values): Values {
  const own = keys.filter(key => !(key in echo) && key in sampled)
  if (own.length === 0) return {}
  const digest = createHash('sha256')
    .update(`${request.method} ${request.target}\n`)
    .update(JSON.stringify(echo))
    .digest()
  return Object.fromEntries(own.map(key => [key, distinct(sampled[key], digest)]))
}

const DIGITS = 10

// It ends in digits of the digest, so that it looks like the documented number.
function distinct(value: unknown, digest: Buffer): unknown {
  const digits = digest.readUIntBE(0, 6).toString().padStart(DIGITS, '0').slice(-DIGITS)
  if (typeof value === 'number') return Number(`1${digits}`)
  return typeof value === 'string' ? value.slice(0, -DIGITS) + digits : value
}

// A download that the catalogue does not mark as unsigned is a statement.
function download({ method, path }: Operation): EndpointResponse {
  const { contentType, content } = sampleFile(path)
  const isSigned = !endpointFacts(method, path).unsigned
  const sha1 = isSigned && { sha1: createHash('sha1').update(content).digest('hex') }
  return { statusCode: 200, body: '', file: { contentType, open: () => [content], ...sha1 } }
}

/** The caller, where a response names it. */
function mine({ merchant: { mchid } }: Pick<Call, 'merchant'>): Values {
  return { mchid, sp_mchid: mchid, mch_id: mchid }
}

function asRecord(value: unknown): Values {
  return isRecord(value) ? value : {}
}
