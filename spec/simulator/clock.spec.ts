import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { beijingTime } from '../../lib/util/beijing-time.js'
import { failure } from '../async.js'
import { isSigned, order, post } from './raw-merchant.js'
import { startSimulator } from './start.js'

const MINUTE = 60_000
const NATIVE = '/v3/pay/transactions/native'

let simulator: Simulator
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  vi.useRealTimers()
  await simulator.close()
})

async function state(out_trade_no: string): Promise<unknown> {
  const { data } = await Builder.factory(simulator.config).v3.pay.transactions.outTradeNo._out_trade_no_.get({
    out_trade_no,
    query: { mchid: simulator.config.mchid },
  })
  return data.trade_state
}

describe('business time', () => {
  it('moves without the time of signatures', async () => {
    await simulator.advance({ days: 2, hours: 1 })
    const response = await post(simulator.config, NATIVE, order(simulator.config, { out_trade_no: 'order-later' }))
    expect(response.status).toBe(200)
    expect(isSigned(response, simulator.config)).toBe(true)
    expect(Math.abs(Number(response.headers['wechatpay-timestamp']) - Date.now() / 1000)).toBeLessThan(60)
    const { transaction_id } = simulator.pay('order-later')
    expect(transaction_id.slice(4, 12)).toBe(
      beijingTime(Date.now() + 49 * 60 * MINUTE)
        .slice(0, 10)
        .replaceAll('-', ''),
    )
  })

  it('closes an order whose time_expire has passed, and no other', async () => {
    const time_expire = beijingTime(Date.now() + 30 * MINUTE)
    await post(simulator.config, NATIVE, order(simulator.config, { out_trade_no: 'expiring', time_expire }))
    await post(simulator.config, NATIVE, order(simulator.config, { out_trade_no: 'lasting' }))
    await simulator.advance({ minutes: 29 })
    expect(await state('expiring')).toBe('NOTPAY')
    await simulator.advance({ seconds: 61 })
    expect(await state('expiring')).toBe('CLOSED')
    expect(await state('lasting')).toBe('NOTPAY')
    expect(() => simulator.pay('expiring')).toThrow(expect.objectContaining({ code: 'ORDER_CLOSED' }))
  })

  it('does not close an order that was paid in time', async () => {
    const time_expire = beijingTime(Date.now() + 30 * MINUTE)
    await post(simulator.config, NATIVE, order(simulator.config, { out_trade_no: 'paid-in-time', time_expire }))
    simulator.pay('paid-in-time')
    await simulator.advance({ days: 1 })
    expect(await state('paid-in-time')).toBe('SUCCESS')
  })

  it.each([{ minutes: -1 }, { hours: Number.NaN }, { weeks: 1 }])('cannot move by %j', async span => {
    expect(await failure(simulator.advance(span))).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('fake timers that are installed later', () => {
  it('count for the client and for the simulator', async () => {
    const wxpay = Builder.factory(simulator.config)
    const later = Date.now() + 3 * 24 * 60 * MINUTE
    vi.useFakeTimers({ toFake: ['Date'], now: later })
    const { out_trade_no } = order(simulator.config)
    await wxpay.v3.pay.transactions.native.post({ json: order(simulator.config, { out_trade_no }) })
    const { transaction_id } = simulator.pay(out_trade_no)
    expect(transaction_id.slice(4, 12)).toBe(beijingTime(later).slice(0, 10).replaceAll('-', ''))
  })
})
