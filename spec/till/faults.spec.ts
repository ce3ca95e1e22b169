import { createSecureContext } from 'node:tls'
import { Agent, type Dispatcher } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { settingsOf } from '../../lib/client/settings-of.js'
import { OutcomeUnknownError } from '../../lib/errors.js'
import type { Misbehaviour, Simulator } from '../../lib/simulator/index.js'
import { directOrder, micropayOrder, partnerOrder, tillOptions } from '../../lib/till/orders.js'
import type { OrderCalls } from '../../lib/till/payment.js'
import type { WechatPay } from '../../lib/types/index.js'
import { startGateway } from '../gateway.js'
import { startSimulator } from '../simulator/start.js'
import { createTill } from './till.js'

// A till that loses its network, or WeChat Pay, at each step of each course in turn: once, or from there on.

type Fault = 'offline' | Pick<Misbehaviour, 'drop' | 'status' | 'signature'>

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['nothing can be sent', 'offline'],
  ['the request is lost', { drop: 'request' }],
  ['the response is lost', { drop: 'response' }],
  ['WeChat Pay fails with 500', { status: 500 }],
  ['the response has a wrong signature', { signature: 'mismatch' }],
]

interface Course {
  total: number
  code?: string
  /** Milliseconds after which the payer enters the password. */
  paysAt?: number
  abortsAt?: number
}

const COURSES: readonly (readonly [string, Course, outcome: string])[] = [
  ['is paid at once', { total: 100 }, 'paid'],
  ['is paid with the password', { total: 100_001, paysAt: 12_000 }, 'paid'],
  ['is never paid', { total: 100_001 }, 'reversed'],
  ['is aborted', { total: 100_001, abortsAt: 10_000 }, 'reversed'],
  ['is paid, and aborted', { total: 100_001, paysAt: 6_000, abortsAt: 6_000 }, 'reversed'],
  ['is refused', { total: 100, code: '990061098828009406' }, 'failed'],
]

/** Where nothing listens. */
let nowhere: string
beforeAll(async () => {
  const closed = await startGateway()
  await closed.close()
  nowhere = closed.url.slice(0, -1)
})

let count = 0

type Kind = 'direct' | 'partner' | 'micropay'

