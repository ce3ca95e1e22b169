/** The answer of `GET /v3/certificates`: certificates sealed with the APIv3 key, which is what vouches for them. */
import type { KeyObject } from 'node:crypto'
import * as AesGcm from '../crypto/aes-gcm.js'
import { loadCertificate, normalizeSerial, serialOf } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { ApiError, WechatPayError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import { type CertificateKey, certificateKey } from './platform-keys.js'
import type { Verifier } from './verifier.js'

const ALGORITHM = 'AEAD_AES_256_GCM'

/**
 * The certificates of the answer's text; those for other algorithms (SM2) are left out.
 * @throws WechatPayError `ERR_APIV3_KEY` when they do not open with the key, `ERR_NO_PLATFORM_CERTIFICATE` for an empty
 *   list, `ERR_RESPONSE_FORMAT` for another content.
 */
export function openCertificates(body: string, apiv3Key: KeyObject): CertificateKey[] {
  const key = apiv3Key.export()
  const entries = readEntries(body).filter(({ algorithm }) => algorithm === ALGORITHM)
  if (entries.length === 0) throw noCertificates()
  return entries.map(sealed => {
    const certificate = loadCertificate(unseal(sealed, key), 'The downloaded platform certificate')
    return certificateKey(serialOf(certificate), certificate)
  })
}

/** What to tell a merchant for whom WeChat Pay lists no certificates. */
function noCertificates(cause?: unknown): WechatPayError {
  return new WechatPayError(
    "This merchant has no platform certificates: WeChat Pay signs for it with a WeChat Pay public key. Download pub_key.pem and copy its ID in 商户平台 → 账户中心 → API安全 → 微信支付公钥, and pass them as `certs: { PUB_KEY_ID_…: 'file:///path/to/pub_key.pem' }`.",
    { code: 'ERR_NO_PLATFORM_CERTIFICATE', cause },
  )
}

/** What to throw in place of an error of asking for the list. */
export function explain(error: unknown): unknown {
  return error instanceof ApiError && error.code === 'RESOURCE_NOT_EXISTS' ? noCertificates(error) : error
}

/**
 * Verifies the answer that brings the certificates: by a known key, or by one of those that it brings itself, since
 * only WeChat Pay can have sealed them.
 */
export function bootstrapVerifier(apiv3Key: KeyObject, known: Verifier): Verifier {
  return {
    announcedSerial: () => known.announcedSerial(),
    async verify(message, signature, serial) {
      const isGenuine = await known.verify(message, signature, serial)
      if (isGenuine !== undefined) return isGenuine
      const wanted = normalizeSerial(serial)
      const brought = openCertificates(bodyOf(message), apiv3Key).find(key => normalizeSerial(key.serial) === wanted)
      return brought && Rsa.verify(message, signature, brought.key)
    },
  }
}

// What is signed is three lines: timestamp, nonce, and the body, which may have line feeds of its own.
function bodyOf(message: Uint8Array): string {
  const [, , ...body] = Buffer.from(message).toString().split('\n')
  return body.slice(0, -1).join('\n')
}

interface Sealed {
  algorithm: string
  nonce: string
  associatedData: string
  ciphertext: string
}

function readEntries(body: string): Sealed[] {
  try {
    const { data } = JSON.parse(body)
    return Array.from<unknown, Sealed>(data, readEntry)
  } catch (cause) {
    throw new WechatPayError('The list of platform certificates does not have the documented form.', {
      code: 'ERR_RESPONSE_FORMAT',
      cause,
    })
  }
}

function readEntry(entry: unknown): Sealed {
  const sealed = member(entry, 'encrypt_certificate')
  return {
    algorithm: text(member(sealed, 'algorithm')),
    nonce: text(member(sealed, 'nonce')),
    associatedData: text(member(sealed, 'associated_data') ?? ''),
    ciphertext: text(member(sealed, 'ciphertext')),
  }
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError(`Expected a text, found ${typeof value}.`)
}

function unseal({ nonce, associatedData, ciphertext }: Sealed, key: Buffer): string {
  try {
    return AesGcm.decrypt(ciphertext, key, nonce, associatedData)
  } catch (cause) {
    throw new WechatPayError(
      'The platform certificates do not open with `apiv3Key`: found another key than the one they were sealed with. Set the APIv3 key of this merchant (商户平台 → 账户中心 → API安全 → APIv3密钥), not the APIv2 key, nor that of another merchant.',
      { code: 'ERR_APIV3_KEY', cause },
    )
  }
}
