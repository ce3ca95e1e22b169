#!/usr/bin/env node
/**
 * `npm run demo`: one call in its three forms, an order from creation to close, one that is paid and notified, one by
 * APIv2, against the simulator.
 */
import { Console } from 'node:console'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, Bill, Builder, Invoke, Notification, WechatPayResponse } from '../index.js'
import { startSimulatorProcess } from './simulator-process.js'
import { sourceOf } from './source.js'

interface Step {
  title: string
  /** Shown as it stands here, and run. */
  call: () => Promise<unknown>
  /** What must go out and come back; without a request, what must come by itself. */
  expected: { request?: string; answer: string }
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
  answer: '204',
}

const appid = 'wxd678efh567hg6787'
const { mchid } = simulator.config
/** Yesterday in Beijing. */
const bill_date = new Date(Date.now() - 16 * 60 * 60 * 1000).toISOString().slice(0, 10)
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
          appid,
          mchid,
          description: 'Image形象店-深圳腾大-QQ公仔',
          out_trade_no,
          notify_url,
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
    title: 'A JSAPI order: create, and sign what its page passes on to WeChat',
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
      answer: 'appId, timeStamp, nonceStr, package, signType, paySign',
    },
  },
  {
    title: 'The payer pays: the notification arrives at a server of node:http, is verified, decrypted and acknowledged',
    call: async () => {
      const paid = new Promise(resolve => {
        shop.on('request', Notification.create(wxpay).handler(resolve).node)
      })
      await simulator.pay(`${out_trade_no}JSAPI`)
      return paid
    },
    expected: { answer: 'TRANSACTION.SUCCESS' },
  },
  {
    title: 'The same by APIv2: an order in XML, signed with the APIv2 key',
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
    expected: { request: 'POST /pay/unifiedorder', answer: '200' },
  },
  {
    title: "Yesterday's bill: downloaded, verified, and read row by row, with its total",
    call: async () => {
      const bill = await Bill.trade(wxpay, { bill_date, bill_type: 'SUCCESS', tar_type: 'GZIP' })
      const rows = []
      let total = 0
      for await (const row of bill.rows()) {
        const { 交易时间, 商户订单号, 商品名称, 订单金额 } = row
        rows.push({ 交易时间, 商户订单号, 商品名称, 订单金额 })
        total += Bill.fen(订单金额)
      }
      return { rows, total, isTheSummary: total === Bill.fen(bill.summary?.订单总金额 ?? '') }
    },
    expected: {
      request: 'GET /v3/billdownload/file?token=…&tartype=gzip',
      answer: 'rows, and their total as in the summary',
    },
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
  const request = expected.request && (await simulator.lastRequest()).replace(/(?<=token=)[^&]*/, '…')
  const isAsExpected = request === expected.request && answer === expected.answer
  if (!isAsExpected) differences++
  console.log(`\n${title}\n\n${sourceOf(call)}\n`)
  if (request) console.log(`  → ${request}`)
  console.log(`  ← ${shown}`)
  if (!isAsExpected) console.log(`  ✗ expected ${expected.request ?? 'nothing'}, answered with ${expected.answer}`)
}
// Not before the notification is acknowledged.
await new Promise(closed => shop.close(closed))
await simulator.stop()

console.log(
  differences === 0
    ? `\n${steps.length} steps, each signed, verified and answered as expected.`
    : `\n${differences} of ${steps.length} steps went otherwise than expected.`,
)
process.exitCode = differences === 0 ? 0 : 1

async function run(call: Step['call']): Promise<{ answer: string; shown: string }> {
  try {
    return describe(await Promise.race([call(), deadline()]))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return {
      answer: `${error.statusCode} ${error.code}`,
      shown: `${error.statusCode} ${error.code}\n    ${error.message}`,
    }
  }
}

async function deadline(): Promise<never> {
  await delay(30_000, undefined, { ref: false })
  throw new Error('Nothing came within 30 seconds.')
}

/** An answer by its status, a notification by its type, and parameters by their names. */
function describe(value: unknown): { answer: string; shown: string } {
  if (value instanceof WechatPayResponse) {
    const answer = String(value.statusCode)
    return { answer, shown: value.data === undefined ? answer : `${answer} ${JSON.stringify(value.data)}` }
  }
  const { event_type, resource, rows, total, isTheSummary, ...parameters } = Object(value)
  if (rows) {
    const answer = isTheSummary ? 'rows, and their total as in the summary' : 'another total than in the summary'
    return { answer, shown: `${answer}: ${total / 100} yuan\n${tableOf(rows)}` }
  }
  if (event_type === undefined) return { answer: Object.keys(parameters).join(', '), shown: JSON.stringify(value) }
  return { answer: event_type, shown: `${event_type} ${JSON.stringify(resource)}` }
}

function tableOf(rows: readonly object[]): string {
  const text = new PassThrough()
  new Console(text).table(rows)
  return String(text.read()).trimEnd()
}

function urlOf(server: Server): string {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/notify`
}
