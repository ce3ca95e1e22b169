/** Notifications to test with: encrypted and signed as WeChat Pay does it, with keys that a test owns. */
import { randomUUID } from 'node:crypto'
import { AEAD_AES, AEAD_SM4 } from '../crypto/aead.js'
import * as AesEcb from '../crypto/aes-ecb.js'
import * as AesGcm from '../crypto/aes-gcm.js'
import * as Hash from '../crypto/hash.js'
import { type KeyInput, kindOfKey, loadSigningKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError } from '../errors.js'
import * as Formatter from '../formatter.js'
import { signV2, type V2Fields } from '../protocol/v2/signature.js'
import { eventFacts } from '../types/generated/event-facts.js'
import { beijingTime } from '../util/beijing-time.js'
import { toXml } from '../xml/build.js'

/** A notification of APIv3 to mint; missing fields are filled in. */
export interface MintedEvent {
  event_type: string
  /** The `resource` that the handler receives. */
  resource: object
  id?: string
  create_time?: string
  resource_type?: string
  summary?: string
  original_type?: string
}

/** A notification of APIv2 to mint; `req_info` and `event_ciphertext` are passed as objects and encrypted. */
export interface MintedXmlEvent {
  event_type: `v2/${string}`
  /** The fields of the message; `nonce_str` and `sign` are filled in. */
  resource: Readonly<Record<string, unknown>>
}

/** WeChat Pay's side of the keys: the private key of the certificate or public key that `certs` has under `serial`. */
export interface MintKeys {
  serial: string
  privateKey: KeyInput
  apiv3Key: string | Uint8Array
  /** For a notification to that brand, such as `PRODUCT_COUPON.USE`. */
  brand_id?: string
}

/** As {@link MintKeys}, with an SM2 private key, for a notification in the national algorithms, which have to be loaded. */
export interface MintSm2Keys extends MintKeys {
  algorithm: 'SM2'
}

export interface MintXmlKeys {
  /** The APIv2 key. */
  secret: string
  /** For notifications with an `event_ciphertext`. */
  apiv3Key?: string | Uint8Array
}

export interface MintedNotification {
  headers: Record<string, string>
  body: string
}

interface MintOptions {
  /** The time of the signature, in seconds since 1970. Default: now. */
  timestamp?: number
}

/**
 * Mints a notification: `new Request(url, { method: 'POST', ...Notification.mint(event, keys) })`. With `algorithm: 'SM2'`
 * it is a promise.
 *
 * @throws InvalidArgumentError for keys that cannot be right, and for values that XML cannot carry.
 */
export function mint(event: MintedXmlEvent, keys: MintXmlKeys): MintedNotification
export function mint(event: MintedEvent, keys: MintSm2Keys, options?: MintOptions): Promise<MintedNotification>
export function mint(event: MintedEvent, keys: MintKeys, options?: MintOptions): MintedNotification
export function mint(
  event: MintedEvent | MintedXmlEvent,
  keys: MintKeys | MintSm2Keys | MintXmlKeys,
  options: MintOptions = {},
): MintedNotification | Promise<MintedNotification> {
  if (!('privateKey' in keys)) return mintXml({ ...event.resource }, keys)
  if ('algorithm' in keys) return sm2Side(keys).then(side => mintJson(event, side, options))
  return mintJson(event, rsaSide(keys), options)
}

/** How WeChat Pay encrypts and signs. */
interface Side {
  serial: string
  aead: string
  scheme: string
  encrypt(plaintext: string, nonce: string, associatedData: string): string
  sign(message: Uint8Array): string
}

function rsaSide({ serial, apiv3Key, privateKey, brand_id }: MintKeys): Side {
  const key = loadSigningKey(privateKey, 'privateKey')
  if (kindOfKey(key) === 'SM2') {
    throw new InvalidArgumentError(
      "`algorithm` must be 'SM2' for an SM2 private key. Set it, and await the notification.",
    )
  }
  return {
    serial,
    aead: AEAD_AES,
    scheme: brand_id === undefined ? Formatter.SCHEME : Formatter.BRAND_SCHEME,
    encrypt: (plaintext, nonce, associatedData) => AesGcm.encrypt(plaintext, apiv3Key, nonce, associatedData),
    sign: message => Rsa.sign(message, key),
  }
}

