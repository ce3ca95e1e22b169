import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Wechatpay } from 'wechatpay-axios-plugin'
import type { Simulator } from '../../lib/simulator/index.js'
import { order } from './raw-merchant.js'
import { startSimulator } from './start.js'

const BONUS = 'v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit'
const NATIVE = 'v3/pay/transactions/native'
const ORDER = 'v3/pay/transactions/out-trade-no/{out_trade_no}'

let simulator: Simulator
let wxpay: Wechatpay

beforeAll(async () => {
  simulator = await startSimulator()
  const { base_uri, ...config } = simulator.config
  wxpay = new Wechatpay({ ...config, baseURL: base_uri, proxy: false })
})
afterAll(() => simulator.close())

describe('wechatpay-axios-plugin, an independent client,', () => {
  it('commits bonus points', async () => {
    const { status, data } = await wxpay
      .chain(BONUS)
      .post(
        { out_trade_no: '1217752501201407033233368018', mchid: '1230000109', sub_mchid: '1900000109', bonus_value: 30 },
        { card_id: '478515832665', code: '478515832665' },
      )
    expect({ status, data }).toStrictEqual({ status: 204, data: '' })
  })

  it('follows an order from creation to payment', async () => {
    const payload = order(simulator.config)
    const { out_trade_no } = payload
    const created = await wxpay.chain(NATIVE).post(payload)
    expect(created.data).toMatchObject({ code_url: expect.stringContaining('weixin://') })
    const params = { mchid: simulator.config.mchid }
    const query = () => wxpay.chain(ORDER).get({ params, out_trade_no })
    expect((await query()).data).toMatchObject({ out_trade_no, trade_state: 'NOTPAY' })
    const { transaction_id } = simulator.pay(out_trade_no)
    expect((await query()).data).toMatchObject({ transaction_id, trade_state: 'SUCCESS' })
  })

  it('closes an order', async () => {
    const payload = order(simulator.config)
    const { out_trade_no, mchid } = payload
    await wxpay.chain(NATIVE).post(payload)
    const closed = await wxpay.chain(`${ORDER}/close`).post({ mchid }, { out_trade_no })
    expect(closed.status).toBe(204)
    await expect(wxpay.chain(NATIVE).post(payload)).rejects.toMatchObject({
      response: { status: 400, data: { code: 'ORDER_CLOSED' } },
    })
  })

  it('rejects a response with an invalid signature', async () => {
    simulator.misbehave({ signature: 'mismatch' })
    await expect(wxpay.chain('v3/certificates').get()).rejects.toThrow("Verify the response's data")
  })

  it('is refused with a key of a different merchant', async () => {
    const { base_uri, ...config } = simulator.config
    const stranger = new Wechatpay({
      ...config,
      privateKey: simulator.keys.platformCertificate.privateKey,
      baseURL: base_uri,
      proxy: false,
    })
    await expect(stranger.chain('v3/certificates').get()).rejects.toMatchObject({
      response: { status: 401, data: { code: 'SIGN_ERROR', detail: { issue: 'sign not match' } } },
    })
  })
})
