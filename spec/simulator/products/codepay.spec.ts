import { afterAll, describe, expect, it } from 'vitest'
import { get, order, post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const simulator = await startSimulator()
const { config } = simulator
afterAll(() => simulator.close())

const ORDERS = '/v3/pay/transactions/out-trade-no'
const payer = { auth_code: '130061098828009406' }
const code = (over: object = {}) => {
  const { notify_url: _url, ...rest } = order(config)
  return { ...rest, payer, ...over }
}
const pay = (payload: object) => post(config, '/v3/pay/transactions/codepay', payload)
const query = (number: string) => get(config, `${ORDERS}/${number}?mchid=${config.mchid}`)
const reverse = (number: string) =>
  post(config, `${ORDERS}/${number}/reverse`, { appid: 'wxd678efh567hg6787', mchid: config.mchid })

describe('a payment by code', () => {
  it('is paid at once', async () => {
    const payload = code()
    const paid = { trade_state: 'SUCCESS', trade_type: 'MICROPAY', out_trade_no: payload.out_trade_no }
    expect(await pay(payload)).toMatchObject({ status: 200, json: paid })
    const { json } = await query(payload.out_trade_no)
    expect(json).toMatchObject({ ...paid, payer: { openid: expect.any(String) } })
    expect(await pay(payload)).toMatchObject({ status: 400, json: { code: 'ORDERPAID' } })
  })

  it('waits for the password above 1000 yuan, with status 202', async () => {
    const payload = code({ amount: { total: 100_001 } })
    expect(await pay(payload)).toMatchObject({ status: 202, json: { code: 'USERPAYING' } })
    expect((await query(payload.out_trade_no)).json).toMatchObject({ trade_state: 'USERPAYING' })
    expect(JSON.stringify((await query(payload.out_trade_no)).json)).not.toContain(payer.auth_code)
    simulator.pay(payload.out_trade_no)
    expect((await query(payload.out_trade_no)).json).toMatchObject({ trade_state: 'SUCCESS' })
  })

  it('with an invalid code creates no order', async () => {
    const payload = code({ payer: { auth_code: '990061098828009406' } })
    expect(await pay(payload)).toMatchObject({ status: 400, json: { code: 'AUTH_CODE_INVALID' } })
    expect(await query(payload.out_trade_no)).toMatchObject({ status: 404, json: { code: 'ORDER_NOT_EXIST' } })
  })

  it.each([[100], [100_001]])('of %d fen can be reversed, also twice, and then not paid', async total => {
    const payload = code({ amount: { total } })
    const { out_trade_no } = payload
    await pay(payload)
    expect(await reverse(out_trade_no)).toMatchObject({ status: 200, json: { mchid: config.mchid, out_trade_no } })
    expect((await reverse(out_trade_no)).status).toBe(200)
    expect((await query(out_trade_no)).json).toMatchObject({ trade_state: 'REVOKED' })
    expect((await pay(payload)).json).toMatchObject({ code: total > 100 ? 'ORDERREVERSED' : 'ORDERPAID' })
  })

  it('alone can be reversed', async () => {
    const native = order(config)
    await post(config, '/v3/pay/transactions/native', native)
    expect(await reverse(native.out_trade_no)).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST' } })
    expect(await reverse('unknown-1')).toMatchObject({ status: 404, json: { code: 'ORDER_NOT_EXIST' } })
  })
})

describe('a payment by code of a partner', () => {
  const names = { sp_mchid: config.mchid, sub_mchid: '1900000100' }
  const { appid: _appid, mchid: _mchid, ...rest } = code()
  const PARTNER = '/v3/pay/partner/transactions'
  const path = `${PARTNER}/out-trade-no/${rest.out_trade_no}`

  it('is paid, queried and reversed by the partner', async () => {
    const paid = { trade_state: 'SUCCESS', ...names, payer: { sp_openid: expect.any(String) } }
    expect(await post(config, `${PARTNER}/codepay`, { ...rest, ...names })).toMatchObject({ status: 200, json: paid })
    const found = await get(config, `${path}?sp_mchid=${names.sp_mchid}&sub_mchid=${names.sub_mchid}`)
    expect(found).toMatchObject({ status: 200, json: paid })
    expect(await post(config, `${path}/reverse`, names)).toMatchObject({ status: 200, json: names })
  })

  it('names the partner that calls', async () => {
    const other = { ...names, sp_mchid: '1230000109' }
    expect((await post(config, `${path}/reverse`, other)).json).toMatchObject({ code: 'PARAM_ERROR' })
  })
})
