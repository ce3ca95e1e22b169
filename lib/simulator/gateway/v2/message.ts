/** APIv2 messages as WeChat Pay handles them: parses and verifies requests, signs and serializes responses. */
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, type SignType, sign } from '../../../crypto/hash.js'
import { ksort, nonce, queryStringLike } from '../../../formatter.js'
import type { EpochMilliseconds } from '../../../util/beijing-time.js'
import { toXml } from '../../../xml/build.js'
import { toObject } from '../../../xml/parse.js'
import { type ReceivedPart, readParts } from '../../http/multipart.js'
import type { RawRequest } from '../../http/server.js'
import type { Merchant } from '../../keys/merchant.js'
import type { Diagnosis } from '../diagnosis.js'
import type { Fault } from '../faults.js'
import { diagnoseFields } from './signed-fields.js'

const SIGN_TYPES: readonly SignType[] = [ALGO_MD5, ALGO_HMAC_SHA256]
/** Hex digits. */
const HMAC_LENGTH = 64

/** The fields of a message. They are not nested. */
export type Fields = Readonly<Record<string, string>>

/** A verified request. */
export interface V2Call {
  readonly merchant: Merchant
  readonly fields: Fields
  /** The uploaded file, when the request is a form. */
  readonly file: Buffer | undefined
  /** Business time. */
  readonly now: EpochMilliseconds
  /** Whether the response has a `sign`. */
  readonly isSigned: boolean
}

/** `return_code` FAIL: the request is malformed or its signature is invalid. The response is not signed. */
export class ReturnCodeError extends Error {
  readonly code: string | undefined
  /** For the log only. */
  readonly diagnosis: Diagnosis | undefined

  constructor(message: string, code?: string, diagnosis?: Diagnosis) {
    super(message)
    this.code = code
    this.diagnosis = diagnosis
  }
}

/** `result_code` FAIL: the request is valid but was not executed. */
export class ResultCodeError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The required fields of a request: nearly always a merchant number, a nonce and a signature. */
export interface MessageRules {
  /** The field with the merchant number; undefined if none is documented. */
  readonly merchantField: string | undefined
  readonly hasNonce: boolean
  readonly isSigned: boolean
}

/** @throws ReturnCodeError unless the request is a message signed by a known merchant. */
export function readMessage(
  request: RawRequest,
  merchants: ReadonlyMap<string, Merchant>,
  rules: MessageRules,
): Pick<V2Call, 'merchant' | 'fields' | 'file'> {
  const { fields, file } = readFields(request)
  const merchant = findMerchant(fields, merchants, rules, request)
  if (!fields.nonce_str && rules.hasNonce && !file) throw new ReturnCodeError('缺少参数nonce_str')
  if (rules.isSigned) requireSignature(fields, merchant)
  return { merchant, fields, file }
}

/** The fields of a request, in its query, its XML or its form. @throws ReturnCodeError for a malformed one. */
export function readFields({ method, target, headers, body }: RawRequest): Pick<V2Call, 'fields' | 'file'> {
  if (method === 'GET') {
    const mark = target.indexOf('?')
    return { fields: Object.fromEntries(new URLSearchParams(mark < 0 ? '' : target.slice(mark))), file: undefined }
  }
  const parts = readParts(headers['content-type'] ?? '', body)
  if (parts.length === 0) return { fields: parse(body), file: undefined }
  return { fields: stringFields(parts), file: parts.find(({ filename }) => filename !== undefined)?.content }
}

function findMerchant(
  fields: Fields,
  merchants: ReadonlyMap<string, Merchant>,
  { merchantField }: MessageRules,
  { certificate }: Pick<RawRequest, 'certificate'>,
): Merchant {
  const mchid = fields[merchantField ?? 'mch_id'] ?? fields.mch_id ?? fields.mchid
  if (!mchid && merchantField === undefined) {
    // Some messages name no merchant: WeChat Pay identifies it by its certificate or by the query.
    const all = [...merchants.values()]
    const known = all.find(merchant => certificate && merchant.certificate?.raw.equals(certificate)) ?? all[0]
    if (known) return known
  }
  if (!mchid) throw new ReturnCodeError(`缺少参数${merchantField ?? 'mch_id'}`)
  const merchant = merchants.get(mchid)
  if (merchant === undefined) throw new ReturnCodeError('商户号mch_id或sub_mch_id不存在')
  return merchant
}

function requireSignature(fields: Fields, merchant: Merchant): void {
  const type = signTypeOf(fields)
  if (type === undefined || !equals(signatureOf(fields, type, merchant), fields.sign))
    throw new ReturnCodeError('签名错误', undefined, diagnoseFields(fields, type, merchant))
}

/**
 * Serializes a success without the fields that are undefined. The `sign_type` is that of the request. Only responses
 * without a signature have nested fields.
 */
export function success(call: V2Call, given: Readonly<Record<string, unknown>>): string {
  return write(call, { result_code: 'SUCCESS', ...given })
}

export function resultFailure(call: V2Call, { code, message }: ResultCodeError): string {
  return write(call, { result_code: 'FAIL', err_code: code, err_code_des: message })
}

export function returnFailure({ code, message }: ReturnCodeError): string {
  return toXml({ return_code: 'FAIL', return_msg: message, error_code: code })
}

/** Applies the `signature` fault: removes the `sign` or replaces it with a wrong one. */
export function corruptSign(xml: string, { signature }: Fault): string {
  if (signature === undefined) return xml
  const { sign: _, ...fields } = toObject(xml)
  return toXml(signature === 'headers' ? fields : { ...fields, sign: nonce(32).toUpperCase() })
}

function write({ merchant, fields, isSigned }: V2Call, given: Readonly<Record<string, unknown>>): string {
  const common = { return_code: 'SUCCESS', return_msg: 'OK', appid: fields.appid, mch_id: merchant.mchid }
  const response = { ...common, nonce_str: nonce(), ...given }
  if (!isSigned) return toXml(response)
  const entries = Object.entries(response).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  const strings = Object.fromEntries(entries)
  return toXml({ ...strings, sign: signatureOf(strings, signTypeOf(fields) ?? ALGO_MD5, merchant) })
}

function stringFields(parts: readonly ReceivedPart[]): Fields {
  const values = parts.filter(({ filename }) => filename === undefined)
  return Object.fromEntries(values.map(({ name, content }) => [name, content.toString()]))
}

function parse(body: Buffer): Fields {
  let fields: object
  try {
    fields = toObject(body)
  } catch {
    throw new ReturnCodeError('XML格式错误')
  }
  const entries = Object.entries(fields)
  if (entries.some(([, value]) => typeof value !== 'string')) throw new ReturnCodeError('XML格式错误')
  return Object.fromEntries(entries)
}

// For messages without `sign_type`, the length of the signature shows the method.
function signTypeOf({ sign_type, sign = '' }: Fields): SignType | undefined {
  const implied = sign.length === HMAC_LENGTH ? ALGO_HMAC_SHA256 : ALGO_MD5
  return SIGN_TYPES.find(type => type === (sign_type || implied))
}

function signatureOf(fields: Fields, type: SignType, { secret }: Merchant): string {
  return sign(type, queryStringLike(ksort(fields)), secret)
}
