/**
 * Finds the possible recipients of a notification: one recipient, a list, or the recipients that a function looks up.
 */
import type { KeyObject } from 'node:crypto'
import { type Client, settingsOf } from '../client/settings-of.js'
import { normalizeSerial } from '../crypto/keys.js'
import { InvalidArgumentError } from '../errors.js'
import { PlatformKeyRing } from '../trust/platform-key-ring.js'
import type { Verifier } from '../trust/verifier.js'
import { keysOf, type NotificationConfig, type NotificationKeys } from './keys.js'

/** A client, or the options of `Builder.factory`. */
export type NotificationRecipient = Client | NotificationConfig

/** What is known about a notification before it is verified. None of it can be trusted yet. */
export interface NotificationClue {
  /** The serial of the key that signed a notification of APIv3; undefined for APIv2. */
  readonly serial: string | undefined
  /** The merchant number in a notification of APIv2; undefined for APIv3, which does not name it. */
  readonly mchid: string | undefined
  /** The path and query that the notification was sent to. With `parse`, its `url`. */
  readonly url: string | undefined
}

type Found<Recipient> = Recipient | readonly Recipient[] | null | undefined

/**
 * Returns the possible recipients of a notification: one, several or none. Return the same objects each time: their
 * keys are kept.
 */
export type LookUp<Recipient> = (clue: NotificationClue) => Found<Recipient> | Promise<Found<Recipient>>

export interface Candidate {
  /** The recipient as it was passed in. */
  readonly recipient: object
  readonly keys: NotificationKeys
}

export interface Recipients {
  readonly isLookUp: boolean
  /** The only recipient; undefined if there can be others. */
  readonly only: Candidate | undefined
  find(clue: NotificationClue): Directory | Promise<Directory>
}

export type RecipientSource = NotificationRecipient | readonly NotificationRecipient[] | LookUp<NotificationRecipient>

/** @throws InvalidArgumentError for an empty list, and for a recipient whose keys are missing or cannot be right. */
export function recipientsOf(source: RecipientSource): Recipients {
  if (isLookUp(source)) {
    return {
      isLookUp: true,
      only: undefined,
      find: async clue => new Directory([(await source(clue)) ?? []].flat().map(candidateOf)),
    }
  }
  const directory = new Directory([source].flat().map(candidateOf))
  if (!directory.isEmpty) return { isLookUp: false, only: directory.only, find: () => directory }
  throw new InvalidArgumentError(
    'Notification.create must be called with at least one recipient; got an empty list. To look recipients up later, pass a function.',
  )
}

// A client is a function, too.
function isLookUp(source: unknown): source is LookUp<NotificationRecipient> {
  return typeof source === 'function' && !settingsOf(source)
}

function candidateOf(recipient: NotificationRecipient): Candidate {
  return { recipient, keys: keysOf(recipient) }
}

/** The number of recipients that search for an unknown serial at the same time. Each may download its certificates. */
const SEARCHES_AT_ONCE = 16

/** The possible recipients, by the serial or the mchid of a notification. */
class Directory {
  readonly #candidates: readonly Candidate[]
  readonly #byMchid: ReadonlyMap<string | undefined, readonly Candidate[]>
  /** The candidates that knew a serial when it was last looked up. */
  readonly #bySerial: Map<string, readonly Candidate[]>

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates
    this.#bySerial = groupBy(candidates, ({ keys }) => serialsOf(keys.verifier))
    this.#byMchid = groupBy(candidates, ({ keys: { caller } }) => [caller?.option === 'mchid' ? caller.id : undefined])
  }

  get isEmpty(): boolean {
    return this.#candidates.length === 0
  }

  get only(): Candidate | undefined {
    return this.#candidates.length === 1 ? this.#candidates[0] : undefined
  }

  /**
   * The candidates that may know the key of a notification of APIv3, in groups. Later groups take longer to find and
   * are searched only on demand.
   */
  *bySerial(serial: string): Iterable<Iterable<Candidate> | Promise<Iterable<Candidate>>> {
    if (this.only) {
      yield [this.only]
      return
    }
    const name = normalizeSerial(serial)
    const isAble = ({ keys }: Candidate) => keys.verifier && keys.apiv3Key
    const found = new Set(this.#bySerial.get(name)?.filter(isAble))
    yield found
    const able = this.#candidates.filter(isAble)
    const knowing = able.filter(({ keys }) => mayKnow(keys.verifier, serial))
    if (knowing.length > 0) this.#bySerial.set(name, knowing)
    yield knowing.filter(candidate => !found.has(candidate))
    const rest = able.filter(({ keys }) => !mayKnow(keys.verifier, serial))
    while (rest.length > 0) yield this.#search(serial, rest.splice(0, SEARCHES_AT_ONCE))
  }

  async #search(serial: string, candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
    const keys = await Promise.all(candidates.map(({ keys }) => keys.verifier?.encryptionKey?.(serial)))
    return candidates.filter((_, index) => keys[index])
  }

  /**
   * The candidates with the mchid of a notification of APIv2, or else those without a known mchid; and all others. A
   * notification without an mchid may be for any candidate.
   */
  byMchid(mchid: string | undefined): { named: readonly Candidate[]; others(): readonly Candidate[] } {
    const isAny = this.only !== undefined || mchid === undefined
    const named = isAny ? this.#candidates : (this.#byMchid.get(mchid) ?? this.#byMchid.get(undefined) ?? [])
    return { named, others: () => this.#candidates.filter(other => !named.includes(other)) }
  }
}

const fingerprints = new WeakMap<KeyObject, string>()

/** Identifies the key with that serial, if it is known without a download. Several recipients may have the same key. */
export function fingerprintUnder(serial: string, verifier: Verifier): string | undefined {
  const key = verifier instanceof PlatformKeyRing ? verifier.known(serial)?.key : undefined
  if (!key) return undefined
  const fingerprint = fingerprints.get(key) ?? key.export({ type: 'spki', format: 'der' }).toString('base64')
  fingerprints.set(key, fingerprint)
  return fingerprint
}

// The serials that a custom verifier knows cannot be listed.
function mayKnow(verifier: Verifier | undefined, serial: string): boolean {
  return !(verifier instanceof PlatformKeyRing) || verifier.known(serial) !== undefined
}

function serialsOf(verifier: Verifier | undefined): readonly string[] {
  return verifier instanceof PlatformKeyRing ? verifier.serials.map(normalizeSerial) : []
}

function groupBy<Item, Key>(items: readonly Item[], keysOf: (item: Item) => readonly Key[]): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    for (const key of keysOf(item)) {
      const group = groups.get(key)
      if (group) group.push(item)
      else groups.set(key, [item])
    }
  }
  return groups
}
