import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { InvalidArgumentError } from '../../../lib/errors.js'
import type { NotificationEvent } from '../../../lib/notification/index.js'
import * as Notification from '../../../lib/notification/index.js'
import type { Simulator } from '../../../lib/simulator/index.js'
import { Callers } from '../../../lib/simulator/keys/callers.js'
import { mintAuthority, mintServerCertificate } from '../../../lib/simulator/keys/server-certificate.js'
import { Notifications } from '../../../lib/simulator/notify/notifications.js'
import { eventTypesOf, readDocument } from '../../../lib/simulator/schema/catalogue.js'
import { order, post } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const SCHEDULE = [
  ...[15 * SECOND, 15 * SECOND, 30 * SECOND, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 30 * MINUTE],
  ...[30 * MINUTE, 60 * MINUTE, 3 * HOUR, 3 * HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR],
]

const ACKNOWLEDGED = { status: 'acknowledged', attempts: 1 }

let simulator: Simulator
let now: number
let shop: Server
let url: string
/** How the shop responds to a notification. */
let listener: RequestListener

beforeAll(async () => {
  shop = createServer((request, response) => listener(request, response))
  shop.listen(0, '127.0.0.1')
  await once(shop, 'listening')
  url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/notify`
})
afterAll(() => shop.close())

beforeEach(async () => {
  now = Date.now()
  simulator = await startSimulator({ clock: () => now })
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
    expect(simulator.notifications).toMatchObject([
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
    const secure = await startSimulator({ https: true, clock: () => now })
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

describe('each attempt', () => {
  it('is logged with its request and its response', async () => {
    listener = (request, response) => {
      request.resume()
      response.writeHead(500, { 'X-Shop': 'closed' }).end('{"code":"FAIL"}')
    }
    const out_trade_no = await paid()
    await simulator.deliver()
    const [{ id, resource, history, dueAt } = expect.fail()] = simulator.notifications
    expect(id).toBe(1)
    expect(resource).toMatchObject({ out_trade_no, trade_state: 'SUCCESS' })
    expect(dueAt).toBe(now + 15 * SECOND)
    const { serial } = simulator.keys.platformCertificate
    expect(history).toMatchObject([
      {
        time: now,
        request: { headers: { 'Wechatpay-Serial': serial }, body: expect.stringContaining('"ciphertext"') },
        response: { statusCode: 500, headers: { 'x-shop': 'closed' }, body: '{"code":"FAIL"}' },
        error: undefined,
      },
    ])
  })

  it('without a response is logged with the reason', async () => {
    await paid({ notify_url: 'http://127.0.0.1:1/notify' })
    await simulator.deliver()
    expect(simulator.notifications[0]?.history).toMatchObject([
      { response: undefined, error: expect.stringContaining('ECONNREFUSED') },
    ])
  })
})

describe('replay', () => {
  it('sends an acknowledged notification again, with the same ID and a new signature', async () => {
    const received = respondWith(204)
    await paid()
    await simulator.deliver()
    expect(await simulator.replay(1)).toMatchObject({ id: 1, attempts: 2, status: 'acknowledged' })
    const [first, second] = received.map(({ headers, body }) => ({ ...headers, ...JSON.parse(body) }))
    expect(second.id).toBe(first.id)
    expect(second['wechatpay-nonce']).not.toBe(first['wechatpay-nonce'])
  })

  it('ends the resends if it is acknowledged, and continues them otherwise', async () => {
    const received = respondWith(500, 500, 204)
    await paid()
    await simulator.deliver()
    expect(await simulator.replay(1)).toMatchObject({ status: 'waiting', dueAt: now + 15 * SECOND })
    expect(await simulator.replay(1)).toMatchObject({ status: 'acknowledged', dueAt: undefined })
    now += HOUR
    await simulator.deliver()
    expect(received).toHaveLength(3)
  })

  it('refuses an unknown notification, and one that was skipped', async () => {
    await paid({ notify_url: 'https://shop.example/' })
    await expect(simulator.replay(2)).rejects.toThrow(/`id`.* 2/)
    await expect(simulator.replay(1)).rejects.toThrow(/`notify_url`.*shop\.example/)
    expect(simulator.notifications).toMatchObject([{ attempts: 0, status: 'skipped' }])
  })
})

describe('trigger', () => {
  const documented = (['v3', 'v2'] as const).flatMap(document =>
    eventTypesOf(document).map(name => (document === 'v2' ? `v2/${name}` : name)),
  )

  it('sends every documented event so that the receiver verifies and decrypts it', async () => {
    const events = receive(simulator)
    for (const event_type of documented) {
      expect(await simulator.trigger(event_type, { to: url })).toMatchObject({ event_type, ...ACKNOWLEDGED })
    }
    expect(documented.length).toBeGreaterThan(100)
    expect(new Set(events.map(({ event_type }) => event_type))).toEqual(new Set(documented))
  })

  it('samples the content from the schema of the event, with the mchid of the merchant', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(readDocument('v3'), 'v3')
    receive(simulator)
    const misfits: unknown[] = []
    for (const event_type of eventTypesOf('v3')) {
      const { resource } = await simulator.trigger(event_type, { to: url })
      const pointer = `/webhooks/${encodeURIComponent(event_type)}/post/requestBody/content/application~1json/schema`
      const validate = ajv.compile({ $ref: `v3#${pointer}` })
      if (!validate(resource)) misfits.push([event_type, validate.errors?.[0]])
    }
    expect(misfits).toEqual([])
    const { resource } = await simulator.trigger('TRANSACTION.SUCCESS', { to: url })
    expect(resource).toMatchObject({ mchid: simulator.config.mchid })
  })

  it('sets the fields of override, uses the URL of the last notification, and is resent like every other', async () => {
    const received = respondWith(204, 500, 204)
    await paid()
    await simulator.deliver()
    const override = { 'amount.total': 7, 'promotion_detail.0.coupon_id': 'C', attach: null, 'new.field': 1 }
    const sent = await simulator.trigger('TRANSACTION.SUCCESS', { override })
    expect(sent).toMatchObject({
      notify_url: url,
      status: 'waiting',
      resource: { amount: { total: 7 }, attach: null, new: { field: 1 }, promotion_detail: [{ coupon_id: 'C' }] },
    })
    now += 15 * SECOND
    await simulator.deliver()
    expect(received).toHaveLength(3)
  })

  it.each([
    ['NO.SUCH', {}, /`event_type`.*NO\.SUCH/],
    ['toString', {}, /`event_type`/],
    ['TRANSACTION.SUCCESS', { to: 'https://shop.example/' }, /`to`.*shop\.example/],
    ['TRANSACTION.SUCCESS', {}, /`to`/],
    ['TRANSACTION.SUCCESS', { override: { 'mchid.x': 1 } }, /`override`.*mchid\.x/],
    ['TRANSACTION.SUCCESS', { url: 'x' }, /`url`/],
  ])('%s with %o is refused', async (event_type, options, message) => {
    const to = 'to' in options || message.source === '`to`' ? {} : { to: url }
    await expect(simulator.trigger(event_type, { ...to, ...options })).rejects.toThrow(InvalidArgumentError)
    await expect(simulator.trigger(event_type, { ...to, ...options })).rejects.toThrow(message)
    expect(simulator.notifications).toEqual([])
  })
})

