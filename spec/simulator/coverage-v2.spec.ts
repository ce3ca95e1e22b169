import { Agent, request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Simulator } from '../../lib/simulator/index.js'
import { signOf, xml, xmlFields } from '../v2-gateway.js'
import {
  beyondOneIn,
  type Documented,
  dereference,
  documented,
  misfitsOf,
  nameOf,
  refusalsOf,
  responsesOf,
} from './catalogue-requests.js'
import { startSimulator } from './start.js'

const OPERATIONS = documented('v2')
const XML_OPERATIONS = OPERATIONS.filter(({ example }) => example !== undefined)

interface Outcome {
  status: number
  type: string
  text: string
  fields: Record<string, string>
}

let agent: Agent
let simulator: Simulator
let outcomes: Map<Documented, Outcome>

/** Sends the official sample of an operation, with the merchant's number, a nonce and a signature. */
async function call(operation: Documented, change: Record<string, string | undefined> = {}): Promise<Outcome> {
  const { method, path, definition, example = {} } = operation
  const { mchid, secret } = simulator.config
  const sample = method === 'GET' ? samplesOf(definition.parameters) : example
  const own = Object.fromEntries(['mch_id', 'mchid', 'combine_mch_id'].map(name => [name, mchid]))
  const names = Object.keys(own).filter(name => name in sample)
  const given = { ...sample, ...Object.fromEntries((names.length > 0 ? names : ['mch_id']).map(name => [name, mchid])) }
  const entries = Object.entries({ ...given, nonce_str: 'spec', ...change })
  const texts = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  const { sign: _, ...fields } = Object.fromEntries(texts)
  const signed = { ...fields, sign: signOf(fields, secret) }
  if (method === 'GET') return exchange('GET', `${path}?${new URLSearchParams(signed)}`)
  return exchange('POST', path, xml(signed))
}

function samplesOf(parameters: readonly { name: string; in: string; schema: Record<string, unknown[]> }[]) {
  const query = parameters.filter(parameter => parameter.in === 'query')
  return Object.fromEntries(query.map(({ name, schema }) => [name, schema.examples?.[0] ?? schema.enum?.[0] ?? '1']))
}

