import { privateDecrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../lib/errors.js'
import { endpoint, ok } from '../../../lib/simulator/gateway/endpoint.js'
import { Registry } from '../../../lib/simulator/gateway/registry.js'
import { createMerchant } from '../../../lib/simulator/keys/merchant.js'
import { BusinessClock } from '../../../lib/simulator/ledger/clock.js'
import { createLedger } from '../../../lib/simulator/ledger/ledger.js'
import { documented } from '../catalogue-requests.js'
import { startSimulator } from '../start.js'

await using simulator = await startSimulator()
const { keys, config } = simulator
const merchant = createMerchant(config.mchid, keys)
const ledger = () => createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] })

/** Without product modules: the catalogue alone. */
const registry = new Registry([], ledger())

async function call(at: Registry, method: string, path: string, content?: object) {
  const { route, params } = at.find(method, path)
  const body = Buffer.from(content ? JSON.stringify(content) : '')
  const request = { method, target: path, headers: { 'content-type': 'application/json' }, body }
  return route.handle({ merchant, params, query: new URLSearchParams(), request, now: 0, machineTime: 0 })
}

/** The response, or the error that the gateway makes one of. */
async function ask(method: string, path: string, content?: object) {
  try {
    const { statusCode: status, body: text } = await call(registry, method, path, content)
    return { status, text, json: text === '' ? {} : JSON.parse(text) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { statusCode: status, code, message, detail } = error
    return { status, text: '', json: { code, message, detail } }
  }
}

const WITHDRAW = '/v3/merchant/fund/withdraw'

const withdrawal = (out_request_no: string, amount = 100) => ({ out_request_no, amount, account_type: 'BASIC' })
const create = (body: object) => ask('POST', WITHDRAW, body)

describe('what was created', () => {
  it('is found by the number of the merchant, with the values that were sent', async () => {
    expect(await create(withdrawal('withdrawA', 7))).toMatchObject({ status: 200 })
    const found = await ask('GET', `${WITHDRAW}/out-request-no/withdrawA`)
    expect(found).toMatchObject({ status: 200, json: { out_request_no: 'withdrawA', amount: 7 } })
  })

  it('has a number of WeChat Pay, which is different for each and finds it', async () => {
    const [one, other] = [await create(withdrawal('withdrawB', 1)), await create(withdrawal('withdrawC', 2))]
    expect(one.json.withdraw_id).not.toBe(other.json.withdraw_id)
    const found = await ask('GET', `${WITHDRAW}/withdraw-id/${other.json.withdraw_id}`)
    expect(found.json).toMatchObject({ out_request_no: 'withdrawC', withdraw_id: other.json.withdraw_id, amount: 2 })
  })

  it('is not found when it was never created, or by a different merchant', async () => {
    expect(await ask('GET', `${WITHDRAW}/out-request-no/never`)).toMatchObject({
      status: 404,
      json: { code: 'RESOURCE_NOT_EXISTS' },
    })
  })

  it('is changed and deleted by the operations that name it', async () => {
    const path = '/v3/marketing/membercard-open/cards'
    const sample = documented('v3').find(operation => operation.method === 'POST' && operation.path === path)?.example
    const { json } = await ask('POST', path, { ...sample, title: '旧的名称' })
    const card = `${path}/${json.card_id}`
    expect((await ask('GET', card)).json).toMatchObject({ card_id: json.card_id, title: '旧的名称' })
    await ask('PATCH', card, { title: '新的名称' })
    expect((await ask('GET', card)).json).toMatchObject({ card_id: json.card_id, title: '新的名称' })
    expect((await ask('DELETE', card)).status).toBe(204)
    expect((await ask('GET', card)).status).toBe(404)
  })
})

describe('what nothing creates', () => {
  it('is sampled, the same each time', async () => {
    const path = '/v3/merchant/fund/balance/BASIC'
    const [one, other] = [await ask('GET', path), await ask('GET', path)]
    expect(one).toMatchObject({ status: 200, json: { available_amount: expect.any(Number) } })
    expect(one.text).toBe(other.text)
  })
})

it('a sensitive field of a sampled response is encrypted for the merchant', async () => {
  const { json } = await ask('GET', '/v3/merchant-service/complaints-v2/200201820200101080076610000')
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
    expect(await ask('POST', path, { mchid: 7 })).toMatchObject({
      status: 400,
      json: { code: 'PARAM_ERROR', detail: { field: '/mchid' } },
    })
  })
})

describe('an endpoint of a product module', () => {
  const body = withdrawal('withdrawF')
  const withdraw = (at: Registry, content: object) => call(at, 'POST', WITHDRAW, content)

  it('is not called again for the same number', async () => {
    let count = 0
    const own = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', ({ respond }) => respond({ withdraw_id: String(++count) }))],
      ledger(),
    )
    const responses = await Promise.all([withdraw(own, body), withdraw(own, body), withdraw(own, body)])
    expect(responses.map(response => JSON.parse(response.body).withdraw_id)).toEqual(['1', '1', '1'])
    await expect(withdraw(own, { ...body, amount: 1 })).rejects.toThrow(/out_request_no/)
    expect(count).toBe(1)
  })

  it('compares the numbers itself when it says so', async () => {
    let count = 0
    const own = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', () => ok({ withdraw_id: String(++count) }), { numbers: 'ledger' })],
      ledger(),
    )
    await withdraw(own, body)
    expect(await withdraw(own, body)).toMatchObject({ body: '{"withdraw_id":"2"}' })
  })

  it('completes its response with what the schema requires, and leaves out what it does not have', async () => {
    const own = new Registry(
      [endpoint('post /v3/merchant/fund/withdraw', ({ respond }) => respond({ extra: true }))],
      ledger(),
    )
    expect(JSON.parse((await withdraw(own, body)).body)).toEqual({
      withdraw_id: expect.any(String),
      out_request_no: 'withdrawF',
    })
  })

  it('must be in the catalogue', () => {
    const own = new Registry([{ method: 'GET', path: '/v3/nothing', handle: () => ok({}) }], ledger())
    expect(() => own.find('GET', '/v3/nothing')).toThrow(TypeError)
  })
})
