/** Notifications of APIv2: XML, signed with the APIv2 key or, for refunds, encrypted with it. */
import { createHash, type KeyObject } from 'node:crypto'
import * as AesEcb from '../crypto/aes-ecb.js'
import * as AesGcm from '../crypto/aes-gcm.js'
import { firstBlockOfEcb } from '../crypto/first-block.js'
import * as Hash from '../crypto/hash.js'
import { InvalidArgumentError, SignatureError } from '../errors.js'
import { signedString, verifyV2 } from '../protocol/v2/signature.js'
import type { XmlLimits } from '../xml/limits.js'
import { toObjectWithin, type XmlFields } from '../xml/parse.js'
import type { Received } from './json-event.js'
import { isXml, notANotification } from './message.js'
import type { Candidate, Recipients } from './recipients.js'

/**
 * Many times the longest documented notification: anyone may send XML, which must be parsed before it can be verified.
 */
const LIMITS: XmlLimits = { bytes: 64 * 1024, fields: 256 }

/** The notifications that do not name their type, each with a field that no other type has. */
const TYPES: readonly (readonly [field: string, type: string])[] = [
  ['combine_out_trade_no', 'combined-transactions-success'],
  ['change_type', 'pap-contract-state-changed'],
  ['transaction_id_list', 'transactions-risk-occurred'],
  ['vehicle_event_createtime', 'vehicle-state-changed-for-parking'],
  ['out_trade_no', 'transaction-success'],
]

/**
 * Verifies and decrypts the notification, and finds its recipient. The `sign` covers every field that has a value. A
 * refund has no `sign`: WeChat Pay encrypts its content with the APIv2 key and leaves the fields around it unprotected,
 * so do not rely on those. The encryption does not show every change, so query a refund before you book it.
 *
 * @throws SignatureError for a message that is neither signed nor encrypted with the APIv2 key of a recipient;
 *   InvalidArgumentError for missing keys; WechatPayError for a body that is not the XML of APIv2 (all as rejections).
 */
export async function readXmlEvent(body: Buffer, recipients: Recipients, url: string | undefined): Promise<Received> {
  if (recipients.only) requireSecrets([recipients.only])
  const fields = parseXml(body)
  const isRefund = fields.req_info !== undefined && fields.sign === undefined
  // Check this before a look-up, which may query a database.
  if (!isRefund) requireSign(fields)
  const mchid = [fields.mch_id, fields.combine_mch_id, fields.mchid].find(isText)
  const { named, others } = (await recipients.find({ serial: undefined, mchid, url })).byMchid(mchid)
  return isRefund ? refundEvent(fields, named, others) : signedEvent(fields, named)
}

type Keyed = readonly [candidate: Candidate, secret: string]

/** @throws SignatureError if there is no candidate, InvalidArgumentError if none has an APIv2 key. */
function requireSecrets(candidates: readonly Candidate[]): readonly Keyed[] {
  const keyed = candidates.flatMap((candidate): Keyed[] => {
    const { secret } = candidate.keys
    return secret ? [[candidate, secret]] : []
  })
  if (keyed.length > 0) return keyed
  if (candidates.length === 0) {
    throw new SignatureError('No recipient has the merchant number of the notification.', { reason: 'serial' })
  }
  throw new InvalidArgumentError(
    '`secret` is missing, so notifications of APIv2 cannot be read. Pass the APIv2 key to Notification.create.',
  )
}

// Neither the type nor the id may come from the fields around the encrypted content: anyone could have written them. Nor may
// the recipient: the merchant number beside the content only says whose key to try first.
function refundEvent(fields: XmlFields, named: readonly Candidate[], others: () => readonly Candidate[]): Received {
  // Line breaks in base64 are ignored.
  const ciphertext = String(fields.req_info).replace(/\s/g, '')
  for (const candidates of [() => named, others]) {
    for (const candidate of candidates()) {
      const content = candidate.keys.secret && refundContent(ciphertext, candidate.keys.secret)
      if (!content) continue
      const resource = { ...fields, req_info: content }
      return {
        event: { id: refundId(content), event_type: 'v2/refund-processed', resource_type: 'xml', resource },
        candidate,
      }
    }
  }
  requireSecrets([...named, ...others()])
  throw undecryptable('secret')
}

/** Undefined unless the key decrypts it to XML. */
function refundContent(ciphertext: string, secret: string): XmlFields | undefined {
  const key = Hash.md5(secret)
  if (!isXml(firstBlockOfEcb(ciphertext, key))) return undefined
  return tryDecrypt(() => toObjectWithin(AesEcb.decrypt(ciphertext, key), LIMITS))
}

