/** Sends notifications, repeats those that are not acknowledged, and logs each attempt for tests. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { Callers } from '../keys/callers.js'
import type { Merchant } from '../keys/merchant.js'
import type {
  DeliverOptions,
  NotificationAttempt,
  NotificationProgress,
  NotificationsSnapshot,
  SimulatorNotification,
} from './log.js'
import { mintFor, type OutgoingNotification, recipientOf, withEventId } from './outgoing.js'
import { isReachable, type NotificationResponse, Sender } from './sender.js'

interface LogEntry extends SimulatorNotification {
  attempts: number
  readonly history: NotificationAttempt[]
  status: SimulatorNotification['status']
  statusCode: number | undefined
  dueAt: EpochMilliseconds | undefined
}

/** The content of each attempt. */
interface Source {
  readonly entry: LogEntry
  readonly event: OutgoingNotification['event']
  readonly recipient: Merchant
}

/** A notification that is not yet acknowledged. */
interface Pending extends Source {
  dueAt: EpochMilliseconds
  /** Number of resends so far. */
  resends: number
}

interface NotificationsOptions {
  /** The machine's time: the timestamps of signatures. */
  clock: () => EpochMilliseconds
  /** Business time: when a notification is due. */
  businessClock: () => EpochMilliseconds
  /** The recipients. */
  callers: Callers
  /** The hosts besides this machine that they may be sent to. */
  hosts: readonly string[]
  /** Whether they are sent automatically in real time, instead of by `deliver`. */
  isAutomatic: boolean
  /** Called after each change of a notification. */
  onChange?: () => void
  /** Called after each attempt. */
  onProgress?: (progress: NotificationProgress) => void
}

/** Number of notifications that are logged: the latest ones. */
const LIMIT = 1000
/** Number of attempts of a notification that are logged. */
const HISTORY_LIMIT = 50
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Milliseconds from each unacknowledged attempt to the next. */
const RESENDS = [
  ...[15, 15, 30].map(seconds => seconds * SECOND),
  ...[3, 10, 20, 30, 30, 30, 60].map(minutes => minutes * MINUTE),
  ...[3, 3, 3, 6, 6].map(hours => hours * HOUR),
]

