import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import * as Notification from '../../lib/notification/index.js'
import { repetitions } from '../repetitions.js'
import { keys, type Notice, notice, xmlNotice } from './wechat-pay.js'

const COUNT = repetitions(200, 1000)
const PATH = '/notify'
const notification = Notification.create(keys)
let genuine: Notice[] = []

beforeAll(() => {
  genuine = Array.from({ length: COUNT }, (_, index) => notice({ id: `EV-${index}` }))
})

type Handler = Notification.Handler

interface Running {
  url: string
  close(): Promise<unknown>
}

async function listening(server: Server): Promise<Running> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    close: () => {
      server.closeAllConnections()
      return once(server.close(), 'close')
    },
  }
}

/** As the parsers of Koa: reads the stream, keeps the raw body, and parses JSON. */
async function koaBodyParser({ req, request }: Koa.Context, next: Koa.Next): Promise<void> {
  const chunks: Buffer[] = []
  if (req.headers['content-type']?.includes('json')) {
    for await (const chunk of req) chunks.push(chunk)
    const rawBody = Buffer.concat(chunks).toString()
    Object.assign(request, { rawBody, body: JSON.parse(rawBody) })
  }
  await next()
}

/** Servers as their users build them, each with its usual JSON parser. */
const servers: Record<string, (handler: Handler) => Promise<Running>> = {
  'node:http': handler => listening(createServer(handler.node)),

  'Express with the handler above its JSON parser': handler => {
    const app = express()
    app.post(PATH, handler.node)
    app.use(express.json())
    return listening(createServer(app))
  },

  'Express with a JSON parser that keeps the raw body, as NestJS does': handler => {
    const app = express()
    app.use(express.json({ verify: Notification.keepRawBody }))
    app.post(PATH, handler.node)
    return listening(createServer(app))
  },

  'Express with a parser for bytes': handler => {
    const app = express()
    app.use(PATH, express.raw({ type: '*/*' }))
    app.post(PATH, handler.node)
    return listening(createServer(app))
  },

  'Koa with a body parser': handler => {
    const app = new Koa()
    app.use(koaBodyParser)
    app.use((context, next) => (context.path === PATH ? handler.koa(context) : next()))
    return listening(createServer(app.callback()))
  },

  Koa: handler => {
    const app = new Koa()
    app.use(handler.koa)
    return listening(createServer(app.callback()))
  },

  Fastify: async handler => {
    const app = fastify()
    await app.register(handler.fastify, { url: PATH })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}${PATH}`, close: () => app.close() }
  },

  'Hono on Node': async handler => {
    const app = new Hono()
    app.post(PATH, context => handler(context.req.raw))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
    await once(server, 'listening')
    return listening(server)
  },
}

/** Sends a notification as WeChat Pay does: again, as long as it is not acknowledged. */
async function deliver(url: string, { headers, body }: Notice): Promise<number[]> {
  const statuses: number[] = []
  do {
    const response = await request(url, { method: 'POST', headers, body })
    await response.body.dump()
    statuses.push(response.statusCode)
  } while (Number(statuses.at(-1)) >= 500 && statuses.length < 15)
  return statuses
}

/** Runs through all of them, so many at a time. */
async function each<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values()
  const work = async () => {
    for (const item of rest) await run(item)
  }
  await Promise.all(Array.from({ length: 20 }, work))
}

const tampered = ({ headers, body }: Notice): Notice => ({ headers, body: body.replace('TRANSACTION', 'transaction') })

describe.each(Object.entries(servers))('%s', (_, start) => {
  const attempts = new Map<string, number>()
  const handled = new Map<string, number>()
  const errors: unknown[] = []
  const count = (counts: Map<string, number>, id: string) => counts.set(id, (counts.get(id) ?? 0) + 1)
  const failsFirst = (id: string) => id.startsWith('EV-') && Number(id.slice(3)) % 10 === 0 && attempts.get(id) === 1
  let server: Running

  beforeAll(async () => {
    const onEvent = async ({ id }: Notification.NotificationEvent) => {
      count(attempts, id)
      await new Promise(resolve => setImmediate(resolve))
      if (failsFirst(id)) throw new Error('the database is away')
      count(handled, id)
    }
    server = await start(notification.handler(onEvent, { onError: error => errors.push(error), limit: 100_000 }))
  })
  afterAll(() => server.close())

  it('receives many notifications: none is lost, and each is handled once, after a resend if it failed', async () => {
    const outcomes = new Map<string, number>()
    await each(genuine, async sent => count(outcomes, (await deliver(server.url, sent)).join()))
    expect(Object.fromEntries(outcomes)).toEqual({ '204': COUNT * 0.9, '500,204': COUNT * 0.1 })
    expect(handled.size).toBe(COUNT)
    expect([...handled.values()].filter(times => times !== 1)).toEqual([])
    expect(errors).toHaveLength(COUNT * 0.1)
  })

  it('acknowledges duplicates without handling them again', async () => {
    const before = [...handled.values()]
    await each(genuine.slice(0, 100), async sent => expect(await deliver(server.url, sent)).toEqual([204]))
    expect([...handled.values()]).toEqual(before)
  })

  it('refuses a tampered notification', async () => {
    const before = attempts.size
    await each(genuine.slice(0, 100), async sent => expect(await deliver(server.url, tampered(sent))).toEqual([401]))
    expect(attempts.size).toBe(before)
  })

  it('responds to APIv2 with XML', async () => {
    const { headers, body } = xmlNotice({ out_trade_no: '1409811653', total_fee: '1' })
    const response = await request(server.url, { method: 'POST', headers, body })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toMatch(/^text\/xml/)
    expect(await response.body.text()).toMatch(/^<xml><return_code><!\[CDATA\[SUCCESS]]>/)
  })

  it('responds with 413 to a body beyond the limit', async () => {
    const body = JSON.stringify({ padding: 'x'.repeat(100_000) })
    const response = await request(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await response.body.dump()
    expect(response.statusCode).toBe(413)
  })
})

describe('Express with a JSON parser that drops the bytes', () => {
  it('responds with 500 and says what to change', async () => {
    const errors: unknown[] = []
    const handler = notification.handler(() => expect.fail('it was called'), { onError: error => errors.push(error) })
    const app = express()
    app.use(express.json())
    app.post(PATH, handler.node)
    const server = await listening(createServer(app))
    const response = await request(server.url, { method: 'POST', ...notice() })
    const { code, message } = JSON.parse(await response.body.text())
    await server.close()
    expect([response.statusCode, code]).toEqual([500, 'FAIL'])
    expect(message).toMatch(/express\.json\(\{ verify: Notification\.keepRawBody \}\)/)
    expect(errors).toMatchObject([{ code: 'ERR_INVALID_ARGUMENT' }])
  })
})

describe('a sender over a raw connection', () => {
  it('that never ends its body is cut off at the limit', async () => {
    const errors: unknown[] = []
    const handler = notification.handler(() => {}, { limit: 1000, onError: error => errors.push(error) })
    const server = await listening(createServer(handler.node))
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {})
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    for (let turn = 0; !socket.closed && turn < 100_000; turn++) {
      socket.write(`400\r\n${'x'.repeat(0x400)}\r\n`)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(socket.closed).toBe(true)
    expect(errors).toMatchObject([{ code: 'ERR_NOTIFICATION_TOO_LARGE' }])
    await server.close()
  })

  it.each(['node:http', 'Koa', 'Fastify'])(
    'that announces too much gets 413 from %s, and the connection is closed',
    async name => {
      const start = servers[name] ?? expect.fail()
      const server = await start(notification.handler(() => {}, { limit: 1000, onError: () => {} }))
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8')
      socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n`)
      let response = ''
      for await (const text of socket) response += text
      await server.close()
      expect(response).toMatch(/^HTTP\/1\.1 413 .*connection: close\r\n.*\{"code":"FAIL"/is)
    },
  )

  it('that goes away in the middle does no harm', async () => {
    const errors: unknown[] = []
    const server = await listening(
      createServer(notification.handler(() => {}, { onError: error => errors.push(error) }).node),
    )
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"id":`, () => socket.destroy())
    for (let turn = 0; errors.length === 0 && turn < 100_000; turn++)
      await new Promise(resolve => setImmediate(resolve))
    expect(errors).toMatchObject([{ code: 'ERR_NOTIFICATION_INCOMPLETE' }])
    const { statusCode } = await request(server.url, { method: 'POST', ...notice() })
    await server.close()
    expect(statusCode).toBe(204)
  })
})

describe('web standards', () => {
  it('a route of Next.js is the handler as it stands', async () => {
    const seen: string[] = []
    const POST: (request: Request, context: { params: Promise<object> }) => Promise<Response> = notification.handler(
      ({ id }) => seen.push(id),
    )
    const context = { params: Promise.resolve({}) }
    await each(genuine.slice(0, 100), async ({ headers, body }) => {
      const response = await POST(new Request(`https://example.com${PATH}`, { method: 'POST', headers, body }), context)
      expect(response.status).toBe(204)
    })
    expect(new Set(seen).size).toBe(100)
  })
})

