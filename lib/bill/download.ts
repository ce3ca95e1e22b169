/** From the URL of a download to its content: only to hosts that are WeChat Pay's, and the URL untouched. */
import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import { settingsOf } from '../client/settings-of.js'
import { InvalidArgumentError } from '../errors.js'
import type { CommonOptions } from '../options.js'
import type { WechatPay } from '../types/wechatpay.js'

/** What the calls of a bill share: how they travel, and what ends them. */
export type CallOptions = Pick<CommonOptions, 'timeout' | 'retry' | 'dispatcher' | 'headers' | 'signal'>

/** Where a download is, as the client is asked for it. */
export interface Location {
  origin: string
  /** Path and query as WeChat Pay wrote them. */
  target: string
}

const HOSTS = [
  'https://api.mch.weixin.qq.com',
  'https://api2.mch.weixin.qq.com',
  'https://api.wechatpay.cn',
  'https://api2.wechatpay.cn',
  'https://apihk.mch.weixin.qq.com',
  'https://apius.mch.weixin.qq.com',
]

/**
 * The request for it is signed, so that it goes to nobody else: to the hosts of the client's `base_uri` and
 * `fallback_uri`, and to those that WeChat Pay documents.
 *
 * @throws InvalidArgumentError for any other URL.
 */
export function locate(wxpay: WechatPay, url: string): Location {
  const { transport, fallbackUri } = settingsOf(wxpay) ?? {}
  const origins = [...HOSTS, transport?.baseUri.origin, fallbackUri?.origin]
  const origin = URL.canParse(url) ? new URL(url).origin : undefined
  const rest = origin === undefined ? '' : url.slice(origin.length)
  if (origin !== undefined && origins.includes(origin) && url.startsWith(origin) && rest.startsWith('/')) {
    return { origin, target: rest }
  }
  throw new InvalidArgumentError(
    `\`download_url\` leads to ${origin ?? 'no host'}, which is neither a host of WeChat Pay nor the \`base_uri\` of this client.`,
  )
}

/** @throws whatever the client throws (as a rejection). */
export async function download(
  wxpay: WechatPay,
  { origin, target }: Location,
  options: CallOptions,
): Promise<Readable> {
  const { body }: { body: Buffer | Readable } = await wxpay.chain(target).get({ ...options, base_uri: origin })
  return Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
}
