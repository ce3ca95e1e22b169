/** The response of `GET /v3/certificates`: certificates encrypted with the APIv3 key, which proves that they are genuine. */
import type { KeyObject } from 'node:crypto'
import { AEAD_AES, decryptAead, type Encrypted, isAead } from '../crypto/aead.js'
import { type KeyKind, kindOfKey, loadCertificate, normalizeSerial, serialOf } from '../crypto/keys.js'
import { ApiError, WechatPayError } from '../errors.js'
import { parseJson } from '../response.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import { type CertificateKey, certificateKey, isSignedWith } from './platform-key-ring.js'
import type { Verifier } from './verifier.js'

/**
 * The certificates in the response body; those of one kind of key, or all.
 *
 * @throws WechatPayError `ERR_APIV3_KEY` if they cannot be decrypted with the key, `ERR_NO_PLATFORM_CERTIFICATE` for an
 *   empty list, `ERR_RESPONSE_FORMAT` for any other content (all as rejections).
 */
export async function decryptCertificates(
  body: string,
  apiv3Key: KeyObject,
  kind?: KeyKind,
): Promise<CertificateKey[]> {
  const secret = apiv3Key.export()
  const keys: CertificateKey[] = []
  for (const { algorithm, ...entry } of readEntries(body)) {
    // SM4 is for certificates of SM2, which not every runtime can read.
    if (!isAead(algorithm) || (kind === 'RSA' && algorithm !== AEAD_AES)) continue
    const pem = await decryptEntry({ algorithm, ...entry }, secret)
    const certificate = loadCertificate(pem, 'downloaded platform certificate')
    const key = certificateKey(serialOf(certificate), certificate)
    if (kind === undefined || kindOfKey(key.key) === kind) keys.push(key)
  }
  if (keys.length === 0) throw noCertificates(kind)
  return keys
}

/** The error when WeChat Pay lists no certificates for a merchant. */
function noCertificates(kind: KeyKind | undefined, cause?: unknown): WechatPayError {
  if (kind === 'SM2') {
    return new WechatPayError(
      'This merchant has no SM2 platform certificates. Ask WeChat Pay whether the national algorithms (国密) are enabled for it.',
      { code: 'ERR_NO_PLATFORM_CERTIFICATE', cause },
    )
  }
  return new WechatPayError(
    "This merchant has no platform certificates: WeChat Pay signs with a WeChat Pay public key instead. Download pub_key.pem and copy its ID in 商户平台 → 账户中心 → API安全 → 微信支付公钥, and pass them as `certs: { PUB_KEY_ID_…: 'file:///path/to/pub_key.pem' }`.",
    { code: 'ERR_NO_PLATFORM_CERTIFICATE', cause },
  )
}

/** The error to throw for a failed download of the list. For a merchant without certificates it is 404 or 403. */
export function explain(error: unknown, kind: KeyKind | undefined): unknown {
  const hasNone = error instanceof ApiError && (error.code === 'RESOURCE_NOT_EXISTS' || error.statusCode === 403)
  return hasNone ? noCertificates(kind, error) : error
}

/**
 * Verifies the response with the certificates: by a known key, or by one of the listed ones, since only WeChat Pay can have
 * encrypted them.
 */
export function bootstrapVerifier(apiv3Key: KeyObject, known: Verifier, kind: KeyKind): Verifier {
  return {
    announcedSerial: () => known.announcedSerial(),
    async verify(message, signature, serial, algorithm) {
      const isGenuine = await known.verify(message, signature, serial, algorithm)
      if (isGenuine !== undefined) return isGenuine
      const wanted = normalizeSerial(serial)
      const listed = await decryptCertificates(bodyOf(message), apiv3Key, kind)
      const key = listed.find(({ serial }) => normalizeSerial(serial) === wanted)
      return isSignedWith(key, message, signature, algorithm)
    },
  }
}

// The signed message is three lines: timestamp, nonce, and the body, which may contain line feeds.
function bodyOf(message: Uint8Array): string {
  const [, , ...body] = Buffer.from(message).toString().split('\n')
  return body.slice(0, -1).join('\n')
}

type Entry = Omit<Encrypted, 'algorithm'> & { algorithm: string }

function readEntries(body: string): Entry[] {
  try {
    const list = parseJson(body)
    const data = member(list, 'data')
    // Only arrays, because the list is read before its signature is verified.
    if (!Array.isArray(data)) throw new TypeError(`Expected an array; got ${kindOf(data)}.`)
    return data.map(readEntry)
  } catch (cause) {
    throw new WechatPayError('The list of platform certificates does not have the documented format.', {
      code: 'ERR_RESPONSE_FORMAT',
      // The error of a parser quotes the content.
      cause: cause instanceof SyntaxError ? undefined : cause,
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

async function decryptEntry(entry: Encrypted, apiv3Key: Buffer): Promise<string> {
  try {
    return await decryptAead(entry, apiv3Key)
  } catch (cause) {
    throw new WechatPayError(
      'The platform certificates cannot be decrypted with `apiv3Key`: they were encrypted with a different key. Set the APIv3 key of this merchant (商户平台 → 账户中心 → API安全 → APIv3密钥), not the APIv2 key or a key of a different merchant.',
      { code: 'ERR_APIV3_KEY', cause },
    )
  }
}
