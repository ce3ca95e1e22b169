/** Processes APIv2 requests: finds the operation, verifies, checks against the schema, handles, signs the response. */

import { ApiError } from '../../../errors.js'
import { v2Facts } from '../../../protocol/v2/endpoints.js'
import type { EpochMilliseconds } from '../../../util/beijing-time.js'
import type { RawRequest, RawResponse } from '../../http/server.js'
import type { Callers } from '../../keys/callers.js'
import type { Merchants } from '../../ledger/merchants.js'
import { v2CodeOf } from '../../ledger/v2-codes.js'
import { type Operation, operationsOf } from '../../schema/catalogue.js'
import { requireV2Authority } from '../authority.js'
import type { DiagnosedResponse } from '../diagnosis.js'
import type { Fault } from '../faults.js'
import { fileResponse } from '../file-response.js'
import { checkFields } from './fields.js'
import {
  corruptSign,
  ResultCodeError,
  ReturnCodeError,
  readMessage,
  resultFailure,
  returnFailure,
  type V2Call,
} from './message.js'
import { sampledResponse, type V2Response } from './sampled.js'

/** An endpoint of a product module. */
export interface V2Endpoint {
  /** The path on the wire, such as `/pay/unifiedorder`. */
  readonly path: string
  /** The `err_code` for an order or a refund that does not exist. */
  readonly notFoundCode?: string
  /** Returns XML or the content of a bill. @throws ReturnCodeError, ResultCodeError, or an ApiError of the ledger. */
  handle(call: V2Call): string | Buffer
}

/** An operation of the catalogue, and the product module that handles it. */
export interface V2Route {
  readonly path: string
  readonly operation: Operation
  readonly endpoint: V2Endpoint | undefined
}

interface V2GatewayOptions {
  callers: Pick<Callers, 'merchants'>
  merchants: Merchants
  endpoints: readonly V2Endpoint[]
}

const NO_CERTIFICATE: RawResponse = {
  statusCode: 400,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><head><title>400 No required SSL certificate was sent</title></head></html>',
}

export class V2Gateway {
  readonly #options: V2GatewayOptions
  #routes: ReadonlyMap<string, V2Route> | undefined

  constructor(options: V2GatewayOptions) {
    this.#options = options
  }

  /** Returns the response to a request. The first call reads the catalogue. */
  find(method: string, path: string): V2Route | RawResponse {
    this.#routes ??= createRoutes(this.#options.endpoints)
    const route = this.#routes.get(path)
    if (!route) return { ...xml(returnFailure(unknownPath(method, path))), statusCode: 404 }
    if (route.operation.method === method) return route
    return xml(returnFailure(new ReturnCodeError(`请使用${route.operation.method.toLowerCase()}方法`)))
  }

  /**
   * Returns the verified call, or the response to a request that fails verification. `now` is business time.
   */
  authorize(
    { operation: { method, path } }: V2Route,
    request: RawRequest,
    now: EpochMilliseconds,
  ): V2Call | DiagnosedResponse {
    const { mutualTls, unsigned, nonceless, merchantField, signsQuery } = v2Facts(method, path)
    if (mutualTls && !request.certificate) return NO_CERTIFICATE
    const isSigned = method === 'GET' ? signsQuery : merchantField !== undefined
    return withReturnFailure(() => {
      const message = readMessage(request, this.#options.callers.merchants, {
        merchantField,
        hasNonce: !nonceless,
        isSigned,
      })
      const call = { ...message, now, isSigned: !unsigned }
      const { certificate } = call.merchant
      const isOwn = !mutualTls || (request.certificate && certificate?.raw.equals(request.certificate))
      return isOwn ? call : xml(resultFailure(call, wrongCertificate()))
    })
  }

  /** Applies the faults of the response: `status`, `signature` and `content`. */
  async respond(route: V2Route, call: V2Call, fault: Fault): Promise<RawResponse> {
    try {
      const { body, contentType } = await handle(route, call, fault, this.#options.merchants)
      if (contentType === 'text/xml') return xml(corruptSign(body.toString(), fault))
      return fileResponse({ contentType: `${contentType}; charset=utf-8`, open: () => [Buffer.from(body)] }, fault)
    } catch (error) {
      return xml(returnFailure(asReturnCodeError(error)))
    }
  }
}

function createRoutes(endpoints: readonly V2Endpoint[]): ReadonlyMap<string, V2Route> {
  const handled = new Map(endpoints.map(endpoint => [endpoint.path, endpoint]))
  return new Map(
    operationsOf('v2').map(operation => {
      const { path } = operation
      return [path, { path, operation, endpoint: handled.get(path) }]
    }),
  )
}

function withReturnFailure<T>(step: () => T): T | DiagnosedResponse {
  try {
    return step()
  } catch (error) {
    const known = asReturnCodeError(error)
    return { ...xml(returnFailure(known)), diagnosis: known.diagnosis }
  }
}

/** Any other error is a bug in the simulator. Its message is sent, so that the test shows it. */
function asReturnCodeError(error: unknown): ReturnCodeError {
  return error instanceof ReturnCodeError ? error : new ReturnCodeError(`simulator: ${String(error)}`)
}

async function handle(
  { operation, endpoint }: V2Route,
  call: V2Call,
  { status }: Fault,
  merchants: Merchants,
): Promise<V2Response> {
  try {
    if (status === 429) throw new ResultCodeError('FREQUENCY_LIMITED', '频率超限')
    if (status) throw new ResultCodeError('SYSTEMERROR', '系统错误，请用相同参数重新调用')
    await checkFields(operation, call.fields)
    requireV2Authority(call, merchants)
    return endpoint ? describe(endpoint.handle(call)) : sampledResponse(operation, call)
  } catch (error) {
    const known = resultCodeError(error, endpoint)
    if (!known) throw error
    return describe(resultFailure(call, known))
  }
}

function describe(body: string | Buffer): V2Response {
  if (typeof body !== 'string' || !body.startsWith('<')) return { body, contentType: 'text/plain' }
  return { body, contentType: body.startsWith('<!DOCTYPE') ? 'text/html' : 'text/xml' }
}

function resultCodeError(error: unknown, endpoint: V2Endpoint | undefined): ResultCodeError | undefined {
  if (error instanceof ApiError) return new ResultCodeError(v2Code(error, endpoint?.notFoundCode), error.message)
  return error instanceof ResultCodeError ? error : undefined
}

function v2Code({ code }: ApiError, notFoundCode = code): string {
  return code === 'RESOURCE_NOT_EXISTS' ? notFoundCode : v2CodeOf(code)
}

function wrongCertificate(): ResultCodeError {
  return new ResultCodeError('CERT_ERROR', '证书错误，请使用该商户号的API证书')
}

function unknownPath(method: string, path: string): ReturnCodeError {
  return new ReturnCodeError(`The simulator has no endpoint ${method} ${path}`)
}

function xml(body: string): RawResponse {
  return { statusCode: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body }
}
