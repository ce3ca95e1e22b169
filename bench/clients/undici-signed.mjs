/** undici that signs on the thread pool and verifies the response: the minimum that a correct client does. */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { Pool } from 'undici'
import { order, orderPath } from '../order.mjs'

const signAsync = promisify(sign)
const CLOCK_SECONDS = 300

/** @param {import('../stage.mjs').Merchant & { baseUri: string }} config @returns {() => Promise<string>} resolves to the code_url */
export function create({ baseUri, mchid, serial, privateKey, certs }) {
  const pool = new Pool(new URL(baseUri).origin)
  const merchantKey = createPrivateKey(privateKey)
  const platformKeys = new Map(Object.entries(certs).map(([id, pem]) => [id, createPublicKey(pem)]))
  const platformSerial = Object.keys(certs)[0]

  /** @param {import('undici').Dispatcher.ResponseData['headers']} headers @param {Uint8Array} bytes */
  function check(headers, bytes) {
    const timestamp = headers['wechatpay-timestamp']
    const key = platformKeys.get(String(headers['wechatpay-serial']))
    if (key === undefined || Math.abs(Date.now() / 1000 - Number(timestamp)) > CLOCK_SECONDS)
      throw new Error('The response has an unknown serial number or an old timestamp.')
    const message = Buffer.concat([
      Buffer.from(`${timestamp}\n${headers['wechatpay-nonce']}\n`),
      bytes,
      Buffer.from('\n'),
    ])
    const signature = Buffer.from(String(headers['wechatpay-signature']), 'base64')
    if (!verify('sha256', message, key, signature)) throw new Error('The response has an invalid signature.')
  }

  return async () => {
    const body = JSON.stringify(order)
    const nonce = randomBytes(16).toString('hex')
    const timestamp = Math.floor(Date.now() / 1000)
    const message = Buffer.from(`POST\n${orderPath}\n${timestamp}\n${nonce}\n${body}\n`)
    const signature = (await signAsync('sha256', message, merchantKey)).toString('base64')
    const response = await pool.request({
      method: 'POST',
      path: orderPath,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'bench',
        'wechatpay-serial': platformSerial,
        authorization: `WECHATPAY2-SHA256-RSA2048 mchid="${mchid}",nonce_str="${nonce}",signature="${signature}",timestamp="${timestamp}",serial_no="${serial}"`,
      },
      body,
    })
    const bytes = await response.body.bytes()
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
    check(response.headers, bytes)
    return JSON.parse(Buffer.from(bytes).toString()).code_url
  }
}
