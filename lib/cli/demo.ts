#!/usr/bin/env node
/**
 * `npm run demo`: calls the simulator and prints each call with its response. It shows one call in its three forms,
 * orders of APIv3 and APIv2, a notification, a bill and an error.
 */
import { Console } from 'node:console'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, Bill, Builder, Invoke, Notification, WechatPayResponse } from '../index.js'
import { startSimulatorProcess } from './simulator-process.js'
import { sourceOf } from './source.js'

const INVITATION = `Now be the payer yourself: run \`npx wechatpay simulate\` (here: node dist/cli/wechatpay.js simulate),
open http://127.0.0.1:8900/_sim/, place an order with the configuration in wechatpay-sandbox/, and press Pay.`

interface Step {
  title: string
  /** Its source code is printed, and it is run. */
  call: () => Promise<unknown>
  /** The expected request and a summary of the expected result. A notification has no request. */
  expected: { request?: string; result: string }
}

const simulator = await startSimulatorProcess()
const wxpay = Builder.factory(simulator.config)

const shop = createServer().listen(0, '127.0.0.1')
await once(shop, 'listening')
const notify_url = urlOf(shop)

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
  result: '204',
}

const appid = 'wxd678efh567hg6787'
const { mchid } = simulator.config
/** Today in Beijing. */
const bill_date = new Date(Date.now() + 8 * 60 * 60 * 1000).toISOString().slice(0, 10)
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
    title: 'The property chain, with the method name of the PHP original',
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
    title: 'The path, with the method name of the PHP original',
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
    title: 'The bracket, with the method name of the PHP original',
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
          appid,
          mchid,
          description: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no,
          notify_url,
          amount: { total: 100, currency: 'CNY' },
        },
      }),
    expected: { request: 'POST /v3/pay/transactions/native', result: '200' },
  },
  {
    title: 'A native order: query',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no, query: { mchid } }),
    expected: { request: `GET ${orderPath}?mchid=${mchid}`, result: '200' },
  },
  {
    title: 'A native order: close',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ out_trade_no, json: { mchid } }),
    expected: { request: `POST ${orderPath}/close`, result: '204' },
  },
  {
    title: 'A JSAPI order: create, and sign the parameters for the payment page',
    call: async () => {
      const { data } = await wxpay.v3.pay.transactions.jsapi.post({
        json: {
          appid,
          mchid,
          description: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no: `${out_trade_no}JSAPI`,
          notify_url,
          amount: { total: 100, currency: 'CNY' },
          payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
        },
      })
      return Invoke.jsapi({ appId: appid, prepay_id: data.prepay_id }, wxpay)
    },
    expected: {
      request: 'POST /v3/pay/transactions/jsapi',
      result: 'appId, timeStamp, nonceStr, package, signType, paySign',
    },
  },
  {
    title: 'The payer pays: a node:http server receives, verifies, decrypts and acknowledges the notification',
    call: async () => {
      const paid = new Promise(resolve => {
        shop.on('request', Notification.create(wxpay).handler(resolve).node)
      })
      await simulator.pay(`${out_trade_no}JSAPI`)
      return paid
    },
    expected: { result: 'TRANSACTION.SUCCESS' },
  },
  {
    title: 'APIv2: an order in XML, signed with the APIv2 key',
    call: () =>
      wxpay.v2.pay.unifiedorder.post({
        xml: {
          appid,
          body: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no: `${out_trade_no}V2`,
          total_fee: 100,
          spbill_create_ip: '14.23.150.211',
          notify_url,
          trade_type: 'NATIVE',
        },
      }),
    expected: { request: 'POST /pay/unifiedorder', result: '200' },
  },
  {
    title: 'Two days later, the bill: downloaded, verified, read row by row and summed up',
    call: async () => {
      await simulator.advance({ days: 2 })
      const bill = await Bill.trade(wxpay, { bill_date, bill_type: 'SUCCESS', tar_type: 'GZIP' })
      const rows = []
      let total = 0
      for await (const row of bill.rows()) {
        const { 交易时间, 商户订单号, 商品名称, 订单金额 } = row
        rows.push({ 交易时间, 商户订单号, 商品名称, 订单金额 })
        total += Bill.fen(订单金额)
      }
      return { rows, total, isTotalCorrect: total === Bill.fen(bill.summary?.订单总金额 ?? '') }
    },
    expected: {
      request: 'GET /v3/billdownload/file?token=…&tartype=gzip',
      result: 'rows whose total matches the summary',
    },
  },
  {
    title: 'An unknown order: the error says what to do',
    call: () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ out_trade_no: 'UNKNOWN', query: { mchid } }),
    expected: {
      request: `GET /v3/pay/transactions/out-trade-no/UNKNOWN?mchid=${mchid}`,
      result: '404 ORDER_NOT_EXIST',
    },
  },
]

let differences = 0
for (const { title, call, expected } of steps) {
  const { result, shown } = await run(call)
  const request = expected.request && (await simulator.lastRequest()).replace(/(?<=token=)[^&]*/, '…')
  const isAsExpected = request === expected.request && result === expected.result
  if (!isAsExpected) differences++
  console.log(`\n${title}\n\n${sourceOf(call)}\n`)
  if (request) console.log(`  → ${request}`)
  console.log(`  ← ${shown}`)
  if (!isAsExpected)
    console.log(`  ✗ expected ${expected.request ?? 'no request'}, with the result: ${expected.result}`)
}
// Resolves when the notification has been acknowledged.
await new Promise(closed => shop.close(closed))
await simulator.stop()

console.log(
  differences === 0
    ? `\n${steps.length} steps: every request signed, every response verified, every result as expected.`
    : `\n${differences} of ${steps.length} steps did not have the expected result.`,
)
console.log(`
${INVITATION}`)
process.exitCode = differences === 0 ? 0 : 1

async function run(call: Step['call']): Promise<{ result: string; shown: string }> {
  try {
    return describe(await Promise.race([call(), deadline()]))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return {
      result: `${error.statusCode} ${error.code}`,
      shown: `${error.statusCode} ${error.code}\n    ${error.message}`,
    }
  }
}

async function deadline(): Promise<never> {
  await delay(30_000, undefined, { ref: false })
  throw new Error('The step timed out after 30 seconds.')
}

/** Summarizes a response by its status, a notification by its type, and payment parameters by their names. */
function describe(value: unknown): { result: string; shown: string } {
  if (value instanceof WechatPayResponse) {
    const result = String(value.statusCode)
    return { result, shown: value.data === undefined ? result : `${result} ${JSON.stringify(value.data)}` }
  }
  const { event_type, resource, rows, total, isTotalCorrect, ...parameters } = Object(value)
  if (rows) {
    const result = `rows whose total ${isTotalCorrect ? 'matches' : 'differs from'} the summary`
    return { result, shown: `${result}: ${total / 100} yuan\n${tableOf(rows)}` }
  }
  if (event_type === undefined) return { result: Object.keys(parameters).join(', '), shown: JSON.stringify(value) }
  return { result: event_type, shown: `${event_type} ${JSON.stringify(resource)}` }
}

function tableOf(rows: readonly object[]): string {
  const output = new PassThrough()
  new Console(output).table(rows)
  return String(output.read()).trimEnd()
}

function urlOf(server: Server): string {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/notify`
}
