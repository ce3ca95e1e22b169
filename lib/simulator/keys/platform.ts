/** WeChat Pay's own keys for one merchant: which are listed, which signs now, which opens what is encrypted for WeChat Pay. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { normalizeSerial } from '../../crypto/x509.js'

/** One of WeChat Pay's own keys, with the serial that it goes by. */
export interface PlatformKey {
  readonly serial: string
  readonly privateKey: KeyObject
}

export interface PlatformCertificate extends PlatformKey {
  readonly certificate: X509Certificate
}

/** A platform certificate as text. */
export interface MintedCertificate {
  serial: string
  privateKey: string
  certificate: string
}

interface Entry extends PlatformCertificate {
  readonly minted: MintedCertificate
  /** Milliseconds since 1970. */
  readonly signsFrom: number
}

export class PlatformKeys {
  /** The newest first. */
  readonly #certificates: Entry[] = []
  readonly #publicKey: PlatformKey
  #share: number | undefined
  #signed = 0

  /** Without `first` the merchant has no certificates, and will have none. */
  constructor(publicKey: { serial: string; privateKey: string }, first: MintedCertificate | undefined) {
    this.#publicKey = { serial: publicKey.serial, privateKey: createPrivateKey(publicKey.privateKey) }
    if (first) this.add(first, Number.NEGATIVE_INFINITY)
  }

  get newest(): MintedCertificate | undefined {
    return this.#certificates[0]?.minted
  }

  /** A certificate that is listed at once, and signs from `signsFrom`, in milliseconds since 1970. */
  add(minted: MintedCertificate, signsFrom: number): void {
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

  /** From now on the public key signs so many percent of the answers, whatever the requests name. */
  share(percent: number): void {
    this.#share = percent
    this.#signed = 0
  }

  /** The certificates that are not expired, the newest first. */
  listed(now: number): readonly PlatformCertificate[] {
    return this.#certificates.filter(({ certificate }) => now <= Date.parse(certificate.validTo))
  }

  /**
   * The key for the next signature. While nobody has said which share of them is the public key's, the public key signs
   * for a request whose `Wechatpay-Serial` names it, and the certificate for every other.
   */
  signing(requested: unknown, now: number): PlatformKey {
    const certificate = this.#certificates.find(({ signsFrom }) => signsFrom <= now)
    if (!certificate) return this.#publicKey
    const isPublicKeys = this.#share === undefined ? requested === this.#publicKey.serial : this.#isNextOf(this.#share)
    return isPublicKeys ? this.#publicKey : certificate
  }

  /** The key that a serial in any spelling names; none for an expired certificate. */
  find(serial: string, now: number): PlatformKey | undefined {
    const wanted = normalizeSerial(serial)
    return [this.#publicKey, ...this.listed(now)].find(key => normalizeSerial(key.serial) === wanted)
  }

  // Spread evenly: at 20 percent it is every fifth.
  #isNextOf(share: number): boolean {
    const before = Math.floor((this.#signed * share) / 100)
    this.#signed += 1
    return Math.floor((this.#signed * share) / 100) > before
  }
}
