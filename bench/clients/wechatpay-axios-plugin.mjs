/** wechatpay-axios-plugin with its own signing and verification. */
import { Wechatpay } from 'wechatpay-axios-plugin'
import { order } from '../order.mjs'

/** @param {import('../stage.mjs').Merchant & { baseUri: string }} config @returns {() => Promise<string>} resolves to the code_url */
export function create({ baseUri, ...merchant }) {
  const wxpay = new Wechatpay({ ...merchant, baseURL: baseUri })

  return async () => {
    const response = await wxpay.v3.pay.transactions.native.post(order)
    return /** @type {any} */ (response.data).code_url
  }
}
