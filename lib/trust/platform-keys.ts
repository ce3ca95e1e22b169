/** The platform certificates and WeChat Pay public keys of one client, found by their serials. */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { type KeyInput, loadVerificationKey } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { isPublicKeyId, normalizeSerial, serialOf } from '../crypto/x509.js'
import { InvalidArgumentError } from '../errors.js'
import type { Verifier } from './verifier.js'

/** A key that WeChat Pay signs with; a certificate's validity is in milliseconds since 1970. */
export interface PlatformKey {
  readonly serial: string
  readonly key: KeyObject
  readonly validFrom?: number
  readonly validTo?: number
}

export function certificateKey(serial: string, certificate: X509Certificate): PlatformKey {
  return {
    serial,
    key: certificate.publicKey,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  }
}

/** Keys that were configured, and that stay as they are. */
export class StaticKeys implements Verifier {
  readonly #keys: ReadonlyMap<string, PlatformKey>
  readonly #now: () => number

  constructor(keys: readonly PlatformKey[], now: () => number) {
    this.#keys = new Map(keys.map(key => [normalizeSerial(key.serial), key]))
    this.#now = now
  }

  announcedSerial(): string | undefined {
    return preferredKey(this.#keys.values(), this.#now())?.serial
  }

  verify(message: Uint8Array, signature: string, serial: string): boolean | undefined {
    const known = this.#keys.get(normalizeSerial(serial))
    return known && Rsa.verify(message, signature, known.key)
  }
}

/** Whether a key may be announced and encrypted with: a public key always, a certificate within its time. */
export function isCurrent({ validFrom = 0, validTo = Number.POSITIVE_INFINITY }: PlatformKey, now: number): boolean {
  return validFrom <= now && now <= validTo
}

/**
 * The key to announce and to encrypt with: a public key where there is one, else the newest certificate among the
 * current ones; where none is current, the newest of all, so that the answer tells what is wrong.
 */
export function preferredKey(keys: Iterable<PlatformKey>, now: number): PlatformKey | undefined {
  const newestFirst = [...keys].sort((a, b) => (b.validFrom ?? 0) - (a.validFrom ?? 0))
  return (
    newestFirst.find(({ serial }) => isPublicKeyId(serial)) ??
    newestFirst.find(key => isCurrent(key, now)) ??
    newestFirst[0]
  )
}

/**
 * Reads the `certs` option.
 * @throws InvalidArgumentError for an entry that is not WeChat Pay's: the merchant's own certificate or key, or a
 * certificate under another serial.
 */
export function loadPlatformKeys(
  entries: readonly (readonly [serial: string, input: KeyInput])[],
  merchantSerial: string,
  merchantKey: KeyObject | undefined,
): PlatformKey[] {
  return entries.map(([serial, input]) => {
    const loaded = loadPlatformKey(serial, input)
    const hasMerchantSerial = normalizeSerial(serial) === normalizeSerial(merchantSerial)
    const hasMerchantKey = merchantKey !== undefined && createPublicKey(merchantKey).equals(loaded.key)
    if (!hasMerchantSerial && !hasMerchantKey) return loaded
    throw new InvalidArgumentError(
      `certs.${serial}: found the merchant's own certificate or key, expected WeChat Pay's. Pass a platform certificate (微信支付平台证书), or the WeChat Pay public key (微信支付公钥) under its PUB_KEY_ID_….`,
    )
  })
}

function loadPlatformKey(serial: string, input: KeyInput): PlatformKey {
  const option = `certs.${serial}`
  const { key, certificate } = loadVerificationKey(input, option)
  if (!certificate) return { serial, key }
  if (normalizeSerial(serialOf(certificate)) === normalizeSerial(serial)) return certificateKey(serial, certificate)
  throw new InvalidArgumentError(
    `${option}: found the certificate of the serial ${serialOf(certificate)}, expected that of its name. Put it under its own serial.`,
  )
}
