import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../../lib/errors.js'
import * as Notification from '../../lib/notification/index.js'
import { MemoryStore } from '../../lib/stores/memory-store.js'
import { keys, type Notice, notice, payment, signedAnew, xmlNotice } from './wechat-pay.js'

const notification = Notification.create(keys)

function request({ headers, body }: { headers: Record<string, string>; body: string | ReadableStream }): Request {
  return new Request('https://example.com/notify', { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
}

const withHeader = ({ headers, body }: Notice, name: string, value: string): Notice => ({
  headers: { ...headers, [name]: value },
  body,
})

/** A handler that records its events and errors. */
function recording(onEvent: Notification.OnEvent = () => {}, options: Notification.HandlerOptions = {}) {
  const events: Notification.NotificationEvent[] = []
  const errors: unknown[] = []
  const handler = notification.handler(
    event => {
      events.push(event)
      return onEvent(event)
    },
    { onError: error => errors.push(error), ...options },
  )
  return { handler, events, errors }
}

async function failure(response: Response): Promise<{ code: string; message: string }> {
  return JSON.parse(await response.text())
}

describe('a handler acknowledges', () => {
  it('a payment with 204 and no body, when it has run', async () => {
    const { handler, events, errors } = recording()
    const response = await handler(request(notice()))
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(events).toMatchObject([{ event_type: 'TRANSACTION.SUCCESS', resource: payment }])
    expect(errors).toEqual([])
  })

  it('not before it has run', async () => {
    const order: string[] = []
    const { handler } = recording(async () => {
      await new Promise(resolve => setImmediate(resolve))
      order.push('handled')
    })
    await handler(request(notice())).then(() => order.push('acknowledged'))
    expect(order).toEqual(['handled', 'acknowledged'])
  })

  it('APIv2 with its XML', async () => {
    const { handler, events } = recording()
    const response = await handler(request(xmlNotice({ out_trade_no: '1', total_fee: '1' })))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/xml/)
    expect(await response.text()).toBe(
      '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
    )
    expect(events).toMatchObject([{ event_type: 'v2/transaction-success' }])
  })

  it('a notification that arrives in pieces', async () => {
    const { headers, body } = notice()
    const pieces = [...Buffer.from(body)].map(byte => Uint8Array.of(byte))
    const { handler, events } = recording()
    const response = await handler(request({ headers, body: ReadableStream.from(pieces) }))
    expect([response.status, events.length]).toEqual([204, 1])
  })
})

describe('a handler that throws', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('the database is away')
      },
    ],
    ['later', () => Promise.reject(new Error('the database is away'))],
  ])('%s responds with 500, shows the sender nothing of the error, and calls onError', async (_, onEvent) => {
    const { handler, errors } = recording(onEvent)
    const response = await handler(request(notice()))
    expect(response.status).toBe(500)
    expect(await failure(response)).toEqual({ code: 'FAIL', message: expect.not.stringContaining('database') })
    expect(errors).toMatchObject([{ message: 'the database is away' }])
  })

  it('and an error before it are not explained to the sender', async () => {
    const verify = () => Promise.reject(new WechatPayError('the key server 10.0.0.1 is away', { code: 'ERR_CONNECT' }))
    const receiver = Notification.create({ ...keys, verifier: { announcedSerial: () => undefined, verify } })
    const errors: unknown[] = []
    const response = await receiver.handler(() => {}, { onError: error => errors.push(error) })(request(notice()))
    expect(response.status).toBe(500)
    expect((await failure(response)).message).not.toContain('10.0.0.1')
    expect(errors).toMatchObject([{ message: 'the key server 10.0.0.1 is away' }])
  })

  it('with an error of this package is not blamed on the notification', async () => {
    const { handler, errors } = recording(() =>
      Promise.reject(new SignatureError('of its own call', { reason: 'mismatch' })),
    )
    const response = await handler(request(notice()))
    expect(response.status).toBe(500)
    expect(errors).toMatchObject([{ message: 'of its own call' }])
  })

  it('is called again, and its success is acknowledged', async () => {
    let fails = 2
    const { handler, events } = recording(() => {
      if (fails-- > 0) throw new Error('not yet')
    })
    const sent = notice()
    const statuses = []
    for (let attempt = 0; attempt < 5; attempt++) statuses.push((await handler(request(sent))).status)
    expect(statuses).toEqual([500, 500, 204, 204, 204])
    expect(events).toHaveLength(3)
  })

  it('responds to APIv2 with XML', async () => {
    const { handler } = recording(() => Promise.reject(new Error('no')))
    const response = await handler(request(xmlNotice({ out_trade_no: '1' })))
    expect(response.status).toBe(500)
    expect(await response.text()).toMatch(/^<xml><return_code>FAIL<\/return_code><return_msg>.+<\/return_msg><\/xml>$/)
  })
})

