import { privateDecrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Endpoint, endpoint, ok } from '../../../lib/simulator/gateway/endpoint.js'
import { documented } from '../catalogue-requests.js'
import { registryCaller } from '../registry-caller.js'
import { startSimulator } from '../start.js'

await using simulator = await startSimulator()
const { config } = simulator

/** Without product modules: the catalogue alone. */
const caller = registryCaller(simulator)
const ask = (method: string, target: string, content?: object) =>
  caller({ method, target, ...(content && { body: JSON.stringify(content) }) })

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

describe('a thing that no operation creates', () => {
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
  it('is refused before the state is checked', async () => {
    const path = '/v3/pay/transactions/out-trade-no/no-such-order/close'
    expect(await ask('POST', path, { mchid: 7 })).toMatchObject({
      status: 400,
      json: { code: 'PARAM_ERROR', detail: { field: '/mchid' } },
    })
  })
})

describe('an endpoint of a product module', () => {
  const body = withdrawal('withdrawF')
  const withdrawals = (handle: Endpoint['handle'], options: Pick<Endpoint, 'numbers'> = {}) => {
    const own = registryCaller(simulator, [endpoint('post /v3/merchant/fund/withdraw', handle, options)])
    return (content: object) => own({ method: 'POST', target: WITHDRAW, body: JSON.stringify(content) })
  }

  it('is not called again for the same number', async () => {
    let count = 0
    const withdraw = withdrawals(({ respond }) => respond({ withdraw_id: String(++count) }))
    const responses = await Promise.all([withdraw(body), withdraw(body), withdraw(body)])
    expect(responses.map(({ json }) => json.withdraw_id)).toEqual(['1', '1', '1'])
    expect((await withdraw({ ...body, amount: 1 })).json.message).toMatch(/out_request_no/)
    expect(count).toBe(1)
  })

  it('compares the numbers itself with `numbers: ledger`', async () => {
    let count = 0
    const withdraw = withdrawals(() => ok({ withdraw_id: String(++count) }), { numbers: 'ledger' })
    await withdraw(body)
    expect(await withdraw(body)).toMatchObject({ text: '{"withdraw_id":"2"}' })
  })

  it('gets a response with all required fields, and without undocumented ones', async () => {
    const withdraw = withdrawals(({ respond }) => respond({ extra: true }))
    expect((await withdraw(body)).json).toEqual({ withdraw_id: expect.any(String), out_request_no: 'withdrawF' })
  })

  it('must be in the catalogue', async () => {
    const own = registryCaller(simulator, [{ method: 'GET', path: '/v3/nothing', handle: () => ok({}) }])
    await expect(own({ method: 'GET', target: '/v3/nothing' })).rejects.toThrow(TypeError)
  })
})
