import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { Simulator } from '../../../lib/simulator/index.js'
import { order, post, send } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
beforeEach(() => simulator.reset())
afterAll(() => simulator.close())

// biome-ignore lint/suspicious/noExplicitAny: specs read responses freely.
type Json = any

async function read(name: string): Promise<Json> {
  return (await fetch(`${simulator.url}/_sim/${name}`)).json()
}

async function tell(name: string, body: unknown = {}): Promise<{ status: number; json: Json }> {
  const response = await fetch(`${simulator.url}/_sim/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: await response.json() }
}

async function placed(over: Record<string, unknown> = {}): Promise<string> {
  const payload = order(simulator.config, over)
  expect((await post(simulator.config, '/v3/pay/transactions/native', payload)).status).toBe(200)
  return payload.out_trade_no
}

/** With any Host, which fetch does not let a caller choose. */
function raw(headers: Record<string, string>, { method = 'GET', path = '/_sim/config', url = simulator.url } = {}) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    request(`${url}${path}`, { method, headers }, response => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
      .on('error', reject)
      .end(method === 'POST' ? '{}' : '')
  })
}

describe('reading', () => {
  it('shows that the simulator is ready', async () => {
    const now = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
    const ready = { status: 'ready', url: simulator.url, mchid: '1900000109', now, held: false }
    expect(await read('health')).toEqual(ready)
  })

  it('returns a configuration with which a client works', async () => {
    const wxpay = Builder.factory(await read('config'))
    expect((await wxpay.v3.certificates.get()).statusCode).toBe(200)
  })

  it('lists orders, requests and notifications', async () => {
    const out_trade_no = await placed()
    const { transaction_id } = simulator.pay(out_trade_no)
    expect((await read('orders')).orders).toMatchObject([
      { out_trade_no, trade_state: 'SUCCESS', trade_type: 'NATIVE', total: 100, refunded: 0, transaction_id },
    ])
    expect((await read('requests')).requests).toMatchObject([{ id: 1, method: 'POST', statusCode: 200 }])
    expect((await read('notifications')).notifications).toMatchObject([
      { event_type: 'TRANSACTION.SUCCESS', status: 'skipped' },
    ])
  })
})

describe('the entries', () => {
  it('are those of every product, with their possible events and their history', async () => {
    const out_trade_no = await placed()
    const [unpaid] = (await read('entries')).entries
    expect(unpaid).toMatchObject({ kind: 'orders', number: out_trade_no, state: 'NOTPAY', amount: 100 })
    expect(unpaid.acts).toEqual([
      { act: 'pay', fails: 'any', reasons: expect.arrayContaining(['NOT_ENOUGH', 'CANCEL']) },
    ])
    await tell('pay', { out_trade_no, fail: 'CANCEL' })
    await tell('pay', { out_trade_no })
    const amount = { refund: 40, total: 100, currency: 'CNY' }
    await post(simulator.config, '/v3/refund/domestic/refunds', { out_trade_no, out_refund_no: 'R1', amount })
    const open = (await read('entries')).entries
    expect(open).toMatchObject([
      { kind: 'orders', state: 'REFUND', acts: [] },
      {
        kind: 'refunds',
        number: 'R1',
        state: 'PROCESSING',
        amount: 40,
        acts: [{ act: 'settle', fails: 'listed', reasons: ['ABNORMAL', 'CLOSED'] }],
        due: { event: 'settle' },
      },
    ])
    expect(open[0].history).toMatchObject([
      { state: 'NOTPAY' },
      { state: 'NOTPAY', event: 'fail', reason: 'CANCEL' },
      { state: 'SUCCESS', event: 'pay' },
      { state: 'REFUND', event: 'refund' },
    ])
    await tell('settle', { out_refund_no: 'R1', fail: 'ABNORMAL' })
    const [, ended] = (await read('entries')).entries
    expect(ended).toMatchObject({ state: 'ABNORMAL', reason: 'ABNORMAL', acts: [], events: ['retry'] })
    expect(ended.history).toMatchObject([{ state: 'PROCESSING' }, { state: 'ABNORMAL', event: 'fail' }])
  })

  it('are the newest ones with a limit, as in every list', async () => {
    const [, second] = [await placed(), await placed()]
    expect((await read('entries?limit=1')).entries).toMatchObject([{ number: second }])
    expect((await read('orders?limit=1')).orders).toMatchObject([{ out_trade_no: second }])
    expect((await read('requests?limit=1')).requests).toMatchObject([{ id: 2 }])
    expect(await read('requests?limit=0')).toMatchObject({ code: 'INVALID_REQUEST' })
  })
})

describe('acting', () => {
  it('pays an order, settles its refund, and confirms a transfer', async () => {
    const out_trade_no = await placed()
    expect(await tell('pay', { out_trade_no, openid: 'someone' })).toMatchObject({
      status: 200,
      json: { transaction_id: expect.stringMatching(/^4200/) },
    })
    const amount = { refund: 40, total: 100, currency: 'CNY' }
    await post(simulator.config, '/v3/refund/domestic/refunds', { out_trade_no, out_refund_no: 'R1', amount })
    expect(await tell('settle', { out_refund_no: 'R1' })).toEqual({ status: 200, json: {} })
    expect((await read('orders')).orders).toMatchObject([{ trade_state: 'REFUND', refunded: 40, openid: 'someone' }])
    expect(await tell('confirm', { out_bill_no: 'unknown' })).toMatchObject({
      status: 404,
      json: { code: 'NOT_FOUND' },
    })
  })

  it('moves business time', async () => {
    const before = Date.parse((await read('health')).now)
    const { json } = await tell('advance', { days: 2, hours: 1 })
    expect(Date.parse(json.now) - before).toBeGreaterThanOrEqual(49 * 60 * 60 * 1000)
  })

  it('sends a notification of any event, holds, releases and replays', async () => {
    const bodies: string[] = []
    const shop = createServer(async (received, response) => {
      bodies.push(await text(received))
      response.writeHead(204).end()
    }).listen(0, '127.0.0.1')
    await once(shop, 'listening')
    const to = `http://127.0.0.1:${Object(shop.address()).port}/`
    const triggered = await tell('trigger', { event_type: 'PAYSCORE.USER_PAID', to, override: { total_amount: 1 } })
    expect(triggered.json.notification).toMatchObject({ id: 1, status: 'acknowledged', resource: { total_amount: 1 } })
    const replayed = await tell('replay', { id: 1 })
    expect(replayed.json.notification).toMatchObject({ attempts: 2, history: [{}, { response: { statusCode: 204 } }] })
    await tell('hold')
    simulator.pay(await placed({ notify_url: to }))
    expect(bodies).toHaveLength(2)
    await tell('deliver')
    expect(bodies).toHaveLength(3)
    await tell('release')
    await new Promise(closed => shop.close(closed))
  })

  it('makes requests fail and succeed again', async () => {
    await tell('misbehave', { times: null, status: 503, match: { pattern: 'certificates' } })
    const ask = () => send(simulator.config, { path: '/v3/certificates' })
    expect([(await ask()).status, (await ask()).status]).toEqual([503, 503])
    await tell('behave')
    expect((await ask()).status).toBe(200)
  })

  it('lists the faults, and removes one of them', async () => {
    await tell('misbehave', { times: null, latency: null, match: { method: 'GET', pattern: 'x$' } })
    const byChance = { operation: 'GET /v3/certificates', probability: 0.5, seed: 2, latency: 1, jitter: 5 }
    await tell('misbehave', { times: 2, ...byChance })
    const { faults } = await read('faults')
    expect(faults).toEqual([
      {
        id: expect.any(Number),
        left: null,
        rule: { times: null, latency: null, match: { method: 'GET', pattern: 'x$' } },
      },
      { id: faults[0].id + 1, left: 2, rule: { times: 2, ...byChance } },
    ])
    await tell('behave', { id: faults[0].id })
    expect((await read('faults')).faults).toEqual([faults[1]])
    await tell('behave')
    expect(await read('faults')).toEqual({ faults: [] })
  })

  it('forgets everything except the keys', async () => {
    await placed()
    const { config } = simulator
    await tell('advance', { days: 1 })
    expect(await tell('reset')).toEqual({ status: 200, json: {} })
    expect(await read('orders')).toEqual({ orders: [] })
    expect(await read('requests')).toEqual({ requests: [] })
    expect(Math.abs(Date.parse((await read('health')).now) - Date.now())).toBeLessThan(60_000)
    expect(simulator.config).toEqual(config)
  })
})

