/** A shop on Koa: it takes an order, receives its notification and shows the order paid. */
import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { Notification, type WechatPay } from 'wechatpay-chain'

export interface ShopOptions {
  mchid: string
  appid: string
  notify_url: string
}

export function createShop(wxpay: WechatPay, { mchid, appid, notify_url }: ShopOptions): Koa {
  const orders = new Map<string, { total: number; isPaid: boolean }>() // your database

  const handler = Notification.create(wxpay).handler(event => {
    if (event.event_type !== 'TRANSACTION.SUCCESS') return
    const { out_trade_no, amount } = event.resource
    const order = orders.get(out_trade_no)
    if (order?.total === amount.total) order.isPaid = true
  })

  const placeOrder = async () => {
    const out_trade_no = randomUUID().replaceAll('-', '')
    const total = 990 // fen
    orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
    const { data } = await wxpay.v3.pay.transactions.native.post({
      json: { appid, mchid, description: 'A cup of tea', out_trade_no, notify_url, amount: { total } },
    })
    return { out_trade_no, code_url: data.code_url }
  }

  const app = new Koa()
  app.use(async (context, next) => {
    // With @koa/router: router.post('/notify', handler.koa), above koa-body: the signature covers the bytes.
    if (context.path === '/notify') return handler.koa(context)
    if (context.method === 'POST' && context.path === '/orders') {
      context.body = await placeOrder()
      context.status = 201
      return
    }
    const [, out_trade_no = ''] = /^\/orders\/(\w+)$/.exec(context.path) ?? []
    const order = orders.get(out_trade_no)
    if (!order) return next()
    context.body = order
  })

  return app
}
