/** The keys of WeChat Pay for one merchant: lists them and chooses the one that signs or decrypts. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { normalizeSerial } from '../../crypto/keys.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'

/** A private key of WeChat Pay and its serial number. */
export interface PlatformKey {
  readonly serial: string
  readonly privateKey: KeyObject
}

export interface PlatformCertificate extends PlatformKey {
  readonly certificate: X509Certificate
}

/** A platform certificate and its private key, PEM. */
export interface MintedCertificate {
  serial: string
  privateKey: string
  certificate: string
}

interface Entry extends PlatformCertificate {
  readonly minted: MintedCertificate
  readonly signsFrom: EpochMilliseconds
}

/** Whether two serial numbers are the same, ignoring case and leading zeros. */
export function isSameSerial(serial: string, given: unknown): boolean {
  return typeof given === 'string' && normalizeSerial(given).toUpperCase() === normalizeSerial(serial).toUpperCase()
}

export class PlatformKeys {
  /** The certificates, newest first. */
  readonly #certificates: Entry[] = []
  readonly #publicKey: PlatformKey
  #share: number | undefined
  #signed = 0

  /** Without `first`, the merchant has only the public key. */
  constructor(publicKey: { serial: string; privateKey: string }, first: MintedCertificate | undefined) {
    this.#publicKey = { serial: publicKey.serial, privateKey: createPrivateKey(publicKey.privateKey) }
    if (first) this.add(first, Number.NEGATIVE_INFINITY)
  }

  get newest(): MintedCertificate | undefined {
    return this.#certificates[0]?.minted
  }

  /** The private half of the key that APIv2 encrypts bank cards with. */
  get bankKey(): KeyObject {
    return this.#publicKey.privateKey
  }

  /** Adds a certificate that is listed at once and signs from `signsFrom`. */
  add(minted: MintedCertificate, signsFrom: EpochMilliseconds): void {
    const { serial } = minted
    const certificate = new X509Certificate(minted.certificate)
    this.#certificates.unshift({
      serial,
      certificate,
      privateKey: createPrivateKey(minted.privateKey),
      minted,
      signsFrom,
    })
  }

  /** From now on the public key signs this percentage of the responses, regardless of the requests. */
  share(percent: number): void {
    this.#share = percent
    this.#signed = 0
  }

  /** The certificates that have not expired, newest first. */
  listed(now: EpochMilliseconds): readonly PlatformCertificate[] {
    return this.#certificates.filter(({ certificate }) => now <= Date.parse(certificate.validTo))
  }

  /**
   * Returns the key for the next signature. Until `share` is called, this is the public key when `requested`, the
   * `Wechatpay-Serial` of the request, names it, and the newest certificate that signs otherwise.
   */
  signing(requested: unknown, now: EpochMilliseconds): PlatformKey {
    const certificate = this.#certificates.find(({ signsFrom }) => signsFrom <= now)
    if (!certificate) return this.#publicKey
    const usesPublicKey =
      this.#share === undefined ? isSameSerial(this.#publicKey.serial, requested) : this.#isInShare(this.#share)
    return usesPublicKey ? this.#publicKey : certificate
  }

  /** Finds a key by its serial number in upper or lower case, unless its certificate has expired. */
  find(serial: string, now: EpochMilliseconds): PlatformKey | undefined {
    return [this.#publicKey, ...this.listed(now)].find(key => isSameSerial(key.serial, serial))
  }

  // Evenly spread: at 20 percent, every fifth.
  #isInShare(share: number): boolean {
    const before = Math.floor((this.#signed * share) / 100)
    this.#signed += 1
    return Math.floor((this.#signed * share) / 100) > before
  }
}
