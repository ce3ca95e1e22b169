/** The control API under `/_sim/`: lets a test in any language control a simulator with JSON. */
import { ApiError, InvalidArgumentError } from '../../errors.js'
import type { DROPPED, RawRequest, RawResponse } from '../http/server.js'
import { problem, problemBody } from '../ledger/problem.js'
import { pageFile } from '../page/page.js'
import { compile, type JsonSchema, type Validate } from '../schema/validator.js'
import { crossOriginHeaders, requireAccess } from './access.js'
import type { EventStream } from './event-stream.js'
import { describeControl } from './openapi.js'
import { type Controlled, type ControlOperation, OPERATIONS } from './operations.js'

interface ControlOptions {
  controlled: () => Controlled
  /** The host names of the simulator besides loopback; empty when only this machine can reach it. */
  hosts: readonly string[]
  events: EventStream
}

const ROOT = '/_sim/'
const validators = new Map<JsonSchema, Promise<Validate>>()

export class Control {
  readonly #options: ControlOptions

  constructor(options: ControlOptions) {
    this.#options = options
  }

  /** Whether a request is for the control API. No path of WeChat Pay begins with `/_sim`. */
  owns({ target }: RawRequest): boolean {
    return target.startsWith(ROOT) || target === '/_sim'
  }

  async respond(request: RawRequest): Promise<RawResponse | typeof DROPPED> {
    try {
      requireAccess(request, this.#options.hosts)
      const response = await this.#process(request)
      return { ...response, headers: { ...SAFE, ...response.headers, ...crossOriginHeaders(request) } }
    } catch (error) {
      const known = asApiError(error)
      const headers = { ...SAFE, ...JSON_TYPE, ...crossOriginHeaders(request) }
      return { statusCode: known.statusCode, headers, body: problemBody(known) }
    }
  }

  async #process(request: RawRequest): Promise<RawResponse> {
    const { method } = request
    const { pathname, searchParams } = new URL(request.target, 'http://localhost')
    const name = pathname.slice(ROOT.length)
    if (method === 'OPTIONS') return { statusCode: 204, headers: {}, body: '' }
    const controlled = this.#options.controlled()
    const { url } = controlled.simulator
    const file = method === 'GET' ? pageFile(name, controlled.networkUrl ?? url) : undefined
    if (file) return file
    if (method === 'GET' && name === 'events') return this.#options.events.open()
    if (name === 'openapi.json') return json(describeControl(url))
    const operation = findOperation(method, name)
    const body = operation.body ? await readBody(operation.body, request.body) : undefined
    const result = await operation.handle(controlled, body)
    if (method === 'POST') this.#options.events.publish()
    return json(operation.isList ? newest(result, searchParams.get('limit')) : (result ?? {}))
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
const SAFE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

function json(value: unknown): RawResponse {
  return { statusCode: 200, headers: JSON_TYPE, body: JSON.stringify(value) }
}

function findOperation(method: string, name: string): ControlOperation {
  const found = OPERATIONS.find(operation => operation.name === name)
  if (!found) {
    const names = OPERATIONS.map(operation => operation.name).join(', ')
    throw problem(404, 'NOT_FOUND', `The control API has no ${ROOT}${name}. Use one of ${names}, openapi.json.`)
  }
  if (found.method === method) return found
  throw problem(405, 'METHOD_NOT_ALLOWED', `${ROOT}${name} does not support ${method}. Use ${found.method}.`)
}

/** @throws ApiError 400 for a limit that is not a positive integer. */
function newest(result: unknown, limit: string | null): unknown {
  if (limit === null) return result
  if (!/^[1-9]\d{0,8}$/.test(limit)) {
    throw problem(
      400,
      'INVALID_REQUEST',
      `\`limit\` must be a positive integer; got ${JSON.stringify(limit)}. Leave it out to read all.`,
    )
  }
  const lists = Object.entries<unknown[]>(Object(result))
  return Object.fromEntries(lists.map(([name, items]) => [name, items.slice(-Number(limit))]))
}

/** @throws ApiError 400 that names the first wrong field. */
async function readBody(schema: JsonSchema, bytes: Buffer): Promise<unknown> {
  const body = parse(bytes)
  const known = validators.get(schema) ?? compile(closed(schema))
  validators.set(schema, known)
  const [failure] = (await known)(body) ?? []
  if (!failure) return body
  const { instancePath, params, message = 'is not valid' } = failure
  const field = params.additionalProperty ?? params.missingProperty
  const where = field === undefined ? instancePath : `${instancePath}/${field}`
  const problemOf = params.additionalProperty === undefined ? message : 'is not known'
  throw problem(400, 'INVALID_REQUEST', `\`${where}\`: ${problemOf}. The fields are described in ${ROOT}openapi.json.`)
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString() || '{}')
  } catch {
    throw problem(400, 'INVALID_REQUEST', 'The body must be JSON; got something else. Send an object.')
  }
}

/** Values beside those of an `enum` are refused: the catalogue's validators accept them. */
function closed(schema: JsonSchema): JsonSchema {
  const copy: unknown = JSON.parse(JSON.stringify(schema), (_, value) =>
    value?.enum ? { ...value, 'x-closed': true } : value,
  )
  return Object(copy)
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof InvalidArgumentError || error instanceof SyntaxError) {
    return problem(400, 'INVALID_REQUEST', error.message)
  }
  return problem(500, 'SIMULATOR', `The simulator failed: ${String(error)}`)
}
