/** APIv2 on WeChat Pay's side: a request read and its sender known, an answer signed and written. */
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, type SignType, sign } from '../../../crypto/hash.js'
import { ksort, nonce, queryStringLike } from '../../../formatter.js'
import { toObject, toXml } from '../../../transformer.js'
import { type ReceivedPart, readParts } from '../../http/multipart.js'
import type { Arrival } from '../../http/server.js'
import type { Merchant } from '../../keys/merchant.js'
import type { Fault } from '../faults.js'

const SIGN_TYPES: readonly SignType[] = [ALGO_MD5, ALGO_HMAC_SHA256]

/** The fields of a message; APIv2 nests none. */
export type Fields = Readonly<Record<string, string>>

/** A request whose sender is known to be the merchant. */
export interface V2Call {
  readonly merchant: Merchant
  readonly fields: Fields
  /** The file of a form. */
  readonly file: Buffer | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** `return_code` FAIL: the request was not understood, or is not the merchant's. WeChat Pay does not sign that. */
export class Misunderstood extends Error {
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

/** `result_code` FAIL: the request was understood and not carried out. */
export class Refused extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** @throws Misunderstood for what is not the signed message of a merchant that is known. */
export function readMessage({ body, headers }: Arrival, merchants: ReadonlyMap<string, Merchant>): Omit<V2Call, 'now'> {
  const parts = readParts(headers['content-type'] ?? '', body)
  const isForm = parts.length > 0
  const fields = isForm ? textsOf(parts) : parse(body)
  const mchid = fields.mch_id ?? fields.mchid
  if (!mchid) throw new Misunderstood('缺少参数mch_id')
  const merchant = merchants.get(mchid)
  if (merchant === undefined) throw new Misunderstood('商户号mch_id或sub_mch_id不存在')
  if (!fields.nonce_str && !isForm) throw new Misunderstood('缺少参数nonce_str')
  const type = signTypeOf(fields)
  if (type === undefined || !equals(signatureOf(fields, type, merchant), fields.sign))
    throw new Misunderstood('签名错误')
  return { merchant, fields, file: parts.find(({ filename }) => filename !== undefined)?.content }
}

/** A success; `undefined` leaves a field out. Signed as the request was, unless the endpoint is one that signs nothing. */
export function success(call: V2Call, given: Record<string, string | number | undefined>, isSigned = true): string {
  return write(call, { result_code: 'SUCCESS', ...given }, isSigned)
}

export function failure(call: V2Call, { code, message }: Refused, isSigned = true): string {
  return write(call, { result_code: 'FAIL', err_code: code, err_code_des: message }, isSigned)
}

export function misunderstanding({ code, message }: Misunderstood): string {
  return toXml({ return_code: 'FAIL', return_msg: message, error_code: code })
}

/** An answer with the `sign` that a fault wants: none, or a wrong one. */
export function spoil(xml: string, { signature }: Fault): string {
  if (signature === undefined) return xml
  const { sign: _, ...fields } = toObject(xml)
  return toXml(signature === 'headers' ? fields : { ...fields, sign: nonce(32).toUpperCase() })
}

function write(
  { merchant, fields }: V2Call,
  given: Record<string, string | number | undefined>,
  isSigned: boolean,
): string {
  const entries = Object.entries({ appid: fields.appid, mch_id: merchant.mchid, nonce_str: nonce(), ...given })
  const texts = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))
  const answer: Fields = { return_code: 'SUCCESS', return_msg: 'OK', ...Object.fromEntries(texts) }
  const type = signTypeOf(fields) ?? ALGO_MD5
  return toXml(isSigned ? { ...answer, sign: signatureOf(answer, type, merchant) } : answer)
}

function textsOf(parts: readonly ReceivedPart[]): Fields {
  const texts = parts.filter(({ filename }) => filename === undefined)
  return Object.fromEntries(texts.map(({ name, content }) => [name, content.toString()]))
}

function parse(body: Buffer): Fields {
  let fields: object
  try {
    fields = toObject(body)
  } catch {
    throw new Misunderstood('XML格式错误')
  }
  const entries = Object.entries(fields)
  if (entries.some(([, value]) => typeof value !== 'string')) throw new Misunderstood('XML格式错误')
  return Object.fromEntries(entries)
}

function signTypeOf({ sign_type = ALGO_MD5 }: Fields): SignType | undefined {
  return SIGN_TYPES.find(type => type === sign_type)
}

function signatureOf(fields: Fields, type: SignType, { secret }: Merchant): string {
  return sign(type, queryStringLike(ksort(fields)), secret)
}