describe('a call', () => {
  it('of APIv3 is signed as the merchant, and returned with its response', async () => {
    const json = order(simulator.config)
    const called = await tell('call', { method: 'POST', path: 'v3/pay/transactions/native', json })
    expect(called.json).toMatchObject({
      request: {
        path: '/v3/pay/transactions/native',
        body: JSON.stringify(json),
        signed: expect.stringMatching(/^POST\n\/v3\/pay\/transactions\/native\n\d+\n\w+\n\{.*\}\n$/s),
      },
      response: { statusCode: 200, encoding: 'utf8', body: expect.stringContaining('code_url') },
    })
    const path = `v3/pay/transactions/out-trade-no/${json.out_trade_no}`
    const queried = await tell('call', { method: 'GET', path, query: { mchid: simulator.config.mchid } })
    expect(JSON.parse(queried.json.response.body)).toMatchObject({ trade_state: 'NOTPAY' })
  })

  it('of APIv2 is signed with the APIv2 key, over mutual TLS where it is needed', async () => {
    const xml = {
      appid: 'wx1',
      out_trade_no: 'V2',
      body: '公仔',
      total_fee: 1,
      spbill_create_ip: '8.8.8.8',
      trade_type: 'NATIVE',
    }
    const notify_url = 'https://shop.example/'
    const placed = await tell('call', { method: 'POST', path: 'v2/pay/unifiedorder', xml: { ...xml, notify_url } })
    expect(placed.json.response.body).toContain('<code_url>')
    simulator.pay('V2')
    const refund = { appid: 'wx1', out_trade_no: 'V2', out_refund_no: 'V2R', total_fee: 1, refund_fee: 1 }
    const refunded = await tell('call', { method: 'POST', path: 'v2/secapi/pay/refund', xml: refund })
    expect(refunded.json.response.body).toContain('<refund_id>')
  })

  it('takes sensitive fields in plain text, and encrypts them', async () => {
    const receiver = { type: 'PERSONAL_OPENID', account: 'o1', relation_type: 'PARTNER', appid: 'wx1', name: '张三' }
    const call = { method: 'POST', path: 'v3/profitsharing/receivers/add', json: receiver }
    const added = (await tell('call', call)).json
    expect(JSON.parse(added.request.body).name).toMatch(/^[\w+/=]{344}$/)
    expect(added.response).toMatchObject({ statusCode: 200, body: expect.stringContaining('"account":"o1"') })
    const plain = await tell('call', { ...call, encrypt: false })
    expect(plain.json.response).toMatchObject({ statusCode: 400, body: expect.stringContaining('PARAM_ERROR') })
    const wrong = await tell('call', { ...call, json: { ...receiver, name: 5 } })
    expect(wrong).toMatchObject({ status: 400, json: { message: expect.stringContaining('json.name') } })
  })

  it('uploads a file, and returns one as Base64 with its type', async () => {
    const file = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64')
    const path = 'v3/merchant-service/images/upload'
    const uploaded = await tell('call', { method: 'POST', path, file, filename: 'logo.png' })
    expect(JSON.parse(uploaded.json.request.body)).toMatchObject({ filename: 'logo.png' })
    const { media_id } = JSON.parse(uploaded.json.response.body)
    const image = `v3/merchant-service/images/${encodeURIComponent(media_id)}`
    const downloaded = await tell('call', { method: 'GET', path: image })
    expect(downloaded.json.response).toMatchObject({ contentType: 'image/jpeg', encoding: 'base64', body: file })
    const v2 = { method: 'POST', path: 'v2/secapi/mch/uploadmedia', file, filename: 'logo.png' }
    expect((await tell('call', v2)).json.response.body).toContain('<media_id>')
    const wrong = await tell('call', { method: 'POST', path, file: 'logo.png' })
    expect(wrong).toMatchObject({ status: 400, json: { message: expect.stringContaining('`file`') } })
  })

  it('under brand/ is that of the brand', async () => {
    const query = { offset: 0, limit: 20 }
    const called = await tell('call', { method: 'GET', path: 'brand/card-member/cards', query })
    expect(called.json.request.headers.authorization).toMatch(/^WECHATPAY-BRAND-SHA256-RSA2048 brand_id="10001"/)
    expect(called.json.response).toMatchObject({ statusCode: 200, contentType: 'application/json' })
  })

  it('whose connection is closed has the status 0', async () => {
    simulator.misbehave({ drop: 'request' })
    expect((await tell('call', { method: 'GET', path: 'v3/certificates' })).json.response.statusCode).toBe(0)
  })

  it('needs a path', async () => {
    const refused = await tell('call', { method: 'GET', path: '//evil.example/ x' })
    expect(refused).toMatchObject({ status: 400, json: { message: expect.stringContaining('`path`') } })
  })
})