describe('an untrusted notification never reaches the handler', () => {
  const cases: [string, () => Notice, number][] = [
    ['a changed body', () => ({ ...notice(), body: `${notice().body} ` }), 401],
    ['a replay', () => notice({ signature: { timestamp: Math.floor(Date.now() / 1000) - 301 } }), 401],
    ['an unsigned one', () => ({ headers: {}, body: '{"event_type":"TRANSACTION.SUCCESS"}' }), 401],
    ['a different merchant', () => notice({ apiv3Key: 'another-merchants-key-0123456789' }), 401],
    ['an unsigned payment of APIv2', () => ({ headers: {}, body: '<xml><out_trade_no>1</out_trade_no></xml>' }), 401],
    ['broken XML', () => ({ headers: {}, body: '<xml>' }), 400],
  ]

  it.each(cases)('%s', async (_, sent, status) => {
    const { handler, events, errors } = recording()
    const response = await handler(request(sent()))
    expect(response.status).toBe(status)
    expect(await response.text()).toContain('FAIL')
    expect(events).toEqual([])
    expect(errors).toHaveLength(1)
  })

  it('a probe, which is refused without a word to onError', async () => {
    const { handler, events, errors } = recording()
    const genuine = notice()
    const probe = withHeader(
      genuine,
      'wechatpay-signature',
      `WECHATPAY/SIGNTEST/${genuine.headers['wechatpay-signature']}`,
    )
    const response = await handler(request(probe))
    expect(response.status).toBe(401)
    expect((await failure(response)).code).toBe('FAIL')
    expect([events, errors]).toEqual([[], []])
  })

  it('a body beyond the limit, whether it says so or not', async () => {
    const { handler, events } = recording(undefined, { limit: 1000 })
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(600))
      },
    })
    for (const body of ['x'.repeat(1001), endless]) {
      const response = await handler(request({ headers: {}, body }))
      expect(response.status).toBe(413)
      expect((await failure(response)).message).toContain('1000 bytes')
    }
    expect(events).toEqual([])
  })

  it('a body that breaks off', async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.error(new Error('reset'))
      },
    })
    const { handler, errors } = recording()
    expect((await handler(request({ headers: {}, body: broken }))).status).toBe(400)
    expect(errors).toMatchObject([{ code: 'ERR_NOTIFICATION_INCOMPLETE' }])
  })

  it('a Request that was read before, with the cure', async () => {
    const { handler, errors } = recording()
    const read = request(notice())
    await read.json()
    const response = await handler(read)
    expect(response.status).toBe(500)
    expect((await failure(response)).message).toContain('Notification.keepRawBody')
    expect(errors[0]).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('a handler that takes too long', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Runs everything except timers until the condition is true. */
  async function until(condition: () => boolean): Promise<void> {
    for (let turn = 0; !condition(); turn++) {
      if (turn > 1000) expect.fail('it never came to that')
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  it('gives 500 after 4.5 s, goes on, and is acknowledged when it is sent again', async () => {
    let finish = () => {}
    const work = new Promise<void>(resolve => {
      finish = resolve
    })
    const { handler, events, errors } = recording(() => work)
    const sent = notice()
    const first = handler(request(sent))
    await until(() => events.length === 1)
    await vi.advanceTimersByTimeAsync(4499)
    expect(await Promise.race([first, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect((await first).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'ERR_NOTIFICATION_TIMEOUT' }])

    expect((await handler(request(sent))).status, 'while it is at it').toBe(500)
    // Longer than a claim lives: it is renewed as long as the handler works.
    await vi.advanceTimersByTimeAsync(120_000)
    expect((await handler(request(signedAnew(sent.body)))).status, 'two minutes later').toBe(500)
    finish()
    await vi.advanceTimersByTimeAsync(0)
    expect((await handler(request(signedAnew(sent.body)))).status, 'when it is done').toBe(204)
    expect(events).toHaveLength(1)
    expect(vi.getTimerCount(), 'timers left').toBe(0)
  })

  it('does not begin once the time is over', async () => {
    const { headers, body } = notice()
    let arrive = (_: Uint8Array) => {}
    const slow = new ReadableStream({
      start(controller) {
        arrive = bytes => {
          controller.enqueue(bytes)
          controller.close()
        }
      },
    })
    const { handler, events, errors } = recording(undefined, { timeout: 100 })
    const late = handler(request({ headers, body: slow }))
    await until(() => vi.getTimerCount() === 1)
    await vi.advanceTimersByTimeAsync(100)
    expect((await late).status).toBe(500)
    arrive(Buffer.from(body))
    await vi.advanceTimersByTimeAsync(0)
    expect((await handler(request({ headers, body }))).status, 'sent again').toBe(204)
    expect(events).toHaveLength(1)
    expect(errors).toMatchObject([{ code: 'ERR_NOTIFICATION_TIMEOUT' }])
  })

  it('leaves no timer behind when it is in time', async () => {
    const { handler } = recording()
    await handler(request(notice()))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the options of a handler', () => {
  it.each<[string, unknown, RegExp]>([
    ['timeout', 0, /`timeout` must be/],
    ['timeout', '5', /`timeout` must be/],
    ['timeout', 1.5, /`timeout` must be/],
    ['limit', -1, /`limit` must be/],
    ['limit', Number.POSITIVE_INFINITY, /`limit` must be/],
  ])('refuse %s %j', (name, value, message) => {
    expect(() => notification.handler(() => {}, { [name]: value })).toThrow(message)
  })

  it('refuse a handler that is not a function', () => {
    expect(() => notification.handler(undefined as unknown as Notification.OnEvent)).toThrow(InvalidArgumentError)
  })

  it('send errors to the console by default', async () => {
    const console = vi.spyOn(globalThis.console, 'error').mockImplementation(() => {})
    const error = new Error('seen')
    await notification.handler(() => Promise.reject(error))(request(notice()))
    expect(console).toHaveBeenCalledExactlyOnceWith(error)
    console.mockRestore()
  })

  describe('without onError', () => {
    let printed: unknown[][] = []
    beforeEach(() => {
      printed = []
      vi.spyOn(globalThis.console, 'error').mockImplementation((...line) => printed.push(line))
      vi.useFakeTimers({ toFake: ['performance'] })
    })
    afterEach(() => {
      vi.restoreAllMocks()
      vi.useRealTimers()
    })

    it('let a stranger write one line a minute for each reason, without a stack', async () => {
      const handler = notification.handler(() => {})
      const unsigned = () => request({ headers: {}, body: '{}' })
      for (let turn = 0; turn < 50; turn++) {
        await handler(unsigned())
        await handler(request({ headers: {}, body: '<xml>' }))
        await handler(request(notice({ signature: { serial: 'F'.repeat(40) } })))
      }
      expect(printed.length).toBe(3)
      for (const [line, ...rest] of printed) {
        expect(line).toMatch(/^\w+Error ERR_\w+: [^\n]+$/)
        expect(rest).toEqual([])
      }
      vi.advanceTimersByTime(60_000)
      await handler(unsigned())
      expect(printed.length).toBe(4)
      expect(printed[3]?.[0]).toMatch(/\b49 more\b/)
    })

    it('print every error of the handler in full', async () => {
      const error = new Error('seen')
      const handler = notification.handler(() => Promise.reject(error))
      for (let turn = 0; turn < 3; turn++) await handler(request(notice()))
      expect(printed).toEqual([[error], [error], [error]])
    })

    it('show no character that could break or hide a line', async () => {
      const handler = notification.handler(() => {})
      await handler(request({ headers: {}, body: '<xml><a\u2028b></c></xml>' }))
      await handler(request({ headers: {}, body: '<?xml version="1.0" encoding="\u202e"?><xml></xml>' }))
      expect(printed.flat().join('')).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u)
    })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('logging failed')
      },
    ],
    ['rejects', () => Promise.reject(new Error('logging failed'))],
  ])('survive an onError that %s', async (_, onError) => {
    const handler = notification.handler(() => Promise.reject(new Error('no')), { onError })
    expect((await handler(request(notice()))).status).toBe(500)
  })

  it('take the store of the client, and their own before it', async () => {
    const [ofClient, own] = [new MemoryStore(), new MemoryStore()]
    const receiver = Notification.create({ ...keys, mchid: '1230000109', store: ofClient })
    const sent = notice({ id: 'EV-1' })
    const key = 'wechatpay-chain:notification:v3:1230000109:EV-1'
    await receiver.handler(() => {})(request(sent))
    expect(await ofClient.get(key)).toBe('done')
    await ofClient.delete(key)
    await receiver.handler(() => {}, { store: own })(request(sent))
    expect([await ofClient.get(key), await own.get(key)]).toEqual([undefined, 'done'])
  })
})
