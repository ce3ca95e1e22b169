/** The downloaded platform certificates of one merchant: fetched on first need, when they are old, and for an unknown serial. */
import type { KeyObject } from 'node:crypto'
import { type KeyKind, normalizeSerial } from '../crypto/keys.js'
import { SignatureError } from '../errors.js'
import type { Store } from '../stores/store.js'
import { bootstrapVerifier, decryptCertificates, explain } from './certificate-list.js'
import { type CertificateSource, isCurrent, isExpired, type PlatformKey } from './platform-key-ring.js'
import { type DownloadedList, type KeyClock, SharedList } from './shared-list.js'
import type { Verifier } from './verifier.js'
import type { WarningListener } from './warnings.js'

/** Downloads the list, and returns the body that `verifier` has verified. */
type Fetch = (verifier: Verifier) => Promise<string>

const REFRESH_AFTER = 12 * 60 * 60 * 1000
const RETRY_AFTER = 60 * 1000
const WARN_INTERVAL = 60 * 1000
/** Seconds in which unknown serials may cause one download that succeeds in all processes together: anyone can send one. */
const SEARCH_INTERVAL = 60
/** WeChat Pay occasionally sends wrong signatures on purpose. Two in a row are rare; three are no coincidence. */
const MOST_PROBES = 3

interface Options {
  /** Identifies the merchant and the list in the store. */
  name: string
  apiv3Key: KeyObject
  /** Which of the listed certificates are used. */
  kind: KeyKind
  store: Store
  clock: KeyClock
  download: Fetch
  /** The keys that are known without a download. They verify the response with the list as well. */
  known: Verifier
  warn: WarningListener
}

/** Shared by all calls of a merchant, so that simultaneous needs cause one download. */
export class DownloadedKeys implements CertificateSource {
  readonly #options: Options
  readonly #shared: SharedList
  readonly #startedAt: number
  #keys: ReadonlyMap<string, PlatformKey> = new Map()
  /** That of the last list. */
  #body: string | undefined
  #fetchedAt: number | undefined
  // On the monotonic clock, unlike the time of a list, which other processes read.
  #attemptedAt = Number.NEGATIVE_INFINITY
  #searchedAt = Number.NEGATIVE_INFINITY
  #download: Download | undefined
  readonly #warnedAt = new Map<string, number>()

  constructor(options: Options) {
    const { name, store, clock } = options
    this.#options = options
    this.#startedAt = clock.now()
    this.#shared = new SharedList({ name, store, clock, onFailure: cause => this.#warn('STORE_FAILED', cause) })
  }

  get keys(): Iterable<PlatformKey> {
    return this.#keys.values()
  }