describe.each<[Kind, typeof FAULTS]>([
  ['direct', FAULTS],
  // Differs from the one before in its names only.
  ['partner', []],
  // What is lost on its way to WeChat Pay is lost alike.
  ['micropay', FAULTS.slice(2)],
])('a payment of the kind %s', (kind, faults) => {
  /** The network of the payment that is taken. */
  let network: (dispatch: Dispatcher.Dispatch) => Dispatcher.Dispatch
  let simulator: Simulator
  let agent: Agent
  let wxpay: WechatPay
  beforeAll(async () => {
    // A reversal of APIv2 presents the merchant's certificate.
    simulator = await startSimulator({ https: kind === 'micropay' })
    const { ca, merchant } = simulator.config
    agent = new Agent(ca === undefined ? {} : { connect: { secureContext: createSecureContext({ ca, ...merchant }) } })
    const dispatcher = agent.compose(
      dispatch => (dispatchOptions, handler) => network(dispatch)(dispatchOptions, handler),
    )
    wxpay = Builder.factory({ ...simulator.config, retry: false, dispatcher })
  })
  afterAll(() => Promise.all([agent.close(), simulator.close()]))

  /** Takes one payment. The fault happens with the request of that number, or with all from there on. */
  async function run(course: Course, at = Number.POSITIVE_INFINITY, fault?: Fault, isLasting = false) {
    const { mchid } = simulator.config
    const out_trade_no = `TILL-${count++}`
    let requests = 0
    let isOver = false
    network = dispatch => (dispatchOptions, handler) => {
      requests++
      const isFaulty = !isOver && (isLasting ? requests >= at : requests === at)
      if (!isFaulty || fault === undefined) return dispatch(dispatchOptions, handler)
      if (fault === 'offline') return dispatch({ ...dispatchOptions, origin: nowhere }, handler)
      simulator.misbehave(fault)
      return dispatch(dispatchOptions, handler)
    }
    const options = tillOptions(settingsOf(wxpay) ?? expect.fail('no settings'), 5_000)
    const auth_code = course.code ?? '130061098828009406'
    const common = { description: 'tea', out_trade_no, payer: { auth_code }, amount: { total: course.total } }
    const calls: OrderCalls<unknown> = {
      direct: () => directOrder(wxpay, { appid: 'wx1', mchid, ...common }, options),
      partner: () =>
        partnerOrder(wxpay, { sp_appid: 'wx1', sp_mchid: mchid, sub_mchid: '1900000100', ...common }, options),
      micropay: () =>
        micropayOrder(
          wxpay,
          { appid: 'wx1', body: 'tea', out_trade_no, total_fee: course.total, spbill_create_ip: '8.8.8.8', auth_code },
          options,
        ),
    }[kind]()
    const controller = new AbortController()
    const take = async (isResumed = false) => {
      const till = createTill()
      till.onTime = now => {
        if (now >= (course.paysAt ?? Number.POSITIVE_INFINITY)) enterPassword(simulator, out_trade_no)
        if (now >= (course.abortsAt ?? Number.POSITIVE_INFINITY)) controller.abort()
      }
      try {
        const { outcome } = await till.take(calls, { signal: controller.signal, isResumed, wait: 15_000 })
        return outcome
      } catch (error) {
        expect(error).toBeInstanceOf(OutcomeUnknownError)
        return 'unknown'
      }
    }
    simulator.behave()
    const outcome = await take()
    simulator.behave()
    isOver = true
    const state = async () => {
      try {
        return (await calls.query(undefined)).state ?? 'none'
      } catch {
        return 'none'
      }
    }
    const found = await state()
    const steps = requests - 1
    // The cashier tries again with the same number.
    const again = outcome === 'unknown' ? await take(true) : undefined
    const foundAgain = again && (await state())
    return { outcome, found, again, foundAgain, steps }
  }

  const stepsOfCourses = new Map<Course, number>()
  /** How many requests a payment takes without a fault. */
  async function stepsOf(course: Course): Promise<number> {
    const steps = stepsOfCourses.get(course) ?? (await run(course)).steps
    stepsOfCourses.set(course, steps)
    return steps
  }

  /** Whether an outcome is what the book of WeChat Pay says. */
  const TRUE: Record<string, readonly string[]> = {
    paid: ['SUCCESS'],
    reversed: ['REVOKED'],
    failed: ['none', 'REVOKED'],
    unknown: ['none', 'USERPAYING', 'SUCCESS', 'REVOKED'],
  }

  it.each(COURSES)('that %s has that outcome', async (_what, course, expected) => {
    const { outcome, found } = await run(course)
    expect(outcome).toBe(expected)
    expect(TRUE[outcome]).toContain(found)
  })

  it.each(
    COURSES.flatMap(([what, course]) =>
      faults.map(([fault, kindOfFault]) => [what, fault, course, kindOfFault] as const),
    ),
  )('that %s, while %s at any step, is never paid twice, and its outcome is true', async (_w, _f, course, fault) => {
    const steps = await stepsOf(course)
    for (const isLasting of [false, true]) {
      for (let at = 1; at <= steps; at++) {
        const { outcome, found, again, foundAgain } = await run(course, at, fault, isLasting)
        const where = `step ${at} of ${steps}${isLasting ? ' and after' : ''}: ${outcome}, then ${again}`
        expect(TRUE[outcome], where).toContain(found)
        if (again) expect(TRUE[again], where).toContain(foundAgain)
        // One fault is never enough to leave a till without an answer.
        if (!isLasting) expect(outcome, where).not.toBe('unknown')
      }
    }
  })
})

function enterPassword(simulator: Simulator, outTradeNo: string): void {
  try {
    simulator.pay(outTradeNo)
  } catch {
    // There is no order yet, or it has ended.
  }
}
