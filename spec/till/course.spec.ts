import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import { settingsOf } from '../../lib/client/settings-of.js'
import { OutcomeUnknownError } from '../../lib/errors.js'
import { directOrder, partnerOrder, tillOptions } from '../../lib/till/orders.js'
import { failure } from '../async.js'
import {
  answer,
  config,
  dropConnection,
  type Gateway,
  merchant,
  signatureHeaders,
  startGateway,
  unsignedAnswer,
} from '../gateway.js'
import { createTill, type Till } from './till.js'

const out_trade_no = '1217752501201407033233368018'
const direct = {
  appid: 'wxd678efh567hg6787',
  mchid: merchant.mchid,
  description: 'tea',
  out_trade_no,
  payer: { auth_code: '130061098828009406' },
  amount: { total: 100 },
}
const { appid: _appid, mchid: _mchid, ...rest } = direct
const partner = { ...rest, sp_appid: 'wx1', sp_mchid: merchant.mchid, sub_mchid: '1900000109' }

type Answer = ReturnType<typeof answer>
const order = (trade_state: string, changes: object = {}): Answer =>
  answer(200, { mchid: merchant.mchid, out_trade_no, trade_state, amount: { total: 100 }, ...changes })
const problem = (status: number, code: string) => answer(status, { code, message: 'x' })
const userPaying = problem(202, 'USERPAYING')
const absent = problem(404, 'ORDER_NOT_EXIST')
const reversed = answer(200, { mchid: merchant.mchid, out_trade_no })
const unsignedSuccess = unsignedAnswer(200, JSON.stringify({ out_trade_no, trade_state: 'SUCCESS' }), {
  'content-type': 'application/json',
})

let gateway: Gateway
let wxpay: ReturnType<typeof Builder.factory>
let till: Till

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.requests.length = 0
  wxpay = Builder.factory({ ...config, base_uri: gateway.url, retry: false })
  till = createTill()
})

const optionsOf = () => tillOptions(settingsOf(wxpay) ?? expect.fail('no settings'), 5_000)
const calls = () => directOrder(wxpay, direct, optionsOf())
const take = (answers: Answer[], options = {}) => {
  gateway.answers = [...answers, absent]
  return till.take(calls(), options)
}

const PATHS: Readonly<Record<string, string>> = {
  '/v3/pay/transactions/codepay': 'pay',
  [`/v3/pay/transactions/out-trade-no/${out_trade_no}?mchid=${merchant.mchid}`]: 'query',
  [`/v3/pay/transactions/out-trade-no/${out_trade_no}/reverse`]: 'reverse',
}
const sent = () => gateway.requests.map(({ url }) => PATHS[url] ?? url)
const times = (count: number, one: Answer) => Array.from({ length: count }, () => one)

