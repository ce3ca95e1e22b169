import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import * as Builder from '../lib/builder.js'
import { TransportError, WechatPayError } from '../lib/errors.js'
import { repetitions } from './repetitions.js'
import { pick, seeded } from './seeded.js'
import { startSimulator } from './simulator/start.js'

const ORDERS = repetitions(500, 2000)
const AT_ONCE = 20

const simulator = await startSimulator()
const upstream = Number(new URL(simulator.url).port)
const random = seeded(6)

/** Where a connection breaks: as often as not, nowhere. */
const FAULTS = [
  'none',
  'none',
  'none',
  'none',
  'at once',
  'in the request',
  'before the response',
  'in the response',
  'rubbish',
] as const
type Fault = (typeof FAULTS)[number]

/** How often the whole request of each order went on to the simulator. */
const arrivals = new Map<string, number>()

function carry(client: Socket, fault: Fault): void {
  if (fault === 'at once') return void client.destroy()
  const server = connect(upstream, '127.0.0.1')
  let request = ''
  const give = () => {
    client.destroy()
    server.destroy()
  }
  client.on('error', give)
  server.on('error', give)
  client.on('close', () => server.destroy())
  client.on('data', chunk => {
    if (fault === 'in the request') {
      server.write(chunk.subarray(0, Math.floor(random() * chunk.length)))
      setImmediate(give)
      return
    }
    server.write(chunk)
    request += chunk
    const [, number] = /"out_trade_no":"([^"]+)"/.exec(request) ?? []
    if (number !== undefined) {
      arrivals.set(number, (arrivals.get(number) ?? 0) + 1)
      request = ''
    }
  })
  server.on('data', chunk => {
    if (fault === 'before the response') give()
    else if (fault === 'in the response') client.end(chunk.subarray(0, Math.floor(random() * chunk.length)))
    else if (fault === 'rubbish') client.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    else client.write(chunk)
    // One connection carries one call, so that each call meets a fault of its own.
    if (fault === 'none') client.end()
  })
}

const proxy = createServer(socket => carry(socket, pick(FAULTS, random)))
proxy.listen(0, '127.0.0.1')
await once(proxy, 'listening')
const address = proxy.address()
if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
const base_uri = `http://127.0.0.1:${address.port}/`
afterAll(async () => {
  proxy.close()
  await simulator.close()
})

const wxpay = Builder.factory({ ...simulator.config, base_uri, fallback_uri: false })
const { mchid } = simulator.config

/** Undefined when the order was placed. */
async function place(out_trade_no: string): Promise<unknown> {
  const json = {
    appid: 'wxd678efh567hg6787',
    mchid,
    description: 'tea',
    out_trade_no,
    notify_url: 'https://shop.example/',
    amount: { total: 1 },
  }
  return wxpay.v3.pay.transactions.native.post({ json }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The numbers of all orders that the simulator has. */
async function readBook(): Promise<Set<string>> {
  const { orders } = Object(await (await fetch(`${simulator.url}/_sim/orders`)).json())
  return new Set(orders.map(({ out_trade_no }: { out_trade_no: string }) => out_trade_no))
}

it('over a network that breaks everywhere, the client never says less than the book', {
  timeout: 120_000,
}, async () => {
  const numbers = Array.from({ length: ORDERS }, (_, index) => `CHAOS${index}`)
  const outcomes = new Map<string, unknown>()
  const waiting = numbers.values()
  const till = async () => {
    for (const number of waiting) outcomes.set(number, await place(number))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, till))

  const book = await readBook()
  const wrong: string[] = []
  let failed = 0
  for (const number of numbers) {
    const error = outcomes.get(number)
    const exists = book.has(number)
    if (error !== undefined) failed++
    if (error === undefined && !exists) wrong.push(`${number}: placed, but not in the book`)
    if (error !== undefined && !(error instanceof WechatPayError)) wrong.push(`${number}: ${String(error)}`)
    if (error instanceof TransportError && !error.sent && exists) wrong.push(`${number}: "not sent", but in the book`)
    if ((arrivals.get(number) ?? 0) > 1) wrong.push(`${number}: sent ${arrivals.get(number)} times`)
  }
  expect(wrong).toEqual([])
  // The network did break, and let others through.
  expect(failed).toBeGreaterThan(ORDERS / 4)
  expect(failed).toBeLessThan((ORDERS * 3) / 4)
})
