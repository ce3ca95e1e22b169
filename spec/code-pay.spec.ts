import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import * as CodePay from '../lib/code-pay.js'
import type { Simulator } from '../lib/simulator/index.js'
import { failure } from './async.js'
import { startSimulator } from './simulator/start.js'

let simulator: Simulator
let wxpay: ReturnType<typeof Builder.factory>
let count = 0

beforeAll(async () => {
  simulator = await startSimulator({ https: true })
  wxpay = Builder.factory({ ...simulator.config, retry: false })
})
afterAll(() => simulator.close())

const json = (changes: object = {}) => ({
  appid: 'wxd678efh567hg6787',
  mchid: simulator.config.mchid,
  description: 'tea',
  out_trade_no: `CODE-PAY-${count++}`,
  payer: { auth_code: '130061098828009406' },
  amount: { total: 100 },
  ...changes,
})
const partner = (changes: object = {}) => {
  const { appid: _appid, mchid: sp_mchid, ...rest } = json()
  return { ...rest, sp_mchid, sub_mchid: '1900000100', ...changes }
}
const xml = (changes: object = {}) => ({
  appid: 'wxd678efh567hg6787',
  mch_id: simulator.config.mchid,
  body: 'tea',
  out_trade_no: `CODE-PAY-${count++}`,
  total_fee: 100,
  spbill_create_ip: '8.8.8.8',
  auth_code: '130061098828009406',
  ...changes,
})

/** Above this the payer must enter the password. */
const MUCH = 100_001
const briefly = { wait: 0, interval: 1 }

describe('a payment by code', () => {
  it('returns the order of each kind, by its own types', async () => {
    const direct = await CodePay.pay(wxpay, { json: json() })
    expect(direct.outcome === 'paid' && direct.order.mchid).toBe(simulator.config.mchid)
    const ofPartner = await CodePay.pay(wxpay, { json: partner() })
    expect(ofPartner.outcome === 'paid' && ofPartner.order.sub_mchid).toBe('1900000100')
    const micropay = await CodePay.pay(wxpay, { xml: xml() })
    expect(micropay.outcome === 'paid' && micropay.order.transaction_id).toMatch(/^4200/)
  })

  it('returns a reason that can be printed', async () => {
    const wrong = { payer: { auth_code: '1' } }
    expect(await CodePay.pay(wxpay, { json: json(wrong) })).toMatchObject({
      outcome: 'failed',
      reason: 'AUTH_CODE_INVALID',
      cause: { name: 'ApiError', statusCode: 400 },
    })
    const slow = { amount: { total: MUCH } }
    expect(await CodePay.pay(wxpay, { json: json(slow) }, briefly)).toEqual({
      outcome: 'reversed',
      reason: 'USERPAYING',
    })
    const fee = { total_fee: MUCH }
    expect(await CodePay.pay(wxpay, { xml: xml(fee) }, briefly)).toEqual({ outcome: 'reversed', reason: 'USERPAYING' })
  })

  it('tells each state, whatever the listener throws', async () => {
    const states: string[] = []
    const onState = ({ state, out_trade_no, reason }: CodePay.CodePayProgress) => {
      states.push(`${state} ${reason}`)
      throw new Error(out_trade_no)
    }
    await CodePay.pay(wxpay, { json: json({ amount: { total: MUCH } }) }, { ...briefly, onState })
    expect(states).toEqual([
      'paying undefined',
      'waiting USERPAYING',
      'querying USERPAYING',
      'reversing USERPAYING',
      'reversed USERPAYING',
    ])
  })

  it('stays with its order when the caller changes the request', async () => {
    const request = json({ amount: { total: MUCH } })
    const { out_trade_no } = request
    const onState = () => {
      request.out_trade_no = 'NEXT-SALE'
    }
    const from = simulator.requests.length
    await CodePay.pay(wxpay, { json: request }, { ...briefly, onState })
    const paths = simulator.requests.slice(from).map(({ path }) => path)
    expect(paths).toHaveLength(3)
    for (const path of paths.slice(1)) expect(path).toContain(out_trade_no)
  })

  it('that ended unknown is resumed: a till that is still offline does not call it failed', async () => {
    const request = { json: json({ amount: { total: MUCH } }) }
    simulator.misbehave({ drop: 'request', times: Number.POSITIVE_INFINITY })
    simulator.misbehave({ drop: 'request' })
    expect(await failure(CodePay.pay(wxpay, request, briefly))).toMatchObject({
      code: 'ERR_OUTCOME_UNKNOWN',
      out_trade_no: request.json.out_trade_no,
    })
    const signal = AbortSignal.abort()
    expect(await failure(CodePay.pay(wxpay, request, { ...briefly, signal }))).toMatchObject({
      code: 'ERR_OUTCOME_UNKNOWN',
    })
    simulator.behave()
    const ended = await CodePay.pay(wxpay, request, { ...briefly, signal })
    expect(ended).toMatchObject({ outcome: 'failed', reason: 'ERR_ABORTED' })
  })
})

