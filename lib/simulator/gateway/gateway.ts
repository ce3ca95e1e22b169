/** Processes a request in the order of WeChat Pay: find the endpoint, verify, handle, sign the response. */
import { ApiError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { DROPPED, type RawRequest, type RawResponse } from '../http/server.js'
import type { Callers } from '../keys/callers.js'
import { problem, problemBody } from '../ledger/problem.js'
import { authorize } from './authorization.js'
import { DiagnosedError, type DiagnosedResponse } from './diagnosis.js'
import type { VerifiedCall, VerifiedRoute } from './endpoint.js'
import type { Fault, Faults } from './faults.js'
import { fileResponse } from './file-response.js'
import { Nonces } from './nonces.js'
import type { Registry } from './registry.js'
import type { RequestLog } from './request-log.js'
import type { EndpointResponse } from './router.js'
import { signResponse, signStatement, unsignedResponse } from './sign-response.js'
import type { V2Gateway, V2Route } from './v2/gateway.js'

interface GatewayOptions {
  callers: Pick<Callers, 'merchants' | 'brands'>
  registry: Registry
  /** Handles APIv2 requests. */
  v2: V2Gateway
  faults: Faults
  log: RequestLog
  /** The machine's time. */
  clock: () => EpochMilliseconds
  /** Runs what is due at a time of the machine, and returns the business time. */
  businessTime: (machineTime: EpochMilliseconds) => EpochMilliseconds
  /**
   * Runs a call that may change the ledger. `time` is the machine's; `isDone` returns whether something may have
   * changed.
   */
  change: <T>(
    request: RawRequest,
    time: EpochMilliseconds,
    run: () => Promise<T>,
    isDone: (outcome: T) => boolean,
  ) => Promise<T>
  /** Whether a read-only request has changed the ledger since the last call. */
  takeTouched: () => boolean
  /** Resolves to true after the given number of milliseconds, or to false when the simulator closes first. */
  pause: (milliseconds: number) => Promise<boolean>
}

const BAD_GATEWAY: RawResponse = {
  statusCode: 502,
  headers: { 'Content-Type': 'text/html' },
  body: '<html><body>502 Bad Gateway</body></html>',
}

/** Every other path belongs to APIv2. */
const V3_PATH = /^\/(?:v3|hk|global|brand)(?:\/|$)/

const STATUS_PROBLEMS = {
  429: problem(429, 'FREQUENCY_LIMITED', '频率超限'),
  500: problem(500, 'SYSTEM_ERROR', '系统异常，请用相同参数重新调用'),
  503: problem(503, 'SERVICE_UNAVAILABLE', '服务不可用'),
  504: problem(504, 'SERVICE_UNAVAILABLE', '服务不可用'),
}

export class Gateway {
  readonly #options: GatewayOptions
  readonly #nonces = new Nonces()

  constructor(options: GatewayOptions) {
    this.#options = options
  }

  async respond(request: RawRequest): Promise<RawResponse | typeof DROPPED> {
    const time = this.#options.clock()
    const log = this.#options.log.add(request, time)
    const response = await this.#process(request, time).catch(refusal)
    if (response !== DROPPED) log(response)
    return response
  }

  /** Repeats a request from the journal. The response is not used, so it is not signed. */
  async redo(request: RawRequest): Promise<void> {
    if (!V3_PATH.test(request.target)) return void (await this.respond(request))
    const time = this.#options.clock()
    const log = this.#options.log.add(request, time)
    try {
      const { route, call } = this.#authorize(request, time)
      log(unsignedResponse(await handle(route, call)))
    } catch (error) {
      log(refusal(error))
    }
  }

  /** `time` is the machine's, when the request arrived. */
  async #process(request: RawRequest, time: EpochMilliseconds): Promise<DiagnosedResponse | typeof DROPPED> {
    const { path } = split(request.target)
    if (V3_PATH.test(path)) return this.#processV3(request, time)
    const { v2 } = this.#options
    const route = v2.find(request.method, path)
    return 'statusCode' in route ? route : this.#processV2(route, request, time)
  }

  async #processV2(
    route: V2Route,
    request: RawRequest,
    time: EpochMilliseconds,
  ): Promise<DiagnosedResponse | typeof DROPPED> {
    const { v2, businessTime, faults, change } = this.#options
    const call = v2.authorize(route, request, businessTime(time))
    if ('statusCode' in call) return call
    const fault = faults.take(request.method, route.path)
    return this.#misbehave(fault, () =>
      change(
        request,
        time,
        () => v2.respond(route, call, fault),
        () => this.#mayHaveChanged(request),
      ),
    )
  }

  async #processV3(request: RawRequest, time: EpochMilliseconds): Promise<RawResponse | typeof DROPPED> {
    const { route, call, fault } = this.#authorize(request, time)
    return this.#misbehave(fault, async () => {
      const { status } = fault
      const response =
        status && status !== 502 ? errorResponse(STATUS_PROBLEMS[status]) : await this.#handle(route, call)
      const { file } = response
      if (file && file.sha1 === undefined) return fileResponse(file, fault)
      const now = this.#options.clock()
      const key = call.merchant.platform.signing(call.request.headers['wechatpay-serial'], now)
      const signing = { fault, scheme: call.merchant.scheme }
      return file ? signStatement(file, key, now, signing) : signResponse(response, key, now, signing)
    })
  }

  #handle(route: VerifiedRoute, call: VerifiedCall): Promise<EndpointResponse> {
    const { request, machineTime } = call
    const isDone = ({ statusCode }: EndpointResponse) => statusCode < 500 && this.#mayHaveChanged(request)
    return this.#options.change(request, machineTime, () => handle(route, call), isDone)
  }

  // This includes refused requests: a failed payment by code ends its order.
  #mayHaveChanged({ method }: RawRequest): boolean {
    return this.#options.takeTouched() || method !== 'GET'
  }

  #authorize(
    request: RawRequest,
    machineTime: EpochMilliseconds,
  ): { route: VerifiedRoute; call: VerifiedCall; fault: Fault } {
    const { callers, registry, businessTime, faults } = this.#options
    const { path, query } = split(request.target)
    const { route, params } = registry.find(request.method, path)
    const merchant = authorize(request, { callers, nonces: this.#nonces, now: machineTime })
    const call = {
      request,
      params,
      query: new URLSearchParams(query),
      merchant,
      now: businessTime(machineTime),
      machineTime,
    }
    return { route, call, fault: faults.take(request.method, path) }
  }

  /** Applies the faults of the connection: `latency`, `drop` and status 502. */
  async #misbehave(
    fault: Fault,
    respond: () => RawResponse | Promise<RawResponse>,
  ): Promise<RawResponse | typeof DROPPED> {
    if (fault.latency && !(await this.#options.pause(fault.latency))) return DROPPED
    if (fault.drop === 'request') return DROPPED
    if (fault.status === 502) return BAD_GATEWAY
    const response = await respond()
    return fault.drop === 'response' ? DROPPED : response
  }
}

async function handle(route: VerifiedRoute, call: VerifiedCall): Promise<EndpointResponse> {
  try {
    return await route.handle(call)
  } catch (error) {
    return errorResponse(error)
  }
}

function refusal(error: unknown): DiagnosedResponse {
  const response = unsignedResponse(errorResponse(error))
  return error instanceof DiagnosedError ? { ...response, diagnosis: error.diagnosis } : response
}

/** Any error other than an ApiError is a bug in the simulator. Its message is sent, so that it shows in the test. */
function errorResponse(error: unknown): EndpointResponse {
  const known = error instanceof ApiError ? error : problem(500, 'SYSTEM_ERROR', `simulator: ${String(error)}`)
  return { statusCode: known.statusCode, body: problemBody(known) }
}

function split(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
