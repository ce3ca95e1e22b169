import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import type { NotificationEvent } from '../../../lib/notification/index.js'
import * as Notification from '../../../lib/notification/index.js'
import { Simulator, type SimulatorKeys } from '../../../lib/simulator/index.js'
import { createMerchant } from '../../../lib/simulator/keys/merchant.js'
import { mintServerCertificate } from '../../../lib/simulator/keys/server-certificate.js'
import { Notifications } from '../../../lib/simulator/notify/notifications.js'
import { order, post } from '../raw-merchant.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const SCHEDULE = [
  ...[15 * SECOND, 15 * SECOND, 30 * SECOND, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 30 * MINUTE],
  ...[30 * MINUTE, 60 * MINUTE, 3 * HOUR, 3 * HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR],
]

const ACKNOWLEDGED = { status: 'acknowledged', attempts: 1 }

let keys: SimulatorKeys
let simulator: Simulator
let now: number
let shop: Server
let url: string
/** How the shop responds to a notification. */
let listener: RequestListener

beforeAll(async () => {
  const first = await Simulator.start()
  keys = first.keys
  await first.close()
  shop = createServer((request, response) => listener(request, response))
  shop.listen(0, '127.0.0.1')
  await once(shop, 'listening')
  url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify`
})
afterAll(() => shop.close())

beforeEach(async () => {
  now = Date.now()
  simulator = await Simulator.start({ keys, clock: () => now })
})
afterEach(() => simulator.close())

async function place({ config }: Simulator, over: object = {}): Promise<string> {
  const payload = order(config, { notify_url: url, ...over })
  const timestamp = Math.floor(now / 1000)
  expect((await post(config, '/v3/pay/transactions/native', payload, { timestamp })).status).toBe(200)
  return payload.out_trade_no
}

async function paid(over: object = {}): Promise<string> {
  const out_trade_no = await place(simulator, over)
  simulator.pay(out_trade_no)
  return out_trade_no
}

async function refunded(out_trade_no: string): Promise<string> {
  const { config } = simulator
  const out_refund_no = `${out_trade_no}-r`
  const payload = {
    out_trade_no,
    out_refund_no,
    notify_url: url,
    amount: { refund: 40, total: 100, currency: 'CNY' },
  }
  const timestamp = Math.floor(now / 1000)
  expect((await post(config, '/v3/refund/domestic/refunds', payload, { timestamp })).status).toBe(200)
  simulator.settle(out_refund_no)
  return out_refund_no
}

/** The shop handles notifications with this package; returns the events. */
function receive({ config }: Simulator): NotificationEvent[] {
  const events: NotificationEvent[] = []
  listener = Notification.create(config).handler(event => events.push(event)).node
  return events
}

/** The shop responds with these statuses in turn and repeats the last one; returns the requests. */
function respondWith(...statuses: number[]): { headers: Record<string, unknown>; body: string }[] {
  const received: { headers: Record<string, unknown>; body: string }[] = []
  listener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 500).end()
  }
  return received
}

/** The shop never responds; resolves when a notification has arrived. */
function neverRespond(): Promise<void> {
  return new Promise(resolve => {
    listener = request => {
      request.resume()
      resolve()
    }
  })
}

it('nothing is sent after the simulator is closed', async () => {
  const received = respondWith(204)
  await paid()
  await simulator.close()
  await simulator.deliver()
  expect(received).toEqual([])
  expect(simulator.notifications).toMatchObject([{ attempts: 0, status: 'waiting' }])
})

describe('a notification', () => {
  it('about the payment of an order is verified and decrypted by the handler', async () => {
    const events = receive(simulator)
    const out_trade_no = await paid({ attach: '自定义数据' })
    expect(simulator.notifications).toStrictEqual([
      { event_type: 'TRANSACTION.SUCCESS', notify_url: url, attempts: 0, status: 'waiting', statusCode: undefined },
    ])
    await simulator.deliver()
    expect(events).toMatchObject([
      {
        event_type: 'TRANSACTION.SUCCESS',
        resource: {
          mchid: simulator.config.mchid,
          appid: 'wxd678efh567hg6787',
          out_trade_no,
          transaction_id: expect.stringMatching(/^4200\d+$/),
          trade_type: 'NATIVE',
          trade_state: 'SUCCESS',
          attach: '自定义数据',
          amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
        },
      },
    ])
    expect(simulator.notifications).toMatchObject([{ ...ACKNOWLEDGED, statusCode: 204 }])
  })

  it('about a settled refund is sent once', async () => {
    const events = receive(simulator)
    const out_trade_no = await paid()
    const out_refund_no = await refunded(out_trade_no)
    simulator.settle(out_refund_no)
    await simulator.deliver()
    expect(simulator.notifications).toHaveLength(2)
    expect(events[1]).toMatchObject({
      event_type: 'REFUND.SUCCESS',
      resource: {
        out_trade_no,
        out_refund_no,
        refund_status: 'SUCCESS',
        success_time: expect.stringMatching(/\+08:00$/),
        amount: { total: 100, refund: 40, payer_total: 100, payer_refund: 40 },
      },
    })
  })

  it('is not sent for a refund without a notify_url', async () => {
    const out_trade_no = await place(simulator)
    simulator.pay(out_trade_no)
    const { config } = simulator
    const payload = { out_trade_no, out_refund_no: 'silent', amount: { refund: 1, total: 100, currency: 'CNY' } }
    await post(config, '/v3/refund/domestic/refunds', payload, { timestamp: Math.floor(now / 1000) })
    simulator.settle('silent')
    expect(simulator.notifications).toHaveLength(1)
  })

  it('is XML when the order or the refund was created with APIv2', async () => {
    const secure = await Simulator.start({ keys, https: true, clock: () => now })
    const events = receive(secure)
    const { v2 } = Builder.factory(secure.config)
    const { mchid } = secure.config
    const out_trade_no = 'V2ORDER'
    const payload = { appid: 'wx1', body: '公仔', out_trade_no, total_fee: 100, spbill_create_ip: '8.8.8.8' }
    await v2.pay.unifiedorder.post({ xml: { ...payload, notify_url: url, trade_type: 'NATIVE' } })
    const { transaction_id } = secure.pay(out_trade_no)
    const refund = { appid: 'wx1', out_trade_no, out_refund_no: 'V2REFUND', total_fee: 100, refund_fee: 40 }
    await v2.secapi.pay.refund.post({ xml: { ...refund, notify_url: url } })
    secure.settle('V2REFUND')
    await secure.deliver()
    expect(secure.notifications).toMatchObject([ACKNOWLEDGED, ACKNOWLEDGED])
    expect(events).toMatchObject([
      {
        event_type: 'v2/transaction-success',
        resource: { mch_id: mchid, out_trade_no, transaction_id, total_fee: '100', result_code: 'SUCCESS' },
      },
      {
        event_type: 'v2/refund-processed',
        resource: { req_info: { out_trade_no, out_refund_no: 'V2REFUND', refund_fee: '40', refund_status: 'SUCCESS' } },
      },
    ])
    await secure.close()
  })
})

describe('resending', () => {
  it('follows the schedule of WeChat Pay, and ends after 15 times', async () => {
    const received = respondWith(500)
    await paid()
    await simulator.deliver()
    for (const [resends, wait] of SCHEDULE.entries()) {
      now += wait - 1
      await simulator.deliver()
      expect(received).toHaveLength(resends + 1)
      now += 1
      await simulator.deliver()
      expect(received).toHaveLength(resends + 2)
    }
    expect(simulator.notifications).toMatchObject([{ attempts: 16, status: 'abandoned', statusCode: 500 }])
    now += 24 * HOUR
    await simulator.deliver()
    expect(received).toHaveLength(16)
  })

  it('repeats the same notification with a new signature', async () => {
    const received = respondWith(500, 200)
    await paid()
    await simulator.deliver()
    now += 15 * SECOND
    await simulator.deliver()
    const [first, second] = received.map(({ headers, body }) => ({ ...headers, ...JSON.parse(body) }))
    expect(second).toMatchObject({ id: first.id, create_time: first.create_time, summary: '支付成功' })
    expect(Number(second['wechatpay-timestamp']) - Number(first['wechatpay-timestamp'])).toBe(15)
    expect(second['wechatpay-nonce']).not.toBe(first['wechatpay-nonce'])
  })

  it.each([200, 204])('ends after %i', async status => {
    respondWith(503, status)
    await paid()
    await simulator.deliver()
    expect(simulator.notifications).toMatchObject([{ attempts: 1, status: 'waiting', statusCode: 503 }])
    now += 15 * SECOND
    await simulator.deliver()
    expect(simulator.notifications).toMatchObject([{ attempts: 2, status: 'acknowledged', statusCode: status }])
  })

  it.each([201, 302, 404])('continues after %i', async status => {
    respondWith(status)
    await paid()
    await simulator.deliver()
    expect(simulator.notifications).toMatchObject([{ status: 'waiting', statusCode: status }])
  })

  it('continues after a closed connection or a refused one', async () => {
    listener = request => request.socket.destroy()
    await paid()
    await paid({ notify_url: 'http://127.0.0.1:1/notify' })
    await simulator.deliver()
    const withoutResponse = { attempts: 1, status: 'waiting', statusCode: undefined }
    expect(simulator.notifications).toMatchObject([withoutResponse, withoutResponse])
  })

  it('continues after five seconds without a response', async () => {
    const arrived = neverRespond()
    await paid()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const delivered = simulator.deliver()
      await arrived
      vi.advanceTimersByTime(4999)
      expect(simulator.notifications).toMatchObject([{ status: 'waiting', attempts: 1 }])
      vi.advanceTimersByTime(1)
      await delivered
      expect(simulator.notifications).toMatchObject([{ status: 'waiting', attempts: 1, statusCode: undefined }])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('deliver', () => {
  it('sends several copies, each with its own signature, and needs one acknowledgement', async () => {
    const received = respondWith(500, 500, 204)
    await paid()
    await simulator.deliver({ copies: 3 })
    expect(received).toHaveLength(3)
    expect(new Set(received.map(({ body }) => JSON.parse(body).id)).size).toBe(1)
    expect(new Set(received.map(({ headers }) => headers['wechatpay-nonce'])).size).toBe(3)
    expect(simulator.notifications).toMatchObject([{ attempts: 3, status: 'acknowledged', statusCode: 204 }])
  })

  it('sends several copies at once, and the handler runs once', async () => {
    const events = receive(simulator)
    await paid()
    await paid()
    await simulator.deliver({ copies: 3 })
    const delivered = { attempts: 3, status: 'acknowledged', statusCode: 204 }
    expect(simulator.notifications).toMatchObject([delivered, delivered])
    expect(events).toHaveLength(2)
  })

  it('sends notifications in reverse order', async () => {
    const events = receive(simulator)
    await refunded(await paid())
    await simulator.deliver({ reversed: true })
    expect(events.map(({ event_type }) => event_type)).toStrictEqual(['REFUND.SUCCESS', 'TRANSACTION.SUCCESS'])
  })

  it.each([
    [{ copies: 0 }, /`copies`.* 0/],
    [{ copies: 1.5 }, /`copies`.* 1\.5/],
    [{ reversed: 1 }, /`reversed`.* 1/],
    [{ times: 2 }, /`times`/],
  ])('refuses %o', async (options, message) => {
    const deliver = () => Reflect.apply(simulator.deliver, simulator, [options])
    await expect(deliver()).rejects.toThrow(InvalidArgumentError)
    await expect(deliver()).rejects.toThrow(message)
  })
})

describe('a notify_url', () => {
  it.each([
    'https://shop.example/wechatpay',
    'http://127.0.0.1.shop.example/notify',
    'http://localhost.shop.example/notify',
    'http://127.0.0.1@shop.example/notify',
    'http://10.0.0.1/notify',
    'http://[2001:db8::1]/notify',
  ])('on a different machine is skipped: %s', async notify_url => {
    await paid({ notify_url })
    await simulator.deliver()
    expect(simulator.notifications).toMatchObject([{ notify_url, attempts: 0, status: 'skipped' }])
  })

  it.each(['http://[::1]:1/notify', 'https://127.0.0.1:1/notify', 'http://127.255.0.1:1/'])(
    'on this machine is used: %s',
    async notify_url => {
      await paid({ notify_url })
      expect(simulator.notifications).toMatchObject([{ notify_url, status: 'waiting' }])
    },
  )

  it('on a host of the option notify is used', async () => {
    await using open = await Simulator.start({ keys, clock: () => now, notify: ['Shop', 'host.docker.internal'] })
    for (const host of ['shop:3000', 'host.docker.internal', 'shop.example']) {
      open.pay(await place(open, { notify_url: `http://${host}/notify` }))
    }
    expect(open.notifications.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'skipped'])
  })

  it('with an untrusted certificate receives no request', async () => {
    const { key, cert } = await mintServerCertificate()
    const secure = createSecureServer({ key, cert }, () => expect.fail('the request was sent')).listen(0, '127.0.0.1')
    await once(secure, 'listening')
    await paid({ notify_url: `https://127.0.0.1:${(secure.address() as AddressInfo).port}/notify` })
    await simulator.deliver()
    expect(simulator.notifications).toMatchObject([{ attempts: 1, status: 'waiting', statusCode: undefined }])
    secure.close()
  })

  it('may be localhost', async () => {
    const events = receive(simulator)
    await paid({ notify_url: url.replace('127.0.0.1', 'LOCALHOST') })
    await simulator.deliver()
    expect(events).toHaveLength(1)
  })
})

