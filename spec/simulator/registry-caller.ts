/** Calls a registry without a server and without signatures, as its gateway does once they are verified. */
import { Readable } from 'node:stream'
import { ApiError } from '../../lib/errors.js'
import type { Endpoint } from '../../lib/simulator/gateway/endpoint.js'
import { Registry } from '../../lib/simulator/gateway/registry.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { createBrand } from '../../lib/simulator/keys/brand.js'
import { createMerchant } from '../../lib/simulator/keys/merchant.js'
import { BusinessClock } from '../../lib/simulator/ledger/clock.js'
import { createLedger } from '../../lib/simulator/ledger/ledger.js'
import { readAll } from '../async.js'

export interface RegistryResponse {
  status: number
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: specs read responses freely.
  json: any
}

export interface RegistryRequest {
  method: string
  /** With the query. */
  target: string
  headers?: Record<string, string>
  body?: string
}

/** Without endpoints, the catalogue alone responds. */
export function registryCaller(simulator: Simulator, endpoints: readonly Endpoint[] = []) {
  // The keys of the brand are made when it is asked for.
  const { brand_id } = simulator.brand
  const { keys, config } = simulator
  const merchant = createMerchant(config.mchid, keys)
  const brand = keys.brand && createBrand(brand_id, keys.brand, keys)
  const registry = new Registry(endpoints, createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] }))

  /** The response, or the error that the gateway makes one of. */
  return async ({ method, target, headers = {}, body = '' }: RegistryRequest): Promise<RegistryResponse> => {
    const [path = '', query] = target.split('?')
    const caller = path.startsWith('/brand/') ? (brand ?? merchant) : merchant
    try {
      const { route, params } = registry.find(method, path)
      const request = {
        method,
        target,
        headers: { 'content-type': 'application/json', ...lowerCase(headers) },
        body: Buffer.from(body),
      }
      const now = Date.now()
      const {
        statusCode: status,
        body: text,
        file,
      } = await route.handle({
        merchant: caller,
        params,
        query: new URLSearchParams(query),
        request,
        now,
        machineTime: now,
      })
      const content = file ? Buffer.concat(await readAll(Readable.from(file.open()))).toString() : text
      return { status, text: content, json: file || text === '' ? undefined : JSON.parse(text) }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const { statusCode: status, code, message, detail } = error
      return { status, text: message, json: { code, message, detail } }
    }
  }
}

// As Node has the headers of a request.
function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
