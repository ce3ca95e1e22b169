/** The book of one simulator: its tables of plain rows, its scheduled tasks, and its notifications. */
import { ApiError, InvalidArgumentError } from '../../errors.js'
import type { MintedXmlEvent } from '../../notification/mint.js'
import { beijingDigits, type EpochMilliseconds } from '../../util/beijing-time.js'
import { Acts } from './acts.js'
import type { BusinessClock } from './clock.js'
import { Entries } from './entries.js'

/** A notification of APIv3, or of APIv2 with the content of its XML. */
export type Notice = (V3Notice | V2Notice) & {
  /** The merchant or the brand that it is for, if the content does not name it. */
  readonly recipient?: string
}

interface V3Notice {
  readonly event_type: string
  readonly notify_url: string
  readonly summary: string
  readonly resource: object
}

interface V2Notice {
  readonly event_type: MintedXmlEvent['event_type']
  readonly notify_url: string
  readonly resource: MintedXmlEvent['resource']
}

/** What the ledger does when a test triggers the notification of an event. */
export interface Beginning {
  /** The URL that the merchant has set for such notifications; undefined if it has set none. */
  url(mchid: string): string | undefined
  /** Creates what the event is about, and returns the known fields of the content. */
  begin(mchid: string, given: Readonly<Record<string, unknown>>, now: EpochMilliseconds): Record<string, unknown>
}

/** A scheduled task. */
interface Task {
  readonly at: EpochMilliseconds
  readonly name: string
  /** The key of its row. */
  readonly key: string
}

/** A table that lists and restores itself as plain rows. */
interface Kept {
  list(): readonly (readonly [key: string, row: unknown])[]
  restore(rows: readonly (readonly [key: string, row: unknown])[]): void
}

/** The content of the book as JSON. */
export interface Snapshot {
  readonly format: 1
  /** Milliseconds by which business time is ahead of the machine's. */
  readonly ahead: number
  readonly count: number
  readonly tasks: readonly Task[]
  readonly tables: Readonly<Record<string, readonly (readonly [key: string, row: unknown])[]>>
}

export class Book {
  readonly clock: BusinessClock
  /** The acts from outside: each product adds its own. */
  readonly acts = new Acts()
  /** By event type. */
  readonly beginnings = new Map<string, Beginning>()
  /** The entries of all products: each product adds its own. */
  readonly entries = new Entries()
  readonly #tables = new Map<string, Kept>()
  readonly #handlers = new Map<string, (key: string, at: EpochMilliseconds) => void>()
  #tasks: Task[] = []
  #next = Number.POSITIVE_INFINITY
  #count = 0
  #isTouched = false
  #notify: (notice: Notice) => void = () => {}
  #wake: (at: EpochMilliseconds) => void = () => {}

  constructor(clock: BusinessClock) {
    this.clock = clock
  }

  /** Notes that a read-only request has changed something, so that the journal must keep it. */
  touch(): void {
    this.#isTouched = true
  }

  /** Whether something has been touched since the last call. */
  takeTouched(): boolean {
    const was = this.#isTouched
    this.#isTouched = false
    return was
  }

  /** `notify` is called with every notification, `wake` with the next time at which `run` must be called. */
  listen(notify: (notice: Notice) => void, wake: (at: EpochMilliseconds) => void): void {
    this.#notify = notify
    this.#wake = wake
  }

  /** A table that is part of the snapshot. `restored` is called after its rows have been replaced. */
  table<Row extends object>(name: string, restored: () => void = () => {}): Map<string, Row> {
    const rows = new Map<string, Row>()
    this.#tables.set(name, {
      list: () => [...rows],
      restore(saved) {
        rows.clear()
        // The snapshot holds the rows of this table.
        for (const [key, row] of saved) rows.set(key, row as Row)
        restored()
      },
    })
    return rows
  }

  /** A number of WeChat Pay: the prefix, the time, and `digits` digits of a running number. */
  number(prefix: string, now: EpochMilliseconds, digits: number): string {
    this.#count += 1
    return prefix + beijingDigits(now) + String(this.#count).padStart(digits, '0')
  }

  /** A number without the time. */
  shortNumber(prefix: string, digits: number): string {
    this.#count += 1
    return prefix + String(this.#count).padStart(digits, '0')
  }

  announce(notice: Notice): void {
    this.#notify(notice)
  }

  /** Defines the function of a task. */
  on(name: string, handle: (key: string, at: EpochMilliseconds) => void): void {
    this.#handlers.set(name, handle)
  }

  /** Schedules a task. When it runs, it must check whether it still applies. */
  later(at: EpochMilliseconds, name: string, key: string): void {
    this.#tasks.push({ at, name, key })
    if (at >= this.#next) return
    this.#next = at
    this.#wake(at)
  }

  /** Runs all due tasks in their order, and returns business time. */
  readonly run = (): EpochMilliseconds => {
    const now = this.clock.now()
    const before = this.#next
    while (this.#next <= now) {
      const due = this.#tasks.filter(({ at }) => at <= now).sort((one, other) => one.at - other.at)
      this.#tasks = this.#tasks.filter(({ at }) => at > now)
      this.#next = this.#tasks.reduce((next, { at }) => Math.min(next, at), Number.POSITIVE_INFINITY)
      for (const task of due) this.#happen(task)
    }
    if (this.#next !== before && this.#next < Number.POSITIVE_INFINITY) this.#wake(this.#next)
    return now
  }

  // A task that fails, such as a deduction from a payer who has too little money, must not stop the others.
  #happen({ name, key, at }: Task): void {
    try {
      this.#handlers.get(name)?.(key, at)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  }

  /** A copy of the content, which later changes do not touch. */
  snapshot(): Snapshot {
    return structuredClone(this.content())
  }

  /** The same without a copy, for a caller that serializes it at once. */
  content(): Snapshot {
    const tables = Object.fromEntries([...this.#tables].map(([name, table]) => [name, table.list()]))
    const { ahead } = this.clock
    return { format: 1, ahead, count: this.#count, tasks: this.#tasks, tables }
  }

  /** Replaces everything with a snapshot. @throws InvalidArgumentError for a snapshot of a different format. */
  restore(snapshot: Snapshot): void {
    if (snapshot.format !== 1) {
      throw new InvalidArgumentError(
        '`state` must be a snapshot of this version; got a different one. Start without it.',
      )
    }
    const { ahead, count, tasks, tables } = structuredClone(snapshot)
    this.clock.ahead = ahead
    this.#count = count
    this.#tasks = []
    this.#next = Number.POSITIVE_INFINITY
    for (const [name, table] of this.#tables) table.restore(tables[name] ?? [])
    for (const { at, name, key } of tasks) this.later(at, name, key)
  }
}
