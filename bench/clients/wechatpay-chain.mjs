/** This project, from dist/. */
import { Builder } from '../../dist/index.js'
import { order } from '../order.mjs'

/** @param {import('../stage.mjs').Merchant & { baseUri: string }} config @returns {() => Promise<string>} resolves to the code_url */
export function create({ baseUri, ...merchant }) {
  const wxpay = Builder.factory({ ...merchant, base_uri: baseUri })

  return async () => {
    const response = await wxpay.v3.pay.transactions.native.post({ json: order })
    return response.data.code_url
  }
}