function exchange(method: string, path: string, body = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${simulator.url}${path}`, { method, agent, headers: { 'Content-Type': 'text/xml' } })
    outgoing.on('error', reject)
    outgoing.on('response', response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const type = String(response.headers['content-type'])
        resolve({ status: response.statusCode ?? 0, type, text, fields: xmlFields(text) })
      })
    })
    outgoing.end(body)
  })
}

const isXml = ({ type }: Outcome) => type.startsWith('text/xml')
const isSuccess = (outcome: Outcome) => !isXml(outcome) || outcome.fields.result_code === 'SUCCESS'

/** The fields as the schema names and types them: `coupon_id_0` is `coupon_id_$n`, and numbers are numbers. */
function typed({ document, definition }: Documented, { text, fields }: Outcome): unknown {
  const { properties = {} } = dereference(document, definition.responses[200].content['application/xml'].schema)
  const entries = Object.keys(properties).flatMap((name): [string, unknown][] => {
    const { type } = dereference(document, properties[name])
    if (type === 'array' || type === 'object')
      return text.includes(`<${name}>`) ? [[name, type === 'array' ? [] : {}]] : []
    // Documented as 32 characters, also where HMAC-SHA256 has 64.
    const value = fields[name.replaceAll(/\$[nm]/g, '0')]?.slice(0, name === 'sign' ? 32 : undefined)
    if (value === undefined) return []
    if (type === 'boolean') return [[name, value.toLowerCase() === 'true']]
    return [[name, type === 'integer' || type === 'number' ? Number(value) : value]]
  })
  return Object.fromEntries(entries)
}

// A form is not sent here.
const isForm = ({ requestBody }: { requestBody?: { content: object } }) =>
  requestBody !== undefined && 'multipart/form-data' in requestBody.content

beforeAll(async () => {
  simulator = await startSimulator({ https: true })
  const { merchant, ca } = simulator.config
  agent = new Agent({ keepAlive: true, cert: merchant.cert, key: merchant.key, ca })
  outcomes = await responsesOf(OPERATIONS, operation => call(operation))
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await simulator.close()
})

describe('every operation of APIv2', () => {
  it('is known, and accepts its official sample', () => {
    const refused = [...outcomes].filter(
      ([{ definition }, { status, text, fields }]) =>
        status !== 200 ||
        text.includes('simulator') ||
        fields.err_code === 'PARAM_ERROR' ||
        (fields.return_code === 'FAIL' && !isForm(definition) && fields.return_msg !== 'No Bill Exist'),
    )
    expect(refused.map(([operation, { text }]) => [nameOf(operation), text])).toEqual([])
  })

  it('is signed unless the catalogue says otherwise', () => {
    const xmlOutcomes = [...outcomes].filter(
      ([, outcome]) => isXml(outcome) && outcome.fields.return_code === 'SUCCESS',
    )
    const wrong = xmlOutcomes.filter(([{ definition, example }, { fields }]) => {
      const { secret } = simulator.config
      const type = example?.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5'
      return definition['x-unsigned'] ? 'sign' in fields : fields.sign !== signOf(fields, secret, type)
    })
    expect(wrong.map(([operation]) => nameOf(operation))).toEqual([])
    expect(xmlOutcomes.length).toBeGreaterThan(100)
  })

  it('returns a response that fits its schema, in at least 99 of 100 operations', () => {
    const documents = [...outcomes].filter(
      ([{ definition }, outcome]) => isXml(outcome) && isSuccess(outcome) && definition.responses[200].content,
    )
    const misfits = misfitsOf(documents, (operation, outcome) => ({ status: 200, value: typed(operation, outcome) }))
    expect(beyondOneIn(100, documents, misfits)).toEqual([])
    // The others name what nobody has created.
    expect(documents.length).toBeGreaterThan(80)
  })

  it('returns JSON or a page where XML is not documented', () => {
    const types = [...outcomes].filter(([, outcome]) => !isXml(outcome)).map(([{ path }, { type }]) => [path, type])
    expect(Object.fromEntries(types)).toMatchObject({
      '/appauth/getaccesstoken': expect.stringContaining('application/json'),
      '/papay/entrustweb': expect.stringContaining('text/html'),
    })
  })
})

describe('a request that differs from the documentation', () => {
  it('is refused with the name of the missing field', async () => {
    const refusals = await refusalsOf(XML_OPERATIONS, operation => {
      const { required = [] } = operation.schema
      const field = required.find((name: string) => !/^(?:sign|nonce_str|(?:combine_)?mch_?id)$/.test(name))
      if (field === undefined || !(field in operation.example)) return undefined
      return { field, response: call(operation, { [field]: undefined }) }
    })
    const accepted = refusals.filter(
      ({ field, response: { fields } }) => fields.return_code !== 'FAIL' || !fields.return_msg?.includes(field),
    )
    expect(accepted.map(({ operation }) => nameOf(operation))).toEqual([])
    expect(refusals.length).toBeGreaterThan(100)
  })

  it('is refused with the name of a field that must be a number', async () => {
    const refusals = await refusalsOf(XML_OPERATIONS, operation => {
      const { properties = {} } = operation.schema
      const isInteger = (name: string) => properties[name]?.type === 'integer' && name !== 'mch_id'
      const field = Object.keys(operation.example).find(isInteger)
      return field === undefined ? undefined : { field, response: call(operation, { [field]: 'abc' }) }
    })
    const accepted = refusals.filter(
      ({ field, response: { fields } }) => fields.err_code !== 'PARAM_ERROR' || !fields.err_code_des?.includes(field),
    )
    expect(accepted.map(({ operation }) => nameOf(operation))).toEqual([])
    expect(refusals.length).toBeGreaterThan(30)
  })

  it('gets an XML response even for an unknown path', async () => {
    expect(await exchange('POST', '/pay/unknown', '<xml></xml>')).toMatchObject({
      status: 404,
      type: 'text/xml; charset=utf-8',
      fields: { return_code: 'FAIL' },
    })
  })
})
