/** Calls the simulator as one of its merchants, for callers without a key, such as a page of the documentation. */
import { withQuery } from '../../protocol/query.js'
import { collect } from '../../util/collect.js'
import { DROPPED, type RawRequest, type RawResponse } from '../http/server.js'
import { problem } from '../ledger/problem.js'
import { METHODS, type Method } from '../schema/catalogue.js'
import { type CallerConfig, type CallPayload, signJson, signXml } from './signing.js'

export interface SignedCallOptions extends CallPayload {
  /** A merchant, or a brand by its brand_id. Default: the first merchant; for paths under `brand/`, the first brand. */
  mchid?: string
  method: string
  /**
   * With its query. Paths of APIv2 begin with `v2/`. It may also be a URL that the simulator has returned, such as that
   * of a bill.
   */
  path: string
  query?: Readonly<Record<string, unknown>>
}

export interface SignedCall {
  /** The `body` of an upload is its `meta`. */
  request: { method: string; path: string; headers: Record<string, string>; body: string; signed: string }
  response: CallResponse
}

interface CallResponse {
  /** 0 where a fault closed the connection. */
  statusCode: number
  /** Without its parameters, such as `image/jpeg`. */
  contentType?: string
  headers: Record<string, string>
  body: string
  encoding: 'utf8' | 'base64'
}

type Respond = (request: RawRequest) => Promise<RawResponse | typeof DROPPED>

/** Every other path belongs to APIv2. */
const V3_PATH = /^\/(?:v3|hk|global|brand)\//

/** Whether only brands can call a path. */
export function isBrandPath(path: string): boolean {
  return /^\/?brand\//.test(path)
}

/**
 * @throws ApiError 400 for an invalid path, method or file. InvalidArgumentError for a field that cannot be encrypted, and a
 *   file that the endpoint does not accept.
 */
export async function signedCall(
  options: SignedCallOptions,
  config: CallerConfig,
  respond: Respond,
): Promise<SignedCall> {
  const method = readMethod(options)
  const written = writtenTarget(options, config)
  const sign = V3_PATH.test(written) ? signJson : signXml
  const { headers, payload, signed, target, certificate } = await sign(method, written, options, config)
  const all = {
    accept: '*/*',
    'user-agent': 'wechatpay-simulator',
    ...headers,
    ...(payload.contentType !== undefined && { 'content-type': payload.contentType }),
    ...lowerCased(options.headers),
  }
  const { body = Buffer.alloc(0) } = payload
  const bytes = Buffer.isBuffer(body) ? body : await collect(body.open())
  return {
    request: { method, path: target, headers: all, body: payload.signed.toString(), signed },
    response: await readResponse(await respond({ method, target, headers: all, body: bytes, certificate })),
  }
}

function readMethod({ method }: SignedCallOptions): Method {
  const known = METHODS.find(name => name === method.toUpperCase())
  if (known) return known
  throw problem(
    400,
    'INVALID_REQUEST',
    `\`method\` must be one of ${METHODS.join(', ')}; got ${JSON.stringify(method)}.`,
  )
}

function writtenTarget({ path, query }: SignedCallOptions, { base_uri }: CallerConfig): string {
  const written = path.startsWith(base_uri) ? path.slice(base_uri.length) : path.replace(/^\//, '')
  if (/[\s#]|^\/|^\w+:/.test(written)) {
    throw problem(
      400,
      'INVALID_REQUEST',
      `\`path\` must be a path such as 'v3/certificates'; got ${JSON.stringify(path)}. Percent-encode its values.`,
    )
  }
  return withQuery(`/${written}`, query)
}

async function readResponse(response: RawResponse | typeof DROPPED): Promise<CallResponse> {
  if (response === DROPPED) return { statusCode: 0, headers: {}, body: '', encoding: 'utf8' }
  const { statusCode, headers, body } = response
  const bytes = typeof body === 'string' ? Buffer.from(body) : await bytesOf(body)
  const encoding = bytes.equals(Buffer.from(bytes.toString())) ? 'utf8' : 'base64'
  const [contentType] = headers['Content-Type']?.split(';', 1) ?? []
  return { statusCode, ...(contentType && { contentType }), headers, body: bytes.toString(encoding), encoding }
}

async function bytesOf(body: Exclude<RawResponse['body'], string>): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function lowerCased(headers: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}
