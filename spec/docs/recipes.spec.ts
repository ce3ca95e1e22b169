import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as express from '../../docs/recipes/express/shop.ts'
import * as fastify from '../../docs/recipes/fastify/shop.ts'
import * as hono from '../../docs/recipes/hono/shop.ts'
import * as koa from '../../docs/recipes/koa/shop.ts'
import * as notify from '../../docs/recipes/nextjs/app/notify/route.ts'
import * as order from '../../docs/recipes/nextjs/app/orders/[out_trade_no]/route.ts'
import * as orders from '../../docs/recipes/nextjs/app/orders/route.ts'
import { Builder, type WechatPay } from '../../lib/index.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { startSimulator } from '../simulator/start.js'

interface ShopOptions {
  mchid: string
  appid: string
  notify_url: string
}

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  Reflect.deleteProperty(globalThis, 'shop')
  await simulator.close()
})

/** What Next.js does with the files in `app`. */
function nextjs(_: WechatPay, { mchid, notify_url }: ShopOptions): RequestListener {
  const { serial, privateKey, certs, apiv3Key, base_uri } = simulator.config
  const [id = '', key = ''] = Object.entries(certs).find(([id]) => id.startsWith('PUB_KEY_ID_')) ?? []
  const environment = {
    MCHID: mchid,
    SERIAL: serial,
    PRIVATE_KEY: privateKey,
    PUBLIC_KEY_ID: id,
    PUBLIC_KEY: key,
    APIV3_KEY: apiv3Key,
    BASE_URI: base_uri,
    NOTIFY_URL: notify_url,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(`WECHATPAY_${name}`, value)
  return getRequestListener(request => {
    const { pathname } = new URL(request.url)
    if (pathname === '/notify') return notify.POST(request)
    if (pathname === '/orders') return orders.POST()
    return order.GET(request, { params: Promise.resolve({ out_trade_no: pathname.replace('/orders/', '') }) })
  })
}

const shops: Record<string, (wxpay: WechatPay, options: ShopOptions) => RequestListener | Promise<RequestListener>> = {
  Express: express.createShop,
  Hono: (...options) => getRequestListener(hono.createShop(...options).fetch),
  Koa: (...options) => koa.createShop(...options).callback(),
  Fastify: async (...options) => {
    const app = fastify.createShop(...options)
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  'Next.js': nextjs,
}

describe.each(Object.entries(shops))('the recipe for %s', (_, createShop) => {
  let server: Server
  let url: string

  beforeAll(async () => {
    let listener: RequestListener | undefined
    server = createServer((request, response) => listener?.(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { mchid } = simulator.config
    const options = { mchid, appid: 'wxd678efh567hg6787', notify_url: `${url}/notify` }
    listener = await createShop(Builder.factory(simulator.config), options)
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('takes an order, receives its notification and shows the order paid', async () => {
    const response = await fetch(`${url}/orders`, { method: 'POST' })
    expect(response.status).toBe(201)
    const placed: unknown = await response.json()
    expect(placed).toMatchObject({ code_url: expect.stringMatching(/^weixin:/) })
    const { out_trade_no } = placed as { out_trade_no: string }
    const show = async () => (await fetch(`${url}/orders/${out_trade_no}`)).json()
    expect(await show()).toEqual({ total: 990, isPaid: false })
    simulator.pay(out_trade_no)
    await simulator.deliver()
    expect(await show()).toEqual({ total: 990, isPaid: true })
  })

  it('knows no order that was not placed', async () => {
    expect((await fetch(`${url}/orders/unknown`)).status).toBe(404)
  })
})

describe.each(['guides/notifications.md', 'guides/zh-CN/notifications.md'])('%s', guide => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../../docs', file), 'utf8')

  it('shows the recipes as they are', () => {
    const shown = [...read(guide).matchAll(/```ts title="docs\/(recipes\/[^"]+)"\n([\s\S]*?)```/g)]
    expect(shown).toHaveLength(6)
    for (const [, file = '', code] of shown) expect(code, file).toBe(read(file))
  })
})
