/** The platform certificates of one merchant that are downloaded: on first need, when they grow old, on an unknown serial. */
import type { KeyObject } from 'node:crypto'
import { normalizeSerial } from '../crypto/keys.js'
import { SignatureError } from '../errors.js'
import type { Store } from '../stores/store.js'
import { bootstrapVerifier, explain, openCertificates } from './certificate-list.js'
import { isCurrent, type PlatformKey } from './platform-keys.js'
import { type DownloadedList, type KeyClock, SharedList } from './shared-list.js'
import type { Verifier } from './verifier.js'
import type { WarningListener } from './warnings.js'

/** Asks WeChat Pay for the list; gives the body that `verifier` has verified. */
export type Download = (verifier: Verifier) => Promise<string>

const REFRESH_AFTER = 12 * 60 * 60 * 1000
const RETRY_AFTER = 60 * 1000
const WARN_INTERVAL = 60 * 1000
/** Seconds in which unknown serials may cause one download, over all processes: anybody can send one. */
const SEARCH_INTERVAL = 60
/** WeChat Pay sends wrong signatures on purpose now and then; two in a row are rare, three are not chance. */
const MOST_PROBES = 3

interface Options {
  /** Names the merchant and the list in the store. */
  name: string
  apiv3Key: KeyObject
  store: Store
  clock: KeyClock
  download: Download
  /** The keys that are known without a download: they verify the list's own answer, too. */
  known: Verifier
  warn: WarningListener
}

/** Every call of a merchant shares one of these; whatever many ask for at once is downloaded once. */
export class DownloadedKeys {
  readonly #options: Options
  readonly #shared: SharedList
  readonly #startedAt: number
  #keys: ReadonlyMap<string, PlatformKey> = new Map()
  #fetchedAt: number | undefined
  #attemptedAt = Number.NEGATIVE_INFINITY
  #searchedAt = Number.NEGATIVE_INFINITY
  #flight: Flight | undefined
  readonly #warnedAt = new Map<string, number>()

  constructor(options: Options) {
    const { name, store, clock } = options
    this.#options = options
    this.#startedAt = clock.now()
    this.#shared = new SharedList({ name, store, clock, onFailure: cause => this.#warn('STORE_FAILED', cause) })
  }

  /** Those that are known, the expired ones among them. */
  get keys(): Iterable<PlatformKey> {
    return this.#keys.values()
  }

  /** A key that may verify. One that begins tomorrow may: WeChat Pay's clock decides when it signs with it. */
  get(serial: string): PlatformKey | undefined {
    const key = this.#keys.get(normalizeSerial(serial))
    return key && !this.#isExpired(key) ? key : undefined
  }

  /**
   * Downloads when no certificate is current, and waits for it.
   * @throws WechatPayError (as a rejection) when none is known, not even an expired one.
   */
  async require(): Promise<void> {
    while (this.#flight?.isSearch) await settled(this.#flight.done)
    if (this.#hasCurrent()) return
    const isEmpty = this.#keys.size === 0
    if (!isEmpty && !this.#flight && this.#now() - this.#attemptedAt < RETRY_AFTER) return
    try {
      await this.#refresh({ isEnough: () => this.#hasCurrent() })
    } catch (error) {
      if (isEmpty) throw error
      this.#warn('CERTIFICATES_NOT_REFRESHED', error)
    }
  }

  /** The key of a serial that is not known yet; asks for a new list where that is allowed. */
  async search(serial: string): Promise<PlatformKey | undefined> {
    while (this.#flight) {
      await settled(this.#flight.done)
      const found = this.get(serial)
      if (found) return found
    }
    const now = this.#now()
    if (now - this.#searchedAt < SEARCH_INTERVAL * 1000) return undefined
    this.#searchedAt = now
    await this.#refreshQuietly({ isEnough: () => this.get(serial) !== undefined, isSearch: true })
    return this.get(serial)
  }

  /** Asks for a new list in the background when this one has grown old; on use, since a timer would outlive its user. */
  refreshWhenOld(): void {
    const isDue = this.#isOld() && this.#now() - this.#attemptedAt >= RETRY_AFTER
    if (isDue && !this.#flight) void this.#refreshQuietly({ isEnough: () => !this.#isOld() })
  }

  #refresh(need: Need): Promise<void> {
    this.#flight ??= {
      isSearch: need.isSearch ?? false,
      done: this.#obtain(need).finally(() => {
        this.#flight = undefined
      }),
    }
    return this.#flight.done
  }

  async #refreshQuietly(need: Need): Promise<void> {
    await this.#refresh(need).catch(error => this.#warn('CERTIFICATES_NOT_REFRESHED', error))
  }

  async #obtain({ isEnough, isSearch }: Need): Promise<void> {
    this.#attemptedAt = this.#now()
    const isDone = async () => {
      this.#adopt(await this.#shared.read())
      return isEnough()
    }
    if (await isDone()) return
    await this.#shared.takeTurn(isDone, async () => {
      if (isSearch && !(await this.#shared.passGate(SEARCH_INTERVAL))) return
      const answer = { body: await this.#download(), fetchedAt: this.#now() }
      this.#keep(answer)
      await this.#shared.write(answer)
    })
  }

  async #download(): Promise<string> {
    const { apiv3Key, known, download } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await download(bootstrapVerifier(apiv3Key, known))
      } catch (error) {
        const isProbe = error instanceof SignatureError && error.reason === 'probe'
        if (!isProbe || attempt === MOST_PROBES) throw explain(error)
      }
    }
  }

  #adopt(answer: DownloadedList | undefined): void {
    if (!answer || answer.fetchedAt <= (this.#fetchedAt ?? Number.NEGATIVE_INFINITY)) return
    try {
      this.#keep(answer)
    } catch (cause) {
      this.#warn('STORE_FAILED', cause)
    }
  }

  // A list is opened with the APIv3 key wherever it comes from, so that nobody can plant a certificate in the store.
  #keep({ body, fetchedAt }: DownloadedList): void {
    const brought = openCertificates(body, this.#options.apiv3Key)
    const kept = [...this.#keys.values()].filter(key => !this.#isExpired(key))
    this.#keys = new Map([...kept, ...brought].map(key => [normalizeSerial(key.serial), key]))
    this.#fetchedAt = fetchedAt
  }

  #hasCurrent(): boolean {
    const now = this.#now()
    return [...this.#keys.values()].some(key => isCurrent(key, now))
  }

  #isExpired({ validTo = Number.POSITIVE_INFINITY }: PlatformKey): boolean {
    return validTo < this.#now()
  }

  #isOld(): boolean {
    return this.#now() - (this.#fetchedAt ?? this.#startedAt) >= REFRESH_AFTER
  }

  // One refresh asks a store several things, all of which may fail.
  #warn(code: keyof typeof MESSAGES, cause: unknown): void {
    const now = this.#now()
    if (now - (this.#warnedAt.get(code) ?? Number.NEGATIVE_INFINITY) < WARN_INTERVAL) return
    this.#warnedAt.set(code, now)
    this.#options.warn({ code, message: MESSAGES[code], cause })
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

const MESSAGES = {
  CERTIFICATES_NOT_REFRESHED: 'The platform certificates could not be downloaded; those that are known stay in use.',
  STORE_FAILED: 'The `store` failed, or what it holds is not genuine; platform certificates are used without it.',
}

interface Need {
  isEnough(): boolean
  /** Whether an unknown serial is behind it. */
  isSearch?: boolean
}

interface Flight {
  isSearch: boolean
  done: Promise<void>
}

async function settled(promise: Promise<void>): Promise<void> {
  await promise.catch(() => {})
}
