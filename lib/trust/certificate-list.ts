/** The response of `GET /v3/certificates`: certificates encrypted with the APIv3 key, which proves that they are genuine. */
import type { KeyObject } from 'node:crypto'
import * as AesGcm from '../crypto/aes-gcm.js'
import { loadCertificate, normalizeSerial, serialOf } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { ApiError, WechatPayError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import { type CertificateKey, certificateKey } from './platform-key-ring.js'
import type { Verifier } from './verifier.js'

const ALGORITHM = 'AEAD_AES_256_GCM'

/**
 * The certificates in the response body, without those for other algorithms (SM2).
 *
 * @throws WechatPayError `ERR_APIV3_KEY` if they cannot be decrypted with the key, `ERR_NO_PLATFORM_CERTIFICATE` for an
 *   empty list, `ERR_RESPONSE_FORMAT` for any other content.
 */
export function decryptCertificates(body: string, apiv3Key: KeyObject): CertificateKey[] {
  const key = apiv3Key.export()
  const entries = readEntries(body).filter(({ algorithm }) => algorithm === ALGORITHM)
  if (entries.length === 0) throw noCertificates()
  return entries.map(entry => {
    const certificate = loadCertificate(decryptEntry(entry, key), 'downloaded platform certificate')
    return certificateKey(serialOf(certificate), certificate)
  })
}

/** The error for a merchant for whom WeChat Pay lists no certificates. */
function noCertificates(cause?: unknown): WechatPayError {
  return new WechatPayError(
    "This merchant has no platform certificates: WeChat Pay signs with a WeChat Pay public key instead. Download pub_key.pem and copy its ID in 商户平台 → 账户中心 → API安全 → 微信支付公钥, and pass them as `certs: { PUB_KEY_ID_…: 'file:///path/to/pub_key.pem' }`.",
    { code: 'ERR_NO_PLATFORM_CERTIFICATE', cause },
  )
}

/** The error to throw for a failed download of the list. */
export function explain(error: unknown): unknown {
  return error instanceof ApiError && error.code === 'RESOURCE_NOT_EXISTS' ? noCertificates(error) : error
}

/**
 * Verifies the response with the certificates: by a known key, or by one of the listed ones, since only WeChat Pay can have
 * encrypted them.
 */
export function bootstrapVerifier(apiv3Key: KeyObject, known: Verifier): Verifier {
  return {
    announcedSerial: () => known.announcedSerial(),
    async verify(message, signature, serial) {
      const isGenuine = await known.verify(message, signature, serial)
      if (isGenuine !== undefined) return isGenuine
      const wanted = normalizeSerial(serial)
      const listed = decryptCertificates(bodyOf(message), apiv3Key).find(key => normalizeSerial(key.serial) === wanted)
      return listed && Rsa.verify(message, signature, listed.key)
    },
  }
}

// The signed message is three lines: timestamp, nonce, and the body, which may contain line feeds.
function bodyOf(message: Uint8Array): string {
  const [, , ...body] = Buffer.from(message).toString().split('\n')
  return body.slice(0, -1).join('\n')
}

interface Entry {
  algorithm: string
  nonce: string
  associatedData: string
  ciphertext: string
}

function readEntries(body: string): Entry[] {
  try {
    const { data } = JSON.parse(body)
    return Array.from<unknown, Entry>(data, readEntry)
  } catch (cause) {
    throw new WechatPayError('The list of platform certificates does not have the documented format.', {
      code: 'ERR_RESPONSE_FORMAT',
      cause,
    })
  }
}

function readEntry(entry: unknown): Entry {
  const encrypted = member(entry, 'encrypt_certificate')
  return {
    algorithm: string(member(encrypted, 'algorithm')),
    nonce: string(member(encrypted, 'nonce')),
    associatedData: string(member(encrypted, 'associated_data') ?? ''),
    ciphertext: string(member(encrypted, 'ciphertext')),
  }
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

function string(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError(`Expected a string; got ${kindOf(value)}.`)
}

function decryptEntry({ nonce, associatedData, ciphertext }: Entry, key: Buffer): string {
  try {
    return AesGcm.decrypt(ciphertext, key, nonce, associatedData)
  } catch (cause) {
    throw new WechatPayError(
      'The platform certificates cannot be decrypted with `apiv3Key`: they were encrypted with a different key. Set the APIv3 key of this merchant (商户平台 → 账户中心 → API安全 → APIv3密钥), not the APIv2 key or a key of a different merchant.',
      { code: 'ERR_APIV3_KEY', cause },
    )
  }
}
