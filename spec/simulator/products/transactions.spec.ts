import { afterAll, describe, expect, it } from 'vitest'
import { ApiError, InvalidArgumentError } from '../../../lib/errors.js'
import { get, order, post, send } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const NATIVE = '/v3/pay/transactions/native'
const JSAPI = '/v3/pay/transactions/jsapi'
const NOW = Date.UTC(2026, 10, 24, 8)
const timestamp = NOW / 1000

const simulator = await startSimulator({ clock: () => NOW })
const { config } = simulator
afterAll(() => simulator.close())

function place(path: string, payload: object) {
  return post(config, path, payload, { timestamp })
}

function query(number: string) {
  return get(config, `/v3/pay/transactions/out-trade-no/${number}?mchid=${config.mchid}`, { timestamp })
}

function close(number: string, mchid = config.mchid) {
  return post(config, `/v3/pay/transactions/out-trade-no/${number}/close`, { mchid }, { timestamp })
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error)
  }
}

describe('an order', () => {
  it('returns a native code_url or a JSAPI prepay_id', async () => {
    const native = await place(NATIVE, order(config))
    expect(native).toMatchObject({
      status: 200,
      json: { code_url: expect.stringMatching(/^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/) },
    })
    const jsapi = await place(JSAPI, order(config, { payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }))
    expect(jsapi).toMatchObject({ status: 200, json: { prepay_id: expect.stringMatching(/^wx20261124160000\d{20}$/) } })
  })

  it('is NOTPAY until it is paid', async () => {
    const payload = order(config, { attach: '自定义数据' })
    await place(NATIVE, payload)
    const { description: _, notify_url: __, ...asked } = payload
    expect((await query(payload.out_trade_no)).json).toStrictEqual({
      ...asked,
      trade_state: 'NOTPAY',
      trade_state_desc: '订单未支付',
    })
  })

  it('is found by both numbers once it is paid', async () => {
    const payload = order(config)
    await place(NATIVE, payload)
    const { transaction_id } = simulator.pay(payload.out_trade_no, { openid: 'the-payer' })
    const { description: _, notify_url: __, ...asked } = payload
    const paid = {
      ...asked,
      amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
      trade_state: 'SUCCESS',
      trade_state_desc: '支付成功',
      trade_type: 'NATIVE',
      bank_type: 'OTHERS',
      transaction_id,
      success_time: '2026-11-24T16:00:00+08:00',
      payer: { openid: 'the-payer' },
      promotion_detail: [],
    }
    expect(transaction_id).toMatch(/^4200\d{24}$/)
    expect((await query(payload.out_trade_no)).json).toStrictEqual(paid)
    const path = `/v3/pay/transactions/id/${transaction_id}?mchid=${config.mchid}`
    expect((await get(config, path, { timestamp })).json).toStrictEqual(paid)
  })

  it('can be paid only by the payer that a JSAPI order names', async () => {
    const payload = order(config, { payer: { openid: 'the-payer' } })
    await place(JSAPI, payload)
    expect(() => simulator.pay(payload.out_trade_no, { openid: 'a-different-payer' })).toThrow(InvalidArgumentError)
    simulator.pay(payload.out_trade_no)
    expect((await query(payload.out_trade_no)).json).toMatchObject({
      trade_type: 'JSAPI',
      payer: { openid: 'the-payer' },
    })
  })

  it('that was not created is not found', async () => {
    const expected = { status: 404, json: { code: 'ORDER_NOT_EXIST', message: '订单不存在' } }
    expect(await query('unknown-1')).toMatchObject(expected)
    expect(await close('unknown-1')).toMatchObject(expected)
    expect(await get(config, `/v3/pay/transactions/id/4200?mchid=${config.mchid}`, { timestamp })).toMatchObject(
      expected,
    )
    expect(codeOf(() => simulator.pay('unknown-1'))).toBe('ORDER_NOT_EXIST')
  })
})

describe('the same out_trade_no again', () => {
  it('returns the same response when no field differs', async () => {
    const payload = order(config)
    const first = await place(NATIVE, payload)
    const reordered = Object.fromEntries(Object.entries(payload).reverse())
    expect((await place(NATIVE, reordered)).json).toStrictEqual(first.json)
  })

  it('is refused with different fields or a different trade type', async () => {
    const payload = order(config, { payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } })
    await place(NATIVE, payload)
    const refused = { status: 403, json: { code: 'OUT_TRADE_NO_USED' } }
    expect(await place(NATIVE, { ...payload, amount: { total: 101, currency: 'CNY' } })).toMatchObject(refused)
    expect(await place(NATIVE, { ...payload, attach: 'more' })).toMatchObject(refused)
    expect(await place(JSAPI, payload)).toMatchObject(refused)
  })

  it('is refused once the order is paid or closed', async () => {
    const [paid, closed] = [order(config), order(config)]
    await place(NATIVE, paid)
    await place(NATIVE, closed)
    simulator.pay(paid.out_trade_no)
    await close(closed.out_trade_no)
    expect(await place(NATIVE, paid)).toMatchObject({ status: 400, json: { code: 'ORDERPAID' } })
    expect(await place(NATIVE, closed)).toMatchObject({ status: 400, json: { code: 'ORDER_CLOSED' } })
  })
})

