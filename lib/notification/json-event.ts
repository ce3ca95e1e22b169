/** Notifications of APIv3: JSON, signed by WeChat Pay, sealed with the merchant's APIv3 key. */
import * as AesGcm from '../crypto/aes-gcm.js'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { verifyNotification } from '../protocol/v3/verify.js'
import { requestIdOf } from '../transport/headers.js'
import { type Decrypt, decryptFields } from '../trust/encrypt-fields.js'
import { eventFacts } from '../types/generated/event-facts.js'
import { isEvent, isObject, type NotificationEvent } from './events.js'
import type { NotificationKeys } from './keys.js'

const ALGORITHM = 'AEAD_AES_256_GCM'

/**
 * Verifies, then decrypts, also the fields in it that are encrypted for the merchant; `now` in milliseconds.
 *
 * @throws SignatureError (as a rejection) for what WeChat Pay did not sign, or sealed for somebody else;
 *   InvalidArgumentError for keys that are missing; WechatPayError for what is genuine and yet not a notification.
 */
export async function openJson(
  body: Buffer,
  headers: Record<string, string>,
  { verifier, apiv3Key, decrypt }: NotificationKeys,
  now: number,
): Promise<NotificationEvent> {
  if (!verifier || !apiv3Key) {
    throw new InvalidArgumentError(
      `\`${verifier ? 'apiv3Key' : 'certs'}\` is missing: without it no notification of APIv3 can be opened. Give it to Notification.create.`,
    )
  }
  const requestId = requestIdOf(headers)
  await verifyNotification(body, { headers, verifier, now, requestId })
  const envelope = parseJson(body.toString())
  if (!isObject(envelope)) throw notANotification('it is not an object')
  const sealed = isObject(envelope.resource) ? envelope.resource : {}
  const content = parseJson(openResource(sealed, apiv3Key, requestId))
  const resource = decrypt ? await openFields(content, envelope.event_type, decrypt) : content
  const event: unknown = { ...envelope, original_type: sealed.original_type, resource }
  if (!isEvent(event)) throw notANotification('it lacks its `id` or `event_type`')
  return event
}

async function openFields(content: unknown, type: unknown, decrypt: Decrypt): Promise<unknown> {
  const fields = eventFacts.get(String(type))?.encrypted
  if (!fields) return content
  return decryptFields(content, fields, async ciphertext => {
    try {
      return await decrypt(ciphertext)
    } catch {
      // Encrypted for a certificate that the merchant had before: not worth losing the notification.
      return ciphertext
    }
  })
}

function openResource(
  { algorithm, ciphertext, nonce, associated_data }: Record<string, unknown>,
  apiv3Key: Uint8Array,
  requestId: string | undefined,
): string {
  if (algorithm !== ALGORITHM) {
    throw notANotification(`its resource is not sealed with ${ALGORITHM}, the only algorithm that is known here`)
  }
  try {
    return AesGcm.decrypt(String(ciphertext), apiv3Key, String(nonce), String(associated_data ?? ''))
  } catch (cause) {
    throw new SignatureError(
      'The notification is signed by WeChat Pay, but does not open with `apiv3Key`: it was sealed for another merchant or with another key. Compare the key with the one in the merchant platform (账户中心 → API安全 → APIv3密钥).',
      { reason: 'mismatch', requestId, cause },
    )
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of JSON.parse quotes what it read: it is no cause to pass on.
    throw notANotification('it is not JSON')
  }
}

function notANotification(reason: string): WechatPayError {
  return new WechatPayError(`WeChat Pay signed this, but it is no notification: ${reason}.`, {
    code: 'ERR_NOTIFICATION_FORMAT',
  })
}
