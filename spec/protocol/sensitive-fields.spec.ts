import { constants, createPrivateKey, createPublicKey, privateDecrypt, publicEncrypt, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import type { Config } from '../../lib/config/config.js'
import type { OpenOptions } from '../../lib/options.js'
import type { WechatPayResponse } from '../../lib/response.js'
import { sensitive } from '../../lib/trust/sensitive.js'
import { skipPauses } from '../async.js'
import { keyFile } from '../fixtures/vectors.js'
import { answer, config, merchant, platform, type ReceivedRequest, signatureHeaders, startGateway } from '../gateway.js'

const PUB_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000'
const publicKeyPair = { public: keyFile('lowserial.spki.pem'), private: keyFile('lowserial.pkcs8.key') }

const gateway = await startGateway()
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  gateway.answers = [answer(200, { ok: true })]
})

function client(changes: Partial<Config> = {}) {
  const certs = { ...config.certs, [PUB_KEY_ID]: publicKeyPair.public }
  return Builder.factory({ ...config, certs, base_uri: gateway.url, ...changes })
}

function brandClient() {
  const { serial, privateKey } = merchant
  const certs = { [PUB_KEY_ID]: publicKeyPair.public }
  return Builder.factory({ brand_id: '10001', serial, privateKey, certs, base_uri: gateway.url })
}

/** The response to an operation, signed as for whom it is. */
function signed(path: string, data: unknown) {
  if (!path.startsWith('brand/')) return answer(200, data)
  const key = { serial: PUB_KEY_ID, privateKey: publicKeyPair.private }
  return answer(200, data, signatureHeaders(JSON.stringify(data), key))
}

async function call(method: string, path: string, options: OpenOptions, changes?: Partial<Config>) {
  const wxpay: { chain(path: string): unknown } = path.startsWith('brand/') ? brandClient() : client(changes)
  const node: Record<string, unknown> = Object(wxpay.chain(path))
  const verb = node[method]
  if (typeof verb !== 'function') return expect.fail(`no verb ${method}`)
  const response: WechatPayResponse = await verb(options)
  return { response, request: gateway.requests.at(-1) ?? expect.fail('nothing arrived') }
}

/** What WeChat Pay reads, with the private key of the serial that the request announces. */
function open({ headers }: ReceivedRequest, ciphertext: unknown, padding = constants.RSA_PKCS1_OAEP_PADDING): string {
  const privateKey = headers['wechatpay-serial'] === PUB_KEY_ID ? publicKeyPair.private : platform.privateKey
  const bytes = Buffer.from(String(ciphertext), 'base64')
  if (padding === constants.RSA_PKCS1_OAEP_PADDING) return privateDecrypt(privateKey, bytes).toString()
  // Node 20 takes no PKCS#1 v1.5 off: 00 02, no zeros, 00, the message.
  const block = privateDecrypt({ key: createPrivateKey(privateKey), padding: constants.RSA_NO_PADDING }, bytes)
  expect([...block.subarray(0, 2)]).toEqual([0, 2])
  return block.subarray(block.indexOf(0, 2) + 1).toString()
}

const sealForMerchant = (text: string) =>
  publicEncrypt(createPublicKey(merchant.certificate), Buffer.from(text)).toString('base64')