describe('advance', () => {
  it('sends what becomes due on the way, as often as in real time', async () => {
    await using real = await startSimulator()
    const received = respondWith(204, 500)
    real.pay(await place(real))
    await real.advance({ seconds: 0 })
    expect(received).toHaveLength(1)
    await real.trigger('REFUND.SUCCESS', { to: url })
    await real.advance({ seconds: 29 })
    expect(received).toHaveLength(3)
    await real.advance({ days: 2 })
    expect(received).toHaveLength(17)
    const { history, ...resent } = real.notifications[1] ?? expect.fail()
    expect(resent).toMatchObject({ attempts: 16, status: 'abandoned' })
    const waits = history.map(({ time }, index) => time - (history[index - 1]?.time ?? time)).slice(2)
    expect(waits).toEqual(SCHEDULE.slice(1))
  })

  it('repeats each of several as often as in real time, however long the others take', async () => {
    await using real = await startSimulator()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      listener = (request, response) => {
        request.resume()
        // A timer of what is already due would fire now.
        vi.advanceTimersByTime(1)
        response.writeHead(500).end()
      }
      for (const event of ['REFUND.SUCCESS', 'REFUND.ABNORMAL']) await real.trigger(event, { to: url })
      await real.advance({ days: 2 })
      expect(real.notifications).toMatchObject(Array(2).fill({ attempts: 16, status: 'abandoned' }))
      for (const { history } of real.notifications) {
        const waits = history.map(({ time }, index) => time - (history[index - 1]?.time ?? time)).slice(2)
        expect(waits).toEqual(SCHEDULE.slice(1))
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('held notifications', () => {
  it('wait for deliver, which may reverse them, until release', async () => {
    await using real = await startSimulator()
    const events = receive(real)
    real.hold()
    const numbers = [await place(real), await place(real)]
    for (const number of numbers) real.pay(number)
    await real.advance({ days: 1 })
    expect(events).toEqual([])
    await real.deliver({ reversed: true })
    expect(events.map(({ resource }) => Object(resource).out_trade_no)).toEqual(numbers.reverse())
    real.pay(await place(real))
    expect(real.notifications.at(-1)).toMatchObject({ status: 'waiting' })
    real.release()
    await expect.poll(() => events).toHaveLength(3)
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
    await using open = await startSimulator({ clock: () => now, notify: ['Shop', 'host.docker.internal'] })
    for (const host of ['shop:3000', 'host.docker.internal', 'shop.example']) {
      open.pay(await place(open, { notify_url: `http://${host}/notify` }))
    }
    expect(open.notifications.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'skipped'])
  })

  it('with an untrusted certificate receives no request', async () => {
    const { key, cert } = await mintServerCertificate(await mintAuthority())
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
    const real = await startSimulator()
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

it('the last 1000 notifications are logged', async () => {
  const options = { mchids: ['1900000109'], brandIds: [], keys: simulator.keys, publicKeyOnly: false, now }
  const callers = await Callers.create(options)
  const notifications = new Notifications({
    callers,
    clock: () => now,
    businessClock: () => now,
    hosts: [],
    isAutomatic: false,
  })
  const event = { event_type: 'TRANSACTION.SUCCESS', resource: {} }
  for (let count = 0; count <= 1000; count++) {
    notifications.add({ notify_url: `https://shop.example/${count}`, event })
  }
  expect(notifications.entries).toHaveLength(1000)
  expect(notifications.entries[0]).toMatchObject({ notify_url: 'https://shop.example/1' })
})
