/** Calls the simulator as its own merchant: for whoever has no key at hand, such as a page of the documentation. */
import { X509Certificate } from 'node:crypto'
import { sign } from '../../crypto/rsa.js'
import * as Formatter from '../../formatter.js'
import { signedString, signV2 } from '../../protocol/v2/signature.js'
import { toXml } from '../../xml/build.js'
import type { SimulatorConfig } from '../config.js'
import { DROPPED, type RawRequest, type RawResponse } from '../http/server.js'
import { SCHEME } from '../keys/merchant.js'
import { problem } from '../ledger/problem.js'

export interface SignedCallOptions {
  method: string
  /** With its query. Paths of APIv2 begin with `v2/`. */
  path: string
  query?: Readonly<Record<string, unknown>>
  /** The payload of APIv3. */
  json?: unknown
  /** The fields of APIv2. */
  xml?: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, unknown>>
}

export interface SignedCall {
  request: { method: string; path: string; headers: Record<string, string>; body: string; signed: string }
  /** `statusCode` is 0 where a fault closed the connection. */
  response: { statusCode: number; headers: Record<string, string>; body: string; encoding: 'utf8' | 'base64' }
}

/** Every other path is one of APIv2. */
const V3_PATH = /^\/(?:v3|hk|global)\//

type Respond = (request: RawRequest) => Promise<RawResponse | typeof DROPPED>

interface Signed {
  headers: Record<string, string>
  target: string
  body: string
  /** The string that was signed. */
  signed: string
}

/** @throws ApiError 400 for a path that is none. */
export async function signedCall(
  options: SignedCallOptions,
  config: SimulatorConfig,
  respond: Respond,
): Promise<SignedCall> {
  const { method } = options
  const target = targetOf(options)
  const isV2 = !V3_PATH.test(target)
  const { headers, body, signed, ...sent } = isV2 ? signXml(options, target, config) : signJson(options, target, config)
  const all = { accept: '*/*', 'user-agent': 'wechatpay-simulator', ...headers, ...lowerCased(options.headers) }
  const certificate = isV2 ? new X509Certificate(config.merchant.cert).raw : undefined
  const response = await respond({ method, target: sent.target, headers: all, body: Buffer.from(body), certificate })
  return { request: { method, path: sent.target, headers: all, body, signed }, response: await readResponse(response) }
}

function targetOf({ path, query = {} }: SignedCallOptions): string {
  const written = path.startsWith('/') ? path : `/${path}`
  if (/[\s#]|^\/\//.test(written)) {
    throw problem(
      400,
      'INVALID_REQUEST',
      `\`path\` must be a path such as 'v3/certificates'; got ${JSON.stringify(path)}. Percent-encode its values.`,
    )
  }
  const added = new URLSearchParams(stringsOf(query)).toString()
  if (added === '') return written
  return `${written}${written.includes('?') ? '&' : '?'}${added}`
}

function signJson({ method, json }: SignedCallOptions, target: string, config: SimulatorConfig): Signed {
  const { mchid, serial, privateKey } = config
  const body = json === undefined ? '' : JSON.stringify(json)
  const [timestamp, nonce] = [String(Formatter.timestamp()), Formatter.nonce()]
  const signed = Formatter.request(method, target, timestamp, nonce, body)
  const signature = sign(signed, privateKey)
  const parameters = { mchid, nonce_str: nonce, signature, timestamp, serial_no: serial }
  const authorization = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return {
    target,
    body,
    signed,
    headers: {
      authorization: `${SCHEME} ${authorization.join(',')}`,
      ...(body !== '' && { 'content-type': 'application/json' }),
    },
  }
}

// The wire has no `/v2`.
function signXml({ method, xml = {} }: SignedCallOptions, target: string, config: SimulatorConfig): Signed {
  const fields = { mch_id: config.mchid, nonce_str: Formatter.nonce(), ...xml }
  const sign = signV2(fields, config.secret)
  const [signed, path] = [signedString(fields), target.replace(/^\/v2/, '')]
  if (method !== 'GET') {
    return { target: path, body: toXml({ ...fields, sign }), signed, headers: { 'content-type': 'text/xml' } }
  }
  const query = new URLSearchParams({ ...stringsOf(fields), sign })
  return { target: `${path}${path.includes('?') ? '&' : '?'}${query}`, body: '', signed, headers: {} }
}

async function readResponse(response: RawResponse | typeof DROPPED): Promise<SignedCall['response']> {
  if (response === DROPPED) return { statusCode: 0, headers: {}, body: '', encoding: 'utf8' }
  const { statusCode, headers } = response
  const bytes = typeof response.body === 'string' ? Buffer.from(response.body) : await bytesOf(response.body)
  const encoding = bytes.equals(Buffer.from(bytes.toString())) ? 'utf8' : 'base64'
  return { statusCode, headers, body: bytes.toString(encoding), encoding }
}

async function bytesOf(body: Exclude<RawResponse['body'], string>): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function stringsOf(values: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
}

function lowerCased(headers: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}
