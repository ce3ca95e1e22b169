/** Sends notifications, repeats those that are not acknowledged, and logs them for tests. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { Merchant } from '../keys/merchant.js'
import { isReachable, type OutgoingNotification, Sender } from './sender.js'

export interface SimulatorNotification {
  /** `TRANSACTION.SUCCESS`, for example, or `v2/transaction-success` for an order of APIv2. */
  readonly event_type: string
  readonly notify_url: string
  /** Number of times that it has been sent. */
  readonly attempts: number
  /**
   * `waiting`: to be sent, or to be sent again. `acknowledged`: with status 200 or 204. `abandoned`: not acknowledged
   * after 15 resends. `skipped`: not sent, because `notify_url` is neither on this machine nor on a host of the option
   * `notify`.
   */
  readonly status: 'waiting' | 'acknowledged' | 'abandoned' | 'skipped'
  /** The status of the response to the last attempt; undefined before it, or without a response within 5 seconds. */
  readonly statusCode: number | undefined
}

/** How `deliver` sends notifications. */
export interface DeliverOptions {
  /** Number of copies of each notification, sent at the same time, each with its own signature. Default 1. */
  copies?: number
  /** Sends the due notifications in reverse order. Default false. */
  reversed?: boolean
}

interface LogEntry {
  event_type: string
  notify_url: string
  attempts: number
  status: SimulatorNotification['status']
  statusCode: number | undefined
}

/** A notification that is not yet acknowledged. */
interface Pending {
  readonly entry: LogEntry
  readonly notification: OutgoingNotification
  dueAt: EpochMilliseconds
  /** Number of resends so far. */
  resends: number
}

interface NotificationsOptions {
  /** The machine's time: the timestamps of signatures. */
  clock: () => EpochMilliseconds
  /** Business time: when a notification is due. */
  businessClock: () => EpochMilliseconds
  /** The recipient. */
  merchant: Merchant
  /** The names of the hosts that they may go to beside this machine. */
  hosts: readonly string[]
  /** Whether they are sent automatically in real time, instead of by `deliver`. */
  isAutomatic: boolean
}

/** Number of notifications that are logged: the latest ones. */
const LIMIT = 1000
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
  readonly #waiting = new Set<Pending>()
  readonly #inProgress = new Set<Promise<void>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #isClosed = false

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** The last 1000 notifications, oldest first. */
  get entries(): readonly SimulatorNotification[] {
    return [...this.#entries]
  }

  /** Schedules a notification. Ignores undefined, for an event without one. */
  add(notification: OutgoingNotification | undefined): void {
    if (notification === undefined) return
    const { event_type, notify_url } = notification
    const status = isReachable(notify_url, this.#options.hosts) ? 'waiting' : 'skipped'
    const entry: LogEntry = { event_type, notify_url, attempts: 0, status, statusCode: undefined }
    this.#entries.push(entry)
    if (this.#entries.length > LIMIT) this.#entries.shift()
    if (status === 'waiting') this.#schedule({ entry, notification, dueAt: 0, resends: 0 }, 0)
  }

  /**
   * Sends the due notifications one after the other, and waits for them and for those in progress.
   *
   * @throws InvalidArgumentError (the promise rejects) for an invalid or unknown option.
   */
  async deliver(options: DeliverOptions = {}): Promise<void> {
    const { copies, reversed } = requireValid(options)
    const now = this.#options.businessClock()
    const due = [...this.#waiting].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.dueAt - other.dueAt)
    for (const pending of due) this.#waiting.delete(pending)
    for (const pending of reversed ? due.reverse() : due) await this.#begin(pending, copies)
    await Promise.all(this.#inProgress)
  }

  /** Aborts the notifications in progress, and sends no more. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#sender.close()
  }

  #schedule(pending: Pending, wait: number): void {
    if (this.#isClosed) return
    pending.dueAt = this.#options.businessClock() + wait
    this.#waiting.add(pending)
    if (!this.#options.isAutomatic) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#waiting.delete(pending)) void this.#begin(pending, 1)
    }, wait)
    // A resend that is due in hours must not keep the process running.
    timer.unref()
    this.#timers.add(timer)
  }

  #begin(pending: Pending, copies: number): Promise<void> {
    const sending = this.#send(pending, copies).finally(() => this.#inProgress.delete(sending))
    this.#inProgress.add(sending)
    return sending
  }

  async #send(pending: Pending, copies: number): Promise<void> {
    if (this.#isClosed) return
    const { entry, notification } = pending
    const { merchant, clock } = this.#options
    entry.attempts += copies
    const posts = Array.from({ length: copies }, () =>
      this.#sender.post(entry.notify_url, notification.mint(merchant, clock())),
    )
    const codes = await Promise.all(posts)
    const acknowledgement = codes.find(code => code === 200 || code === 204)
    entry.statusCode = acknowledgement ?? codes.at(-1)
    const wait = RESENDS[pending.resends]
    pending.resends += 1
    if (acknowledgement !== undefined) entry.status = 'acknowledged'
    else if (wait === undefined) entry.status = 'abandoned'
    else this.#schedule(pending, wait)
  }
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
