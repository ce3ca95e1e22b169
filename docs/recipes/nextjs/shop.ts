/** What the routes share: the client, the orders, and the handler of notifications. */
import { Builder, Notification } from 'wechatpay-chain'

const env = (name: string) => process.env[`WECHATPAY_${name}`] ?? ''

function createShop() {
  const orders = new Map<string, { total: number; isPaid: boolean }>() // your database
  const wxpay = Builder.factory({
    mchid: env('MCHID'),
    serial: env('SERIAL'),
    privateKey: env('PRIVATE_KEY'),
    certs: { [env('PUBLIC_KEY_ID')]: env('PUBLIC_KEY') },
    apiv3Key: env('APIV3_KEY'),
    base_uri: process.env.WECHATPAY_BASE_URI ?? 'https://api.mch.weixin.qq.com/',
  })
  const handler = Notification.create(wxpay).handler(event => {
    if (event.event_type !== 'TRANSACTION.SUCCESS') return
    const { out_trade_no, amount } = event.resource
    const order = orders.get(out_trade_no)
    if (order?.total === amount.total) order.isPaid = true
  })
  return { mchid: env('MCHID'), notify_url: env('NOTIFY_URL'), orders, wxpay, handler }
}

const kept: typeof globalThis & { shop?: ReturnType<typeof createShop> } = globalThis

/** Made with the first request, since `next build` has no keys; one for all routes, which are bundled apart. */
export function openShop(): ReturnType<typeof createShop> {
  kept.shop ??= createShop()
  return kept.shop
}
