/** What happens to a request between its arrival and its answer, in WeChat Pay's order. */
import { ApiError } from '../../errors.js'
import { type Arrival, type Delivery, DROPPED } from '../http/server.js'
import type { Merchant } from '../keys/merchant.js'
import { problem, problemBody } from '../ledger/problem.js'
import { authorize } from './authorization.js'
import type { Call, Endpoint } from './endpoint.js'
import type { Fault, Faults } from './faults.js'
import { deliverFile } from './file-delivery.js'
import { Nonces } from './nonces.js'
import type { RequestLog } from './request-log.js'
import { type Reply, Router } from './router.js'
import { withSensitiveFields } from './sensitive.js'
import { signed, unsigned } from './sign-response.js'
import type { V2Endpoint, V2Room } from './v2/gateway.js'

interface GatewayOptions {
  merchants: ReadonlyMap<string, Merchant>
  endpoints: readonly Endpoint[]
  /** Answers what comes by APIv2. */
  v2: V2Room
  faults: Faults
  log: RequestLog
  /** Milliseconds since 1970. */
  clock: () => number
  /** Resolves to true after so many milliseconds, to false when the simulator closes before that. */
  pause: (milliseconds: number) => Promise<boolean>
}

const BAD_GATEWAY: Delivery = {
  statusCode: 502,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><body>502 Bad Gateway</body></html>',
}

const BUSY = {
  429: problem(429, 'FREQUENCY_LIMITED', '频率超限'),
  500: problem(500, 'SYSTEM_ERROR', '系统异常，请用相同参数重新调用'),
  503: problem(503, 'SERVICE_UNAVAILABLE', '服务不可用'),
  504: problem(504, 'SERVICE_UNAVAILABLE', '服务不可用'),
}

/** Answers one request after the other, with what it has learnt from those before. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #router: Router<Call>
  readonly #nonces = new Nonces()

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#router = new Router(options.endpoints.map(endpoint => withSensitiveFields(endpoint)))
  }

  async answer(request: Arrival): Promise<Delivery | typeof DROPPED> {
    const note = this.#options.log.add(request)
    const delivery = await this.#process(request).catch((error: unknown) => unsigned(refusal(error)))
    if (delivery !== DROPPED) note(delivery.statusCode)
    return delivery
  }

  async #process(request: Arrival): Promise<Delivery | typeof DROPPED> {
    const { path } = split(request.target)
    const endpoint = this.#options.v2.find(path)
    return endpoint ? this.#processV2(endpoint, request) : this.#processV3(request)
  }

  async #processV2(endpoint: V2Endpoint, request: Arrival): Promise<Delivery | typeof DROPPED> {
    const { v2, clock, faults } = this.#options
    const call = v2.admit(endpoint, request, clock())
    if ('statusCode' in call) return call
    const fault = faults.take(request.method, endpoint.path)
    return this.#misbehave(fault, () => v2.answer(endpoint, call, fault))
  }

  async #processV3(request: Arrival): Promise<Delivery | typeof DROPPED> {
    return this.#serve(this.#admit(request))
  }

  #admit(request: Arrival): Admitted {
    const { merchants, clock, faults } = this.#options
    const now = clock()
    const { path, query } = split(request.target)
    const { route, params } = this.#router.find(request.method, path)
    const merchant = authorize(request, { merchants, nonces: this.#nonces, now })
    const call = { request, params, query: new URLSearchParams(query), merchant, now }
    return { endpoint: route, call, fault: faults.take(request.method, path) }
  }

  async #serve({ endpoint, call, fault }: Admitted): Promise<Delivery | typeof DROPPED> {
    return this.#misbehave(fault, async () => {
      const { status } = fault
      const reply = status && status !== 502 ? refusal(BUSY[status]) : await handle(endpoint, call)
      if (reply.file) return deliverFile(reply.file, fault)
      const now = this.#options.clock()
      const key = call.merchant.platform.signing(call.request.headers['wechatpay-serial'], now)
      return signed(reply, key, now, fault)
    })
  }

  /** Of the fault, what concerns the connection. */
  async #misbehave(fault: Fault, answer: () => Delivery | Promise<Delivery>): Promise<Delivery | typeof DROPPED> {
    if (fault.latency && !(await this.#options.pause(fault.latency))) return DROPPED
    if (fault.drop === 'request') return DROPPED
    if (fault.status === 502) return BAD_GATEWAY
    const delivery = await answer()
    return fault.drop === 'answer' ? DROPPED : delivery
  }
}

/** A request whose sender is known to be the merchant. */
interface Admitted {
  endpoint: Endpoint
  call: Call
  fault: Fault
}

async function handle(endpoint: Endpoint, call: Call): Promise<Reply> {
  try {
    return await endpoint.handle(call)
  } catch (error) {
    return refusal(error)
  }
}

/** Anything but an ApiError is a fault of the simulator itself, and should be read in the output of a test. */
function refusal(error: unknown): Reply {
  const known = error instanceof ApiError ? error : problem(500, 'SYSTEM_ERROR', `simulator: ${String(error)}`)
  return { statusCode: known.statusCode, body: problemBody(known) }
}

function split(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
