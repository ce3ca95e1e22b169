/** A shop on Fastify: it takes an order, receives its notification and shows the order paid. */
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { Notification, type WechatPay } from 'wechatpay-chain'

export interface ShopOptions {
  mchid: string
  appid: string
  notify_url: string
}

export function createShop(wxpay: WechatPay, { mchid, appid, notify_url }: ShopOptions): FastifyInstance {
  const orders = new Map<string, { total: number; isPaid: boolean }>() // your database

  const handler = Notification.create(wxpay).handler(event => {
    if (event.event_type !== 'TRANSACTION.SUCCESS') return
    const { out_trade_no, amount } = event.resource
    const order = orders.get(out_trade_no)
    if (order?.total === amount.total) order.isPaid = true
  })

  const app = fastify()
  app.register(handler.fastify, { url: '/notify' }) // reads the bytes itself: the signature covers them

  app.post('/orders', async (_, reply) => {
    const out_trade_no = randomUUID().replaceAll('-', '')
    const total = 990 // fen
    orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
    const { data } = await wxpay.v3.pay.transactions.native.post({
      json: { appid, mchid, description: 'A cup of tea', out_trade_no, notify_url, amount: { total } },
    })
    return reply.code(201).send({ out_trade_no, code_url: data.code_url })
  })

  app.get<{ Params: { out_trade_no: string } }>('/orders/:out_trade_no', (request, reply) => {
    const order = orders.get(request.params.out_trade_no)
    return reply.code(order ? 200 : 404).send(order ?? {})
  })

  return app
}