describe('closing', () => {
  it('returns 204, also when repeated, and the order can no longer be paid', async () => {
    const { out_trade_no, ...rest } = order(config)
    await place(NATIVE, { out_trade_no, ...rest })
    expect(await close(out_trade_no)).toMatchObject({ status: 204, text: '' })
    expect((await close(out_trade_no)).status).toBe(204)
    expect((await query(out_trade_no)).json).toMatchObject({ trade_state: 'CLOSED', trade_state_desc: '订单已关闭' })
    expect(codeOf(() => simulator.pay(out_trade_no))).toBe('ORDER_CLOSED')
  })

  it('is refused for a paid order, which stays paid', async () => {
    const payload = order(config)
    await place(NATIVE, payload)
    simulator.pay(payload.out_trade_no)
    expect(await close(payload.out_trade_no)).toMatchObject({ status: 400, json: { code: 'ORDERPAID' } })
    expect(codeOf(() => simulator.pay(payload.out_trade_no))).toBe('ORDERPAID')
    expect((await query(payload.out_trade_no)).json).toMatchObject({ trade_state: 'SUCCESS' })
  })
})

describe('the mchid of a different merchant', () => {
  it('is refused in a body', async () => {
    const refused = {
      status: 400,
      json: { code: 'PARAM_ERROR', detail: { field: '/mchid', value: '1230000109', location: 'body' } },
    }
    expect(await place(NATIVE, order(config, { mchid: '1230000109' }))).toMatchObject(refused)
    expect(await close('unknown-1', '1230000109')).toMatchObject(refused)
  })

  it('is refused in a query, as is a missing one', async () => {
    const path = '/v3/pay/transactions/out-trade-no/unknown-1'
    for (const [search, value] of [
      ['?mchid=1230000109', '1230000109'],
      ['?mchid=', ''],
      ['', ''],
    ]) {
      expect(await get(config, path + search, { timestamp })).toMatchObject({
        status: 400,
        json: { code: 'PARAM_ERROR', detail: { field: 'mchid', value, location: 'query' } },
      })
    }
  })
})

describe('an invalid payload', () => {
  it.each([
    ['/amount/total', { amount: { total: '100' } }, '100'],
    ['/amount/total', { amount: { total: 1.5 } }, 1.5],
    ['/amount/total', { amount: { total: 0 } }, 0],
    ['/amount/total', { amount: {} }, ''],
    ['/amount/currency', { amount: { total: 1, currency: 'USD' } }, 'USD'],
    ['/amount', { amount: null }, null],
    ['/description', { description: undefined }, ''],
    ['/description', { description: '' }, ''],
    ['/out_trade_no', { out_trade_no: '订单' }, '订单'],
    ['/notify_url', { notify_url: 'https://example.com/?a=1' }, 'https://example.com/?a=1'],
  ])('is refused with the name of the field: %s of %o', async (field, over, value) => {
    const { status, json } = await place(NATIVE, order(config, over))
    expect(status).toBe(400)
    expect(json).toMatchObject({ code: 'PARAM_ERROR', detail: { field, value, location: 'body' } })
    expect(json.message).toContain(`/body${field}`)
  })

  it('is refused when a JSAPI order names no payer', async () => {
    expect(await place(JSAPI, order(config))).toMatchObject({ status: 400, json: { detail: { field: '/payer' } } })
  })

  it('is refused when it is not a JSON object', async () => {
    for (const body of ['', '{', '[]', 'null', '"text"']) {
      const headers = { 'Content-Type': 'application/json' }
      const response = await send(config, { method: 'POST', path: NATIVE, body, timestamp, headers })
      expect(response).toMatchObject({
        status: 400,
        json: { code: 'PARAM_ERROR', detail: { field: '', location: 'body' } },
      })
    }
  })

  it('is refused when its content type is not JSON', async () => {
    const headers = { 'Content-Type': 'text/plain' }
    expect(await post(config, NATIVE, order(config), { timestamp, headers })).toMatchObject({
      status: 415,
      json: { code: 'INVALID_REQUEST', detail: { value: 'text/plain' } },
    })
  })
})
