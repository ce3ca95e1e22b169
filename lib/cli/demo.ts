#!/usr/bin/env node
/** `npm run demo`: one call in its three forms, an order from creation to close, one by APIv2, against the simulator. */
import type { Readable } from 'node:stream'
import { ApiError, Builder, type WechatPayResponse } from '../index.js'
import { startSimulatorProcess } from './simulator-process.js'

interface Step {
  title: string
  /** Shown as it stands here, and run. */
  call: () => Promise<WechatPayResponse<unknown, Buffer | Readable>>
  /** What must go out and come back. */
  expected: { request: string; answer: string }
}

const simulator = await startSimulatorProcess()
const wxpay = Builder.factory(simulator.config)

const card_id = '478515832665'
const code = '478515832665'
const json = {
  out_trade_no: '1217752501201407033233368018',
  mchid: '1230000109',
  sub_mchid: '1900000109',
  bonus_value: 30,
}

const bonus = {
  request: `POST /v3/marketing/membercard-open/cards/${card_id}/codes/${code}/bonus/commit`,
  answer: '204',
}

const { mchid } = simulator.config
const out_trade_no = `DEMO${Date.now()}`
const orderPath = `/v3/pay/transactions/out-trade-no/${out_trade_no}`

const steps: Step[] = [
  {
    title: 'The property chain',
    call: () =>
      wxpay.v3.marketing.membercardOpen.cards._card_id_.codes._code_.bonus.commit.post({ card_id, code, json }),
    expected: bonus,
  },
  {
    title: 'The property chain, with the name of the PHP original',
    call: () =>
      wxpay.v3.marketing.membercardOpen.cards._card_id_.codes._code_.bonus.commit.postAsync({ card_id, code, json }),
    expected: bonus,
  },
  {
    title: 'The path',
    call: () =>
      wxpay
        .chain('v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit')
        .post({ card_id, code, json }),
    expected: bonus,
  },
  {
    title: 'The path, with the name of the PHP original',
    call: () =>
      wxpay
        .chain('v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit')
        .postAsync({ card_id, code, json }),
    expected: bonus,
  },
  {
    title: 'The bracket',
    call: () =>
      wxpay['v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit'].post({ card_id, code, json }),
    expected: bonus,
  },
  {
    title: 'The bracket, with the name of the PHP original',
    call: () =>
      wxpay['v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit'].postAsync({
        card_id,
        code,
        json,
      }),
    expected: bonus,
  },
  {
    title: 'A native order: create',
    call: () =>
      wxpay.v3.pay.transactions.native.post({
        json: {
          appid: 'wxd678efh567hg6787',
          mchid,
          description: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no,
          notify_url: 'https://shop.example/wechatpay',
          amount: { total: 100, currency: 'CNY' },
        },
      }),
    expected: { request: 'POST /v3/pay/transactions/native', answer: '200' },
  },
  {
    title: 'A native order: query',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } }),
    expected: { request: `GET ${orderPath}?mchid=${mchid}`, answer: '200' },
  },
  {
    title: 'A native order: close',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no, json: { mchid } }),
    expected: { request: `POST ${orderPath}/close`, answer: '204' },
  },
  {
    title: 'The same by APIv2: an order in XML, signed with the APIv2 key',
    call: () =>
      wxpay.v2.pay.unifiedorder.post({
        xml: {
          appid: 'wxd678efh567hg6787',
          body: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no: `${out_trade_no}V2`,
          total_fee: 100,
          spbill_create_ip: '14.23.150.211',
          notify_url: 'https://shop.example/wechatpay',
          trade_type: 'NATIVE',
        },
      }),
    expected: { request: 'POST /pay/unifiedorder', answer: '200' },
  },
  {
    title: 'An order that nobody made: the error says what to do',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no: 'NOBODY', query: { mchid } }),
    expected: { request: `GET /v3/pay/transactions/out-trade-no/NOBODY?mchid=${mchid}`, answer: '404 ORDER_NOT_EXIST' },
  },
]

let differences = 0
for (const { title, call, expected } of steps) {
  const { answer, shown } = await run(call)
  const request = await simulator.lastRequest()
  const isAsExpected = request === expected.request && answer === expected.answer
  if (!isAsExpected) differences++
  console.log(`\n${title}\n\n${indent(sourceOf(call))}\n\n  → ${request}\n  ← ${shown}`)
  if (!isAsExpected) console.log(`  ✗ expected ${expected.request}, answered with ${expected.answer}`)
}
await simulator.stop()

console.log(
  differences === 0
    ? `\n${steps.length} calls, each signed, verified and answered as expected.`
    : `\n${differences} of ${steps.length} calls went otherwise than expected.`,
)
process.exitCode = differences === 0 ? 0 : 1

async function run(call: Step['call']): Promise<{ answer: string; shown: string }> {
  try {
    const { statusCode, data } = await call()
    const answer = String(statusCode)
    return { answer, shown: data === undefined ? answer : `${answer} ${JSON.stringify(data)}` }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return {
      answer: `${error.statusCode} ${error.code}`,
      shown: `${error.statusCode} ${error.code}\n    ${error.message}`,
    }
  }
}

/** The code of a call as it is written above: compiling takes away its types, and nothing else. */
function sourceOf(call: Step['call']): string {
  return `await ${String(call).replace(/^\(\) =>\s*/, '')}`
}

// The compiler writes four spaces where the source has two.
function indent(source: string): string {
  const [first = '', ...more] = source.split('\n')
  const common = Math.min(...more.map(line => line.search(/\S/)))
  const lines = [
    first,
    ...more.map(line => line.slice(common).replace(/^ +/, spaces => spaces.slice(spaces.length / 2))),
  ]
  return lines.map(line => `  ${line}`).join('\n')
}