const WECHAT_PAY_NUMBER = 32
const REFUND_LENGTHS: Readonly<Record<string, number>> = {
  refund_id: WECHAT_PAY_NUMBER,
  transaction_id: WECHAT_PAY_NUMBER,
  out_refund_no: 64,
  out_trade_no: 64,
  refund_status: 16,
}

// The blocks of the ciphertext can be repeated and moved without the key. So the id is made from the shortest fields that
// tell a refund, and from none that a change leaves readable, such as the time; what became too long is refused.
function refundId(content: XmlFields): string {
  for (const [name, longest] of Object.entries(REFUND_LENGTHS)) {
    const { [name]: value = '' } = content
    if (typeof value !== 'string' || value.length > longest) {
      throw new SignatureError(
        `The content of the notification was changed: its \`${name}\` is not one that WeChat Pay sends.`,
        { reason: 'mismatch' },
      )
    }
  }
  const { refund_id, out_refund_no, refund_status } = content
  const number = isText(refund_id) ? refund_id : out_refund_no
  return digestOf(isText(number) ? `${number}&${refund_status}` : JSON.stringify(content))
}

function signedEvent(fields: XmlFields, candidates: readonly Candidate[]): Received {
  const [candidate] = requireSecrets(candidates).find(([, secret]) => verifyV2(fields, secret)) ?? []
  if (!candidate) {
    throw new SignatureError(
      'The `sign` of the notification does not match: it was changed in transit, or `secret` is not the APIv2 key of this merchant (账户中心 → API安全 → APIv2密钥).',
      { reason: 'mismatch' },
    )
  }
  const { event_create_time: create_time } = fields
  const event = {
    id: idOf(fields),
    ...(create_time !== undefined && { create_time }),
    event_type: `v2/${typeOf(fields)}`,
    resource_type: 'xml',
    resource: { ...fields, ...decryptContent(fields, candidate.keys.apiv3Key) },
  }
  return { event, candidate }
}

function parseXml(body: Buffer): XmlFields {
  try {
    return toObjectWithin(body, LIMITS)
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    throw notANotification('the body is not the XML of APIv2', cause)
  }
}

function requireSign({ sign }: XmlFields): void {
  if (isText(sign)) return
  throw new SignatureError('The notification is not signed: it has no `sign`.', { reason: 'headers' })
}

function decryptContent(fields: XmlFields, apiv3Key: KeyObject | undefined): Record<string, unknown> {
  const { event_ciphertext: ciphertext, event_nonce: nonce, event_associated_data: aad = '' } = fields
  if (ciphertext === undefined) return {}
  if (!apiv3Key) {
    throw new InvalidArgumentError(
      '`apiv3Key` is missing, and this notification of APIv2 is encrypted with it. Pass it to Notification.create.',
    )
  }
  const content: unknown = tryDecrypt(() => {
    const plaintext = AesGcm.decrypt(String(ciphertext), apiv3Key, String(nonce), String(aad))
    return plaintext.trimStart().startsWith('<') ? toObjectWithin(plaintext, LIMITS) : JSON.parse(plaintext)
  })
  if (content === undefined) throw undecryptable('apiv3Key')
  return { event_ciphertext: content }
}

/** Undefined if the key does not decrypt it to valid content. */
function tryDecrypt<Content>(decrypt: () => Content): Content | undefined {
  try {
    return decrypt()
  } catch (error) {
    if (error instanceof InvalidArgumentError || error instanceof SyntaxError) return undefined
    throw error
  }
}

// No cause: the error of a parser quotes the decrypted content.
function undecryptable(key: string): SignatureError {
  return new SignatureError(
    `The content of the notification cannot be decrypted with \`${key}\`: it was changed in transit, or encrypted for a different merchant or with a different key.`,
    { reason: 'mismatch' },
  )
}

// An empty field is not signed: anyone could have added it.
function typeOf(fields: XmlFields): string {
  const { event_type: named } = fields
  if (isText(named)) return named
  return TYPES.find(([field]) => fields[field])?.[1] ?? 'unknown'
}

// A resent notification has the same content but may have a new nonce and sign. The id is made from the signed string:
// the message can gain empty fields, or have its fields divided differently, without invalidating the `sign`.
function idOf(fields: XmlFields): string {
  const { event_id } = fields
  if (isText(event_id)) return event_id
  return digestOf(signedString(fields).replace(/(?<=^|&)nonce_str=[^&]*/, ''))
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