describe('without a clock', () => {
  it('a notification is sent automatically, and again after 15 seconds', async () => {
    const real = await Simulator.start({ keys })
    const received = respondWith(500, 204)
    const out_trade_no = await place(real)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      real.pay(out_trade_no)
      vi.advanceTimersByTime(0)
      await real.deliver()
      expect(received).toHaveLength(1)
      vi.advanceTimersByTime(14_999)
      await real.deliver()
      expect(received).toHaveLength(1)
      vi.advanceTimersByTime(1)
      await real.deliver()
      expect(real.notifications).toMatchObject([{ attempts: 2, status: 'acknowledged', statusCode: 204 }])
    } finally {
      vi.useRealTimers()
      await real.close()
    }
  })
})

it('closing aborts notifications in progress, and nothing is resent', async () => {
  const arrived = neverRespond()
  await paid()
  const delivered = simulator.deliver()
  await arrived
  await simulator.close()
  await delivered
  now += 15 * SECOND
  await simulator.deliver()
  expect(simulator.notifications).toMatchObject([{ attempts: 1, statusCode: undefined }])
})

it('the last 1000 notifications are logged', () => {
  const merchant = createMerchant('1900000109', keys)
  const notifications = new Notifications({
    merchant,
    clock: () => now,
    businessClock: () => now,
    hosts: [],
    isAutomatic: false,
  })
  const mint = () => expect.fail('nothing must be sent')
  for (let count = 0; count <= 1000; count++) {
    notifications.add({ event_type: 'TRANSACTION.SUCCESS', notify_url: `https://shop.example/${count}`, mint })
  }
  expect(notifications.entries).toHaveLength(1000)
  expect(notifications.entries[0]).toMatchObject({ notify_url: 'https://shop.example/1' })
})
