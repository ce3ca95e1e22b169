/**
 * The simulator under a busy day: orders, each paid and notified, in one process with the client and the shop. How long a
 * call takes, what the ledger holds of the heap, and how long a simulator takes to start again with all of it.
 *
 *   node --expose-gc bench/simulator.mjs [--orders 10000] [--concurrency 8] [--state]
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Builder, Notification } from '../dist/index.js'
import { Simulator } from '../dist/simulator/index.js'

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '8' },
    state: { type: 'boolean', default: false },
  },
})
const [ORDERS, CONCURRENCY] = [Number(values.orders), Number(values.concurrency)]
const folder = mkdtempSync(join(tmpdir(), 'wechatpay-bench-'))
const state = join(folder, 'state')
const options = values.state ? { state } : {}

const seconds = since => (performance.now() - since) / 1000
const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`
const cpu = since => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}
const heap = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const begun = performance.now()
const simulator = await Simulator.start(options)
console.log(`start, with new keys: ${seconds(begun).toFixed(2)} s`)
const wxpay = Builder.factory(simulator.config)
let notified = 0
const handler = Notification.create(wxpay).handler(async () => {
  notified += 1
})
const shop = createServer((request, response) => handler.node(request, response)).listen(0, '127.0.0.1')
await once(shop, 'listening')
const notify_url = `http://127.0.0.1:${shop.address().port}/`

const place = number =>
  wxpay.v3.pay.transactions.native.post({
    json: {
      appid: 'wxd678efh567hg6787',
      mchid: simulator.config.mchid,
      description: 'Tea',
      out_trade_no: number,
      notify_url,
      amount: { total: 100 },
    },
  })
await place('WARM-UP')
const before = heap()

const alone = performance.now()
const cpuAlone = process.cpuUsage()
for (let index = 0; index < 500; index++) await place(`ALONE-${index}`)
console.log(
  `one call after the other, client included: ${((seconds(alone) * 1000) / 500).toFixed(2)} ms a call, ${(cpu(cpuAlone) / 500).toFixed(2)} ms of CPU`,
)

// WeChat Pay waits five seconds for the shop, which has this process to share.
const shopIsBehind = () => next - notified > 64
let next = 0
const busy = performance.now()
const cpuBusy = process.cpuUsage()
await Promise.all(
  Array.from({ length: CONCURRENCY }, async () => {
    while (next < ORDERS) {
      const number = `ORDER-${next}`
      next += 1
      await place(number)
      simulator.pay(number)
      while (shopIsBehind()) await delay(1)
    }
  }),
)
await simulator.deliver()
const taken = seconds(busy)
console.log(
  `${ORDERS} orders, paid and notified, ${CONCURRENCY} at a time: ${taken.toFixed(1)} s, ${((taken * 1000) / ORDERS).toFixed(2)} ms an order, ${(cpu(cpuBusy) / ORDERS).toFixed(2)} ms of CPU`,
)
console.log(`notifications that the shop has verified: ${notified}`)
const after = heap()
console.log(
  `heap: ${megabytes(before)} before, ${megabytes(after)} after: ${Math.round((after - before) / (ORDERS + 500))} bytes an order`,
)
const { keys } = simulator
await simulator.close()
shop.close()

if (values.state) {
  console.log(`state file: ${megabytes(statSync(state).size)}`)
  const again = performance.now()
  const second = await Simulator.start(options)
  console.log(`start again, with all orders: ${seconds(again).toFixed(2)} s`)
  const found = await fetch(`${second.url}/_sim/orders?limit=1`).then(response => response.json())
  console.log(`the last order: ${found.orders[0].out_trade_no}, ${found.orders[0].trade_state}`)
  await second.close()
} else {
  const again = performance.now()
  await (await Simulator.start({ keys })).close()
  console.log(`start, with known keys: ${seconds(again).toFixed(2)} s`)
}
rmSync(folder, { recursive: true })