describe('a payment', () => {
  it.each<[string, Answer[], object, string[]]>([
    ['that is paid at once', [order('SUCCESS')], { outcome: 'paid', order: { trade_state: 'SUCCESS' } }, ['pay']],
    [
      'whose payer enters the password',
      [userPaying, order('USERPAYING'), order('USERPAYING'), order('SUCCESS')],
      { outcome: 'paid', order: { out_trade_no } },
      ['pay', 'query', 'query', 'query'],
    ],
    [
      'that says USERPAYING in its body',
      [order('USERPAYING'), order('ACCEPT'), order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query', 'query'],
    ],
    [
      'that says USERPAYING as an error',
      [problem(400, 'USERPAYING'), order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query'],
    ],
    ['that says BANKERROR', [problem(400, 'BANK_ERROR'), order('SUCCESS')], { outcome: 'paid' }, ['pay', 'query']],
    ['that says SYSTEM_ERROR', [problem(500, 'SYSTEM_ERROR'), order('SUCCESS')], { outcome: 'paid' }, ['pay', 'query']],
    ['whose response is lost', [dropConnection, order('SUCCESS')], { outcome: 'paid' }, ['pay', 'query']],
    ['whose response is not signed', [unsignedSuccess, order('SUCCESS')], { outcome: 'paid' }, ['pay', 'query']],
    [
      'whose response is signed by somebody else',
      [
        answer(200, { out_trade_no, trade_state: 'SUCCESS' }, signatureHeaders('{}')),
        order('NOTPAY'),
        order('SUCCESS'),
      ],
      { outcome: 'paid' },
      ['pay', 'query', 'query'],
    ],
    ['that a proxy refuses', [unsignedAnswer(403, '<html>'), order('SUCCESS')], { outcome: 'paid' }, ['pay', 'query']],
    [
      'whose queries are lost',
      [userPaying, dropConnection, problem(500, 'SYSTEM_ERROR'), unsignedSuccess, order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query', 'query', 'query', 'query'],
    ],
    [
      'that did not arrive is sent again, after a query',
      [dropConnection, absent, order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query', 'pay'],
    ],
    [
      'that WeChat Pay accepted is not sent again, even if it is not found yet',
      [userPaying, absent, order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query', 'query'],
    ],
    [
      'that arrived twice',
      [dropConnection, absent, problem(400, 'ORDERPAID'), order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query', 'pay', 'query'],
    ],
    [
      'of an earlier till, which is called again',
      [problem(403, 'OUT_TRADE_NO_USED'), order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query'],
    ],
    [
      'with a code that has expired',
      [problem(400, 'AUTHCODEEXPIRE')],
      { outcome: 'failed', reason: 'AUTHCODEEXPIRE' },
      ['pay'],
    ],
    ['without enough money', [problem(403, 'NOT_ENOUGH')], { outcome: 'failed', reason: 'NOT_ENOUGH' }, ['pay']],
    ['whose order is closed', [userPaying, order('CLOSED')], { outcome: 'failed', reason: 'CLOSED' }, ['pay', 'query']],
    [
      'that fails at the bank, and is reversed so that it stays so',
      [userPaying, order('PAYERROR'), reversed],
      { outcome: 'failed', reason: 'PAYERROR' },
      ['pay', 'query', 'reverse'],
    ],
    [
      'that somebody else reverses',
      [userPaying, order('REVOKED')],
      { outcome: 'reversed', reason: 'REVOKED' },
      ['pay', 'query'],
    ],
    [
      'that is refused with a code that is not known, and of which there is no order',
      [problem(400, 'SOMETHING_NEW'), absent],
      { outcome: 'failed', reason: 'SOMETHING_NEW' },
      ['pay', 'query'],
    ],
    [
      'that is refused with a code that is not known, but paid',
      [problem(400, 'SOMETHING_NEW'), order('SUCCESS')],
      { outcome: 'paid' },
      ['pay', 'query'],
    ],
    [
      'whose number belongs to a different payment',
      [problem(403, 'OUT_TRADE_NO_USED'), order('SUCCESS', { amount: { total: 999 } })],
      { outcome: 'failed', reason: 'OUT_TRADE_NO_USED' },
      ['pay', 'query'],
    ],
    [
      'whose number turns out to belong to a different payment, which is left alone',
      [dropConnection, order('SUCCESS', { amount: { total: 999 } })],
      { outcome: 'failed', reason: 'OUT_TRADE_NO_USED' },
      ['pay', 'query'],
    ],
  ])('%s', async (_what, answers, outcome, requests) => {
    expect(await take(answers)).toMatchObject(outcome)
    expect(sent()).toEqual(requests)
    expect(gateway.requests.every(({ isSigned }) => isSigned)).toBe(true)
  })

  it('is not the one that a response played back is about', async () => {
    const other = order('SUCCESS', { out_trade_no: '2' })
    expect(await take([other, other, order('SUCCESS')])).toMatchObject({ outcome: 'paid', order: { out_trade_no } })
    expect(sent()).toEqual(['pay', 'query', 'query'])
  })

  it('that is sent again is the same in every byte', async () => {
    await take([dropConnection, absent, dropConnection, absent, order('SUCCESS')])
    const bodies = gateway.requests.filter(({ url }) => PATHS[url] === 'pay').map(({ body }) => String(body))
    expect(bodies).toHaveLength(3)
    expect(new Set(bodies)).toEqual(new Set([JSON.stringify(direct)]))
  })

  it('is refused after one that is not answered, and is not called failed before it is reversed', async () => {
    const answers = [dropConnection, absent, problem(400, 'AUTH_CODE_INVALID'), absent, order('SUCCESS')]
    expect(await take(answers)).toMatchObject({ outcome: 'paid' })
    expect(sent()).toEqual(['pay', 'query', 'pay', 'query', 'query'])
  })
})

it('an order that WeChat Pay accepted is not called failed, whatever a query says of its amount', async () => {
  const strange = order('SUCCESS', { amount: { total: 99 } })
  expect(await take([userPaying, strange])).toMatchObject({ outcome: 'paid', order: { amount: { total: 99 } } })
})

describe('when the time is up', () => {
  it('the order is reversed, after a last query', async () => {
    const outcome = await take([userPaying, ...times(6, order('USERPAYING')), reversed])
    expect(outcome).toEqual({ outcome: 'reversed', reason: 'USERPAYING' })
    expect(sent()).toEqual(['pay', ...Array(6).fill('query'), 'reverse'])
    expect(till.now()).toBe(30_000)
    expect(till.states.map(({ state, elapsed }) => `${state} ${elapsed / 1000}`)).toEqual([
      'paying 0',
      ...[0, 5, 10, 15, 20, 25].flatMap(at => [`waiting ${at}`, `querying ${at + 5}`]),
      'reversing 30',
      'reversed 30',
    ])
    expect(new Set(till.states.map(state => state.out_trade_no))).toEqual(new Set([out_trade_no]))
    expect(JSON.parse(String(gateway.requests.at(-1)?.body))).toEqual({ appid: direct.appid, mchid: direct.mchid })
  })

  it('what was paid in the last moment stays paid', async () => {
    expect(await take([userPaying, order('SUCCESS')], { wait: 0 })).toMatchObject({ outcome: 'paid' })
    expect(sent()).toEqual(['pay', 'query'])
  })

  const late = [userPaying, order('USERPAYING')]
  it.each<[string, Answer[], object, string[]]>([
    ['USERPAYING', [problem(400, 'USERPAYING'), reversed], { outcome: 'reversed', reason: 'USERPAYING' }, ['reverse']],
    ['202', [userPaying, reversed], { outcome: 'reversed' }, ['reverse']],
    ['SYSTEM_ERROR', [problem(500, 'SYSTEM_ERROR'), reversed], { outcome: 'reversed' }, ['reverse']],
    ['nothing, since it is lost', [dropConnection, reversed], { outcome: 'reversed' }, ['reverse']],
    ['something that is not signed', [unsignedSuccess, reversed], { outcome: 'reversed' }, ['reverse']],
    ['a page of a proxy', [unsignedAnswer(404, '<html>'), reversed], { outcome: 'reversed' }, ['reverse']],
    ['that it is paid', [problem(400, 'TRADE_ERROR'), order('SUCCESS')], { outcome: 'paid' }, ['query']],
    [
      'that it is reversed before',
      [problem(400, 'ORDERREVERSED'), order('REVOKED')],
      { outcome: 'reversed', reason: 'USERPAYING' },
      ['query'],
    ],
    [
      'no, but the order is still open',
      [problem(400, 'INVALID_REQUEST'), order('USERPAYING'), reversed],
      { outcome: 'reversed' },
      ['query', 'reverse'],
    ],
    [
      'that it failed',
      [problem(400, 'TRADE_ERROR'), order('PAYERROR')],
      { outcome: 'failed', reason: 'PAYERROR' },
      ['query'],
    ],
  ])('and WeChat Pay says %s, the reversal ends truthfully', async (_what, answers, outcome, requests) => {
    expect(await take([...late, ...answers], { wait: 0 })).toMatchObject(outcome)
    expect(sent()).toEqual(['pay', 'query', 'reverse', ...requests])
  })

  it('a payment that never arrived has failed', async () => {
    const outcome = await take([dropConnection, absent, absent, absent], { wait: 0 })
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'ERR_CONNECTION_LOST' })
    expect(sent()).toEqual(['pay', 'query', 'reverse', 'query'])
  })

  it('a reversal does not overtake a payment that is still on its way', async () => {
    await take([dropConnection, absent, reversed], { wait: 0 })
    expect(till.states.find(({ state }) => state === 'reversing')?.elapsed).toBe(5_000)
  })

  it('an order that cannot be reversed or queried has an unknown outcome, with its number', async () => {
    const error = await failure(take([userPaying, ...times(40, dropConnection)]))
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    expect(error).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', out_trade_no, cause: { code: 'ERR_CONNECTION_LOST' } })
    expect(String(error)).toContain(out_trade_no)
    expect(sent()).toEqual(['pay', ...Array(6).fill('query'), ...Array(10).fill('reverse'), 'query'])
  })

  it('an order that stays open has an unknown outcome', async () => {
    const answers = [...late, ...times(10, problem(400, 'USERPAYING')), order('USERPAYING')]
    expect(await failure(take(answers, { wait: 0 }))).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
  })

  it('an order that may be somebody else’s is not reversed', async () => {
    const answers = [problem(403, 'OUT_TRADE_NO_USED'), ...times(7, dropConnection)]
    expect(await failure(take(answers))).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
    expect(sent()).not.toContain('reverse')
  })
})

describe('an abort', () => {
  const abortAt = (at: number) => {
    const controller = new AbortController()
    till.onTime = now => now >= at && controller.abort(new Error('the cashier'))
    return controller.signal
  }

  it('before the beginning sends nothing', async () => {
    const outcome = await take([], { signal: AbortSignal.abort() })
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'ERR_ABORTED' })
    expect(sent()).toEqual([])
  })

  it('while the payer enters the password reverses', async () => {
    const outcome = await take([userPaying, order('USERPAYING'), reversed], { signal: abortAt(10_000) })
    expect(outcome).toMatchObject({ outcome: 'reversed', reason: 'ERR_ABORTED', cause: { cause: expect.any(Error) } })
    expect(sent()).toEqual(['pay', 'query', 'reverse'])
    expect(till.now()).toBe(10_000)
  })

  it('while the payment is requested waits for its response, and pays back what was paid', async () => {
    const controller = new AbortController()
    const paid: Answer = (request, response) => {
      controller.abort()
      order('SUCCESS')(request, response)
    }
    const outcome = await take([paid, reversed], { signal: controller.signal })
    expect(outcome).toMatchObject({ outcome: 'reversed', reason: 'ERR_ABORTED' })
    expect(sent()).toEqual(['pay', 'reverse'])
  })

  it('cuts a query short, and still reverses', async () => {
    const controller = new AbortController()
    const silent: Answer = () => controller.abort()
    const outcome = await take([userPaying, silent, reversed], { signal: controller.signal })
    expect(outcome).toMatchObject({ outcome: 'reversed', reason: 'ERR_ABORTED' })
    expect(sent()).toEqual(['pay', 'query', 'reverse'])
  })

  it('does not stop the reversal', async () => {
    const answers = [userPaying, dropConnection, userPaying, reversed]
    expect(await take(answers, { signal: abortAt(5_000) })).toMatchObject({ outcome: 'reversed' })
    expect(till.now()).toBe(15_000)
  })
})

describe('a till without a network', () => {
  it('tries again while it waits, and has sent nothing: the payment failed', async () => {
    const closed = await startGateway()
    await closed.close()
    wxpay = Builder.factory({ ...config, base_uri: closed.url, retry: false })
    const outcome = await till.take(calls(), { wait: 10_000 })
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'ERR_CONNECT', cause: { sent: false } })
    expect(till.states.map(({ state }) => state)).toEqual(['paying', 'waiting', 'paying', 'waiting', 'failed'])
  })
})

describe('a payment that is resumed after an unknown outcome', () => {
  it('is queried first, and sent again only if there is no order', async () => {
    expect(await take([order('SUCCESS')], { isResumed: true })).toMatchObject({ outcome: 'paid' })
    expect(await take([absent, order('SUCCESS')], { isResumed: true })).toMatchObject({ outcome: 'paid' })
    expect(sent()).toEqual(['query', 'query', 'pay'])
  })

  it('is not called failed when nothing can be sent or it is aborted', async () => {
    expect(await take([reversed], { isResumed: true, signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'reversed',
    })
    const closed = await startGateway()
    await closed.close()
    wxpay = Builder.factory({ ...config, base_uri: closed.url, retry: false })
    expect(await failure(till.take(calls(), { isResumed: true }))).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })
  })
})