describe('wrong input', () => {
  it.each([
    ['pay', {}, '/out_trade_no'],
    ['trigger', { event_type: 'NO.SUCH', to: 'http://localhost/' }, 'NO.SUCH'],
    ['trigger', { event_type: 'TRANSACTION.SUCCESS', to: 'https://shop.example/' }, '`to`'],
    ['replay', { id: 9 }, '`id`'],
    ['pay', { out_trade_no: 1 }, '/out_trade_no'],
    ['pay', { out_trade_no: '1', open_id: 'x' }, '/open_id'],
    ['advance', { weeks: 1 }, '/weeks'],
    ['advance', { days: -1 }, 'days'],
    ['misbehave', { status: 418 }, '/status'],
    ['misbehave', { match: { pattern: '(' } }, '('],
  ])('%s %o is refused with the name of the field', async (name, body, field) => {
    const { status, json } = await tell(name, body)
    expect(status).toBe(400)
    expect(json).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining(field) })
  })

  it('an unknown order is an error with the code of WeChat Pay', async () => {
    expect(await tell('pay', { out_trade_no: 'unknown' })).toMatchObject({
      status: 404,
      json: { code: 'ORDER_NOT_EXIST' },
    })
  })

  it('an unknown path is 404, a wrong method 405, a wrong content type 415, and invalid JSON 400', async () => {
    expect((await tell('nothing')).status).toBe(404)
    expect((await tell('health')).status).toBe(405)
    const url = `${simulator.url}/_sim/pay`
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(415)
    const headers = { 'Content-Type': 'application/json' }
    expect((await fetch(url, { method: 'POST', headers, body: '{' })).status).toBe(400)
  })
})

