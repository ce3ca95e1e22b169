import { privateDecrypt } from 'node:crypto'
import { Agent } from 'node:http'
import { afterAll, describe, expect, it } from 'vitest'
import { endpoint, ok } from '../../../lib/simulator/gateway/endpoint.js'
import { Registry } from '../../../lib/simulator/gateway/registry.js'
import { Simulator } from '../../../lib/simulator/index.js'
import { createMerchant } from '../../../lib/simulator/keys/merchant.js'
import { BusinessClock } from '../../../lib/simulator/ledger/clock.js'
import { createLedger } from '../../../lib/simulator/ledger/ledger.js'
import { documented } from '../catalogue-requests.js'
import { get, post, send } from '../raw-merchant.js'

const simulator = await Simulator.start()
const { config } = simulator
const agent = new Agent({ keepAlive: true })
afterAll(async () => {
  agent.destroy()
  await simulator.close()
})

const WITHDRAW = '/v3/merchant/fund/withdraw'

const withdrawal = (out_request_no: string, amount = 100) => ({ out_request_no, amount, account_type: 'BASIC' })
const create = (body: object) => post(config, WITHDRAW, body, { agent })

describe('what was created', () => {
  it('is found by the number of the merchant, with the values that were sent', async () => {
    expect(await create(withdrawal('withdrawA', 7))).toMatchObject({ status: 200 })
    const found = await get(config, `${WITHDRAW}/out-request-no/withdrawA`, { agent })
    expect(found).toMatchObject({ status: 200, json: { out_request_no: 'withdrawA', amount: 7 } })
  })

  it('has a number of WeChat Pay, which is different for each and finds it', async () => {
    const [one, other] = [await create(withdrawal('withdrawB', 1)), await create(withdrawal('withdrawC', 2))]
    expect(one.json.withdraw_id).not.toBe(other.json.withdraw_id)
    const found = await get(config, `${WITHDRAW}/withdraw-id/${other.json.withdraw_id}`, { agent })
    expect(found.json).toMatchObject({ out_request_no: 'withdrawC', withdraw_id: other.json.withdraw_id, amount: 2 })
  })

  it('is not found when it was never created, or by a different merchant', async () => {
    expect(await get(config, `${WITHDRAW}/out-request-no/never`, { agent })).toMatchObject({
      status: 404,
      json: { code: 'RESOURCE_NOT_EXISTS' },
    })
  })

  it('is changed and deleted by the operations that name it', async () => {
    const path = '/v3/marketing/membercard-open/cards'
    const sample = documented('v3').find(operation => operation.method === 'POST' && operation.path === path)?.example
    const { json } = await post(config, path, { ...sample, title: '旧的名称' }, { agent })
    const card = `${path}/${json.card_id}`
    expect((await get(config, card, { agent })).json).toMatchObject({ card_id: json.card_id, title: '旧的名称' })
    await send(config, { method: 'PATCH', path: card, body: JSON.stringify({ title: '新的名称' }), agent })
    expect((await get(config, card, { agent })).json).toMatchObject({ card_id: json.card_id, title: '新的名称' })
    expect((await send(config, { method: 'DELETE', path: card, agent })).status).toBe(204)
    expect((await get(config, card, { agent })).status).toBe(404)
  })
})

describe('what nothing creates', () => {
  it('is sampled, the same each time', async () => {
    const path = '/v3/merchant/fund/balance/BASIC'
    const [one, other] = [await get(config, path, { agent }), await get(config, path, { agent })]
    expect(one).toMatchObject({ status: 200, json: { available_amount: expect.any(Number) } })
    expect(one.text).toBe(other.text)
  })
})

it('a sensitive field of a sampled response is encrypted for the merchant', async () => {
  const { json } = await get(config, '/v3/merchant-service/complaints-v2/200201820200101080076610000', { agent })
  const decrypted = privateDecrypt(config.privateKey, Buffer.from(json.payer_phone, 'base64'))
  expect(decrypted.toString()).toMatch(/^1\d{10}$/)
})

describe('a merchant number', () => {
  it('returns the first response for the same content, and is refused for different content', async () => {
    const first = await create(withdrawal('withdrawD'))
    expect((await create(withdrawal('withdrawD'))).text).toBe(first.text)
    expect(await create(withdrawal('withdrawD', 101))).toMatchObject({
      status: 400,
      json: { code: 'INVALID_REQUEST', message: expect.stringContaining('out_request_no') },
    })
  })

  it('is free when the request failed', async () => {
    expect(await create({ ...withdrawal('withdrawE'), amount: 'all' })).toMatchObject({ status: 400 })
    expect(await create(withdrawal('withdrawE'))).toMatchObject({ status: 200 })
  })
})

describe('a wrong field', () => {
  it('is refused before the state is looked at', async () => {
    const path = '/v3/pay/transactions/out-trade-no/no-such-order/close'
    expect(await post(config, path, { mchid: 7 }, { agent })).toMatchObject({
      status: 400,
      json: { code: 'PARAM_ERROR', detail: { field: '/mchid' } },
    })
    expect(await post(config, path, { mchid: config.mchid }, { agent })).toMatchObject({ status: 404 })
  })
})

describe('an endpoint of a product module', () => {
  const merchant = createMerchant(config.mchid, simulator.keys)
  const body = withdrawal('withdrawF')

  function call(registry: Registry, content: object) {
    const { route, params } = registry.find('POST', WITHDRAW)
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', target: WITHDRAW, headers, body: Buffer.from(JSON.stringify(content)) }
    return route.handle({ merchant, params, query: new URLSearchParams(), request, now: 0, machineTime: 0 })
  }

  it('is not called again for the same number', async () => {
    let count = 0
    const registry = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', ({ respond }) => respond({ withdraw_id: String(++count) }))],
      createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] }),
    )
    const responses = await Promise.all([call(registry, body), call(registry, body), call(registry, body)])
    expect(responses.map(response => JSON.parse(response.body).withdraw_id)).toEqual(['1', '1', '1'])
    await expect(call(registry, { ...body, amount: 1 })).rejects.toThrow(/out_request_no/)
    expect(count).toBe(1)
  })

  it('compares the numbers itself when it says so', async () => {
    let count = 0
    const registry = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', () => ok({ withdraw_id: String(++count) }), { numbers: 'ledger' })],
      createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] }),
    )
    await call(registry, body)
    expect(await call(registry, body)).toMatchObject({ body: '{"withdraw_id":"2"}' })
  })

  it('completes its response with what the schema requires, and leaves out what it does not have', async () => {
    const registry = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', ({ respond }) => respond({ extra: true }))],
      createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] }),
    )
    expect(JSON.parse((await call(registry, body)).body)).toEqual({
      withdraw_id: expect.any(String),
      out_request_no: 'withdrawF',
    })
  })

  it('must be in the catalogue', () => {
    const registry = new Registry(
      [{ method: 'GET', path: '/v3/nothing', handle: () => ok({}) }],
      createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] }),
    )
    expect(() => registry.find('GET', '/v3/nothing')).toThrow(TypeError)
  })
})
