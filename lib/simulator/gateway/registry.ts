/**
 * The registry of APIv3: every operation of the catalogue, with the product modules that handle some of them. Each request
 * passes the same steps: decrypt, check against the schema, compare a repeated merchant number, handle, encrypt.
 */

import type { Ledger } from '../ledger/ledger.js'
import { problem } from '../ledger/problem.js'
import { type Operation, operationsOf } from '../schema/catalogue.js'
import { documentedPart } from '../schema/documented.js'
import { merchantNumbersOf } from '../schema/families.js'
import { checkBody, checkParameters, checkRules } from '../schema/request.js'
import { requireAuthority } from './authority.js'
import type { Call, Endpoint, VerifiedRoute } from './endpoint.js'
import { readJson } from './json-body.js'
import { type EndpointResponse, Router } from './router.js'
import { completeResponse, sampledResponse } from './sampled.js'
import { withSensitiveFields } from './sensitive.js'

export class Registry {
  readonly #endpoints: readonly Endpoint[]
  readonly #ledger: Pick<Ledger, 'records' | 'merchants'>
  #router: Router<VerifiedRoute> | undefined

  constructor(endpoints: readonly Endpoint[], ledger: Pick<Ledger, 'records' | 'merchants'>) {
    this.#endpoints = endpoints
    this.#ledger = ledger
  }

  /**
   * `path` is the raw path without the query. The first call reads the catalogue.
   *
   * @throws ApiError 404 for an unknown path, 405 for a method that the path does not support.
   */
  find(method: string, path: string): { route: VerifiedRoute; params: Record<string, string> } {
    this.#router ??= new Router(this.#routes())
    return this.#router.find(method, path)
  }

  #routes(): VerifiedRoute[] {
    const handled = new Map(this.#endpoints.map(endpoint => [`${endpoint.method} ${endpoint.path}`, endpoint]))
    const routes = operationsOf('v3').flatMap(operation => {
      const { method, path, prefix } = operation
      const key = `${method} ${path}`
      const route = this.#routeOf(operation, handled.get(key))
      handled.delete(key)
      // With and without the path prefix of the host, which is part of the signature: /hk/v3/merchants.
      return prefix === '' ? [route] : [route, { ...route, path: prefix + path }]
    })
    const [unknown] = handled.keys()
    if (unknown !== undefined)
      throw new TypeError(`A product module handles ${unknown}, which the catalogue does not have.`)
    return routes
  }

  #routeOf(operation: Operation, endpoint: Endpoint | undefined): VerifiedRoute {
    const { method, path } = operation
    return withSensitiveFields({
      method,
      path,
      handle: async verified => {
        const parameters = await checkParameters(operation, { ...verified, headers: verified.request.headers })
        const body = operation.payload ? readJson(verified.request) : undefined
        if (operation.payload) await checkBody(operation, body)
        if (endpoint?.rules) await checkRules(operation, endpoint.rules, body)
        requireAuthority(operation, { ...verified, body }, this.#ledger.merchants)
        const respond = (values: object) => completeResponse(operation, { ...verified, body }, values)
        const call: Call = { ...verified, body, respond }
        const handle = () =>
          endpoint
            ? documented(operation, endpoint.handle(call))
            : sampledResponse(operation, call, parameters, this.#ledger.records)
        return endpoint?.numbers === 'ledger' ? handle() : this.#handleOnce(operation, call, handle)
      },
    })
  }

  /** Compares a repeated merchant number with its first request. A failed request does not use the number up. */
  async #handleOnce(
    operation: Operation,
    { merchant, params, body }: Call,
    handle: () => EndpointResponse | Promise<EndpointResponse>,
  ): Promise<EndpointResponse> {
    const names = merchantNumbersOf(operation)
    if (names.length === 0) return handle()
    const numbers = names.map(name => Reflect.get(Object(body), name))
    const key = JSON.stringify([merchant.mchid, operation.method, operation.path, params, numbers])
    const before = this.#ledger.records.repeated(key, body, () =>
      problem(400, 'INVALID_REQUEST', `${names.join('、')}已被使用，且请求参数与之前不一致`),
    )
    if (before) return before
    const handled = handle()
    // No await between the two: no other request with the same number may come in between.
    const response = handled instanceof Promise ? await handled : handled
    if (response.statusCode < 300) this.#ledger.records.keep(key, body, response)
    return response
  }
}

/** The response contains documented fields only, even if the ledger knows more. */
function documented(operation: Operation, given: ReturnType<Endpoint['handle']>): ReturnType<Endpoint['handle']> {
  if (given instanceof Promise) return given.then(response => documented(operation, response))
  const schema = operation.response.content?.schema
  if (!schema || given.body === '') return given
  return { ...given, body: JSON.stringify(documentedPart(operation.document, schema, JSON.parse(given.body))) }
}