  get(serial: string): PlatformKey | undefined {
    const key = this.#keys.get(normalizeSerial(serial))
    return key && !isExpired(key, this.#now()) ? key : undefined
  }

  /**
   * Downloads if no certificate is current, and waits for the download.
   *
   * @throws WechatPayError (as a rejection) if no certificate is known, not even an expired one.
   */
  async require(): Promise<void> {
    while (this.#download?.isSearch) await settled(this.#download.done)
    if (this.#hasCurrent()) return
    const isEmpty = this.#keys.size === 0
    if (!isEmpty && !this.#download && this.#monotonic() - this.#attemptedAt < RETRY_AFTER) return
    try {
      await this.#refresh({ isEnough: () => this.#hasCurrent() })
    } catch (error) {
      if (isEmpty) throw error
      this.#warn('CERTIFICATES_NOT_REFRESHED', error)
    }
  }

  async search(serial: string): Promise<PlatformKey | undefined> {
    while (this.#download) {
      await settled(this.#download.done)
      const found = this.get(serial)
      if (found) return found
    }
    const now = this.#monotonic()
    if (now - this.#searchedAt < SEARCH_INTERVAL * 1000) return undefined
    this.#searchedAt = now
    await this.#refreshQuietly({ isEnough: () => this.get(serial) !== undefined, isSearch: true })
    return this.get(serial)
  }

  /** Downloads in the background if the list is old. Called on use, since a timer would keep the process alive. */
  refreshWhenOld(): void {
    const isDue = this.#isOld() && this.#monotonic() - this.#attemptedAt >= RETRY_AFTER
    if (isDue && !this.#download) void this.#refreshQuietly({ isEnough: () => !this.#isOld() })
  }

  #refresh(need: Need): Promise<void> {
    this.#download ??= {
      isSearch: need.isSearch ?? false,
      done: this.#obtain(need).finally(() => {
        this.#download = undefined
      }),
    }
    return this.#download.done
  }

  async #refreshQuietly(need: Need): Promise<void> {
    await this.#refresh(need).catch(error => this.#warn('CERTIFICATES_NOT_REFRESHED', error))
  }

  async #obtain({ isEnough, isSearch }: Need): Promise<void> {
    this.#attemptedAt = this.#monotonic()
    const isDone = async () => {
      await this.#adopt(await this.#shared.read())
      return isEnough()
    }
    if (await isDone()) return
    await this.#shared.takeTurn(isDone, async () => {
      if (isSearch && !(await this.#shared.claimSearch(SEARCH_INTERVAL))) return
      try {
        const list = { body: await this.#fetch(), fetchedAt: this.#now() }
        await this.#keep(list)
        await this.#shared.write(list)
      } catch (error) {
        // The other processes would otherwise not find a new certificate for a minute.
        if (isSearch) await this.#shared.releaseSearch()
        throw error
      }
    })
  }

  async #fetch(): Promise<string> {
    const { apiv3Key, kind, known, download } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await download(bootstrapVerifier(apiv3Key, known, kind))
      } catch (error) {
        const isProbe = error instanceof SignatureError && error.reason === 'probe'
        if (!isProbe || attempt === MOST_PROBES) throw explain(error, kind)
      }
    }
  }

  async #adopt(list: DownloadedList | undefined): Promise<void> {
    // Not compared by their times: the clock of the process that downloaded it may be slow.
    if (!list || list.body === this.#body) return
    try {
      await this.#keep(list)
    } catch (cause) {
      this.#warn('STORE_FAILED', cause)
    }
  }

  // A list from the store is also decrypted with the APIv3 key, so that a forged certificate in the store has no
  // effect.
  async #keep({ body, fetchedAt }: DownloadedList): Promise<void> {
    const { apiv3Key, kind } = this.#options
    const listed = await decryptCertificates(body, apiv3Key, kind)
    const kept = [...this.#keys.values()].filter(key => !isExpired(key, this.#now()))
    this.#keys = new Map([...kept, ...listed].map(key => [normalizeSerial(key.serial), key]))
    this.#body = body
    this.#fetchedAt = Math.max(fetchedAt, this.#fetchedAt ?? Number.NEGATIVE_INFINITY)
  }

  #hasCurrent(): boolean {
    const now = this.#now()
    return [...this.#keys.values()].some(key => isCurrent(key, now))
  }

  #isOld(): boolean {
    return this.#now() - (this.#fetchedAt ?? this.#startedAt) >= REFRESH_AFTER
  }

  // One refresh uses the store several times, each of which may fail.
  #warn(code: keyof typeof MESSAGES, cause: unknown): void {
    const now = this.#monotonic()
    if (now - (this.#warnedAt.get(code) ?? Number.NEGATIVE_INFINITY) < WARN_INTERVAL) return
    this.#warnedAt.set(code, now)
    this.#options.warn({ code, message: MESSAGES[code], cause })
  }

  #now(): number {
    return this.#options.clock.now()
  }

  #monotonic(): number {
    return this.#options.clock.monotonic()
  }
}

const MESSAGES = {
  CERTIFICATES_NOT_REFRESHED: 'The platform certificates could not be downloaded. The known certificates stay in use.',
  STORE_FAILED: 'The `store` failed, or its content is not genuine. Platform certificates are used without it.',
}

interface Need {
  isEnough(): boolean
  /** Whether an unknown serial caused it. */
  isSearch?: boolean
}

interface Download {
  isSearch: boolean
  done: Promise<void>
}

async function settled(promise: Promise<void>): Promise<void> {
  await promise.catch(() => {})
}
