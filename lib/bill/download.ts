/** Downloads from the URL of a response: only from hosts of WeChat Pay, and with the URL unchanged. */
import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import { settingsOf } from '../client/settings-of.js'
import { InvalidArgumentError } from '../errors.js'
import type { CommonOptions } from '../options.js'
import type { WechatPay } from '../types/wechatpay.js'

/** The options that all calls of a bill share. */
export type CallOptions = Pick<CommonOptions, 'timeout' | 'retry' | 'dispatcher' | 'headers' | 'signal'>

/** The origin and target of a download, as the client takes them. */
export interface Location {
  origin: string
  /** Path and query, unchanged. */
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
 * Where to download from. The request is signed, so it may go only to the hosts of the client's `base_uri` and
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
    `\`download_url\` must lead to a host of WeChat Pay or to the \`base_uri\` of this client; got ${origin ?? 'a URL without a host'}.`,
  )
}

/** The content, as a stream. @throws the errors of the client (as rejections). */
export async function openDownload(
  wxpay: WechatPay,
  { origin, target }: Location,
  options: CallOptions,
): Promise<Readable> {
  const { body }: { body: Buffer | Readable } = await wxpay.chain(target).get({ ...options, base_uri: origin })
  return Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
}
