/** APIv2 requests: the fields of a call, completed, signed, and encoded as XML, as a query or as a form. */
import { InvalidArgumentError } from '../../errors.js'
import * as Formatter from '../../formatter.js'
import { isRecord } from '../../util/plain-object.js'
import { kindOf } from '../../util/wording.js'
import { toXml } from '../../xml/build.js'
import { stringOf } from '../../xml/value.js'
import { encodeForm, type FormPart } from '../multipart.js'
import { NO_PAYLOAD, type Payload } from '../payload.js'
import { withQuery } from '../query.js'
import type { V2Facts } from './endpoints.js'
import { signV2, type V2Fields, workwxSign } from './signature.js'

export const XML = 'text/xml; charset=utf-8'

/** The merchant of a message, and how it is signed. */
export interface V2Signer {
  /** The path that is sent, without the query. */
  path: string
  facts: V2Facts
  mchid: string
  /** The APIv2 key, or the sandbox's. */
  secret: string
  /** The secret of the WeCom application, for the messages that also need its sign. */
  agentSecret: string | undefined
  isNonceless: boolean
}

/** The payload of a POST. @throws InvalidArgumentError that names the field which cannot be signed or encoded. */
export function xmlPayload(fields: V2Fields, signer: V2Signer): Payload {
  const body = Buffer.from(toXml(signedFields(fields, signer)))
  return { body, signed: body, contentType: XML }
}

/** The path and query of a GET, with a `sign` if it needs one, over the values before they are encoded. */
export function signedTarget(target: string, signer: V2Signer): string {
  const { sign: _, ...given } = Object.fromEntries(new URLSearchParams(target.replace(/^[^?]*\??/, '')))
  const { sign, ...fields } = signedFields(given, signer)
  const added = Object.entries(fields).filter(([name]) => !Object.hasOwn(given, name))
  return withQuery(target, { ...Object.fromEntries(added), ...(signer.facts.signsQuery && { sign }) })
}

/** A form: its fields are signed, its files are not. @throws InvalidArgumentError that names the field which cannot be signed. */
export function formPayload(given: V2Fields, files: readonly FormPart[], signer: V2Signer): Payload {
  const parts = Object.entries(signedFields(given, signer)).flatMap(([name, value]): FormPart[] => {
    const content = stringOf(name, value)
    return content === undefined ? [] : [{ name, content }]
  })
  return { ...NO_PAYLOAD, ...encodeForm([...parts, ...files]) }
}

/** The caller's fields in their order, then the missing fields that have only one possible value, and `sign` last. */
function signedFields({ sign: _, ...given }: V2Fields, signer: V2Signer): Record<string, unknown> {
  const { path, facts, mchid, secret, agentSecret, isNonceless } = signer
  const fields: Record<string, unknown> = { ...given }
  refuseCarriageReturns(fields)
  if (facts.merchantField && !namesMerchant(fields, facts)) fields[facts.merchantField] ??= mchid
  if (!isNonceless) fields.nonce_str ??= Formatter.nonce()
  if (facts.signType) fields.sign_type ??= facts.signType
  const workwx = agentSecret && fields.workwx_sign === undefined ? workwxSign(path, fields, agentSecret) : undefined
  if (workwx !== undefined) fields.workwx_sign = workwx
  return { ...fields, sign: signV2(fields, secret) }
}

/** Whether a message to an undocumented endpoint has the merchant number already, in any of its fields. */
function namesMerchant(fields: V2Fields, { documented }: V2Facts): boolean {
  return !documented && MERCHANT_FIELDS.some(name => fields[name] !== undefined)
}

const MERCHANT_FIELDS = ['mch_id', 'mchid', 'combine_mch_id'] as const

// WeChat Pay repeats the fields of an order in its notifications, where XML makes a line feed of a carriage return (XML 1.0
// section 2.11): their `sign` would never match, and the paid order would be lost.
function refuseCarriageReturns(fields: V2Fields): void {
  const name = Object.keys(fields).find(name => stringOf(name, fields[name])?.includes('\r'))
  if (name === undefined) return
  throw new InvalidArgumentError(
    `\`${name}\` must not contain a carriage return (U+000D), which XML does not preserve. End lines with a line feed only.`,
  )
}

/** @throws InvalidArgumentError if the payload is not an object of fields. */
export function requireFields(xml: unknown): V2Fields {
  if (isRecord(xml)) return xml
  throw new InvalidArgumentError(
    `\`xml\` must be an object of fields, such as { appid, out_trade_no, total_fee }; got ${kindOf(xml)}. Pass a string of XML, with its sign, as \`body\`.`,
  )
}
