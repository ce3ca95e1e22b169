import { afterAll, beforeAll, expect, it } from 'vitest'
import { Simulator, type SimulatorConfig } from '../../../lib/simulator/index.js'
import { get, isSigned, order, post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const CARDS = '/v3/marketing/membercard-open/cards/478515832665/codes/478515832665/bonus/commit'
const BONUS = {
  out_trade_no: '1217752501201407033233368018',
  mchid: '1230000109',
  sub_mchid: '1900000109',
  bonus_value: 30,
}

let simulator: Simulator
let config: SimulatorConfig
let publicKeyId: string
let platformSerial: string

beforeAll(async () => {
  simulator = await startSimulator()
  config = simulator.config
  publicKeyId = simulator.keys.platformPublicKey.serial
  platformSerial = simulator.keys.platformCertificate.serial
})
afterAll(() => simulator.close())

it('signs the body, and names the scheme, the key and the request ID', async () => {
  const response = await post(config, '/v3/pay/transactions/native', order(config))
  expect(isSigned(response, config)).toBe(true)
  expect(response.headers).toMatchObject({
    'wechatpay-serial': platformSerial,
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
    'content-type': 'application/json; charset=utf-8',
    'request-id': expect.stringMatching(/^08[0-9A-F]{40}-0$/),
  })
})

it('signs the empty string for a response without a body', async () => {
  const response = await post(config, CARDS, BONUS)
  expect(response).toMatchObject({ status: 204, text: '' })
  expect(response.headers).not.toHaveProperty('content-length')
  expect(isSigned(response, config)).toBe(true)
})

it('signs an error for a known merchant, with a Request-ID that does not end in 0', async () => {
  const response = await get(config, `/v3/pay/transactions/out-trade-no/unknown-1?mchid=${config.mchid}`)
  expect(response.status).toBe(404)
  expect(isSigned(response, config)).toBe(true)
  expect(response.headers['request-id']).toMatch(/-[1-9]\d*$/)
})

it('signs with the public key when the request names it', async () => {
  const response = await post(config, CARDS, BONUS, { headers: { 'Wechatpay-Serial': publicKeyId } })
  expect(response.headers['wechatpay-serial']).toBe(publicKeyId)
  expect(isSigned(response, config)).toBe(true)
})

it('signs with the certificate when the request names it, an unknown key or none', async () => {
  for (const serial of [platformSerial, 'PUB_KEY_ID_0000000000000000000000000000', undefined]) {
    const response = await post(config, CARDS, BONUS, { headers: { 'Wechatpay-Serial': serial } })
    expect(response.headers['wechatpay-serial']).toBe(platformSerial)
    expect(isSigned(response, config)).toBe(true)
  }
})

it('signs with the time of its clock and a new nonce', async () => {
  const clocked = await Simulator.start({ keys: simulator.keys, clock: () => 1_700_000_000_999 })
  const responses = await Promise.all(
    [1, 2].map(() => post(clocked.config, CARDS, BONUS, { timestamp: 1_700_000_000 })),
  )
  await clocked.close()
  expect(responses.map(({ headers }) => headers['wechatpay-timestamp'])).toStrictEqual(['1700000000', '1700000000'])
  expect(new Set(responses.map(({ headers }) => headers['wechatpay-nonce'])).size).toBe(2)
})