describe('a page in a browser', () => {
  it('of this machine may read and act', async () => {
    const origin = 'http://localhost:4321'
    const asked = await raw({ Origin: origin, 'Access-Control-Request-Private-Network': 'true' }, { method: 'OPTIONS' })
    expect(asked).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-headers': 'Content-Type',
        'access-control-allow-private-network': 'true',
      },
    })
    expect(await raw({ Origin: origin })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin },
    })
  })

  it.each(['https://evil.example', 'http://localhost.evil.example', 'null', 'http://127.0.0.1.evil.example'])(
    'of %s may do neither',
    async origin => {
      const refused = await raw({ Origin: origin })
      expect(refused.status).toBe(403)
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin')
      const headers = { Origin: origin, 'Content-Type': 'application/json' }
      expect((await raw(headers, { method: 'POST', path: '/_sim/reset' })).status).toBe(403)
    },
  )

  it.each(['evil.example', '127.0.0.1.evil.example', 'shop', '192.168.1.5'])(
    'cannot reach it by the name %o',
    async host => {
      expect((await raw({ Host: host })).status).toBe(403)
    },
  )

  it.each(['localhost:1', '127.0.0.1', '[::1]:80', 'LOCALHOST'])('reaches it by the name %s', async host => {
    expect((await raw({ Host: host })).status).toBe(200)
  })
})

