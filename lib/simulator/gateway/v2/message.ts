/** APIv2 messages as WeChat Pay handles them: parses and verifies requests, signs and serializes responses. */
import { ALGO_HMAC_SHA256, ALGO_MD5, equals, type SignType, sign } from '../../../crypto/hash.js'
import { ksort, nonce, queryStringLike } from '../../../formatter.js'
import type { EpochMilliseconds } from '../../../util/beijing-time.js'
import { toXml } from '../../../xml/build.js'
import { toObject } from '../../../xml/parse.js'
import { type ReceivedPart, readParts } from '../../http/multipart.js'
import type { RawRequest } from '../../http/server.js'
import type { Merchant } from '../../keys/merchant.js'
import type { Fault } from '../faults.js'

const SIGN_TYPES: readonly SignType[] = [ALGO_MD5, ALGO_HMAC_SHA256]

/** The fields of a message. They are not nested. */
export type Fields = Readonly<Record<string, string>>

/** A verified request. */
export interface V2Call {
  readonly merchant: Merchant
  readonly fields: Fields
  /** The uploaded file, when the request is a form. */
  readonly file: Buffer | undefined
  readonly now: EpochMilliseconds
}

/** `return_code` FAIL: the request is malformed or its signature is invalid. The response is not signed. */
export class ReturnCodeError extends Error {
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
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

/** @throws ReturnCodeError unless the request is a message signed by a known merchant. */
export function readMessage(
  { body, headers }: RawRequest,
  merchants: ReadonlyMap<string, Merchant>,
): Omit<V2Call, 'now'> {
  const parts = readParts(headers['content-type'] ?? '', body)
  const isForm = parts.length > 0
  const fields = isForm ? stringFields(parts) : parse(body)
  const mchid = fields.mch_id ?? fields.mchid
  if (!mchid) throw new ReturnCodeError('缺少参数mch_id')
  const merchant = merchants.get(mchid)
  if (merchant === undefined) throw new ReturnCodeError('商户号mch_id或sub_mch_id不存在')
  if (!fields.nonce_str && !isForm) throw new ReturnCodeError('缺少参数nonce_str')
  const type = signTypeOf(fields)
  if (type === undefined || !equals(signatureOf(fields, type, merchant), fields.sign))
    throw new ReturnCodeError('签名错误')
  return { merchant, fields, file: parts.find(({ filename }) => filename !== undefined)?.content }
}

/** Serializes a success without the fields that are undefined. The `sign_type` is that of the request. */
export function success(call: V2Call, given: Record<string, string | number | undefined>, isSigned = true): string {
  return write(call, { result_code: 'SUCCESS', ...given }, isSigned)
}

export function resultFailure(call: V2Call, { code, message }: ResultCodeError, isSigned = true): string {
  return write(call, { result_code: 'FAIL', err_code: code, err_code_des: message }, isSigned)
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

function write(
  { merchant, fields }: V2Call,
  given: Record<string, string | number | undefined>,
  isSigned: boolean,
): string {
  const entries = Object.entries({ appid: fields.appid, mch_id: merchant.mchid, nonce_str: nonce(), ...given })
  const strings = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))
  const response: Fields = { return_code: 'SUCCESS', return_msg: 'OK', ...Object.fromEntries(strings) }
  const type = signTypeOf(fields) ?? ALGO_MD5
  return toXml(isSigned ? { ...response, sign: signatureOf(response, type, merchant) } : response)
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

function signTypeOf({ sign_type = ALGO_MD5 }: Fields): SignType | undefined {
  return SIGN_TYPES.find(type => type === sign_type)
}

function signatureOf(fields: Fields, type: SignType, { secret }: Merchant): string {
  return sign(type, queryStringLike(ksort(fields)), secret)
}
