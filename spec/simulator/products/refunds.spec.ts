import { afterAll, expect, it } from 'vitest'
import { ApiError } from '../../../lib/errors.js'
import { get, order, post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const REFUNDS = '/v3/refund/domestic/refunds'
const NOW = Date.UTC(2026, 10, 24, 8)
const timestamp = NOW / 1000

const simulator = await startSimulator({ clock: () => NOW })
const { config } = simulator
afterAll(() => simulator.close())

async function place() {
  const payload = order(config)
  await post(config, '/v3/pay/transactions/native', payload, { timestamp })
  return payload.out_trade_no
}

async function placeAndPay() {
  const out_trade_no = await place()
  return { out_trade_no, ...simulator.pay(out_trade_no) }
}

function refund(payload: object) {
  return post(config, REFUNDS, payload, { timestamp })
}

function amount(refunded: number, total = 100) {
  return { refund: refunded, total, currency: 'CNY' }
}

function query(number: string) {
  return get(config, `${REFUNDS}/${number}`, { timestamp })
}

it('a refund is PROCESSING until it is settled', async () => {
  const { out_trade_no, transaction_id } = await placeAndPay()
  const created = await refund({ out_trade_no, out_refund_no: 'r-settled', amount: amount(40) })
  expect(created).toMatchObject({
    status: 200,
    json: {
      refund_id: expect.stringMatching(/^5030\d{25}$/),
      out_refund_no: 'r-settled',
      out_trade_no,
      transaction_id,
      status: 'PROCESSING',
      create_time: '2026-11-24T16:00:00+08:00',
      channel: 'ORIGINAL',
      amount: { total: 100, refund: 40, payer_total: 100, payer_refund: 40, currency: 'CNY' },
    },
  })
  expect(created.json).not.toHaveProperty('success_time')
  expect((await query('r-settled')).json).toStrictEqual(created.json)
  simulator.settle('r-settled')
  expect((await query('r-settled')).json).toStrictEqual({
    ...created.json,
    status: 'SUCCESS',
    success_time: '2026-11-24T16:00:00+08:00',
  })
})

it('a final refund does not change', async () => {
  const { out_trade_no } = await placeAndPay()
  await refund({ out_trade_no, out_refund_no: 'r-ended', amount: amount(40) })
  expect(() => simulator.settle('r-ended', { fail: 'LOST' })).toThrow(/`fail`.*ABNORMAL/)
  simulator.settle('r-ended')
  simulator.settle('r-ended')
  expect(() => simulator.settle('r-ended', { fail: 'CLOSED' })).toThrow(ApiError)
  expect((await query('r-ended')).json).toMatchObject({ status: 'SUCCESS' })
})

it('a refund moves its order from SUCCESS to REFUND', async () => {
  const { out_trade_no, transaction_id } = await placeAndPay()
  await refund({ transaction_id, out_refund_no: 'r-moves', amount: amount(1) })
  const path = `/v3/pay/transactions/out-trade-no/${out_trade_no}?mchid=${config.mchid}`
  expect((await get(config, path, { timestamp })).json).toMatchObject({ trade_state: 'REFUND', transaction_id })
})

it('the refunds of an order, including those in progress, cannot exceed the payment', async () => {
  const { out_trade_no } = await placeAndPay()
  const refused = { status: 400, json: { code: 'INVALID_REQUEST' } }
  expect(await refund({ out_trade_no, out_refund_no: 'r-101', amount: amount(101) })).toMatchObject(refused)
  expect((await refund({ out_trade_no, out_refund_no: 'r-60', amount: amount(60) })).status).toBe(200)
  expect(await refund({ out_trade_no, out_refund_no: 'r-41', amount: amount(41) })).toMatchObject(refused)
  expect((await refund({ out_trade_no, out_refund_no: 'r-40', amount: amount(40) })).status).toBe(200)
  expect(await refund({ out_trade_no, out_refund_no: 'r-1', amount: amount(1) })).toMatchObject(refused)
})

it('the same request returns the same refund, and a different one with the same number is refused', async () => {
  const { out_trade_no } = await placeAndPay()
  const payload = { out_trade_no, out_refund_no: 'r-same', amount: amount(60) }
  const first = await refund(payload)
  expect((await refund(payload)).json).toStrictEqual(first.json)
  expect(await refund({ ...payload, amount: amount(61) })).toMatchObject({
    status: 400,
    json: { code: 'INVALID_REQUEST' },
  })
  expect((await refund({ out_trade_no, out_refund_no: 'r-rest', amount: amount(40) })).status).toBe(200)
})

it('an unknown or unpaid order cannot be refunded', async () => {
  const refused = { status: 404, json: { code: 'RESOURCE_NOT_EXISTS' } }
  const out_trade_no = await place()
  expect(await refund({ out_trade_no, out_refund_no: 'r-unpaid', amount: amount(1) })).toMatchObject(refused)
  expect(await refund({ out_trade_no: 'none', out_refund_no: 'r-none', amount: amount(1) })).toMatchObject(refused)
  expect(await refund({ transaction_id: '4200', out_refund_no: 'r-none', amount: amount(1) })).toMatchObject(refused)
  expect(await query('r-none')).toMatchObject(refused)
  expect(() => simulator.settle('r-none')).toThrow(ApiError)
})

it('numbers or totals that contradict each other are refused', async () => {
  const [one, other] = [await placeAndPay(), await placeAndPay()]
  const mixed = { out_trade_no: one.out_trade_no, transaction_id: other.transaction_id }
  const refused = { status: 400, json: { code: 'INVALID_REQUEST', message: '您的请求参数与订单信息不一致' } }
  expect(await refund({ ...mixed, out_refund_no: 'r-mixed', amount: amount(1) })).toMatchObject(refused)
  expect(await refund({ ...one, out_refund_no: 'r-total', amount: amount(1, 99) })).toMatchObject(refused)
})

it('a refund without its order or with an invalid field is refused', async () => {
  const { out_trade_no } = await placeAndPay()
  const base = { out_trade_no, out_refund_no: 'r-fields', amount: amount(1) }
  const cases: [object, string][] = [
    [{ ...base, out_trade_no: undefined }, '/transaction_id'],
    [{ ...base, out_refund_no: undefined }, '/out_refund_no'],
    [{ ...base, amount: { refund: 1, total: 100 } }, '/amount/currency'],
    [{ ...base, amount: amount(0) }, '/amount/refund'],
  ]
  for (const [payload, field] of cases) {
    expect(await refund(payload)).toMatchObject({ status: 400, json: { code: 'PARAM_ERROR', detail: { field } } })
  }
  expect((await query('r-fields')).status).toBe(404)
})