describe('input that is not valid is refused before anything is sent', () => {
  it.each<[string, () => unknown]>([
    ['json.out_trade_no', () => CodePay.pay(wxpay, { json: json({ out_trade_no: undefined }) })],
    ['json.out_trade_no', () => CodePay.pay(wxpay, { json: json({ out_trade_no: '../x' }) })],
    ['json.payer.auth_code', () => CodePay.pay(wxpay, { json: json({ payer: {} }) })],
    ['json.payer.auth_code', () => CodePay.pay(wxpay, { json: json({ payer: undefined }) })],
    ['json.payer.auth_code', () => CodePay.pay(wxpay, { json: json({ payer: { auth_code: '' } }) })],
    ['json.amount.total', () => CodePay.pay(wxpay, { json: json({ amount: { total: '1' } }) })],
    ['json.amount.total', () => CodePay.pay(wxpay, { json: json({ amount: { total: 1.5 } }) })],
    ['json.appid', () => CodePay.pay(wxpay, { json: json({ appid: undefined }) })],
    ['json.mchid', () => CodePay.pay(wxpay, { json: json({ mchid: undefined }) })],
    ['json.sub_mchid', () => CodePay.pay(wxpay, { json: partner({ sub_mchid: undefined }) })],
    ['json', () => CodePay.pay(wxpay, { json: json({ attach: () => {} }) })],
    ['xml.out_trade_no', () => CodePay.pay(wxpay, { xml: xml({ out_trade_no: undefined }) })],
    ['xml.auth_code', () => CodePay.pay(wxpay, { xml: xml({ auth_code: undefined }) })],
    ['xml.total_fee', () => CodePay.pay(wxpay, { xml: xml({ total_fee: '1.00' }) })],
    ['wait', () => CodePay.pay(wxpay, { json: json() }, { wait: -1 })],
    ['interval', () => CodePay.pay(wxpay, { json: json() }, { interval: 0 })],
    ['interval', () => CodePay.pay(wxpay, { json: json() }, { interval: Number.NaN })],
    [
      'merchant',
      () => {
        const { merchant: _merchant, ...config } = simulator.config
        return CodePay.pay(Builder.factory(config), { xml: xml() })
      },
    ],
    ...[
      ['signal', { signal: 'now' }],
      ['onState', { onState: 'print' }],
      ['waits', { waits: 1 }],
    ].map(([option, options]): [string, () => unknown] => [
      String(option),
      () => Reflect.apply(CodePay.pay, undefined, [wxpay, { json: json() }, options]),
    ]),
  ])('%s', async (option, act) => {
    const from = simulator.requests.length
    const error = await failure(Promise.resolve(act()))
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_INVALID_ARGUMENT' })
    expect(String(error)).toContain(`\`${option}\``)
    expect(simulator.requests.length).toBe(from)
  })

  it.each([[undefined], [{}], [{ json: {}, xml: {} }], [{ body: 'x' }], [{ json: 'x' }], ['x']])(
    'a request such as %o',
    async request => {
      const error = await failure(Reflect.apply(CodePay.pay, undefined, [wxpay, request]))
      expect(error).toMatchObject({ name: 'InvalidArgumentError' })
    },
  )

  it('anything that is not a client', async () => {
    const error = await failure(Reflect.apply(CodePay.pay, undefined, [{}, { json: json() }]))
    expect(String(error)).toContain('Builder.factory')
  })
})
