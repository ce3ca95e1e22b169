import { createVerify } from 'node:crypto'
import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Simulator } from '../../lib/simulator/index.js'
import {
  type Documented,
  dereference,
  documented,
  encryptMarked,
  encryptWith,
  headersOf,
  misfit,
  targetOf,
} from './catalogue-requests.js'
import { type RawResponse, send } from './raw-merchant.js'
import { startSimulator } from './start.js'

const OPERATIONS = documented('v3')
const JSON_OPERATIONS = OPERATIONS.filter(({ example }) => example !== undefined)

const agent = new Agent({ keepAlive: true })
let simulator: Simulator
let outcomes: Map<Documented, RawResponse>

/** Sends the official sample, or the given payload, of an operation. */
async function call(operation: Documented, change = (payload: unknown) => payload): Promise<RawResponse> {
  const { document, method, path, schema, example } = operation
  const config = path.startsWith('/brand/') ? simulator.brand : simulator.config
  const [serial = '', key = ''] = Object.entries(config.certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
  const padding = operation.definition['x-encrypted-padding'] === 'pkcs1' ? 1 : undefined
  const encrypt = (value: string) => encryptWith(key, value, padding)
  const sensitive = new Set(
    (operation.definition.parameters ?? [])
      .filter((parameter: { schema: object }) => 'x-encrypted' in parameter.schema)
      .map(({ name }: { name: string }) => name),
  )
  const own = 'mchid' in config ? { mchid: config.mchid, sp_mchid: config.mchid, combine_mchid: config.mchid } : {}
  const target = targetOf(operation, own, (name, value) => (sensitive.has(name) ? encrypt(value) : value))
  const named = Object.entries(own).filter(([name]) => example && name in example)
  const sample = example && { ...example, ...Object.fromEntries(named) }
  const payload = example && change(encryptMarked(document, schema, sample, encrypt))
  return send(config, {
    method,
    path: target,
    agent,
    headers: { 'Wechatpay-Serial': serial, ...headersOf(operation) },
    ...(payload !== undefined && { body: JSON.stringify(payload) }),
  })
}

const succeeded = () => [...outcomes].filter(([, { status }]) => status < 300)
const nameOf = ({ method, path }: Documented) => `${method} ${path}`

beforeAll(async () => {
  simulator = await startSimulator()
  outcomes = new Map()
  for (const operation of OPERATIONS) outcomes.set(operation, await call(operation))
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await simulator.close()
})

describe('every operation of the catalogue', () => {
  it('is known', () => {
    const unknown = [...outcomes].filter(
      ([, { status, text }]) => status === 405 || status >= 500 || text.includes('has no endpoint'),
    )
    expect(unknown.map(([operation, { text }]) => [nameOf(operation), text])).toEqual([])
    expect(outcomes.size).toBeGreaterThan(1000)
  })

  it('accepts its official sample', () => {
    const refused = [...outcomes].filter(
      ([operation, { json }]) => operation.example && json?.code === 'PARAM_ERROR' && json.detail?.location === 'body',
    )
    expect(refused.map(([operation, { text }]) => [nameOf(operation), text])).toEqual([])
  })

  it('returns the documented status, in a signed response unless the catalogue says otherwise', () => {
    const wrong = succeeded().filter(([{ path, definition }, { status, headers, text }]) => {
      if (!(status in definition.responses)) return true
      if (definition['x-unsigned']) return headers['wechatpay-signature'] !== undefined
      const sha1 = headers['wechatpay-statement-sha1']
      const signed = sha1 === undefined ? text : JSON.stringify({ sha1 })
      const { certs } = path.startsWith('/brand/') ? simulator.brand : simulator.config
      const key = Reflect.get(certs, String(headers['wechatpay-serial'])) ?? ''
      const message = `${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${signed}\n`
      const signature = String(headers['wechatpay-signature'])
      return !createVerify('RSA-SHA256').update(message).verify(key, signature, 'base64')
    })
    expect(wrong.map(([operation]) => nameOf(operation))).toEqual([])
    // The others name what nobody has created, or what is in a different state.
    expect(succeeded().length).toBeGreaterThan(600)
  })

  it('returns what fits its schema, in at least 99 of 100 operations', () => {
    const documents = succeeded().filter(([{ definition }, { status }]) => !isFile(definition.responses[status]))
    const misfits = documents.flatMap(([operation, { status, json }]) => {
      const problem = misfit(operation, status, json)
      return problem === undefined ? [] : [`${nameOf(operation)}: ${problem}`]
    })
    expect(misfits.slice(Math.floor(documents.length / 100))).toEqual([])
  })

  it('returns a file where one is documented', () => {
    const files = succeeded().filter(([{ definition }, { status }]) => isFile(definition.responses[status]))
    expect(files.filter(([, { text }]) => text === '').map(([operation]) => nameOf(operation))).toEqual([])
    expect(files.length).toBeGreaterThan(2)
  })
})

describe('a mutated sample is refused with the name of the field', () => {
  const random = seeded(20_261_128)

  it.each([
    ['a required field is missing', removeField],
    ['a field has the wrong type', confuseType],
  ])(
    'when %s, in at least 98 of 100 operations',
    async (_what, mutate) => {
      const accepted: string[] = []
      let count = 0
      for (const operation of JSON_OPERATIONS) {
        let field: string | undefined
        const { status, json } = await call(operation, payload => {
          const mutation = mutate(operation, payload, random)
          field = mutation?.field
          return mutation?.payload ?? payload
        })
        if (field === undefined) continue
        count += 1
        if (status !== 400 || json?.code !== 'PARAM_ERROR' || json.detail?.field !== field)
          accepted.push(`${nameOf(operation)} ${field}: ${status} ${JSON.stringify(json)}`)
      }
      expect(accepted.slice(Math.floor(count / 50))).toEqual([])
      expect(count).toBeGreaterThan(400)
    },
    60_000,
  )
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
