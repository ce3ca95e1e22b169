/** Notifications of APIv3: JSON, signed by WeChat Pay, encrypted with the merchant's APIv3 key. */
import { AEAD_AES, AEAD_SM4, decryptAead, isAead } from '../crypto/aead.js'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { verifyNotification } from '../protocol/v3/verify.js'
import { requestIdOf } from '../response.js'
import { type Decrypt, decryptFields } from '../trust/encrypt-fields.js'
import type { Verifier } from '../trust/verifier.js'
import { eventFacts } from '../types/generated/event-facts.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import { isRecord } from '../util/plain-object.js'
import { notANotification } from './message.js'

export interface JsonKeys {
  readonly verifier: Verifier | undefined
  /** 32 bytes. */
  readonly apiv3Key: Uint8Array | undefined
  /** Decrypts the fields that are encrypted for the merchant; without it they stay encrypted. */
  readonly decrypt: Decrypt | undefined
}

/**
 * Verifies the notification, then decrypts it and the fields in it that are encrypted for the merchant.
 *
 * @throws SignatureError for a message that WeChat Pay did not sign, or encrypted for a different merchant;
 *   InvalidArgumentError for missing keys; WechatPayError for a signed message that is not a notification (all as
 *   rejections).
 */
export async function readJsonEvent(
  body: Buffer,
  headers: Record<string, string>,
  { verifier, apiv3Key, decrypt }: JsonKeys,
  now: EpochMilliseconds,
): Promise<object> {
  if (!verifier || !apiv3Key) {
    throw new InvalidArgumentError(
      `${verifier ? '`apiv3Key` is' : '`certs` are'} missing, so notifications of APIv3 cannot be read. Pass \`certs\` and \`apiv3Key\` to Notification.create.`,
    )
  }
  const requestId = requestIdOf(headers)
  await verifyNotification(body, { headers, verifier, now, requestId })
  const envelope = parseJson(body.toString())
  if (!isRecord(envelope)) throw notANotification('the signature is valid, but the body is not an object')
  const encrypted = isRecord(envelope.resource) ? envelope.resource : {}
  const content = parseJson(decryptResource(encrypted, apiv3Key, requestId))
  const resource = decrypt ? await decryptMarked(content, envelope.event_type, decrypt) : content
  return { ...envelope, original_type: encrypted.original_type, resource }
}

async function decryptMarked(content: unknown, type: unknown, decrypt: Decrypt): Promise<unknown> {
  const fields = eventFacts.get(String(type))?.encrypted
  if (!fields) return content
  return decryptFields(content, fields, async ciphertext => {
    try {
      return await decrypt(ciphertext)
    } catch (error) {
      if (error instanceof WechatPayError && error.code === 'ERR_PACKAGE_MISSING') throw error
      // Encrypted for a previous certificate of the merchant: not worth losing the notification.
      return ciphertext
    }
  })
}

function decryptResource(
  { algorithm, ciphertext, nonce, associated_data }: Readonly<Record<string, unknown>>,
  apiv3Key: Uint8Array,
  requestId: string | undefined,
): string {
  if (!isAead(algorithm)) {
    throw notANotification(
      `the signature is valid, but the resource is encrypted with neither ${AEAD_AES} nor ${AEAD_SM4}, the only supported algorithms`,
    )
  }
  const encrypted = {
    algorithm,
    ciphertext: String(ciphertext),
    nonce: String(nonce),
    associatedData: String(associated_data ?? ''),
  }
  try {
    return decryptAead(encrypted, apiv3Key)
  } catch (cause) {
    throw new SignatureError(
      'The notification is signed by WeChat Pay, but `apiv3Key` cannot decrypt it: it was encrypted for a different merchant or with a different key. Compare the key with the one in the merchant platform (账户中心 → API安全 → APIv3密钥).',
      { reason: 'mismatch', requestId, cause },
    )
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // No cause: the error of JSON.parse quotes the content.
    throw notANotification('the signature is valid, but the content is not JSON')
  }
}
