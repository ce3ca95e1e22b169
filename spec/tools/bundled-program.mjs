// A program of a user that is bundled: pays by APIv2 with the certificate of a PKCS#12 file, and reads a notification.
import { readFileSync } from 'node:fs'
import { Builder, Notification } from 'wechatpay-chain'

/** What was paid and what was notified, or the error. */
async function main() {
  const { config, payment, notice } = JSON.parse(readFileSync('order.json', 'utf8'))
  const wxpay = Builder.factory(config)
  const { data } = await wxpay.v2.pay.micropay.post({ xml: payment })
  const event = await Notification.create(wxpay).parse(notice)
  return { paid: data.transaction_id, notified: event.resource.transaction_id }
}

main()
  .catch(({ code, message }) => ({ code, message }))
  .then(result => console.log(JSON.stringify(result)))