describe('every field that the catalogue marks', () => {
  const operations = readCatalogue()
  const count = (names: (operation: Operation) => string[]) => operations.flatMap(names).length

  it('are at least those of August 2026', () => {
    expect(count(({ sent }) => sent)).toBeGreaterThanOrEqual(266)
    expect(count(({ query }) => query)).toBeGreaterThanOrEqual(17)
    expect(count(({ received }) => received)).toBeGreaterThanOrEqual(69)
  })

  const sending = operations.filter(({ sent, query }) => sent.length + query.length > 0)
  it.each(sending.map(operation => [`${operation.method} ${operation.path}`, operation] as const))(
    'of %s can be decrypted by WeChat Pay only',
    async (_name, { method, path, sent, query }) => {
      const plain = new Map<string, string>()
      const plainOf = (place: string) => {
        const text = `张𠮷😀 ${plain.size}`
        plain.set(place, text)
        return text
      }
      const json = sent.length > 0 ? build(sent, plainOf) : undefined
      const given = JSON.stringify(json)
      gateway.answers = [signed(path, { ok: true })]
      const { request } = await call(method, path, {
        ...Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, '1'])),
        ...(json !== undefined && { json }),
        ...(query.length > 0 && { query: Object.fromEntries(query.map(name => [name, plainOf(`?${name}`)])) }),
      })
      const padding = path.endsWith('verify-certificate') ? constants.RSA_PKCS1_PADDING : undefined
      const arrived = new Map<string, string>()
      if (json)
        leaves(JSON.parse(String(request.body)), '', (leaf, place) => arrived.set(place, open(request, leaf, padding)))
      const { searchParams } = new URL(request.url, gateway.url)
      for (const name of query) arrived.set(`?${name}`, open(request, searchParams.get(name), padding))
      expect(arrived).toEqual(plain)
      expect(decodeURIComponent(request.url) + request.body).not.toMatch(/张|𠮷/)
      expect(request.headers['wechatpay-serial']).toBe(PUB_KEY_ID)
      expect(request.isSigned).toBe(true)
      expect(JSON.stringify(json)).toBe(given)
    },
  )

  const receiving = operations.filter(({ received }) => received.length > 0)
  it.each(receiving.map(operation => [`${operation.method} ${operation.path}`, operation] as const))(
    'of the response to %s is decrypted',
    async (_name, { method, path, received }) => {
      const sealed = build(received, () => sealForMerchant('张𠮷😀'))
      gateway.answers = [signed(path, sealed)]
      const placeholders = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, '1']))
      const { response } = await call(method, path, { ...placeholders, ...(method !== 'get' && { body: '{}' }) })
      expect(response.data).toEqual(build(received, () => '张𠮷😀'))
      expect(JSON.parse(String(response.body))).toEqual(sealed)
    },
  )
})

it('the field of an upload that the catalogue marks is encrypted in the meta, which is signed so', async () => {
  const merchant_contact_information = { consultation_phone_number: '13800138000' }
  const file = { content: Buffer.from('bytes'), filename: 'a.png' }
  const { request } = await call('post', 'v3/marketing/shopping-receipt/shoppingreceipts', {
    file,
    meta: { transaction_id: '1', merchant_contact_information },
  })
  const [, text = ''] = /(\{"[^\r]*\})\r\n/.exec(request.body.toString('latin1')) ?? []
  const meta = JSON.parse(text)
  expect(open(request, meta.merchant_contact_information.consultation_phone_number)).toBe('13800138000')
  expect(request.body.toString('latin1')).not.toContain('13800138000')
  const { timestamp, nonce_str, signature = '' } = request.authorization
  const message = Buffer.from(`POST\n${request.url}\n${timestamp}\n${nonce_str}\n${text}\n`)
  const isSigned = verify('sha256', message, createPublicKey(merchant.certificate), Buffer.from(signature, 'base64'))
  expect(isSigned).toBe(true)
})

describe('a path that is almost a documented one with fields to encrypt', () => {
  const applyment = { json: { contact_info: { contact_name: '张三' } } }
  const signed = (name: string) => ({ json: { encrypted_echo_message: name } })

  it.each([
    ['lacks the slash at its end', 'v3/applyment4sub/applyment', applyment],
    ['has a slash too many', 'v3/security/echo/', signed('张三')],
    ['has capital letters', 'V3/Security/Echo', signed('张三')],
    ['is percent-encoded', 'v3/security/ech%6f', signed('张三')],
    ['has an encoded slash', 'v3/security%2Fecho', signed('张三')],
    ['has a sensitive value in its query', 'v3/smartguide/Guides', { query: { mobile: '13800138000' } }],
    ['has it in the query of the path', 'v3/smartguide/guides/?mobile=13800138000', {}],
  ])('is refused by name when it %s', async (_what, path, options) => {
    const method = path.includes('guide') ? 'get' : 'post'
    await expect(call(method, path, options)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(
        /`v3\/(?:applyment4sub\/applyment\/|security\/echo|smartguide\/guides)` as it is documented/,
      ),
    })
    expect(gateway.requests).toEqual([])
  })

  it.each([
    ['nothing in it has to be encrypted', { json: { echo_message: 'hello' } }],
    ['the caller has encrypted it', signed(sealForMerchant('张三'))],
    ['the caller wants it in plain text', { ...signed('张三'), encrypt: false }],
    ['it has no payload', {}],
  ])('is sent as it is when %s', async (_what, options) => {
    const { request } = await call('post', 'v3/security/echo/', options)
    expect(request.url).toBe('/v3/security/echo/')
  })

  it('is that path when its placeholders are filled so', async () => {
    const { request } = await call('post', 'v3/applyment4sub/{a}/{empty}', { ...applyment, a: 'applyment' })
    expect(request.url).toBe('/v3/applyment4sub/applyment/')
    expect(open(request, bodyOf(request).contact_info.contact_name)).toBe('张三')
  })
})

it('a bank card number that is a number, and has lost digits, is refused by its name before anything is sent', async () => {
  const path = 'v3/apply4sub/sub_merchants/{sub_mchid}/modify-settlement'
  const json = { account_number: Number('6222021234567890123') }
  await expect(call('post', path, { sub_mchid: '1', json })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(/`json\.account_number` must be a string/),
  })
  expect(gateway.requests).toEqual([])
})

