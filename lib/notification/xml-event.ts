/** Notifications of APIv2: XML, signed with the APIv2 key or, for refunds, encrypted with it. */
import { createHash } from 'node:crypto'
import * as AesEcb from '../crypto/aes-ecb.js'
import * as AesGcm from '../crypto/aes-gcm.js'
import * as Hash from '../crypto/hash.js'
import { InvalidArgumentError, SignatureError } from '../errors.js'
import { signedString, verifyV2 } from '../protocol/v2/signature.js'
import { toObject, type XmlFields } from '../xml/parse.js'
import { notANotification } from './message.js'

/** The notifications that do not name their type, each with a field that no other type has. */
const TYPES: readonly (readonly [field: string, type: string])[] = [
  ['combine_out_trade_no', 'combined-transactions-success'],
  ['change_type', 'pap-contract-state-changed'],
  ['transaction_id_list', 'transactions-risk-occurred'],
  ['vehicle_event_createtime', 'vehicle-state-changed-for-parking'],
  ['out_trade_no', 'transaction-success'],
]

export interface XmlKeys {
  /** The APIv2 key. */
  readonly secret: string | undefined
  /** 32 bytes. */
  readonly apiv3Key: Uint8Array | undefined
}

/**
 * Verifies and decrypts the notification. The `sign` covers every field that has a value. A refund has no `sign`: WeChat
 * Pay encrypts its content with the APIv2 key and leaves the fields around it unprotected, so do not rely on those.
 *
 * @throws SignatureError for a message that is neither signed nor encrypted with the APIv2 key; InvalidArgumentError for
 *   missing keys; WechatPayError for a body that is not the XML of APIv2.
 */
export function readXmlEvent(body: Buffer, { secret, apiv3Key }: XmlKeys): object {
  if (!secret) {
    throw new InvalidArgumentError(
      '`secret` is missing, so notifications of APIv2 cannot be read. Pass the APIv2 key to Notification.create.',
    )
  }
  const fields = parseXml(body)
  const isRefund = fields.req_info !== undefined && fields.sign === undefined
  return isRefund ? refundEvent(fields, secret) : signedEvent(fields, secret, apiv3Key)
}

// Neither the type nor the id may come from the fields around the encrypted content: anyone could have written them.
function refundEvent(fields: XmlFields, secret: string): object {
  const ciphertext = String(fields.req_info)
  const content = decryptWith('secret', () => toObject(AesEcb.decrypt(ciphertext, Hash.md5(secret))))
  return {
    id: digestOf(ciphertext),
    event_type: 'v2/refund-processed',
    resource_type: 'xml',
    resource: { ...fields, req_info: content },
  }
}

function signedEvent(fields: XmlFields, secret: string, apiv3Key: Uint8Array | undefined): object {
  verifySign(fields, secret)
  const { event_create_time: create_time } = fields
  return {
    id: idOf(fields),
    ...(create_time !== undefined && { create_time }),
    event_type: `v2/${typeOf(fields)}`,
    resource_type: 'xml',
    resource: { ...fields, ...decryptContent(fields, apiv3Key) },
  }
}

function parseXml(body: Buffer): XmlFields {
  try {
    return toObject(body)
  } catch (cause) {
    throw notANotification('the body is not the XML of APIv2', cause)
  }
}

function verifySign(fields: XmlFields, secret: string): void {
  const { sign } = fields
  if (typeof sign !== 'string' || sign === '') {
    throw new SignatureError('The notification is not signed: it has no `sign`.', { reason: 'headers' })
  }
  if (verifyV2(fields, secret)) return
  throw new SignatureError(
    'The `sign` of the notification does not match: it was changed in transit, or `secret` is not the APIv2 key of this merchant (账户中心 → API安全 → APIv2密钥).',
    { reason: 'mismatch' },
  )
}

function decryptContent(fields: XmlFields, apiv3Key: Uint8Array | undefined): Record<string, unknown> {
  const { event_ciphertext: ciphertext, event_nonce: nonce, event_associated_data: aad = '' } = fields
  if (ciphertext === undefined) return {}
  if (!apiv3Key) {
    throw new InvalidArgumentError(
      '`apiv3Key` is missing, and this notification of APIv2 is encrypted with it. Pass it to Notification.create.',
    )
  }
  const content = decryptWith('apiv3Key', () => {
    const plaintext = AesGcm.decrypt(String(ciphertext), apiv3Key, String(nonce), String(aad))
    return plaintext.trimStart().startsWith('<') ? toObject(plaintext) : JSON.parse(plaintext)
  })
  return { event_ciphertext: content }
}

function decryptWith<Content>(key: string, decrypt: () => Content): Content {
  try {
    return decrypt()
  } catch {
    // No cause: the error of a parser quotes the decrypted content.
    throw new SignatureError(
      `The content of the notification cannot be decrypted with \`${key}\`: it was changed in transit, or encrypted for a different merchant or with a different key.`,
      { reason: 'mismatch' },
    )
  }
}

// An empty field is not signed: anyone could have added it.
function typeOf(fields: XmlFields): string {
  const { event_type: named } = fields
  if (typeof named === 'string' && named !== '') return named
  return TYPES.find(([field]) => fields[field])?.[1] ?? 'unknown'
}

// A resent notification has the same content but may have a new nonce and sign. The id is made from the signed string:
// the message can gain empty fields, or have its fields divided differently, without invalidating the `sign`.
function idOf(fields: XmlFields): string {
  const { event_id } = fields
  if (typeof event_id === 'string' && event_id !== '') return event_id
  return digestOf(signedString(fields).replace(/(?<=^|&)nonce_str=[^&]*/, ''))
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}
