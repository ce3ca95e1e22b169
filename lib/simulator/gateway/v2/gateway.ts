/** Processes APIv2 requests: verifies them, calls the endpoint and signs the response. */
import { ApiError } from '../../../errors.js'
import type { EpochMilliseconds } from '../../../util/beijing-time.js'
import type { RawRequest, RawResponse } from '../../http/server.js'
import type { Merchant } from '../../keys/merchant.js'
import type { Fault } from '../faults.js'
import { fileResponse } from '../file-response.js'
import {
  corruptSign,
  ResultCodeError,
  ReturnCodeError,
  readMessage,
  resultFailure,
  returnFailure,
  type V2Call,
} from './message.js'

export interface V2Endpoint {
  /** The path on the wire, such as `/pay/unifiedorder`. */
  path: string
  /** Whether it requires mutual TLS with the merchant certificate. */
  needsCertificate?: boolean
  /** Whether its responses have no `sign`. */
  isUnsigned?: boolean
  /** The `err_code` for an order or a refund that does not exist. */
  notFoundCode?: string
  /** Returns XML or the content of a bill. @throws ReturnCodeError, ResultCodeError, or an ApiError of the ledger. */
  handle(call: V2Call): string | Buffer
}

interface V2GatewayOptions {
  merchants: ReadonlyMap<string, Merchant>
  endpoints: readonly V2Endpoint[]
}

/** APIv3 codes of the ledger, and their equivalents in APIv2. */
const CODES: ReadonlyMap<string, string> = new Map([
  ['ORDER_NOT_EXIST', 'ORDERNOTEXIST'],
  ['ORDER_CLOSED', 'ORDERCLOSED'],
])

const NO_CERTIFICATE: RawResponse = {
  statusCode: 400,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><head><title>400 No required SSL certificate was sent</title></head></html>',
}

export class V2Gateway {
  readonly #merchants: ReadonlyMap<string, Merchant>
  readonly #endpoints: ReadonlyMap<string, V2Endpoint>

  constructor({ merchants, endpoints }: V2GatewayOptions) {
    this.#merchants = merchants
    this.#endpoints = new Map(endpoints.map(endpoint => [endpoint.path, endpoint]))
  }

  find(path: string): V2Endpoint | undefined {
    return this.#endpoints.get(path)
  }

  /** Returns the verified call, or the response to a request that fails verification. */
  authorize(endpoint: V2Endpoint, request: RawRequest, now: EpochMilliseconds): V2Call | RawResponse {
    if (endpoint.needsCertificate && !request.certificate) return NO_CERTIFICATE
    return withReturnFailure(() => {
      if (request.method !== 'POST') throw new ReturnCodeError('请使用post方法')
      const call = { ...readMessage(request, this.#merchants), now }
      const { certificate } = call.merchant
      const isOwn = !endpoint.needsCertificate || (request.certificate && certificate.raw.equals(request.certificate))
      return isOwn ? call : xml(resultFailure(call, wrongCertificate()))
    })
  }

  /** Applies the faults of the response: `status`, `signature` and `content`. */
  respond(endpoint: V2Endpoint, call: V2Call, fault: Fault): RawResponse {
    return withReturnFailure(() => {
      const body = handle(endpoint, call, fault)
      if (typeof body === 'string' && body.startsWith('<')) return xml(corruptSign(body, fault))
      return fileResponse({ contentType: 'text/plain; charset=utf-8', open: () => [Buffer.from(body)] }, fault)
    })
  }
}

function withReturnFailure<T>(step: () => T): T | RawResponse {
  try {
    return step()
  } catch (error) {
    // Any other error is a bug in the simulator. Its message is sent, so that it shows in the test.
    const known = error instanceof ReturnCodeError ? error : new ReturnCodeError(`simulator: ${String(error)}`)
    return xml(returnFailure(known))
  }
}

function handle(endpoint: V2Endpoint, call: V2Call, { status }: Fault): string | Buffer {
  try {
    if (status === 429) throw new ResultCodeError('FREQUENCY_LIMITED', '频率超限')
    if (status) throw new ResultCodeError('SYSTEMERROR', '系统错误，请用相同参数重新调用')
    return endpoint.handle(call)
  } catch (error) {
    const known = resultCodeError(error, endpoint)
    if (!known) throw error
    return resultFailure(call, known, !endpoint.isUnsigned)
  }
}

function resultCodeError(error: unknown, { notFoundCode }: V2Endpoint): ResultCodeError | undefined {
  if (error instanceof ApiError) return new ResultCodeError(v2Code(error, notFoundCode), error.message)
  return error instanceof ResultCodeError ? error : undefined
}

function v2Code({ code }: ApiError, notFoundCode = code): string {
  return code === 'RESOURCE_NOT_EXISTS' ? notFoundCode : (CODES.get(code) ?? code)
}

function wrongCertificate(): ResultCodeError {
  return new ResultCodeError('CERT_ERROR', '证书错误，请使用该商户号的API证书')
}

function xml(body: string): RawResponse {
  return { statusCode: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body }
}