const ECHO = 'v3/security/echo'
const echo = { echo_message: 'hello', encrypted_echo_message: '张三' }
const bodyOf = ({ body }: ReceivedRequest) => JSON.parse(String(body))

describe('the key', () => {
  it('is that of the newest certificate where no public key is configured', async () => {
    const { request } = await call('post', ECHO, { json: echo }, { certs: config.certs })
    expect(request.headers['wechatpay-serial']).toBe(platform.serial)
    expect(open(request, bodyOf(request).encrypted_echo_message)).toBe('张三')
  })

  it('is that of the serial which the caller sets', async () => {
    const headers = { 'Wechatpay-Serial': platform.serial }
    const { request } = await call('post', ECHO, { json: echo, headers })
    expect(request.headers['wechatpay-serial']).toBe(platform.serial)
    expect(open(request, bodyOf(request).encrypted_echo_message)).toBe('张三')
  })

  it('that the caller names but that is unknown is an error, before anything is sent', async () => {
    const headers = { 'wechatpay-serial': 'PUB_KEY_ID_1' }
    await expect(call('post', ECHO, { json: echo, headers })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/`json\.encrypted_echo_message`.*`Wechatpay-Serial`/),
    })
    expect(gateway.requests).toEqual([])
  })

  it('is not asked for when the caller has encrypted everything himself', async () => {
    const headers = { 'wechatpay-serial': 'PUB_KEY_ID_1' }
    const encrypted_echo_message = publicEncrypt(publicKeyPair.public, Buffer.from('张三')).toString('base64')
    const { request } = await call('post', ECHO, { json: { ...echo, encrypted_echo_message }, headers })
    expect(bodyOf(request).encrypted_echo_message).toBe(encrypted_echo_message)
    expect(request.headers['wechatpay-serial']).toBe('PUB_KEY_ID_1')
  })

  it('stays the same in every attempt', async () => {
    skipPauses()
    gateway.answers = [answer(503, { code: 'X' }), answer(200, { ok: true })]
    await call('post', ECHO, { json: echo, retry: { methods: ['POST'] } })
    const [first, second] = gateway.requests
    expect(first?.body).toEqual(second?.body)
    expect(first?.headers['wechatpay-serial']).toBe(second?.headers['wechatpay-serial'])
  })

  it('that a custom verifier does not have is an error, unless nothing is sensitive', async () => {
    const verifier = { announcedSerial: () => 'X1', verify: () => true }
    await expect(call('post', ECHO, { json: echo }, { verifier })).rejects.toThrow(/encryptionKey\(\)/)
    expect(gateway.requests).toEqual([])
    await call('post', ECHO, { json: { echo_message: 'hello' } }, { verifier })
    expect(gateway.requests[0]?.headers['wechatpay-serial']).toBe('X1')
  })
})

