/** A shop on Hono: it takes an order, receives its notification and shows the order paid. */
import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { Notification, type WechatPay } from 'wechatpay-chain'

export interface ShopOptions {
  mchid: string
  appid: string
  notify_url: string
}

export function createShop(wxpay: WechatPay, { mchid, appid, notify_url }: ShopOptions): Hono {
  const orders = new Map<string, { total: number; isPaid: boolean }>() // your database

  const handler = Notification.create(wxpay).handler(event => {
    if (event.event_type !== 'TRANSACTION.SUCCESS') return
    const { out_trade_no, amount } = event.resource
    const order = orders.get(out_trade_no)
    if (order?.total === amount.total) order.isPaid = true
  })

  const app = new Hono()
  app.post('/notify', context => handler(context.req.raw))

  app.post('/orders', async context => {
    const out_trade_no = randomUUID().replaceAll('-', '')
    const total = 990 // fen
    orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
    const { data } = await wxpay.v3.pay.transactions.native.post({
      json: { appid, mchid, description: 'A cup of tea', out_trade_no, notify_url, amount: { total } },
    })
    return context.json({ out_trade_no, code_url: data.code_url }, 201)
  })

  app.get('/orders/:out_trade_no', context => {
    const order = orders.get(context.req.param('out_trade_no'))
    return order ? context.json(order) : context.notFound()
  })

  return app
}