describe('a server that responds before the handler does', () => {
  const respondFirst: Record<string, (handler: Handler) => Promise<Running>> = {
    'node:http': handler =>
      listening(
        createServer((incoming, response) => {
          void handler.node(incoming, response)
          response.writeHead(503).end()
        }),
      ),
    Express: handler => {
      const app = express()
      app.use((_request, response, next) => {
        next()
        response.status(503).end()
      })
      app.post(PATH, handler.node)
      return listening(createServer(app))
    },
    Koa: handler => {
      const app = new Koa()
      app.use(async (context, next) => {
        context.respond = false
        const handled = next()
        context.res.writeHead(503).end()
        await handled
      })
      app.use(handler.koa)
      return listening(createServer(app.callback()))
    },
    Fastify: async handler => {
      const app = fastify()
      app.addHook('onRequest', (_request, reply, done) => {
        done()
        reply.code(503).send()
      })
      await app.register(handler.fastify, { url: PATH })
      await app.listen({ host: '127.0.0.1', port: 0 })
      const { port } = app.server.address() as AddressInfo
      return { url: `http://127.0.0.1:${port}${PATH}`, close: () => app.close() }
    },
  }

  it.each(Object.entries(respondFirst))('is left alone on %s, and the notification is handled', async (_, start) => {
    let handled = () => {}
    const done = new Promise<void>(resolve => {
      handled = resolve
    })
    const errors: unknown[] = []
    const server = await start(notification.handler(() => handled(), { onError: error => errors.push(error) }))
    const response = await request(server.url, { method: 'POST', ...notice() })
    expect(response.statusCode).toBe(503)
    await done
    await new Promise(resolve => setImmediate(resolve))
    await server.close()
    expect(errors).toEqual([])
  })
})