describe('the option `encrypt`', () => {
  it.each<[string, OpenOptions, Partial<Config>]>([
    ['false for a call', { encrypt: false }, {}],
    ["'off' for a client", {}, { encrypt: 'off' }],
  ])('%s leaves fields as they are given, and as they come', async (_what, options, changes) => {
    const sealed = { encrypted_echo_message: sealForMerchant('张三') }
    gateway.answers = [answer(200, sealed)]
    const { request, response } = await call('post', ECHO, { json: echo, ...options }, changes)
    expect(bodyOf(request)).toEqual(echo)
    expect(response.data).toEqual(sealed)
  })

  it('true for a call comes before the one of its client', async () => {
    const { request } = await call('post', ECHO, { json: echo, encrypt: true }, { encrypt: 'off' })
    expect(open(request, bodyOf(request).encrypted_echo_message)).toBe('张三')
  })

  it.each<[NonNullable<OpenOptions['encrypt']>, string, number]>([
    ['pkcs1', 'v3/global/merchants', constants.RSA_PKCS1_PADDING],
    ['oaep', 'v3/global/merchants', constants.RSA_PKCS1_OAEP_PADDING],
    [true, 'v3/global/merchants', constants.RSA_PKCS1_OAEP_PADDING],
    ['oaep', 'v3/global/customs/verify-certificate', constants.RSA_PKCS1_OAEP_PADDING],
    [true, 'v3/global/customs/verify-certificate', constants.RSA_PKCS1_PADDING],
  ])('%j chooses the padding at %s', async (encrypt, path, padding) => {
    const isCustoms = path.endsWith('verify-certificate')
    const json = isCustoms ? { certificate_name: '张三' } : { contact: { name: '张三' } }
    const { request } = await call('post', path, { json, encrypt })
    const sent = bodyOf(request)
    expect(open(request, isCustoms ? sent.certificate_name : sent.contact.name, padding)).toBe('张三')
    expect(request.headers['wechatpay-serial']).toBe(PUB_KEY_ID)
  })

  it('chooses the padding of what is wrapped in sensitive(), and of the query', async () => {
    const { request } = await call('post', 'v3/not/in/the/catalogue', {
      json: { name: sensitive('张三') },
      query: { name: sensitive('李四') },
      encrypt: 'pkcs1',
    })
    expect(open(request, bodyOf(request).name, constants.RSA_PKCS1_PADDING)).toBe('张三')
    const { searchParams } = new URL(request.url, gateway.url)
    expect(open(request, searchParams.get('name'), constants.RSA_PKCS1_PADDING)).toBe('李四')
  })

  it.each(['off', 1, null, 'PKCS1'])('is not %j for a call', async encrypt => {
    await expect(call('post', ECHO, Object({ json: echo, encrypt }))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(
        `\`encrypt\` must be true, false, 'oaep' or 'pkcs1'; got ${JSON.stringify(encrypt)}`,
      ),
    })
    expect(gateway.requests).toEqual([])
  })

  it('of a client is one of two words', () => {
    expect(() => client(Object({ encrypt: true }))).toThrow(/`encrypt` must be 'auto' or 'off'/)
  })
})

describe('sensitive()', () => {
  it.each([{}, { encrypt: false }])('is encrypted in a payload that the catalogue does not know: %j', async options => {
    const json = { users: [{ name: sensitive('张三'), id: 1 }] }
    const { request } = await call('post', 'v3/not/in/the/catalogue', { json, ...options })
    expect(bodyOf(request)).toEqual({ users: [{ name: expect.stringMatching(/^[\w+/]{342}==$/), id: 1 }] })
    expect(open(request, bodyOf(request).users[0].name)).toBe('张三')
  })

  it('that wraps what is encrypted already is sent as it is', async () => {
    const ciphertext = publicEncrypt(publicKeyPair.public, Buffer.from('张三')).toString('base64')
    const { request } = await call('post', 'v3/not/in/the/catalogue', { json: { name: sensitive(ciphertext) } })
    expect(bodyOf(request)).toEqual({ name: ciphertext })
  })

  it('is encrypted in a query', async () => {
    const { request } = await call('get', 'v3/not/in/the/catalogue', { query: { name: sensitive('张三'), page: 1 } })
    const { searchParams } = new URL(request.url, gateway.url)
    expect(open(request, searchParams.get('name'))).toBe('张三')
    expect(searchParams.get('page')).toBe('1')
    expect(request.isSigned).toBe(true)
  })
})

describe('a query', () => {
  const opened = ({ url, headers, ...rest }: ReceivedRequest) =>
    open({ url, headers, ...rest }, new URL(url, gateway.url).searchParams.get('encrypted_name'))

  it.each<[string, string, OpenOptions]>([
    ['an object', 'v3/realname/verify', { query: { encrypted_name: '张三&=+' } }],
    ['URLSearchParams', 'v3/realname/verify', { query: new URLSearchParams({ encrypted_name: '张三&=+' }) }],
    ['a string', 'v3/realname/verify', { query: 'encrypted_name=张三%26=%2B' }],
    ['the path', 'v3/realname/verify?encrypted_name=%E5%BC%A0%E4%B8%89%26%3D%2B', {}],
  ])('is encrypted when it is given as %s', async (_what, path, options) => {
    const { request } = await call('get', path, options)
    expect(opened(request)).toBe('张三&=+')
    expect(request.isSigned).toBe(true)
  })

  it('leaves parameters alone that are not marked, or encrypted already', async () => {
    const encrypted_name = publicEncrypt(publicKeyPair.public, Buffer.from('张三')).toString('base64')
    const { request } = await call('get', 'v3/realname/verify', { query: { encrypted_name, page: 'a b' } })
    expect(new URL(request.url, gateway.url).searchParams.get('encrypted_name')).toBe(encrypted_name)
    expect(request.url).toContain('page=a%20b')
  })

  it('whose value is too long names it', async () => {
    const query = { encrypted_name: 'x'.repeat(215) }
    await expect(call('get', 'v3/realname/verify', { query })).rejects.toThrow(/query\.encrypted_name.*214 bytes.*215/)
  })
})

