/** A shop on NestJS: it takes an order, receives its notification and shows the order paid. */
import { randomUUID } from 'node:crypto'
import { Controller, Get, Inject, NotFoundException, Param, Post, Req, Res } from '@nestjs/common'
import type { Request, Response } from 'express'
import { Notification, type WechatPay } from 'wechatpay-chain'

export interface ShopOptions {
  wxpay: WechatPay
  mchid: string
  appid: string
  notify_url: string
}

@Controller()
export class ShopController {
  readonly #orders = new Map<string, { total: number; isPaid: boolean }>() // your database
  readonly #options: ShopOptions
  readonly #handler: Notification.Handler

  constructor(@Inject('SHOP') options: ShopOptions) {
    this.#options = options
    this.#handler = Notification.create(options.wxpay).handler(event => {
      if (event.event_type !== 'TRANSACTION.SUCCESS') return
      const { out_trade_no, amount } = event.resource
      const order = this.#orders.get(out_trade_no)
      if (order?.total === amount.total) order.isPaid = true
    })
  }

  // In main.ts, NestFactory.create(…, { rawBody: true }): the signature covers the bytes.
  @Post('notify')
  notify(@Req() request: Request, @Res() response: Response) {
    return this.#handler.node(request, response)
  }

  @Post('orders')
  async placeOrder() {
    const { wxpay, mchid, appid, notify_url } = this.#options
    const out_trade_no = randomUUID().replaceAll('-', '')
    const total = 990 // fen
    this.#orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
    const { data } = await wxpay.v3.pay.transactions.native.post({
      json: { appid, mchid, description: 'A cup of tea', out_trade_no, notify_url, amount: { total } },
    })
    return { out_trade_no, code_url: data.code_url }
  }

  @Get('orders/:out_trade_no')
  findOrder(@Param('out_trade_no') out_trade_no: string) {
    const order = this.#orders.get(out_trade_no)
    if (!order) throw new NotFoundException()
    return order
  }
}