describe('the handler itself, where an adapter was meant,', () => {
  /** As users do who write JavaScript. */
  const any = (handler: unknown) => handler as never

  const mistaken: Record<string, [cure: RegExp, start: (handler: Handler) => Promise<Running>]> = {
    'node:http': [/`handler\.node`/, handler => listening(createServer(any(handler)))],
    Express: [
      /`handler\.node`/,
      handler => {
        const app = express()
        app.post(PATH, any(handler))
        return listening(createServer(app))
      },
    ],
    Koa: [
      /`handler\.koa`/,
      handler => {
        const app = new Koa()
        app.silent = true
        app.use(any(handler))
        return listening(createServer(app.callback()))
      },
    ],
    Fastify: [
      /`handler\.fastify`/,
      async handler => {
        const app = fastify()
        app.post(PATH, any(handler))
        await app.listen({ host: '127.0.0.1', port: 0 })
        const { port } = app.server.address() as AddressInfo
        return { url: `http://127.0.0.1:${port}${PATH}`, close: () => app.close() }
      },
    ],
  }

  it.each(Object.entries(mistaken))('says so on %s, and the sender gets a 500', async (_, [cure, start]) => {
    const errors: unknown[] = []
    const server = await start(notification.handler(() => {}, { onError: error => errors.push(error) }))
    const response = await request(server.url, { method: 'POST', ...notice() })
    await response.body.dump()
    await server.close()
    expect(response.statusCode).toBe(500)
    expect(errors).toMatchObject([{ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(cure) }])
  })

  it('says so when it is called with something else', async () => {
    const handler = notification.handler(() => {}, { onError: () => {} })
    for (const what of [undefined, null, 'x', {}]) {
      await expect(handler(any(what))).rejects.toThrow(/must be called with a web Request/)
    }
  })

  it('does not compile in Express and Koa, and does in frameworks with web standards', () => {
    type WebHandler = (request: Request, context?: Notification.WebContext) => Promise<Response>
    expectTypeOf<Handler>().toExtend<WebHandler>()
    expectTypeOf<Handler>().not.toExtend<express.RequestHandler>()
    expectTypeOf<Handler>().not.toExtend<express.ErrorRequestHandler>()
    expectTypeOf<Handler>().not.toExtend<Koa.Middleware>()
    expectTypeOf<Handler>().toExtend<(request: Request, server: { stop(): void }) => Promise<Response>>()
    expectTypeOf<Handler>().toExtend<(request: Request) => Promise<Response>>()
    expectTypeOf<Handler['node']>().toExtend<express.RequestHandler>()
    expectTypeOf<Handler['koa']>().toExtend<Koa.Middleware>()
  })
})

describe('a look-up of recipients learns where a notification was sent to', () => {
  const path = `${PATH}?shop=a`

  it.each(Object.keys(servers))('from %s', async name => {
    const urls: unknown[] = []
    const receiver = Notification.create(({ url }) => {
      urls.push(url)
      return keys
    })
    const server = await (servers[name] ?? expect.fail())(receiver.handler(() => {}))
    const response = await request(server.url.replace(PATH, path), { method: 'POST', ...notice() })
    await server.close()
    expect([response.statusCode, urls]).toEqual([204, [path]])
  })

  it('from a router of Express, below which the path is shorter', async () => {
    const urls: unknown[] = []
    const router = express.Router()
    const receiver = Notification.create(({ url }) => {
      urls.push(url)
      return keys
    })
    router.post('/shop', receiver.handler(() => {}).node)
    const server = await listening(createServer(express().use(PATH, router)))
    const response = await request(`${server.url}/shop`, { method: 'POST', ...notice() })
    await server.close()
    expect([response.statusCode, urls]).toEqual([204, [`${PATH}/shop`]])
  })
})
