import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  beyondOneIn,
  type Documented,
  dereference,
  documented,
  encryptMarked,
  encryptWith,
  headersOf,
  misfitsOf,
  nameOf,
  refusalsOf,
  responsesOf,
  targetOf,
} from './catalogue-requests.js'
import { isSigned, type RawResponse, send as sendRaw } from './raw-merchant.js'
import { type RegistryRequest, type RegistryResponse, registryCaller } from './registry-caller.js'
import { startSimulator } from './start.js'

const OPERATIONS = documented('v3')
const JSON_OPERATIONS = OPERATIONS.filter(({ example }) => example !== undefined)

const agent = new Agent({ keepAlive: true })
const simulator = await startSimulator()
const { config, brand } = simulator
const callRegistry = registryCaller(simulator)
let sent: Map<Documented, RawResponse>

/** The official sample, or the given payload, of an operation, as the merchant or the brand sends it. */
function requestOf(operation: Documented, change = (payload: unknown) => payload): RegistryRequest {
  const { document, method, schema, example, definition } = operation
  const { certs } = configOf(operation)
  const [serial = '', key = ''] = Object.entries(certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
  const padding = definition['x-encrypted-padding'] === 'pkcs1' ? 1 : undefined
  const encrypt = (value: string) => encryptWith(key, value, padding)
  const sensitive = new Set(
    (definition.parameters ?? [])
      .filter((parameter: { schema: object }) => 'x-encrypted' in parameter.schema)
      .map(({ name }: { name: string }) => name),
  )
  const { mchid } = config
  const own = operation.path.startsWith('/brand/') ? {} : { mchid, sp_mchid: mchid, combine_mchid: mchid }
  const target = targetOf(operation, own, (name, value) => (sensitive.has(name) ? encrypt(value) : value))
  const named = Object.entries(own).filter(([name]) => example && name in example)
  const sample = example && { ...example, ...Object.fromEntries(named) }
  const payload = example && change(encryptMarked(document, schema, sample, encrypt))
  const headers = { 'Wechatpay-Serial': serial, ...headersOf(operation) }
  return { method, target, headers, ...(payload !== undefined && { body: JSON.stringify(payload) }) }
}

/** Over the network, signed. */
function send(operation: Documented): Promise<RawResponse> {
  const { target, ...call } = requestOf(operation)
  return sendRaw(configOf(operation), { ...call, path: target, agent })
}

const configOf = ({ path }: Documented) => (path.startsWith('/brand/') ? brand : config)
const succeeded = <Given extends { status: number }>(responses: Map<Documented, Given>) =>
  [...responses].filter(([, { status }]) => status < 300)
const bodyOf = (_: Documented, { status, json }: { status: number; json: unknown }) => ({ status, value: json })

beforeAll(async () => {
  sent = await responsesOf(OPERATIONS, send)
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await simulator.close()
})

describe('every operation of the catalogue', () => {
  it('is known', () => {
    const unknown = [...sent].filter(
      ([, { status, text }]) => status === 405 || status >= 500 || text.includes('has no endpoint'),
    )
    expect(unknown.map(([operation, { text }]) => [nameOf(operation), text])).toEqual([])
    expect(sent.size).toBeGreaterThan(1000)
  })

  it('accepts its official sample', () => {
    const refused = [...sent].filter(
      ([operation, { json }]) => operation.example && json?.code === 'PARAM_ERROR' && json.detail?.location === 'body',
    )
    expect(refused.map(([operation, { text }]) => [nameOf(operation), text])).toEqual([])
  })

  it('returns the documented status, in a signed response unless the catalogue says otherwise', () => {
    const wrong = succeeded(sent).filter(([operation, response]) => {
      const { status, headers } = response
      const { definition } = operation
      if (!(status in definition.responses)) return true
      if (definition['x-unsigned']) return headers['wechatpay-signature'] !== undefined
      return !isSigned(response, configOf(operation))
    })
    expect(wrong.map(([operation]) => nameOf(operation))).toEqual([])
    // The others name what nobody has created, or what is in a different state.
    expect(succeeded(sent).length).toBeGreaterThan(600)
  })

  it('returns a response that fits its schema', () => {
    const documents = succeeded(sent).filter(([{ definition }, { status }]) => !isFile(definition.responses[status]))
    expect(beyondOneIn(100, documents, misfitsOf(documents, bodyOf))).toEqual([])
  })
})

describe('the catalogue alone, without any state of a product,', () => {
  let sampled: Map<Documented, RegistryResponse>
  beforeAll(async () => {
    sampled = await responsesOf(OPERATIONS, operation => callRegistry(requestOf(operation)))
  }, 60_000)

  it('has a response for nearly every operation, which fits its schema', () => {
    const documents = succeeded(sampled).filter(([{ definition }, { status }]) => !isFile(definition.responses[status]))
    expect(documents.length).toBeGreaterThan(900)
    expect(beyondOneIn(100, documents, misfitsOf(documents, bodyOf))).toEqual([])
  })

  it('has a file where one is documented', () => {
    const files = succeeded(sampled).filter(([{ definition }, { status }]) => isFile(definition.responses[status]))
    expect(files.filter(([, { text }]) => text === '').map(([operation]) => nameOf(operation))).toEqual([])
    expect(files.length).toBeGreaterThan(6)
  })

  const random = seeded(20_261_128)

  it.each([
    ['in which a required field is missing', removeField],
    ['in which a field has the wrong type', confuseType],
  ])('refuses a payload %s, with the name of the field', async (_what, mutate) => {
    const refusals = await refusalsOf(JSON_OPERATIONS, operation => {
      let field: string | undefined
      const request = requestOf(operation, payload => {
        const mutation = mutate(operation, payload, random)
        field = mutation?.field
        return mutation?.payload ?? payload
      })
      return field === undefined ? undefined : { field, response: callRegistry(request) }
    })
    const accepted = refusals.filter(
      ({ field, response: { status, json } }) =>
        status !== 400 || json?.code !== 'PARAM_ERROR' || json.detail?.field !== field,
    )
    const named = accepted.map(({ operation, field, response }) => `${nameOf(operation)} ${field}: ${response.text}`)
    expect(beyondOneIn(50, refusals, named)).toEqual([])
    expect(refusals.length).toBeGreaterThan(400)
  })
})

interface Mutation {
  payload: unknown
  field: string
}
type Pick = (below: number) => number

function removeField({ document, schema }: Documented, payload: unknown, pick: Pick): Mutation | undefined {
  return mutateOne(
    fieldsOf(document, schema, payload).filter(({ isRequired }) => isRequired),
    payload,
    pick,
    undefined,
  )
}

function confuseType({ document, schema }: Documented, payload: unknown, pick: Pick): Mutation | undefined {
  const typed = fieldsOf(document, schema, payload).filter(
    ({ type, isEncrypted }) => type !== undefined && !isEncrypted,
  )
  return mutateOne(typed, payload, pick, ({ type }) => (type === 'string' ? 12_345 : 'abc'))
}

interface Field {
  pointer: string
  type: string | undefined
  isRequired: boolean
  isEncrypted: boolean
}

/** The fields that a payload has, at any depth. */
function fieldsOf(document: 'v3' | 'v2', given: unknown, value: unknown, above = ''): Field[] {
  const { properties = {}, required = [], items } = dereference(document, given) ?? {}
  if (Array.isArray(value)) return value.flatMap((item, index) => fieldsOf(document, items, item, `${above}/${index}`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const property = dereference(document, properties[name])
    if (property === undefined) return []
    const pointer = `${above}/${name}`
    const isEncrypted = 'x-encrypted' in property || (property.items && 'x-encrypted' in property.items)
    const own = { pointer, type: property.type, isRequired: required.includes(name), isEncrypted }
    return [own, ...fieldsOf(document, property, child, pointer)]
  })
}

function mutateOne(
  fields: readonly Field[],
  payload: unknown,
  pick: Pick,
  replace: ((field: Field) => unknown) | undefined,
): Mutation | undefined {
  const field = fields[pick(Math.max(1, fields.length))]
  if (field === undefined) return undefined
  const copy = structuredClone(payload)
  const steps = field.pointer.split('/').slice(1)
  const name = steps.pop() ?? ''
  const parent = steps.reduce((value, step) => Reflect.get(Object(value), step), copy)
  if (replace) Reflect.set(Object(parent), name, replace(field))
  else Reflect.deleteProperty(Object(parent), name)
  return { payload: copy, field: field.pointer }
}

/** The same numbers each time. */
function seeded(seed: number): Pick {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function isFile(response: { content?: object }): boolean {
  return response.content !== undefined && 'application/octet-stream' in response.content
}
