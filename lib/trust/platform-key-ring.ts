/** The keys that WeChat Pay signs with: all that a client knows, configured and downloaded, found by their serials. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { isPublicKeyId, type KeyKind, kindOfKey, normalizeSerial } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import { InvalidArgumentError, NOTHING_SENT } from '../errors.js'
import type { EpochMilliseconds } from '../util/beijing-time.js'
import type { Verifier } from './verifier.js'
import type { WarningListener } from './warnings.js'

/** A platform certificate or a WeChat Pay public key. Only a certificate has a validity. */
export interface PlatformKey {
  readonly serial: string
  readonly key: KeyObject
  readonly validFrom?: EpochMilliseconds
  readonly validTo?: EpochMilliseconds
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

/** Whether a key may be announced and used to encrypt: a public key always, a certificate while it is valid. */
export function isCurrent({ validFrom = 0, validTo = Number.POSITIVE_INFINITY }: PlatformKey, now: number): boolean {
  return validFrom <= now && now <= validTo
}

/**
 * Whether a key must not verify any more. One that is not yet valid may: WeChat Pay's clock decides when it signs with it.
 */
export function isExpired({ validTo = Number.POSITIVE_INFINITY }: PlatformKey, now: number): boolean {
  return validTo < now
}

/** The newest current key; if none is current, the newest of all. */
function newestKey(keys: Iterable<PlatformKey>, now: number): PlatformKey | undefined {
  const newestFirst = [...keys].sort((a, b) => (b.validFrom ?? 0) - (a.validFrom ?? 0))
  return newestFirst.find(key => isCurrent(key, now)) ?? newestFirst[0]
}

/** Certificates that are downloaded when they are needed. */
export interface CertificateSource {
  /** The known certificates, expired ones included. */
  readonly keys: Iterable<PlatformKey>
  /** The certificate with that serial, unless it has expired. */
  get(serial: string): PlatformKey | undefined
  /** Resolves when there is a current certificate. */
  require(): Promise<void>
  /** Looks for an unknown serial in a new list. */
  search(serial: string): Promise<PlatformKey | undefined>
  refreshWhenOld(): void
}

interface Options {
  configured: readonly PlatformKey[]
  /** The kind of the merchant's own key: only a key of the same kind is announced. Any may verify. Default RSA. */
  kind?: KeyKind
  now: () => EpochMilliseconds
  warn?: WarningListener
  /** Creates the downloaded part. `known` is a view of this ring that downloads nothing. */
  download?: ((known: Verifier) => CertificateSource) | undefined
}

const DAY = 24 * 60 * 60 * 1000
const WARN_BEFORE = 30 * DAY

/** Without `download` it has only the configured keys. */
export class PlatformKeyRing implements Verifier {
  readonly #configured: ReadonlyMap<string, PlatformKey>
  readonly #kind: KeyKind
  readonly #publicKey: PlatformKey | undefined
  readonly #downloaded: CertificateSource | undefined
  readonly #now: () => EpochMilliseconds
  readonly #warn: WarningListener
  readonly #warnedAt = new Map<string, number>()

  constructor({ configured, kind = 'RSA', now, warn = () => {}, download }: Options) {
    this.#configured = new Map(configured.map(key => [normalizeSerial(key.serial), key]))
    this.#kind = kind
    this.#publicKey = configured.find(({ serial, key }) => isPublicKeyId(serial) && kindOfKey(key) === kind)
    this.#now = now
    this.#warn = warn
    this.#downloaded = download?.({
      announcedSerial: () => this.#preferred()?.serial,
      verify: (message, signature, serial, algorithm) =>
        isSignedWith(this.#find(serial), message, signature, algorithm),
    })
  }

  announcedSerial(): string | undefined | Promise<string | undefined> {
    const key = this.#announce()
    return key instanceof Promise ? key.then(found => found?.serial) : key?.serial
  }

  encryptionKey(serial?: string): PlatformKey | undefined | Promise<PlatformKey | undefined> {
    return serial === undefined ? this.#announce() : (this.#find(serial) ?? this.#search(serial))
  }