async function sm2Side({ serial, apiv3Key, privateKey, algorithm }: MintSm2Keys): Promise<Side> {
  const key = loadSigningKey(privateKey, 'privateKey')
  const kind = kindOfKey(key)
  if (algorithm !== kind) {
    throw new InvalidArgumentError(
      `\`algorithm\` must be 'SM2', and \`privateKey\` an SM2 key; got ${JSON.stringify(algorithm)} with a key of ${kind}. Leave \`algorithm\` out for RSA.`,
    )
  }
  const { Sm2, Sm4Gcm } = await import('../crypto/sm.js')
  const sm4Key = Sm4Gcm.keyOf(apiv3Key)
  return {
    serial,
    aead: AEAD_SM4,
    scheme: Formatter.SM2_SCHEME,
    encrypt: (plaintext, nonce, associatedData) => Sm4Gcm.encrypt(plaintext, sm4Key, nonce, associatedData),
    sign: message => Sm2.sign(message, key),
  }
}

function mintJson(
  event: MintedEvent,
  side: Side,
  { timestamp = Formatter.timestamp() }: MintOptions,
): MintedNotification {
  const { resource, original_type = originalType(event.event_type), ...envelope } = event
  const iv = Formatter.nonce(12)
  const body = JSON.stringify({
    id: randomUUID(),
    create_time: beijingTime(timestamp * 1000),
    resource_type: 'encrypt-resource',
    summary: event.event_type,
    ...envelope,
    resource: {
      original_type,
      algorithm: side.aead,
      ciphertext: side.encrypt(JSON.stringify(resource), iv, original_type),
      associated_data: original_type,
      nonce: iv,
    },
  })
  const nonce = Formatter.nonce()
  return {
    headers: {
      'Content-Type': 'application/json',
      'Wechatpay-Timestamp': String(timestamp),
      'Wechatpay-Nonce': nonce,
      'Wechatpay-Serial': side.serial,
      'Wechatpay-Signature': side.sign(Formatter.response(timestamp, nonce, Buffer.from(body))),
      'Wechatpay-Signature-Type': side.scheme,
    },
    body,
  }
}

function originalType(eventType: string): string {
  return eventFacts.get(eventType)?.originalType ?? eventType.split('.', 1).join().toLowerCase()
}

function mintXml(fields: V2Fields, { secret, apiv3Key }: MintXmlKeys): MintedNotification {
  const message = {
    ...fields,
    nonce_str: Formatter.nonce(),
    ...encryptRefund(fields, secret),
    ...encryptContent(fields, apiv3Key),
  }
  const signType = fields.algorithm === Hash.ALGO_HMAC_SHA256 ? Hash.ALGO_HMAC_SHA256 : undefined
  const isUnsigned = fields.req_info !== undefined
  return {
    headers: { 'Content-Type': 'text/xml' },
    body: toXml(isUnsigned ? message : { ...message, sign: signV2(message, secret, signType) }),
  }
}

function encryptRefund({ req_info: content }: V2Fields, secret: string): V2Fields {
  if (typeof content !== 'object' || content === null) return {}
  return { req_info: AesEcb.encrypt(toXml(content, { root: 'root' }), Hash.md5(secret)) }
}

function encryptContent({ event_ciphertext: content }: V2Fields, apiv3Key: string | Uint8Array = ''): V2Fields {
  if (typeof content !== 'object' || content === null) return {}
  const nonce = Formatter.nonce(12)
  return {
    event_algorithm: 'AEAD_AES_256_GCM',
    event_nonce: nonce,
    event_associated_data: 'payscore',
    event_ciphertext: AesGcm.encrypt(JSON.stringify(content), apiv3Key, nonce, 'payscore'),
  }
}
