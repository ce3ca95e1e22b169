/** Files that a verified response names: found in the response, and fetched from where WeChat Pay keeps them. */
import { Readable } from 'node:stream'
import { InvalidArgumentError } from '../errors.js'
import type { Announced } from '../files/digest.js'
import { WechatPayResponse } from '../response.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import type { FileLocation, FileOptions } from './client.js'
import { settingsOf } from './settings-of.js'

/** A file as responses name it. */
export interface NamedFile extends Announced {
  download_url: string
}

/**
 * The file that a response or a part of its data names: by its `download_url` or `url`, or by those of the only entry of a
 * list.
 *
 * @throws InvalidArgumentError for a response that names no file or several.
 */
export function namedFile(source: unknown): NamedFile {
  const data: unknown = source instanceof WechatPayResponse ? source.data : source
  const [file, second] = filesIn(data)
  if (file && !second) return file
  const found = second ? 'several files' : isRecord(data) ? 'neither' : kindOf(data)
  throw new InvalidArgumentError(
    `\`response\` must name one file by its \`download_url\` or \`url\`; got ${found}. Pass the response of a call, its data, or an entry of a list in it.`,
  )
}

function filesIn(data: unknown): NamedFile[] {
  if (!isRecord(data)) return []
  const url = data.download_url ?? data.url
  if (typeof url === 'string' && url !== '') return [{ download_url: url, ...announcedIn(data) }]
  return Object.values(data).flatMap(list => (Array.isArray(list) ? list.flatMap(filesIn) : []))
}

/** The digests of coupon flows, which are SHA-1. */
const FLOW_DIGESTS = ['stock_useflow_hash', 'stock_refundflow_hash']

function announcedIn(data: Readonly<Record<string, unknown>>): Announced {
  const { hash_type, hash_value } = data
  if (typeof hash_value === 'string') return { hash_value, ...(typeof hash_type === 'string' && { hash_type }) }
  const flow = FLOW_DIGESTS.map(name => data[name]).find(value => typeof value === 'string')
  return typeof flow === 'string' ? { hash_type: 'SHA1', hash_value: flow } : {}
}

const API_HOSTS = /^https:\/\/(?:(?:[\w-]+\.)+mch\.weixin\.qq\.com|api2?\.wechatpay\.cn)$/
const FILE_HOSTS = /^https:\/\/(?:[\w-]+\.)+(?:wechatpay\.cn|tenpay\.com)$/

/**
 * Where a file is. A URL is followed to the hosts of the client's `base_uri` and `fallback_uri`, to the API's and to those
 * where WeChat Pay keeps files.
 *
 * @throws InvalidArgumentError for any other URL, and for anything but a client.
 */
export function locate(client: unknown, url: string): FileLocation {
  const { transport, fallbackUri } = requireClient(client)
  const origin = URL.canParse(url) ? new URL(url).origin : undefined
  const target = origin === undefined ? '' : url.slice(origin.length)
  // A URL that is spelt differently from how it is read may lead to a different host.
  if (origin !== undefined && url.startsWith(origin) && target.startsWith('/')) {
    const isOwn = origin === transport?.baseUri.origin || origin === fallbackUri?.origin
    if (isOwn || API_HOSTS.test(origin)) return { origin, target, isApi: true }
    if (FILE_HOSTS.test(origin)) return { origin, target, isApi: false }
  }
  throw new InvalidArgumentError(
    `\`download_url\` must lead to a host of WeChat Pay or to the \`base_uri\` of this client; got ${origin ?? 'a URL without a host'}.`,
  )
}

/**
 * The response with the file, which WeChat Pay does not sign.
 *
 * @throws the errors of a call, and WechatPayError `ERR_DOWNLOAD_INCOMPLETE` (as rejections).
 */
export async function fetchFile(
  client: unknown,
  location: FileLocation,
  options: FileOptions,
): Promise<WechatPayResponse<undefined, Readable>> {
  const { fetchFile: fetch } = requireClient(client)
  const response = await fetch(location, options)
  const { statusCode, requestId, body } = response
  const content = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
  const headers = Object.fromEntries(response.headers)
  return new WechatPayResponse({ statusCode, headers, data: undefined, body: content, requestId })
}

function requireClient(client: unknown) {
  const settings = settingsOf(client)
  if (settings?.fetchFile) return { ...settings, fetchFile: settings.fetchFile }
  throw new InvalidArgumentError(`The first argument must be a client of Builder.factory; got ${kindOf(client)}.`)
}