  /** The serials that are known without a download. */
  get serials(): readonly string[] {
    return [...this.#configured.values(), ...(this.#downloaded?.keys ?? [])].map(key => key.serial)
  }

  /** The key with that serial, if it is known without a download. */
  known(serial: string): PlatformKey | undefined {
    return this.#find(serial)
  }

  verify(
    message: Uint8Array,
    signature: string,
    serial: string,
    algorithm?: KeyKind,
  ): boolean | undefined | Promise<boolean | undefined> {
    this.#refreshWhenOld()
    const known = this.#find(serial)
    if (known) return isSignedWith(known, message, signature, algorithm)
    return this.#search(serial)?.then(found => isSignedWith(found, message, signature, algorithm))
  }

  #announce(): PlatformKey | undefined | Promise<PlatformKey | undefined> {
    const key = this.#preferred()
    if (key && isCurrent(key, this.#now())) {
      this.#refreshWhenOld()
      this.#warnOfEnd(key)
      return key
    }
    if (this.#downloaded) return this.#downloaded.require().then(() => this.#preferred())
    if (key && isExpired(key, this.#now())) throw expired(key)
    return key
  }

  // The first public key if there is one, else a certificate.
  #preferred(): PlatformKey | undefined {
    if (this.#publicKey) return this.#publicKey
    const known = [...this.#configured.values(), ...(this.#downloaded?.keys ?? [])]
    return newestKey(
      known.filter(({ key }) => kindOfKey(key) === this.#kind),
      this.#now(),
    )
  }

  #find(serial: string): PlatformKey | undefined {
    const configured = this.#configured.get(normalizeSerial(serial))
    if (configured && !isExpired(configured, this.#now())) return configured
    return this.#downloaded?.get(serial)
  }

  // Public keys are not in the list of certificates.
  #search(serial: string): Promise<PlatformKey | undefined> | undefined {
    return /^[0-9A-Fa-f]{1,64}$/.test(serial) ? this.#downloaded?.search(serial) : undefined
  }

  // A public key has no successor in the list. Certificates next to it are searched for when one of them signs.
  #refreshWhenOld(): void {
    if (!this.#publicKey) this.#downloaded?.refreshWhenOld()
  }

  #warnOfEnd({ serial, validTo }: PlatformKey): void {
    const now = this.#now()
    const warnedAt = this.#warnedAt.get(serial) ?? Number.NEGATIVE_INFINITY
    if (validTo === undefined || validTo - now > WARN_BEFORE || Math.abs(now - warnedAt) < DAY) return
    this.#warnedAt.set(serial, now)
    const advice = this.#downloaded
      ? 'Its successor is downloaded as soon as WeChat Pay lists it.'
      : 'Set `apiv3Key` to have its successor downloaded, or switch to the WeChat Pay public key.'
    this.#warn({
      code: 'CERTIFICATE_EXPIRES',
      message: `The platform certificate ${serial} is valid until ${new Date(validTo).toISOString()}, and no newer one is known. ${advice}`,
      serial,
      expires: new Date(validTo),
    })
  }
}

// No response could be verified, so that the outcome of every order would be unknown.
function expired({ serial, validTo = 0 }: PlatformKey): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`certs\` must have a key that is valid now; got only certificates that have expired, ${serial} on ${new Date(validTo).toISOString()} at the latest. Set \`apiv3Key\` to have the current certificates downloaded, or add the WeChat Pay public key. ${NOTHING_SENT}`,
  )
}

/**
 * Undefined without a key. A key verifies with its own algorithm only, regardless of the algorithm that the message
 * names.
 */
export function isSignedWith(
  known: PlatformKey | undefined,
  message: Uint8Array,
  signature: string,
  algorithm: KeyKind | undefined,
): boolean | undefined | Promise<boolean> {
  if (!known) return undefined
  const { key } = known
  const kind = kindOfKey(key)
  if (algorithm !== undefined && algorithm !== kind) return false
  if (kind === 'RSA') return Rsa.verify(message, signature, key)
  return import('../crypto/sm.js').then(({ Sm2 }) => Sm2.verify(message, signature, key))
}
