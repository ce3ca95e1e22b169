/** Notifications of APIv3: JSON, signed by WeChat Pay, encrypted with the merchant's APIv3 key. */
import type { KeyObject } from 'node:crypto'
import type { Caller } from '../config/caller.js'
import { AEAD_AES, AEAD_SM4, decryptAead, isAead } from '../crypto/aead.js'
import { firstBlockOfGcm } from '../crypto/first-block.js'
import { InvalidArgumentError, SignatureError } from '../errors.js'
import { isFor, verifyNotification } from '../protocol/v3/verify.js'
import { parseJson, requestIdOf } from '../response.js'
import { type Decrypt, decryptFields } from '../trust/encrypt-fields.js'
import type { Verifier } from '../trust/verifier.js'
import { eventFacts } from '../types/generated/event-facts.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import { isPackageMissing } from '../util/packages.js'
import { isRecord } from '../util/plain-object.js'
import { notANotification } from './message.js'
import { type Candidate, fingerprintUnder, type Recipients } from './recipients.js'

/** A verified and decrypted notification, and its recipient. */
export interface Received {
  readonly event: object
  readonly candidate: Candidate
}

/** A notification of APIv3 as it arrived. */
export interface JsonMessage {
  readonly body: Buffer
  /** The headers by their lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly url: string | undefined
  readonly now: EpochMilliseconds
}

/**
 * Verifies the notification, finds its recipient, and decrypts it and the fields in it that are encrypted for the
 * merchant.
 *
 * @throws SignatureError for a message that WeChat Pay did not sign, or that is not for one of the recipients;
 *   InvalidArgumentError for missing keys; WechatPayError for a signed message that is not a notification (all as
 *   rejections).
 */
export async function readJsonEvent(message: JsonMessage, recipients: Recipients): Promise<Received> {
  const { only } = recipients
  if (!only) return await readForOneOf(message, recipients)
  const { verifier, apiv3Key } = requireKeys(only)
  await verifyWith(verifier, message, only.keys.caller)
  return await decrypt(readEnvelope(message), only, apiv3Key)
}

async function readForOneOf(message: JsonMessage, recipients: Recipients): Promise<Received> {
  // Check this before a look-up, which may query a database: an unsigned message must not cause one.
  let failure = recipients.isLookUp ? await refusalWithoutRecipient(message) : undefined
  const serial = message.headers['wechatpay-serial'] ?? ''
  const directory = await recipients.find({ serial, mchid: undefined, url: message.url })
  const verified = new Map<unknown, Promise<void> | true>()
  let envelope: Envelope | undefined
  for (const group of directory.bySerial(serial)) {
    for (const candidate of await group) {
      const { verifier, apiv3Key } = requireKeys(candidate)
      if (!isFor(candidate.keys.caller, message.headers)) continue
      const key = fingerprintUnder(serial, verifier) ?? verifier
      const verifying = verified.get(key) ?? verifyWith(verifier, message)
      verified.set(key, verifying)
      try {
        // There may be a thousand recipients with the same key.
        if (verifying !== true) await verifying
        verified.set(key, true)
        envelope ??= readEnvelope(message)
        if (mayDecrypt(envelope, apiv3Key)) return await decrypt(envelope, candidate, apiv3Key)
      } catch (error) {
        if (!isForDifferentRecipient(error)) throw error
        if (error.reason === 'mismatch') failure = error
      }
    }
  }
  if (envelope) throw undecryptable(envelope.requestId)
  throw failure ?? (await refusalWithoutRecipient(message))
}

function requireKeys({ keys: { verifier, apiv3Key } }: Candidate): { verifier: Verifier; apiv3Key: KeyObject } {
  if (verifier && apiv3Key) return { verifier, apiv3Key }
  throw new InvalidArgumentError(
    `${verifier ? '`apiv3Key` is' : '`certs` are'} missing, so notifications of APIv3 cannot be read. Pass \`certs\` and \`apiv3Key\` to Notification.create.`,
  )
}

function verifyWith(verifier: Verifier, { body, headers, now }: JsonMessage, caller?: Caller): Promise<void> {
  return verifyNotification(body, { headers, verifier, caller, now, requestId: requestIdOf(headers) })
}

/**
 * The refusal of a notification whose key no recipient knows.
 *
 * @throws SignatureError (as a rejection) for one that cannot be verified by any key.
 */
async function refusalWithoutRecipient(message: JsonMessage): Promise<SignatureError> {
  const failure: unknown = await verifyWith(KEYLESS, message).catch(error => error)
  if (isForDifferentRecipient(failure)) return failure
  throw failure
}

const KEYLESS: Verifier = { announcedSerial: () => undefined, verify: () => undefined }

/** Whether a notification that one recipient refuses may be for a different one. */
function isForDifferentRecipient(error: unknown): error is SignatureError {
  return error instanceof SignatureError && (error.reason === 'serial' || error.reason === 'mismatch')
}

interface Envelope {
  readonly fields: Readonly<Record<string, unknown>>
  /** The encrypted resource. */
  readonly encrypted: Readonly<Record<string, unknown>>
  readonly requestId: string | undefined
}

function readEnvelope({ body, headers }: JsonMessage): Envelope {
  const fields = parse(body.toString())
  if (!isRecord(fields)) throw notANotification('the signature is valid, but the body is not an object')
  return { fields, encrypted: isRecord(fields.resource) ? fields.resource : {}, requestId: requestIdOf(headers) }
}

async function decrypt(
  { fields, encrypted, requestId }: Envelope,
  candidate: Candidate,
  apiv3Key: KeyObject,
): Promise<Received> {
  const { decrypt } = candidate.keys
  const content = parse(await decryptResource(encrypted, apiv3Key, requestId))
  const resource = decrypt ? await decryptMarked(content, fields.event_type, decrypt) : content
  return { event: { ...fields, original_type: encrypted.original_type, resource }, candidate }
}

async function decryptMarked(content: unknown, type: unknown, decrypt: Decrypt): Promise<unknown> {
  const fields = eventFacts.get(String(type))?.encrypted
  if (!fields) return content
  return decryptFields(content, fields, async ciphertext => {
    try {
      return await decrypt(ciphertext)
    } catch (error) {
      if (isPackageMissing(error)) throw error
      // Encrypted for a previous certificate of the merchant: not worth losing the notification.
      return ciphertext
    }
  })
}

async function decryptResource(
  { algorithm, ciphertext, nonce, associated_data }: Readonly<Record<string, unknown>>,
  apiv3Key: KeyObject,
  requestId: string | undefined,
): Promise<string> {
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
    return await decryptAead(encrypted, apiv3Key)
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    throw undecryptable(requestId, cause)
  }
}

function undecryptable(requestId: string | undefined, cause?: unknown): SignatureError {
  return new SignatureError(
    'The notification is signed by WeChat Pay, but `apiv3Key` cannot decrypt it: it was encrypted for a different merchant or with a different key. Compare the key with the one in the merchant platform (账户中心 → API安全 → APIv3密钥).',
    { reason: 'mismatch', requestId, cause },
  )
}

/** False for most keys that cannot decrypt it, much faster than by decrypting: what is encrypted is a JSON object. */
function mayDecrypt({ encrypted: { algorithm, ciphertext, nonce } }: Envelope, apiv3Key: KeyObject): boolean {
  const iv = String(nonce)
  if (algorithm !== AEAD_AES || Buffer.byteLength(iv) !== 12) return true
  return /^[\s{\ufeff]/.test(firstBlockOfGcm(String(ciphertext), apiv3Key, iv).toString())
}

function parse(json: string): unknown {
  try {
    return parseJson(json)
  } catch {
    // No cause: the error of JSON.parse quotes the content.
    throw notANotification('the signature is valid, but the content is not JSON')
  }
}
