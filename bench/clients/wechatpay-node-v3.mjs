/**
 * wechatpay-node-v3 with its own signing. It does not verify responses.
 *
 * Its host is fixed. `createHttp()` is the documented way to set a custom HTTP service: here its own service
 * (superagent) with a different host.
 */
import { createRequire } from 'node:module'
import { order } from '../order.mjs'

const require = createRequire(import.meta.url)
const Pay = require('wechatpay-node-v3')
const { PayRequest } = require('wechatpay-node-v3/dist/lib/pay-request.js')

const HOST = 'https://api.mch.weixin.qq.com/'

/** @param {import('../stage.mjs').Merchant & { baseUri: string }} config @returns {() => Promise<string>} resolves to the code_url */
export function create({ baseUri, mchid, serial, privateKey }) {
  const pay = new Pay({
    appid: order.appid,
    mchid,
    serial_no: serial,
    // Required, although it is read only when there is no serial number.
    publicKey: Buffer.from('unused'),
    privateKey: Buffer.from(privateKey),
  })
  pay.createHttp(
    new (class extends PayRequest {
      /** @param {string} url @param {object} params @param {object} headers */
      post(url, params, headers) {
        return super.post(url.replace(HOST, baseUri), params, headers)
      }
    })(),
  )

  return async () => {
    const { status, data, error } = await pay.transactions_native(order)
    if (status !== 200) throw new Error(`status ${status} ${error}`)
    return data.code_url
  }
}
