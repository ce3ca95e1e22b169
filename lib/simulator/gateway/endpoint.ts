/** An APIv3 endpoint of a product module: its checked calls, readers for their parameters, and common responses. */

import type { ApiError } from '../../errors.js'
import type { Operations } from '../../types/index.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import type { RawRequest } from '../http/server.js'
import type { Merchant } from '../keys/merchant.js'
import { parameterError } from '../ledger/problem.js'
import { METHODS, type Method, type Schema } from '../schema/catalogue.js'
import type { EndpointResponse } from './router.js'

/** A request whose signature has been verified. */
export interface VerifiedCall {
  readonly merchant: Merchant
  /** The values of the placeholders in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly request: RawRequest
  /** Business time: `simulator.advance` moves it. */
  readonly now: EpochMilliseconds
  /** The machine's time, by which signatures, certificates and keys are valid. */
  readonly machineTime: EpochMilliseconds
}

/** A way to respond to verified requests. */
export interface VerifiedRoute {
  readonly method: Method
  readonly path: string
  handle(call: VerifiedCall): EndpointResponse | Promise<EndpointResponse>
}

/** A verified request whose parameters and payload fit the catalogue, with the sensitive fields in plain text. */
export interface Call<Body = unknown> extends VerifiedCall {
  /** The JSON of the payload; undefined without one. */
  readonly body: Body
  /**
   * The documented response with these fields. Required fields that are not given repeat the request or are sampled;
   * optional ones are left out. The given fields are not checked.
   */
  readonly respond: (values: object) => EndpointResponse
}

export interface Endpoint {
  readonly method: Method
  /** The documented path, such as `/v3/pay/transactions/id/{transaction_id}`. */
  readonly path: string
  handle(call: Call): EndpointResponse | Promise<EndpointResponse>
  /** Rules for the payload that the documents give in prose, in addition to the catalogue. */
  readonly rules?: Schema
  /**
   * What compares a repeated merchant number with its first request. `'registry'`, the default: the same content
   * returns the first response without a call of `handle`, different content fails with 400 `INVALID_REQUEST`.
   * `'ledger'`: `handle` compares, because the number is shared with other endpoints or the response changes with the
   * state.
   */
  readonly numbers?: 'registry' | 'ledger'
}

type Key = keyof Operations & `${'get' | 'post' | 'put' | 'patch' | 'delete'} /${string}`

/**
 * An endpoint whose `call.body` has the documented type of its operation, which the registry has checked.
 *
 * ```ts
 * endpoint('post /v3/refund/domestic/refunds', ({ body, merchant, respond, now }) =>
 *   respond(describe(refunds.place(merchant.mchid, body, now))))
 * ```
 */
export function endpoint<Name extends Key>(
  operation: Name,
  handle: (call: Call<Operations[Name]['json']>) => EndpointResponse | Promise<EndpointResponse>,
  options: Pick<Endpoint, 'rules' | 'numbers'> = {},
): Endpoint {
  const [method = '', path = ''] = operation.split(' ')
  const known = METHODS.find(name => name === method.toUpperCase())
  if (known === undefined) throw new TypeError(`${operation} has no HTTP method.`)
  return { ...options, method: known, path, handle }
}

/**
 * The endpoints, and the same endpoints for other callers, at paths that begin with one of `others` instead of `start`.
 */
export function alsoAt(start: string, others: readonly string[], endpoints: readonly Endpoint[]): Endpoint[] {
  return [start, ...others].flatMap(prefix =>
    endpoints.map(one => ({ ...one, path: prefix + one.path.slice(start.length) })),
  )
}

export const NO_CONTENT: EndpointResponse = { statusCode: 204, body: '' }

export function ok(value: object): EndpointResponse {
  return { statusCode: 200, body: JSON.stringify(value) }
}

/** Returns the value of a placeholder in the path of the route. */
export function readParam({ params }: Pick<Call, 'params'>, name: string): string {
  const value = params[name]
  if (value === undefined) throw new TypeError(`The path of the route has no {${name}}.`)
  return value
}

/** @throws ApiError 400 `PARAM_ERROR` unless the `mchid` or `sp_mchid` in the query is the caller's. */
export function requireOwnQuery({ query, merchant }: Pick<Call, 'query' | 'merchant'>): void {
  const name = query.has('sp_mchid') ? 'sp_mchid' : 'mchid'
  const mchid = query.get(name) ?? ''
  if (mchid !== merchant.mchid) throw foreignMerchant(name, mchid, 'query')
}

/** @throws ApiError 400 `PARAM_ERROR` unless the `mchid` or `sp_mchid` in the body is the caller's. */
export function requireOwnBody({
  merchant,
  body,
}: Call<{ mchid?: string | undefined; sp_mchid?: string | undefined }>): void {
  const name = body.sp_mchid === undefined ? 'mchid' : 'sp_mchid'
  const mchid = body[name] ?? ''
  if (mchid !== merchant.mchid) throw foreignMerchant(`/${name}`, mchid, 'body')
}

/** A merchant ID in the request that is not the caller's. */
export function foreignMerchant(field: string, value: string, location: 'body' | 'query'): ApiError {
  const where = location === 'body' ? 'post payload' : 'query'
  return parameterError(`http header中的mchid与${where}中的mchid不匹配`, {
    field,
    value,
    issue: 'not the mchid of the Authorization header',
    location,
  })
}
