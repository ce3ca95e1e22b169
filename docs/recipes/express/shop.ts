/** A shop on Express: it takes an order, receives its notification and shows the order paid. */
import { randomUUID } from 'node:crypto'
import express, { type Express } from 'express'
import { Notification, type WechatPay } from 'wechatpay-chain'

export interface ShopOptions {
  mchid: string
  appid: string
  notify_url: string
}

export function createShop(wxpay: WechatPay, { mchid, appid, notify_url }: ShopOptions): Express {
  const orders = new Map<string, { total: number; isPaid: boolean }>() // your database

  const handler = Notification.create(wxpay).handler(event => {
    if (event.event_type !== 'TRANSACTION.SUCCESS') return
    const { out_trade_no, amount } = event.resource
    const order = orders.get(out_trade_no)
    if (order?.total === amount.total) order.isPaid = true
  })

  const app = express()
  app.post('/notify', handler.node) // above express.json(): the signature covers the bytes
  app.use(express.json())

  app.post('/orders', async (_, response) => {
    const out_trade_no = randomUUID().replaceAll('-', '')
    const total = 990 // fen
    orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
    const { data } = await wxpay.v3.pay.transactions.native.post({
      json: { appid, mchid, description: 'A cup of tea', out_trade_no, notify_url, amount: { total } },
    })
    response.status(201).json({ out_trade_no, code_url: data.code_url })
  })

  app.get('/orders/:out_trade_no', (request, response) => {
    const order = orders.get(request.params.out_trade_no)
    response.status(order ? 200 : 404).json(order ?? {})
  })

  return app
}