export class Notifications {
  readonly #options: NotificationsOptions
  readonly #sender = new Sender()
  readonly #entries: LogEntry[] = []
  readonly #sources = new WeakMap<LogEntry, Source>()
  /** The notifications whose attempt is in progress. */
  readonly #sending = new Set<Pending>()
  readonly #waiting = new Set<Pending>()
  readonly #inProgress = new Set<Promise<void>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #isHeld = false
  /** Number of calls of `catchUp` in progress. */
  #catchingUp = 0
  #isClosed = false
  #count = 0

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** The last 1000 notifications, oldest first. */
  get entries(): readonly SimulatorNotification[] {
    return [...this.#entries]
  }

  /** Whether notifications wait for `deliver` or `release`. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Schedules a notification. Ignores undefined, for an event without one. */
  add(notification: OutgoingNotification | undefined): void {
    if (notification === undefined) return
    const pending = this.#log(notification)
    if (pending.entry.status === 'waiting') this.#schedule(pending, this.#options.businessClock(), 0)
  }

  /** Sends a notification at once, and returns it after the first attempt. It is repeated like every other. */
  async send(notification: OutgoingNotification): Promise<SimulatorNotification> {
    const pending = this.#log(notification)
    await this.#begin(pending, 1)
    return pending.entry
  }

  /**
   * Sends a notification once more, in any state.
   *
   * @throws InvalidArgumentError (the promise rejects) for an unknown `id`, and for a notification that must not be sent.
   */
  async replay(id: number): Promise<SimulatorNotification> {
    const entry = this.#entries.find(known => known.id === id)
    const source = entry && this.#sources.get(entry)
    if (!entry || !source) refuse('id', 'the `id` of one of the last 1000 notifications', id)
    this.#requireReachable(entry.notify_url, 'notify_url')
    const [response] = await this.#post(source, 1)
    if (isAcknowledgement(response)) this.#settle(entry)
    this.#report(entry, 1, [...this.#waiting].find(pending => pending.entry === entry)?.resends)
    return entry
  }

  /** @throws InvalidArgumentError for a URL that notifications must not be sent to. */
  requireAllowed(url: string): void {
    this.#requireReachable(url, 'to')
  }

  /** A snapshot does not count an attempt in progress: it is made after the snapshot is restored. */
  snapshot(): NotificationsSnapshot {
    const pending = new Map([...this.#waiting, ...this.#sending].map(one => [one.entry, one]))
    // A notification that is still to be sent may no longer be in the log.
    const all = [...new Set([...pending.keys(), ...this.#entries])].sort((one, other) => one.id - other.id)
    const entries = all.flatMap(entry => {
      const source = this.#sources.get(entry)
      if (!source) return []
      const history = entry.history.filter(({ response, error }) => response !== undefined || error !== undefined)
      const attempts = entry.attempts - (entry.history.length - history.length)
      const { dueAt, resends } = pending.get(entry) ?? {}
      return {
        entry: { ...entry, attempts, history },
        event: source.event,
        ...(dueAt !== undefined && resends !== undefined && { pending: { dueAt, resends } }),
      }
    })
    return { count: this.#count, entries }
  }

  /** Replaces everything with a snapshot. */
  restoreAll({ count, entries }: NotificationsSnapshot): void {
    this.#count = count
    this.#entries.length = 0
    this.#waiting.clear()
    for (const { entry: saved, event, pending } of entries) {
      const { statusCode, dueAt = pending?.dueAt, history } = saved
      const entry: LogEntry = { ...saved, statusCode, dueAt, history: [...history] }
      const source: Source = { entry, event, recipient: this.#options.callers.recipient(saved.mchid) }
      this.#entries.push(entry)
      this.#sources.set(entry, source)
      if (pending) this.#waiting.add({ ...source, ...pending })
    }
    this.#entries.splice(0, this.#entries.length - LIMIT)
  }

  /** Restores the state of a notification. */
  restore({ id, resends, ...progress }: NotificationProgress): void {
    const logged = [...this.#entries, ...[...this.#waiting].map(({ entry }) => entry)]
    const entry = logged.find(known => known.id === id)
    if (!entry) return
    const { history, ...rest } = progress
    Object.assign(entry, { statusCode: undefined, dueAt: undefined }, rest)
    entry.history.push(...history)
    for (const pending of this.#waiting) {
      if (pending.entry !== entry) continue
      if (rest.dueAt === undefined) this.#waiting.delete(pending)
      else Object.assign(pending, { resends, dueAt: rest.dueAt })
    }
  }

  /** From now on, notifications wait for `deliver` or `release`. */
  hold(): void {
    this.#isHeld = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  /** Ends `hold`: those that are due are sent. */
  release(): void {
    this.#isHeld = false
    const now = this.#options.businessClock()
    for (const pending of this.#waiting) this.#arm(pending, Math.max(0, pending.dueAt - now))
  }

  /**
   * Sends the due notifications one after the other, and waits for them and for those in progress.
   *
   * @throws InvalidArgumentError (the promise rejects) for an invalid or unknown option.
   */
  async deliver(options: DeliverOptions = {}): Promise<void> {
    const { copies, reversed } = requireValid(options)
    const due = this.#due()
    for (const pending of due) this.#waiting.delete(pending)
    for (const pending of reversed ? due.reverse() : due) await this.#begin(pending, copies)
    await Promise.all(this.#inProgress)
  }

  /**
   * After business time has moved: sends the due notifications, and those that become due as a result, with as many
   * attempts as in real time. Does nothing while they are held, or with the option `clock`.
   */
  async catchUp(): Promise<void> {
    if (!this.#options.isAutomatic || this.#isHeld) return
    this.#catchingUp += 1
    try {
      for (let [next] = this.#due(); next && !this.#isClosed; [next] = this.#due()) {
        this.#waiting.delete(next)
        await this.#begin(next, 1, next.dueAt)
      }
    } finally {
      this.#catchingUp -= 1
    }
    for (const pending of this.#waiting) this.#arm(pending, pending.dueAt - this.#options.businessClock())
  }

  /** Aborts the notifications in progress, and sends no more. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#sender.close()
  }

  #log(notification: OutgoingNotification): Pending {
    this.#count += 1
    const { callers, hosts } = this.#options
    const { notify_url, event } = notification
    const recipient = recipientOf(notification, callers)
    const { event_type, resource } = event
    const entry: LogEntry = {
      id: this.#count,
      event_type,
      notify_url,
      mchid: recipient.mchid,
      resource,
      attempts: 0,
      history: [],
      status: isReachable(notify_url, hosts) ? 'waiting' : 'skipped',
      statusCode: undefined,
      dueAt: undefined,
    }
    this.#entries.push(entry)
    if (this.#entries.length > LIMIT) this.#entries.shift()
    const identified = withEventId(event, `${recipient.apiv3Key} ${this.#count} ${JSON.stringify(event)}`)
    const source: Source = { entry, event: identified, recipient }
    this.#sources.set(entry, source)
    this.#changed()
    return { ...source, dueAt: this.#options.businessClock(), resends: 0 }
  }

  #due(): Pending[] {
    const now = this.#options.businessClock()
    return [...this.#waiting].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.dueAt - other.dueAt)
  }

  /** `from` is in business time, `wait` in milliseconds. */
  #schedule(pending: Pending, from: EpochMilliseconds, wait: number): void {
    if (this.#isClosed) return
    pending.dueAt = from + wait
    pending.entry.dueAt = pending.dueAt
    this.#waiting.add(pending)
    this.#arm(pending, pending.dueAt - this.#options.businessClock())
  }

  #arm(pending: Pending, wait: number): void {
    // A timer would send what is already due a second way, and count its next resend from now.
    if (!this.#options.isAutomatic || this.#isHeld || this.#isClosed || this.#catchingUp > 0) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#waiting.delete(pending)) void this.#begin(pending, 1)
    }, wait)
    // A resend that is due in hours must not keep the process running.
    timer.unref()
    this.#timers.add(timer)
  }

  #begin(pending: Pending, copies: number, from?: EpochMilliseconds): Promise<void> {
    this.#sending.add(pending)
    const sending = this.#send(pending, copies, from).finally(() => {
      this.#sending.delete(pending)
      this.#inProgress.delete(sending)
    })
    this.#inProgress.add(sending)
    return sending
  }

  /** `from` is the time that the next resend is counted from. Default: after this attempt. */
  async #send(pending: Pending, copies: number, from?: EpochMilliseconds): Promise<void> {
    if (this.#isClosed) return
    const { entry } = pending
    entry.dueAt = undefined
    const responses = await this.#post(pending, copies, from)
    const wait = RESENDS[pending.resends]
    pending.resends += 1
    if (responses.some(isAcknowledgement)) this.#settle(entry)
    else if (wait === undefined) entry.status = 'abandoned'
    else this.#schedule(pending, from ?? this.#options.businessClock(), wait)
    this.#report(entry, copies, pending.resends)
    this.#changed()
  }

  async #post(
    { entry, event, recipient }: Source,
    copies: number,
    time = this.#options.businessClock(),
  ): Promise<readonly (NotificationResponse | undefined)[]> {
    const { clock } = this.#options
    entry.attempts += copies
    const posts = Array.from({ length: copies }, async () => {
      const request = mintFor(recipient, event, clock())
      const attempt: NotificationAttempt = { time, request, response: undefined, error: undefined }
      entry.history.push(attempt)
      if (entry.history.length > HISTORY_LIMIT) entry.history.shift()
      try {
        attempt.response = await this.#sender.post(entry.notify_url, request)
      } catch (error) {
        attempt.error = error instanceof Error ? error.message : String(error)
      }
      return attempt.response
    })
    this.#changed()
    const responses = await Promise.all(posts)
    entry.statusCode = (responses.find(isAcknowledgement) ?? responses.at(-1))?.statusCode
    this.#changed()
    return responses
  }

  /** It is acknowledged, and needs no resend. */
  #settle(entry: LogEntry): void {
    entry.status = 'acknowledged'
    entry.dueAt = undefined
    for (const pending of this.#waiting) if (pending.entry === entry) this.#waiting.delete(pending)
    this.#changed()
  }

  #requireReachable(url: string, option: string): void {
    if (isReachable(url, this.#options.hosts)) return
    refuse(option, 'an http or https URL of this machine, or of a host of the option `notify`', JSON.stringify(url))
  }

  #report({ id, attempts, history, status, statusCode, dueAt }: LogEntry, count: number, resends = 0): void {
    if (this.#isClosed) return
    this.#options.onProgress?.({ id, attempts, history: history.slice(-count), status, statusCode, dueAt, resends })
  }

  #changed(): void {
    this.#options.onChange?.()
  }
}

function isAcknowledgement(response: NotificationResponse | undefined): boolean {
  return response?.statusCode === 200 || response?.statusCode === 204
}

function requireValid({ copies = 1, reversed = false, ...unknown }: DeliverOptions): Required<DeliverOptions> {
  refuseUnknownOptions(unknown, ['copies', 'reversed'], 'deliver')
  if (!Number.isSafeInteger(copies) || copies < 1) refuse('copies', 'a positive integer', copies)
  if (typeof reversed !== 'boolean') refuse('reversed', 'true or false', reversed)
  return { copies, reversed }
}

function refuse(option: string, expected: string, found: unknown): never {
  throw new InvalidArgumentError(`\`${option}\` must be ${expected}; got ${String(found)}.`)
}
