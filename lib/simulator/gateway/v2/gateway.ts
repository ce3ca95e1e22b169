/** The second room of the gateway: APIv2, from the bytes of a request to the bytes of its answer. */
import { ApiError } from '../../../errors.js'
import type { Arrival, Delivery } from '../../http/server.js'
import type { Merchant } from '../../keys/merchant.js'
import type { Fault } from '../faults.js'
import { deliverFile } from '../file-delivery.js'
import { failure, Misunderstood, misunderstanding, Refused, readMessage, spoil, type V2Call } from './message.js'

export interface V2Endpoint {
  /** As on the wire: `/pay/unifiedorder`. */
  path: string
  /** Whether it takes nothing but a connection that shows the merchant certificate. */
  needsCertificate?: boolean
  /** Whether WeChat Pay leaves its answers without a `sign`. */
  isUnsigned?: boolean
  /** The code for what does not exist. */
  unknown?: string
  /** @throws Misunderstood, Refused, or an ApiError of the orders: they become the answer. */
  handle(call: V2Call): string | Buffer
}

interface RoomOptions {
  merchants: ReadonlyMap<string, Merchant>
  endpoints: readonly V2Endpoint[]
}

/** What the orders of APIv3 refuse, in the words of APIv2. */
const CODES: ReadonlyMap<string, string> = new Map([
  ['ORDER_NOT_EXIST', 'ORDERNOTEXIST'],
  ['ORDER_CLOSED', 'ORDERCLOSED'],
])

const NO_CERTIFICATE: Delivery = {
  statusCode: 400,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><head><title>400 No required SSL certificate was sent</title></head></html>',
}

export class V2Room {
  readonly #merchants: ReadonlyMap<string, Merchant>
  readonly #endpoints: ReadonlyMap<string, V2Endpoint>

  constructor({ merchants, endpoints }: RoomOptions) {
    this.#merchants = merchants
    this.#endpoints = new Map(endpoints.map(endpoint => [endpoint.path, endpoint]))
  }

  find(path: string): V2Endpoint | undefined {
    return this.#endpoints.get(path)
  }

  /** What is properly signed; or the answer to what is not, which no fault concerns. `now` in milliseconds. */
  admit(endpoint: V2Endpoint, request: Arrival, now: number): V2Call | Delivery {
    if (endpoint.needsCertificate && !request.certificate) return NO_CERTIFICATE
    return understood(() => {
      if (request.method !== 'POST') throw new Misunderstood('请使用post方法')
      const call = { ...readMessage(request, this.#merchants), now }
      const { certificate } = call.merchant
      const isOwn = !endpoint.needsCertificate || (request.certificate && certificate.raw.equals(request.certificate))
      return isOwn ? call : xml(failure(call, wrongCertificate()))
    })
  }

  /** Of the fault, what concerns the content of the answer. */
  answer(endpoint: V2Endpoint, call: V2Call, fault: Fault): Delivery {
    return understood(() => {
      const answer = attempt(endpoint, call, fault)
      if (typeof answer === 'string' && answer.startsWith('<')) return xml(spoil(answer, fault))
      return deliverFile({ contentType: 'text/plain; charset=utf-8', open: () => [Buffer.from(answer)] }, fault)
    })
  }
}

function understood<T>(step: () => T): T | Delivery {
  try {
    return step()
  } catch (error) {
    // Anything else is a fault of the simulator itself, and should be read in the output of a test.
    const known = error instanceof Misunderstood ? error : new Misunderstood(`simulator: ${String(error)}`)
    return xml(misunderstanding(known))
  }
}

function attempt(endpoint: V2Endpoint, call: V2Call, { status }: Fault): string | Buffer {
  try {
    if (status === 429) throw new Refused('FREQUENCY_LIMITED', '频率超限')
    if (status) throw new Refused('SYSTEMERROR', '系统错误，请用相同参数重新调用')
    return endpoint.handle(call)
  } catch (error) {
    const refused = refusalOf(error, endpoint)
    if (!refused) throw error
    return failure(call, refused, !endpoint.isUnsigned)
  }
}

function refusalOf(error: unknown, { unknown }: V2Endpoint): Refused | undefined {
  if (error instanceof ApiError) return new Refused(codeOf(error, unknown), error.message)
  return error instanceof Refused ? error : undefined
}

function codeOf({ code }: ApiError, unknown = code): string {
  return code === 'RESOURCE_NOT_EXISTS' ? unknown : (CODES.get(code) ?? code)
}

function wrongCertificate(): Refused {
  return new Refused('CERT_ERROR', '证书错误，请使用该商户号的API证书')
}

function xml(body: string): Delivery {
  return { statusCode: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body }
}
