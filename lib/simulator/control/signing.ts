/**
 * Signs a call as a merchant or a brand of the simulator, and encrypts the fields that the catalogue marks as
 * sensitive.
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { parseBase64 } from '../../crypto/bytes.js'
import { sign } from '../../crypto/rsa.js'
import { openFile, type UploadFile } from '../../files/upload-file.js'
import * as Formatter from '../../formatter.js'
import type { Method } from '../../options.js'
import { type EndpointFacts, endpointFacts } from '../../protocol/endpoints.js'
import { jsonPayload, NO_PAYLOAD, type Payload } from '../../protocol/payload.js'
import { withQuery } from '../../protocol/query.js'
import { encryptQuery, PADDING } from '../../protocol/sensitive-fields.js'
import { prepareUpload, uploadPayload } from '../../protocol/upload.js'
import { v2Facts } from '../../protocol/v2/endpoints.js'
import { formPayload, requireFields, signedTarget, type V2Signer, xmlPayload } from '../../protocol/v2/message.js'
import { signedString } from '../../protocol/v2/signature.js'
import { encryptFields } from '../../trust/encrypt-fields.js'
import { collect } from '../../util/collect.js'
import type { SimulatorBrandConfig, SimulatorConfig } from '../config.js'
import { readFields } from '../gateway/v2/message.js'
import type { RawRequest } from '../http/server.js'
import { BRAND_SCHEME, SCHEME } from '../keys/merchant.js'
import { problem } from '../ledger/problem.js'

export type CallerConfig = SimulatorConfig | SimulatorBrandConfig

export interface CallPayload {
  /** The payload of APIv3. */
  json?: unknown
  /** The fields of APIv2. */
  xml?: Readonly<Record<string, unknown>>
  /** The content of a file to upload, Base64. */
  file?: string
  /** Default: `file` with the extension for its content. */
  filename?: string
  /** The fields that go with the file, besides its name and its digest. */
  meta?: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, unknown>>
  /** Whether sensitive fields are encrypted. Default true. */
  encrypt?: boolean
}

interface Signed extends Pick<RawRequest, 'target' | 'certificate'> {
  headers: Record<string, string>
  payload: Payload
  /** The string that was signed. */
  signed: string
}

/** `written` is the path and the query in plain text. */
export async function signJson(
  method: Method,
  written: string,
  options: CallPayload,
  config: CallerConfig,
): Promise<Signed> {
  const facts = endpointFacts(method, written)
  const { json, meta = {} } = options
  const { serial, encrypt } = encryptionOf(options, facts, config)
  const target = encryptQuery(written, facts.encryptedQuery, encrypt)
  const file = await openGiven(options)
  const encrypted = encrypt(file ? meta : json, facts.encrypted, file ? 'meta' : 'json')
  const payload = file
    ? await uploadPayload({ path: target, facts, options: { file, meta: Object(encrypted) } })
    : encrypted === undefined
      ? NO_PAYLOAD
      : jsonPayload(encrypted)
  const [timestamp, nonce] = [String(Formatter.timestamp()), Formatter.nonce()]
  const signed = Formatter.request(method, target, timestamp, nonce, payload.signed)
  const signature = sign(signed, config.privateKey)
  const isBrand = 'brand_id' in config
  const caller = isBrand ? { brand_id: config.brand_id } : { mchid: config.mchid }
  const parameters = { ...caller, nonce_str: nonce, signature, timestamp, serial_no: config.serial }
  const list = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return {
    target,
    payload,
    signed: signed.toString(),
    certificate: undefined,
    headers: {
      authorization: `${isBrand ? BRAND_SCHEME : SCHEME} ${list.join(',')}`,
      ...(serial !== undefined && { 'wechatpay-serial': serial }),
    },
  }
}

/**
 * `written` begins with `/v2`, which is not part of the URL. @throws ApiError 400 for a brand, which has no APIv2 key.
 */
export async function signXml(
  method: Method,
  written: string,
  options: CallPayload,
  config: CallerConfig,
): Promise<Signed> {
  if ('brand_id' in config) throw invalid('mchid', 'a merchant for a path of APIv2', 'a brand')
  const target = written.replace(/^\/v2(?=\/)/, '')
  const [path = ''] = target.split('?', 1)
  const facts = v2Facts(method, path)
  const { mchid, secret, merchant } = config
  const signer: V2Signer = { path, facts, mchid, secret, agentSecret: undefined, isNonceless: facts.nonceless }
  const isGet = method === 'GET'
  const sent = isGet ? signedTarget(withQuery(target, options.xml), signer) : target
  const payload = isGet ? NO_PAYLOAD : await xmlOrForm(options, signer, config)
  const { body } = payload
  const bytes = body === undefined || Buffer.isBuffer(body) ? (body ?? Buffer.alloc(0)) : await collect(body.open())
  const headers = { ...(payload.contentType !== undefined && { 'content-type': payload.contentType }) }
  const { fields } = readFields({ method, target: sent, headers, body: bytes, certificate: undefined })
  return {
    target: sent,
    payload: { ...payload, body: bytes },
    signed: signedString(fields),
    certificate: new X509Certificate(merchant.cert).raw,
    headers: {},
  }
}

async function xmlOrForm(options: CallPayload, signer: V2Signer, config: CallerConfig): Promise<Payload> {
  const { path, facts } = signer
  const { xml = {}, meta = {} } = options
  const file = await openGiven(options)
  if (!file)
    return xmlPayload(requireFields(encryptionOf(options, facts, config).encrypt(xml, facts.encrypted, 'xml')), signer)
  const { fields, part } = await prepareUpload({ path, facts, options: { file, meta } })
  return formPayload(fields, [part], signer)
}

interface Encryption {
  /** The key that the request names; undefined when it names none. */
  serial: string | undefined
  encrypt(value: unknown, fields: readonly string[], option: string): unknown
}

// The last of the keys is the WeChat Pay public key, which every merchant and every brand has.
function encryptionOf(
  { encrypt: isWanted = true, headers = {} }: CallPayload,
  { encrypted, encryptedQuery, padding }: EndpointFacts,
  { certs }: CallerConfig,
): Encryption {
  if (!isWanted || encrypted.length + encryptedQuery.length === 0) return { serial: undefined, encrypt: value => value }
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === 'wechatpay-serial')?.[1]
  const serial = given === undefined ? Object.keys(certs).at(-1) : String(given)
  const pem = certs[serial ?? '']
  const key = pem === undefined ? undefined : createPublicKey(pem)
  return {
    serial,
    encrypt: (value, fields, option) => encryptFields(value, fields, key, { padding: PADDING[padding], option }),
  }
}

/** @throws ApiError 400 for a file that is not Base64. */
async function openGiven({ file, filename }: CallPayload): Promise<UploadFile | undefined> {
  if (file === undefined) return undefined
  const bytes = parseBase64(file)
  if (bytes) return openFile(bytes, { filename })
  throw invalid('file', 'the content of a file as Base64', 'a different string')
}

function invalid(option: string, expected: string, found: string) {
  return problem(400, 'INVALID_REQUEST', `\`${option}\` must be ${expected}; got ${found}.`)
}
