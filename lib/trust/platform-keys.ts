/** The platform certificates and WeChat Pay public keys of one client, found by their serials. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { type KeyInput, loadVerificationKey, normalizeSerial, serialOf } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'

/** A key that WeChat Pay signs with; a certificate's validity is in milliseconds since 1970. */
export interface PlatformKey {
  readonly serial: string
  readonly key: KeyObject
  readonly validFrom?: number
  readonly validTo?: number
}

/** A platform certificate as a key to verify and to encrypt with. */
export interface CertificateKey extends PlatformKey {
  readonly certificate: X509Certificate
}

export function certificateKey(serial: string, certificate: X509Certificate): CertificateKey {
  return {
    serial,
    key: certificate.publicKey,
    certificate,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  }
}

/** Whether a key may be announced and encrypted with: a public key always, a certificate within its time. */
export function isCurrent({ validFrom = 0, validTo = Number.POSITIVE_INFINITY }: PlatformKey, now: number): boolean {
  return validFrom <= now && now <= validTo
}

/** The newest of those that are current; where none is, the newest of all, so that the answer tells what is wrong. */
export function newestKey(keys: Iterable<PlatformKey>, now: number): PlatformKey | undefined {
  const newestFirst = [...keys].sort((a, b) => (b.validFrom ?? 0) - (a.validFrom ?? 0))
  return newestFirst.find(key => isCurrent(key, now)) ?? newestFirst[0]
}

/**
 * Reads the `certs` option.
 * @throws InvalidArgumentError for an entry that is neither a key nor a certificate, or a certificate under another
 *   serial.
 */
export function loadPlatformKeys(entries: readonly (readonly [serial: string, input: KeyInput])[]): PlatformKey[] {
  return entries.map(([serial, input]) => loadPlatformKey(serial, input))
}

/** @throws InvalidArgumentError for a key that is the merchant's own, by its serial or by the key itself. */
export function refuseMerchantKeys(
  keys: readonly PlatformKey[],
  merchantSerial: string,
  merchantKey: KeyObject | undefined,
): void {
  const publicKey = merchantKey && createPublicKey(merchantKey)
  for (const { serial, key } of keys) {
    const hasSerial = normalizeSerial(serial) === normalizeSerial(merchantSerial)
    if (!hasSerial && !publicKey?.equals(key)) continue
    const found = publicKey?.equals(key)
      ? "the merchant's own certificate or key"
      : 'the serial that is in `serial`, too'
    throw new InvalidArgumentError(
      `certs.${serial}: found ${found}, expected WeChat Pay's. Pass a platform certificate (微信支付平台证书) or the WeChat Pay public key (微信支付公钥) under its PUB_KEY_ID_… here, and the serial of the merchant API certificate (商户API证书) as \`serial\`.`,
    )
  }
}

function loadPlatformKey(serial: string, input: KeyInput): PlatformKey {
  const option = `certs.${serial}`
  const { key, certificate } = loadVerificationKey(input, option)
  if (!certificate) return { serial, key }
  if (normalizeSerial(serialOf(certificate)) === normalizeSerial(serial)) return certificateKey(serial, certificate)
  throw new InvalidArgumentError(
    `${option}: found the certificate of the serial ${serialOf(certificate)}, expected that of its name. Put a platform certificate under its own serial, and the merchant's own apiclient_cert.pem into \`merchant\`.`,
  )
}
