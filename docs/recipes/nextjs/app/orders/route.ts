import { randomUUID } from 'node:crypto'
import { openShop } from '../../shop.ts'

/** Takes an order. */
export async function POST(): Promise<Response> {
  const { wxpay, orders, mchid, notify_url } = openShop()
  const out_trade_no = randomUUID().replaceAll('-', '')
  const total = 990 // fen
  orders.set(out_trade_no, { total, isPaid: false }) // before the call: the notification may be quick
  const { data } = await wxpay.v3.pay.transactions.native.post({
    json: {
      appid: 'wxd678efh567hg6787',
      mchid,
      description: 'A cup of tea',
      out_trade_no,
      notify_url,
      amount: { total },
    },
  })
  return Response.json({ out_trade_no, code_url: data.code_url }, { status: 201 })
}
