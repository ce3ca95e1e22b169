/** All keys of WeChat Pay that a client knows, configured and downloaded, side by side; chosen by the serial received. */

import { isPublicKeyId, normalizeSerial } from '../crypto/keys.js'
import * as Rsa from '../crypto/rsa.js'
import type { DownloadedKeys } from './downloaded-keys.js'
import { isCurrent, newestKey, type PlatformKey } from './platform-keys.js'
import type { Verifier } from './verifier.js'
import type { WarningListener } from './warnings.js'

const DAY = 24 * 60 * 60 * 1000
const WARN_BEFORE = 30 * DAY

interface Options {
  configured: readonly PlatformKey[]
  now: () => number
  warn?: WarningListener
  /** Makes the downloaded part; it is given a view of this store that downloads nothing. */
  download?: ((known: Verifier) => DownloadedKeys) | undefined
}

/** Without `download` the keys are those that were configured. */
export class KeyStore implements Verifier {
  readonly #configured: ReadonlyMap<string, PlatformKey>
  readonly #publicKey: PlatformKey | undefined
  readonly #downloaded: DownloadedKeys | undefined
  readonly #now: () => number
  readonly #warn: WarningListener
  readonly #warnedAt = new Map<string, number>()

  constructor({ configured, now, warn = () => {}, download }: Options) {
    this.#configured = new Map(configured.map(key => [normalizeSerial(key.serial), key]))
    this.#publicKey = configured.find(({ serial }) => isPublicKeyId(serial))
    this.#now = now
    this.#warn = warn
    this.#downloaded = download?.({
      announcedSerial: () => this.#preferred()?.serial,
      verify: (message, signature, serial) => verifyWith(this.#find(serial), message, signature),
    })
  }

  announcedSerial(): string | undefined | Promise<string | undefined> {
    const key = this.#announce()
    return key instanceof Promise ? key.then(found => found?.serial) : key?.serial
  }

  encryptionKey(serial?: string): PlatformKey | undefined | Promise<PlatformKey | undefined> {
    return serial === undefined ? this.#announce() : (this.#find(serial) ?? this.#search(serial))
  }

  verify(message: Uint8Array, signature: string, serial: string): boolean | undefined | Promise<boolean | undefined> {
    this.#refreshWhenOld()
    const known = this.#find(serial)
    if (known) return verifyWith(known, message, signature)
    return this.#search(serial)?.then(found => verifyWith(found, message, signature))
  }

  #announce(): PlatformKey | undefined | Promise<PlatformKey | undefined> {
    const key = this.#preferred()
    if (key && isCurrent(key, this.#now())) {
      this.#refreshWhenOld()
      this.#warnOfEnd(key)
      return key
    }
    return this.#downloaded ? this.#downloaded.require().then(() => this.#preferred()) : key
  }

  // The first public key where there is one, else a certificate.
  #preferred(): PlatformKey | undefined {
    return this.#publicKey ?? newestKey([...this.#configured.values(), ...(this.#downloaded?.keys ?? [])], this.#now())
  }

  #find(serial: string): PlatformKey | undefined {
    return this.#configured.get(normalizeSerial(serial)) ?? this.#downloaded?.get(serial)
  }

  // Public keys are not in the list of certificates.
  #search(serial: string): Promise<PlatformKey | undefined> | undefined {
    return /^[0-9A-Fa-f]{1,64}$/.test(serial) ? this.#downloaded?.search(serial) : undefined
  }

  // A public key has no successor in the list; certificates beside it are looked for when one signs.
  #refreshWhenOld(): void {
    if (!this.#publicKey) this.#downloaded?.refreshWhenOld()
  }

  #warnOfEnd({ serial, validTo }: PlatformKey): void {
    const now = this.#now()
    const warnedAt = this.#warnedAt.get(serial) ?? Number.NEGATIVE_INFINITY
    if (validTo === undefined || validTo - now > WARN_BEFORE || now - warnedAt < DAY) return
    this.#warnedAt.set(serial, now)
    const advice = this.#downloaded
      ? 'Its successor is downloaded as soon as WeChat Pay lists it.'
      : 'Set `apiv3Key`, so that its successor is downloaded, or change to the WeChat Pay public key.'
    this.#warn({
      code: 'CERTIFICATE_EXPIRES',
      message: `The platform certificate ${serial} is valid until ${new Date(validTo).toISOString()}, and no newer one is known. ${advice}`,
      serial,
      expires: new Date(validTo),
    })
  }
}

function verifyWith(known: PlatformKey | undefined, message: Uint8Array, signature: string): boolean | undefined {
  return known && Rsa.verify(message, signature, known.key)
}
