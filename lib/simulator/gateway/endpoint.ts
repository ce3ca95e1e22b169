/** One authorised request as a handler sees it, and the replies that a handler gives. */

import type { Arrival } from '../http/server.js'
import type { Merchant } from '../keys/merchant.js'
import { parameterError, problem } from '../ledger/problem.js'
import { assertFits, type Schema, type Value } from '../schema/schema.js'
import type { Reply, Route } from './router.js'

export interface Call {
  readonly merchant: Merchant
  /** The values of the path's placeholders, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly request: Arrival
  /** Milliseconds since 1970. */
  readonly now: number
}

export type Endpoint = Route<Call>

export const NO_CONTENT: Reply = { statusCode: 204, body: '' }

export function ok(value: object): Reply {
  return { statusCode: 200, body: JSON.stringify(value) }
}

/** The JSON payload, checked. @throws ApiError 415 for another content type, 400 `PARAM_ERROR` for what does not fit. */
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
  assertFits(value, schema)
  return value
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    throw parameterError('无法解析请求的 JSON 包体', { field: '', issue: 'not valid JSON in UTF-8', location: 'body' })
  }
}

/** The value of a placeholder of the route's own path. */
export function readParam({ params }: Call, name: string): string {
  const value = params[name]
  if (value === undefined) throw new TypeError(`the route has no {${name}}`)
  return value
}

/** Refuses a query whose `mchid` is missing or is not the caller's. */
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

/** Refuses a body whose `mchid` is not the caller's. */
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