describe('with the option host', () => {
  it('addresses and names of the network are let in, domain names are not', async () => {
    const { keys } = simulator
    await using open = await Simulator.start({ keys, host: '0.0.0.0' })
    expect(new URL(open.url).hostname).toBe('127.0.0.1')
    const ask = async (Host: string) => (await raw({ Host }, { url: open.url })).status
    expect(await Promise.all(['192.168.1.5:8900', 'wechatpay', 'localhost'].map(ask))).toEqual([200, 200, 200])
    expect(await ask('rebound.evil.example')).toBe(403)
    const outside = Object.values(networkInterfaces())
      .flat()
      .find(address => address?.family === 'IPv4' && !address.internal)
    if (outside) expect((await fetch(open.url.replace('127.0.0.1', outside.address))).status).toBe(404)
  })
})

describe('with the option httpsPort', () => {
  it('the same simulator is reached by http and by https', async () => {
    await using both = await Simulator.start({ keys: simulator.keys, httpsPort: 0 })
    expect(both.url).toMatch(/^http:/)
    expect(both.httpsUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const { config } = both
    for (const base_uri of [config.base_uri, `${both.httpsUrl}/`]) {
      const wxpay = Builder.factory({ ...config, base_uri })
      expect((await wxpay.v3.certificates.get()).statusCode).toBe(200)
    }
    expect(both.requests).toHaveLength(2)
  })

  it('and without it there is an https address only with https', async () => {
    expect(simulator.httpsUrl).toBeUndefined()
    await using secure = await Simulator.start({ keys: simulator.keys, https: true })
    expect(secure.httpsUrl).toBe(secure.url)
  })
})

it('the merchant API is not reached below /_sim, nor the control API below the merchant API', async () => {
  expect((await send(simulator.config, { path: '/_sim/v3/certificates' })).status).toBe(404)
  expect((await send(simulator.config, { path: '/v3/_sim/health' })).status).toBe(404)
  expect((await send(simulator.config, { path: '/_simulator' })).status).toBe(404)
})

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    const { valid, errors } = await new Validator().validate(await read('openapi.json'))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('describes the responses', async () => {
    const out_trade_no = await placed()
    await tell('pay', { out_trade_no })
    const document = await read('openapi.json')
    const call = { method: 'GET', path: 'v3/certificates' }
    const bodies: Record<string, unknown> = { call, pay: undefined, restore: await read('snapshot') }
    const paths: [string, Json][] = Object.entries(document.paths)
    const ajv = new Ajv2020({ strict: false })
    for (const [path, { get, post: action }] of paths) {
      const name = path.replace('/_sim/', '')
      const schema = (get ?? action).responses[200].content['application/json'].schema
      if (['pay', 'settle', 'confirm', 'trigger', 'replay'].includes(name)) continue
      const value = get ? await read(name) : (await tell(name, bodies[name])).json
      const validate = ajv.compile(schema)
      validate(value)
      expect([name, validate.errors]).toEqual([name, null])
    }
  })
})

const PYTHON = `
import json, sys, urllib.request
base = sys.argv[1] + '/_sim/'
def tell(name, body):
    request = urllib.request.Request(base + name, json.dumps(body).encode(), {'Content-Type': 'application/json'})
    return json.load(urllib.request.urlopen(request))
config = json.load(urllib.request.urlopen(base + 'config'))
order = {'appid': 'wxd678efh567hg6787', 'mchid': config['mchid'], 'description': 'doll', 'out_trade_no': 'PYTHON1',
  'notify_url': 'https://shop.example/', 'amount': {'total': 100}}
tell('call', {'method': 'POST', 'path': 'v3/pay/transactions/native', 'json': order})
tell('pay', {'out_trade_no': 'PYTHON1'})
tell('advance', {'days': 1})
path = 'v3/pay/transactions/out-trade-no/PYTHON1'
print(tell('call', {'method': 'GET', 'path': path, 'query': {'mchid': config['mchid']}})['response']['body'])
`

it.skipIf(spawnSync('python3', ['--version']).error)('a test in Python pays, lets time pass and queries', async () => {
  const { stdout } = await promisify(execFile)('python3', ['-c', PYTHON, simulator.url])
  expect(JSON.parse(stdout)).toMatchObject({ out_trade_no: 'PYTHON1', trade_state: 'SUCCESS' })
})