it('a response whose fields are padded as PKCS#1 v1.5 is decrypted as well', async () => {
  const key = createPublicKey(merchant.certificate)
  const encrypted = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('张三')).toString('base64')
  gateway.answers = [answer(200, { contact: { name: encrypted, email: sealForMerchant('a@example.com') } })]
  const { response } = await call('get', 'v3/global/merchants/{sub_mchid}', { sub_mchid: '1' })
  expect(response.data).toEqual({ contact: { name: '张三', email: 'a@example.com' } })
})

it('a response that cannot be decrypted with the private key says so, and that the request was carried out', async () => {
  const foreign = publicEncrypt(publicKeyPair.public, Buffer.from('张三')).toString('base64')
  gateway.answers = [answer(200, { encrypted_echo_message: foreign })]
  await expect(call('post', ECHO, { json: { echo_message: 'hello' } })).rejects.toMatchObject({
    code: 'ERR_FIELD_NOT_DECRYPTED',
    message: expect.stringMatching(/`data\.encrypted_echo_message`.*`privateKey`/),
  })
})

interface Operation {
  method: string
  path: string
  /** The marked fields of the payload, the query and the answer. */
  sent: string[]
  query: string[]
  received: string[]
}

/** Read from the catalogue itself, by a walk of the spec's own. */
function readCatalogue(): Operation[] {
  const catalogue = JSON.parse(readFileSync(new URL('../../dist/openapi/v3.json', import.meta.url), 'utf8'))
  const resolve = (node: Record<string, unknown>): Record<string, unknown> => {
    if (typeof node.$ref !== 'string') return node
    const steps = node.$ref.slice(2).split('/')
    return resolve(steps.reduce((at, step) => Object(at)[step.replaceAll('~1', '/').replaceAll('~0', '~')], catalogue))
  }
  const marked = (given: unknown, mark: string, path: string): string[] => {
    const schema = resolve(Object(given))
    const members = Object.entries(Object(schema.properties))
    const variants = ['oneOf', 'anyOf', 'allOf'].flatMap(name => Object.values(Object(schema[name])))
    return [
      ...(schema['x-encrypted'] === mark ? [path] : []),
      ...members.flatMap(([name, child]) => marked(child, mark, `${path}/${name}`)),
      ...(schema.items ? marked(schema.items, mark, `${path}/[]`) : []),
      ...variants.flatMap(child => marked(child, mark, path)),
    ]
  }
  const contentOf = (node: unknown) => Object(resolve(Object(node)).content)['application/json']?.schema ?? {}
  return Object.entries<Record<string, Record<string, unknown>>>(catalogue.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, requestBody, responses }]) => ({
      method,
      path: path.slice(1),
      sent: marked(contentOf(requestBody), 'platform', ''),
      query: Object.values(Object(parameters))
        .map(parameter => resolve(Object(parameter)))
        .filter(({ in: place, schema }) => place === 'query' && Object(schema)['x-encrypted'] === 'platform')
        .map(({ name }) => String(name)),
      received: Object.values(Object(responses)).flatMap(response => marked(contentOf(response), 'merchant', '')),
    })),
  )
}

/** An object that has the paths, lists being of two. */
function build(paths: string[], leaf: (place: string) => string): unknown {
  const at = (rest: string[][], place: string): unknown => {
    if (rest.some(steps => steps.length === 0)) return leaf(place)
    const names = [...new Set(rest.map(([name = '']) => name))]
    const below = (name: string) => rest.filter(([first]) => first === name).map(([, ...more]) => more)
    if (names.includes('[]')) return [0, 1].map(index => at(below('[]'), `${place}/${index}`))
    return Object.fromEntries(names.map(name => [name, at(below(name), `${place}/${name}`)]))
  }
  return at(
    paths.map(path => path.split('/').slice(1)),
    '',
  )
}

function leaves(value: unknown, place: string, visit: (leaf: unknown, place: string) => void): void {
  if (typeof value !== 'object' || value === null) visit(value, place)
  else for (const [name, child] of Object.entries(value)) leaves(child, `${place}/${name}`, visit)
}
