import { createPublicKey } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { Simulator } from '../../lib/simulator/index.js'
import { authorization, get, isSigned, send } from './raw-merchant.js'
import { startSimulator } from './start.js'

const simulator = await startSimulator()
const { brand, config } = simulator
afterAll(() => simulator.close())

const PATH = '/brand/store/brandstores/100'

describe("the configuration of a brand's client", () => {
  it('is complete, can be stored as JSON, and has the WeChat Pay public key only', () => {
    expect(JSON.parse(JSON.stringify(brand))).toEqual({
      brand_id: expect.stringMatching(/^\d+$/),
      serial: expect.stringMatching(/^[0-9A-F]{40}$/),
      privateKey: expect.stringContaining('PRIVATE KEY'),
      certs: { [Object.keys(brand.certs)[0] ?? '']: expect.stringContaining('PUBLIC KEY') },
      apiv3Key: expect.stringMatching(/^\w{32}$/),
      base_uri: `${simulator.url}/`,
    })
    expect(Object.keys(brand.certs)).toEqual([expect.stringMatching(/^PUB_KEY_ID_\d+$/)])
    expect(brand.apiv3Key).not.toBe(config.apiv3Key)
  })

  it('has its own key pair, and is the same each time', () => {
    expect(createPublicKey(brand.privateKey).equals(createPublicKey(config.privateKey))).toBe(false)
    expect(simulator.brand).toEqual(brand)
  })

  it('is that of an earlier simulator with its keys', async () => {
    const other = await Simulator.start({ keys: JSON.parse(JSON.stringify(simulator.keys)) })
    // Another process need not ask for the configuration first.
    const { status } = await get({ ...brand, base_uri: other.config.base_uri }, PATH)
    expect(status).not.toBe(401)
    expect({ ...other.brand, base_uri: '' }).toEqual({ ...brand, base_uri: '' })
    await other.close()
  })
})

describe('a request of a brand', () => {
  it('is verified with its key, and the response signed with the public key in its scheme', async () => {
    const response = await get(brand, PATH)
    expect(response).not.toMatchObject({ status: 401 })
    expect(isSigned(response, brand)).toBe(true)
    expect(response.headers['wechatpay-signature-type']).toBe('WECHATPAY-BRAND-SHA256-RSA2048')
  })

  it.each([
    ['with an unknown brand_id', { ...brand, brand_id: '7' }, 'brand_id'],
    ['with the serial of the merchant', { ...brand, serial: config.serial }, 'serial_no'],
    ['signed with the key of the merchant', { ...brand, privateKey: config.privateKey }, 'signature'],
  ])('%s is refused', async (_what, caller, field) => {
    expect(await get(caller, PATH)).toMatchObject({ status: 401, json: { code: 'SIGN_ERROR', detail: { field } } })
  })

  it('cannot call the paths of merchants, nor a merchant those of brands', async () => {
    for (const [caller, path] of [
      [brand, '/v3/certificates'],
      [config, PATH],
    ] as const) {
      expect(await get(caller, path)).toMatchObject({ status: 401, json: { detail: { field: 'scheme' } } })
    }
  })

  it('does not name an mchid', async () => {
    const header = authorization(brand, { path: PATH }).replace('brand_id', 'mchid')
    expect(await send(brand, { path: PATH, authorization: header })).toMatchObject({ status: 401 })
  })
})
