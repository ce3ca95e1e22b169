/** A merchant with node:http and node:crypto only, so that the simulator is tested independently of its own code. */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign, verify } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { SimulatorBrandConfig, SimulatorConfig } from '../../lib/simulator/index.js'

type Config = SimulatorConfig | SimulatorBrandConfig

export interface RawCall {
  method?: string
  path?: string
  body?: string
  /** Seconds. */
  timestamp?: number | string
  nonce?: string
  mchid?: string
  serial?: string
  privateKey?: string
  /** Sent instead of the signed path and body. */
  sentPath?: string
  sentBody?: string
  /** Replaces the whole header; undefined omits it. */
  authorization?: string | undefined
  /** Override Accept, User-Agent and Content-Type; undefined omits one. */
  headers?: Record<string, string | undefined>
  signal?: AbortSignal
  /** Default: a new connection for each call. */
  agent?: Agent
}

export interface RawResponse {
  status: number
  headers: IncomingHttpHeaders
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: specs read responses freely.
  json: any
}

export function authorization(config: Config, call: RawCall): string {
  const { method = 'GET', path = '/', body = '', timestamp = Math.floor(Date.now() / 1000) } = call
  const { nonce = randomUUID().replaceAll('-', ''), serial = config.serial } = call
  const message = Buffer.from(`${method}\n${path}\n${timestamp}\n${nonce}\n${body}\n`)
  const key = keyOf(call.privateKey ?? config.privateKey, createPrivateKey)
  const signature = sign('RSA-SHA256', message, key).toString('base64')
  const caller =
    'brand_id' in config
      ? `WECHATPAY-BRAND-SHA256-RSA2048 brand_id="${config.brand_id}"`
      : `WECHATPAY2-SHA256-RSA2048 mchid="${call.mchid ?? config.mchid}"`
  return `${caller},nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${serial}",signature="${signature}"`
}

export function send(config: Config, call: RawCall = {}): Promise<RawResponse> {
  const { method = 'GET', path = '/', body = '', sentPath = path, sentBody = body } = call
  const headers = {
    Accept: 'application/json',
    'User-Agent': 'raw-merchant',
    // Node sends no length by itself with a DELETE.
    ...(sentBody && { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(sentBody)) }),
    Authorization: 'authorization' in call ? call.authorization : authorization(config, call),
    ...call.headers,
  }
  const present = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  return exchange(new URL(config.base_uri), { method, path: sentPath, headers: present }, sentBody, call)
}

function exchange(
  { hostname, port }: URL,
  options: { method: string; path: string; headers: Record<string, string | undefined> },
  body: string,
  { signal, agent = new Agent({ keepAlive: false }) }: RawCall,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, agent, ...options, ...(signal && { signal }) }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = response.headers['content-type']?.startsWith('application/json')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export function get(config: Config, path: string, call: RawCall = {}): Promise<RawResponse> {
  return send(config, { method: 'GET', path, ...call })
}

export function post(config: Config, path: string, payload: unknown, call: RawCall = {}): Promise<RawResponse> {
  return send(config, { method: 'POST', path, body: JSON.stringify(payload), ...call })
}

/** Whether the response is signed with the key that its Wechatpay-Serial names; a file, by its digest. */
export function isSigned({ headers, text }: RawResponse, { certs }: Pick<Config, 'certs'>): boolean {
  const key = certs[String(headers['wechatpay-serial'])]
  if (key === undefined) return false
  const sha1 = headers['wechatpay-statement-sha1']
  const signed = sha1 === undefined ? text : JSON.stringify({ sha1 })
  const message = Buffer.from(`${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${signed}\n`)
  const signature = Buffer.from(String(headers['wechatpay-signature']), 'base64')
  return verify('RSA-SHA256', message, keyOf(key, createPublicKey), signature)
}

// Reading a key takes as long as signing with it.
const keyObjects = new Map<string, KeyObject>()

function keyOf(pem: string, read: (pem: string) => KeyObject): KeyObject {
  const key = keyObjects.get(pem) ?? read(pem)
  keyObjects.set(pem, key)
  return key
}

let count = 0

/** A native order as in the documentation, with its own number. */
export function order(config: SimulatorConfig, over: Record<string, unknown> = {}) {
  count += 1
  return {
    appid: 'wxd678efh567hg6787',
    mchid: config.mchid,
    description: 'Image形象店-深圳腾大-QQ公仔',
    out_trade_no: `order-${count}`,
    notify_url: 'https://www.weixin.qq.com/wxpay/pay.php',
    amount: { total: 100, currency: 'CNY' },
    ...over,
  }
}
