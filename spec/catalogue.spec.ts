import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../lib/chain/proxy.js'
import type { OpenNode, OpenVerb, Send } from '../lib/chain/types.js'
import { openClient } from '../lib/client/open-client.js'
import { readConfig } from '../lib/config/config.js'
import { systemClock } from '../lib/util/deadline.js'
import { config, type Gateway, platform, signatureHeaders, startGateway, unsignedAnswer } from './gateway.js'

interface Operation {
  method: string
  path: string
  /** The values of placeholders, the query and the payload as the documents' samples have them. */
  placeholders: Record<string, string>
  query: Record<string, string>
  json: unknown
  isUpload: boolean
}

interface Parameter {
  name: string
  in: string
  required?: boolean
  example?: unknown
}

interface Documented {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { example?: unknown }> }
}

/** Every documented operation, with sample values where the documents have some. */
function readCatalogue(): Operation[] {
  const { paths } = JSON.parse(readFileSync(new URL('../docs/generated/v3.json', import.meta.url), 'utf8'))
  return Object.entries<Record<string, Documented>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.slice(1),
      placeholders: samples(parameters, 'path'),
      query: samples(parameters, 'query'),
      json:
        requestBody?.content['application/json'] &&
        (requestBody.content['application/json'].example ?? { sample: path }),
      isUpload: requestBody?.content['multipart/form-data'] !== undefined,
    })),
  )
}

const samples = (parameters: Parameter[], place: string): Record<string, string> =>
  Object.fromEntries(
    parameters
      .filter(parameter => parameter.in === place)
      .map(({ name, example }) => [name, String(example ?? `sample ${name}`)]),
  )

/** What RFC 3986 leaves alone is left alone, and nothing else. */
const encode = (text: string) =>
  [...Buffer.from(text)]
    .map(byte =>
      /[\w.~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')

function wireOf({ path, placeholders, query }: Operation): string {
  const filled = path.replace(/\{(\w+)\}/g, (_match, name: string) => encode(placeholders[name] ?? ''))
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return `/${filled}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
}

/** A segment as a property, as the PHP documents write it. */
const propertyOf = (segment: string) =>
  segment === ''
    ? '_empty_'
    : segment.replace(/^\{(.*)\}$/, '_$1_').replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway()
})

const PUB_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000'

/** How a merchant's client sends a call, or a brand's. */
function senderOf(isBrand: boolean) {
  const { serial, privateKey } = config
  const certs = { [PUB_KEY_ID]: createPublicKey(platform.certificate) }
  const caller = isBrand ? { brand_id: '10001', serial, privateKey, certs } : config
  return openClient(readConfig({ ...caller, base_uri: gateway.url, encrypt: 'off' }, Date.now), systemClock).send
}
afterAll(() => gateway.close())

describe('every documented call of APIv3, in three forms and with two names of its verb', () => {
  const operations = readCatalogue()

  it('there are at least the 1,017 of August 2026', () => {
    expect(operations.length).toBeGreaterThanOrEqual(1017)
  })

  it('arrives as documented: method, path, query, payload, signature', async () => {
    const send = { merchant: senderOf(false), brand: senderOf(true) }
    const root = createChain(async (...call) => call)
    const forms: ((path: string) => OpenNode<Call> | undefined)[] = [
      path =>
        path
          .split('/')
          .map(propertyOf)
          .reduce<OpenNode<Call> | undefined>((node, name) => node?.[name], root as unknown as OpenNode<Call>),
      path => root.chain(path),
      path => (path.includes('/') ? root[path as `${string}/${string}`] : undefined),
    ]
    const wrong: unknown[] = []
    for (const operation of operations) {
      const { method, path, placeholders, query, json, isUpload } = operation
      const body = isUpload ? uploadForm() : undefined
      const options = { ...placeholders, query, ...(json !== undefined && { json }), ...(body && { body }) }
      const verb = method.toLowerCase()
      const isBrand = path.startsWith('brand/')
      gateway.answers = [unsignedAnswer(200, '', signatureHeaders('', isBrand ? { serial: PUB_KEY_ID } : {}))]
      gateway.requests.length = 0
      const scheme = isBrand ? 'WECHATPAY-BRAND-SHA256-RSA2048' : 'WECHATPAY2-SHA256-RSA2048'
      const expected = { method, url: wireOf(operation), json, isSigned: !isUpload, scheme }
      try {
        const calls = await Promise.all(
          forms.flatMap(node => [verb, `${verb}Async`].map(name => callOf(node(path)?.[name], options))),
        )
        // What is the same call need not be sent twice.
        const [properties, , chained] = calls
        if (!properties || !chained) throw new Error('There is no call.')
        expect(calls).toEqual([properties, properties, chained, chained, chained, chained])
        const sender = send[isBrand ? 'brand' : 'merchant']
        await Promise.all([sender(...properties), sender(...chained)])
        const arrived = gateway.requests.map(request => ({
          method: request.method,
          url: request.url,
          json: json === undefined ? undefined : JSON.parse(String(request.body)),
          isSigned: request.isSigned,
          scheme: request.headers.authorization?.split(' ', 1)[0],
        }))
        expect(arrived).toEqual([expected, expected])
      } catch (error) {
        wrong.push({ method, path, error })
      }
    }
    expect(wrong).toEqual([])
  }, 120_000)
})

/** What the chain hands to the client. */
type Call = Parameters<Send<unknown>>

function callOf(node: OpenNode<Call> | OpenVerb<Call> | undefined, options: Record<string, unknown>): Promise<Call> {
  return (node as OpenVerb<Call> | undefined)?.(options) ?? expect.fail('There is no such verb.')
}

// Uploads are signed by their meta part, which the gateway of the specs does not look into; v3.spec.ts does.
function uploadForm(): FormData {
  const form = new FormData()
  form.append('meta', '{"filename":"a.png"}')
  form.append('file', new Blob(['bytes']), 'a.png')
  return form
}
