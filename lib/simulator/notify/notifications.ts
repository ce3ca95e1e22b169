/** Notifications on their way to `notify_url`: sent, acknowledged or sent again, and kept so that tests can look at them. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { Merchant } from '../keys/merchant.js'
import { type Announcement, isLoopback, Sender } from './sender.js'

export interface SimulatorNotification {
  readonly event_type: string
  readonly notify_url: string
  /** How often it has been sent. */
  readonly attempts: number
  /**
   * `waiting` to be sent, or sent again; `acknowledged` with 200 or 204; `abandoned` when the last of the 15 resends was
   * not; `skipped` because `notify_url` is not on this machine, and nothing is sent to another.
   */
  readonly status: 'waiting' | 'acknowledged' | 'abandoned' | 'skipped'
  /** The answer to the last attempt; undefined before that, and when none came within 5 seconds. */
  readonly statusCode: number | undefined
}

/** How notifications arrive. */
export interface DeliverOptions {
  /** How often each of them arrives, at the same time. Default 1. */
  copies?: number
  /** Whether those that are due arrive in the opposite order of that in which they fell due. Default false. */
  reversed?: boolean
}

interface Notification {
  event_type: string
  notify_url: string
  attempts: number
  status: SimulatorNotification['status']
  statusCode: number | undefined
}

/** One that is not acknowledged yet. */
interface Pending {
  readonly entry: Notification
  readonly announcement: Announcement
  /** Milliseconds since 1970. */
  dueAt: number
  /** How often it has been sent again. */
  resends: number
}

interface NotificationsOptions {
  /** Milliseconds since 1970. */
  clock: () => number
  /** To whom they are sent. */
  merchant: Merchant
  /** Whether they leave by themselves, in real time, rather than when `deliver` is called. */
  isAutomatic: boolean
}

const LIMIT = 1000
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** How long after each attempt that was not acknowledged the next one follows. */
const RESENDS = [
  ...[15, 15, 30].map(seconds => seconds * SECOND),
  ...[3, 10, 20, 30, 30, 30, 60].map(minutes => minutes * MINUTE),
  ...[3, 3, 3, 6, 6].map(hours => hours * HOUR),
]

export class Notifications {
  readonly #options: NotificationsOptions
  readonly #sender = new Sender()
  readonly #entries: Notification[] = []
  readonly #waiting = new Set<Pending>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #isClosed = false

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** The last 1000, the oldest first. */
  get entries(): readonly SimulatorNotification[] {
    return [...this.#entries]
  }

  /** Undefined is nothing to tell. */
  add(announcement: Announcement | undefined): void {
    if (announcement === undefined) return
    const { event_type, notify_url } = announcement
    const status = isLoopback(notify_url) ? 'waiting' : 'skipped'
    const entry: Notification = { event_type, notify_url, attempts: 0, status, statusCode: undefined }
    this.#entries.push(entry)
    if (this.#entries.length > LIMIT) this.#entries.shift()
    if (status === 'waiting') this.#schedule({ entry, announcement, dueAt: 0, resends: 0 }, 0)
  }

  /**
   * Sends what is due, one after the other, and waits for it and for whatever is under way.
   *
   * @throws InvalidArgumentError (as a rejection) for an option that cannot be right.
   */
  async deliver(options: DeliverOptions = {}): Promise<void> {
    const { copies, reversed } = requireValid(options)
    const now = this.#options.clock()
    const due = [...this.#waiting].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.dueAt - other.dueAt)
    for (const pending of due) this.#waiting.delete(pending)
    for (const pending of reversed ? due.reverse() : due) await this.#begin(pending, copies)
    await Promise.all(this.#underWay)
  }

  /** Cuts what is under way; what waits will not be sent any more. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#sender.close()
  }

  #schedule(pending: Pending, wait: number): void {
    if (this.#isClosed) return
    pending.dueAt = this.#options.clock() + wait
    this.#waiting.add(pending)
    if (!this.#options.isAutomatic) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#waiting.delete(pending)) void this.#begin(pending, 1)
    }, wait)
    // A resend in some hours keeps no process alive.
    timer.unref()
    this.#timers.add(timer)
  }

  #begin(pending: Pending, copies: number): Promise<void> {
    const sending = this.#send(pending, copies).finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
    return sending
  }

  async #send(pending: Pending, copies: number): Promise<void> {
    if (this.#isClosed) return
    const { entry, announcement } = pending
    const { merchant, clock } = this.#options
    entry.attempts += copies
    const posts = Array.from({ length: copies }, () =>
      this.#sender.post(entry.notify_url, announcement.mint(merchant, clock())),
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
  if (!Number.isSafeInteger(copies) || copies < 1) refuse('copies', copies, 'a whole number from 1')
  if (typeof reversed !== 'boolean') refuse('reversed', reversed, 'true or false')
  return { copies, reversed }
}

function refuse(option: string, found: unknown, expected: string): never {
  throw new InvalidArgumentError(`deliver: \`${option}\` is ${String(found)}; expected ${expected}.`)
}
