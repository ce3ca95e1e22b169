/** An APIv3 endpoint: its verified calls, readers for their parameters, and common responses. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { RawRequest } from '../http/server.js'
import type { Merchant } from '../keys/merchant.js'
import { parameterError, problem } from '../ledger/problem.js'
import { assertValid, type Schema, type Value } from '../schema/schema.js'
import type { EndpointResponse, Route } from './router.js'

export interface Call {
  readonly merchant: Merchant
  /** The values of the placeholders in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly request: RawRequest
  readonly now: EpochMilliseconds
}

export type Endpoint = Route<Call>

export const NO_CONTENT: EndpointResponse = { statusCode: 204, body: '' }

export function ok(value: object): EndpointResponse {
  return { statusCode: 200, body: JSON.stringify(value) }
}

/**
 * Returns the JSON body.
 *
 * @throws ApiError 415 for a different content type, 400 `PARAM_ERROR` for a body that violates the schema.
 */
export function readJson<const S extends Schema>({ request }: Call, schema: S): Value<S> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw problem(415, 'INVALID_REQUEST', 'Http头Content-Type必须是application/json', {
      field: 'content-type',
      value: type,
      issue: 'unsupported media type',
      location: 'header',
    })
  }
  const value = parse(request.body)
  assertValid(value, schema)
  return value
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    throw parameterError('无法解析请求的 JSON 包体', { field: '', issue: 'not valid JSON in UTF-8', location: 'body' })
  }
}

/** Returns the value of a placeholder in the path of the route. */
export function readParam({ params }: Call, name: string): string {
  const value = params[name]
  if (value === undefined) throw new TypeError(`The path of the route has no {${name}}.`)
  return value
}

/** @throws ApiError 400 `PARAM_ERROR` unless the `mchid` in the query is the caller's. */
export function requireOwnQuery({ query, merchant }: Call): void {
  const mchid = query.get('mchid')
  if (!mchid) {
    const issue = '此字段为必填项'
    throw parameterError(`输入源“/query/mchid”映射到字段“直连商户号”规则校验失败，${issue}`, {
      field: 'mchid',
      value: '',
      issue,
      location: 'query',
    })
  }
  if (mchid !== merchant.mchid) throw foreignMerchant('mchid', mchid, 'query')
}

/** @throws ApiError 400 `PARAM_ERROR` unless the `mchid` in the body is the caller's. */
export function requireOwnBody({ merchant }: Call, { mchid }: { mchid: string }): void {
  if (mchid !== merchant.mchid) throw foreignMerchant('/mchid', mchid, 'body')
}

function foreignMerchant(field: string, value: string, location: 'body' | 'query') {
  const where = location === 'body' ? 'post payload' : 'query'
  return parameterError(`http header中的mchid与${where}中的mchid不匹配`, {
    field,
    value,
    issue: 'not the mchid of the Authorization header',
    location,
  })
}
