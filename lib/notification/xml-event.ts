/** Notifications of APIv2: XML, signed with the APIv2 key or, for refunds, sealed with it. */
import { createHash } from 'node:crypto'
import * as AesEcb from '../crypto/aes-ecb.js'
import * as AesGcm from '../crypto/aes-gcm.js'
import * as Hash from '../crypto/hash.js'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { signedText, verifyV2 } from '../protocol/v2/signature.js'
import { toObject, type XmlFields } from '../xml/parse.js'
import { isEvent, type NotificationEvent } from './events.js'
import type { NotificationKeys } from './keys.js'

/** The notifications that do not name their type, each with a field that only it has. */
const TYPES: readonly (readonly [field: string, type: string])[] = [
  ['combine_out_trade_no', 'combined-transactions-success'],
  ['change_type', 'pap-contract-state-changed'],
  ['transaction_id_list', 'transactions-risk-occurred'],
  ['vehicle_event_createtime', 'vehicle-state-changed-for-parking'],
  ['out_trade_no', 'transaction-success'],
]

/**
 * Verifies and decrypts. The `sign` vouches for every field with a value. A refund has none: WeChat Pay seals its content
 * with the APIv2 key and leaves the fields around it open, so that they are worth no more than the way they came.
 *
 * @throws SignatureError for what is neither signed nor sealed with the APIv2 key; InvalidArgumentError for keys that are
 *   missing; WechatPayError for what is not XML of APIv2.
 */
export function openXml(body: Buffer, { secret, apiv3Key }: NotificationKeys): NotificationEvent {
  if (!secret) {
    throw new InvalidArgumentError(
      '`secret` is missing, the APIv2 key: without it no notification of APIv2 can be opened. Give it to Notification.create.',
    )
  }
  const fields = parseXml(body)
  const isRefund = fields.req_info !== undefined && fields.sign === undefined
  const event: unknown = isRefund ? openRefund(fields, secret) : openSigned(fields, secret, apiv3Key)
  if (!isEvent(event)) throw notANotification('it has no content')
  return event
}

// Nothing around the sealed content may say what it is, or which notification: anybody could have written it.
function openRefund(fields: XmlFields, secret: string): object {
  const { req_info: sealed } = fields
  const content = open('secret', () => toObject(AesEcb.decrypt(String(sealed), Hash.md5(secret))))
  return {
    id: digestOf(String(sealed)),
    event_type: 'v2/refund-processed',
    resource_type: 'xml',
    resource: { ...fields, req_info: content },
  }
}

function openSigned(fields: XmlFields, secret: string, apiv3Key: Uint8Array | undefined): object {
  verifySign(fields, secret)
  const { event_create_time: create_time } = fields
  return {
    id: idOf(fields),
    ...(create_time !== undefined && { create_time }),
    event_type: `v2/${typeOf(fields)}`,
    resource_type: 'xml',
    resource: { ...fields, ...openCiphertext(fields, apiv3Key) },
  }
}

function parseXml(body: Buffer): XmlFields {
  try {
    return toObject(body)
  } catch (cause) {
    throw notANotification('it is not the XML of APIv2', cause)
  }
}

function verifySign(fields: XmlFields, secret: string): void {
  const { sign } = fields
  if (typeof sign !== 'string' || sign === '') {
    throw new SignatureError('The notification is not signed: it lacks `sign`.', { reason: 'headers' })
  }
  if (verifyV2(fields, secret)) return
  throw new SignatureError(
    'The `sign` of the notification does not match: it was changed on its way, or `secret` is not the APIv2 key of this merchant (账户中心 → API安全 → APIv2密钥).',
    { reason: 'mismatch' },
  )
}

function openCiphertext(fields: XmlFields, apiv3Key: Uint8Array | undefined): Record<string, unknown> {
  const { event_ciphertext: sealed, event_nonce: nonce, event_associated_data: aad = '' } = fields
  if (sealed === undefined) return {}
  if (!apiv3Key) {
    throw new InvalidArgumentError(
      '`apiv3Key` is missing: this notification of APIv2 is sealed with it. Give it to Notification.create.',
    )
  }
  const content = open('apiv3Key', () => {
    const text = AesGcm.decrypt(String(sealed), apiv3Key, String(nonce), String(aad))
    return text.trimStart().startsWith('<') ? toObject(text) : JSON.parse(text)
  })
  return { event_ciphertext: content }
}

function open<Content>(key: string, decrypt: () => Content): Content {
  try {
    return decrypt()
  } catch {
    // No cause: what failed to parse is what was decrypted.
    throw new SignatureError(
      `The content of the notification does not open with \`${key}\`: it was changed on its way, or sealed for another merchant or with another key.`,
      { reason: 'mismatch' },
    )
  }
}

// An empty field is not signed: anybody could have put it there.
function typeOf(fields: XmlFields): string {
  const { event_type: named } = fields
  if (typeof named === 'string' && named !== '') return named
  return TYPES.find(([field]) => fields[field])?.[1] ?? 'unknown'
}

// Sent again, a notification has the same content; its nonce and sign may be new. What counts is the text that is signed:
// fields without a value can be added to the message, and others cut in another way, and the `sign` stays right.
function idOf(fields: XmlFields): string {
  const { event_id } = fields
  if (typeof event_id === 'string' && event_id !== '') return event_id
  return digestOf(signedText(fields).replace(/(?<=^|&)nonce_str=[^&]*/, ''))
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}

function notANotification(reason: string, cause?: unknown): WechatPayError {
  return new WechatPayError(`This is no notification: ${reason}.`, { code: 'ERR_NOTIFICATION_FORMAT', cause })
}