it('a partner names itself and its sub-merchant in each request', async () => {
  gateway.answers = [userPaying, order('USERPAYING'), reversed]
  expect(await till.take(partnerOrder(wxpay, partner, optionsOf()), { wait: 0 })).toMatchObject({ outcome: 'reversed' })
  const path = `/v3/pay/partner/transactions/out-trade-no/${out_trade_no}`
  const names = `sp_mchid=${partner.sp_mchid}&sub_mchid=${partner.sub_mchid}`
  expect(gateway.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /v3/pay/partner/transactions/codepay',
    `GET ${path}?${names}`,
    `POST ${path}/reverse`,
  ])
  const { sp_appid, sp_mchid, sub_mchid } = partner
  expect(JSON.parse(String(gateway.requests[2]?.body))).toEqual({ sp_appid, sp_mchid, sub_mchid })
})

it('the client does not repeat a payment by itself, whatever it is configured to repeat', async () => {
  const retry = { attempts: 5, methods: ['GET', 'POST'] as const }
  wxpay = Builder.factory({ ...config, base_uri: gateway.url, retry })
  gateway.answers = [dropConnection, order('SUCCESS')]
  expect(await till.take(calls())).toMatchObject({ outcome: 'paid' })
  expect(sent()).toEqual(['pay', 'query'])
})
