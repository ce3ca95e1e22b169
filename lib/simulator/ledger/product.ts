/**
 * A product as a table of states: the transitions, the states that end by themselves, and the effects. Its rows are
 * found by the merchant's own number, and each number is used once.
 */
import { type ApiError, InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { ACTS, type Act } from './acts.js'
import type { Book } from './book.js'
import { amountOf, type Entry, type PossibleAct, type Step, titleOf } from './entries.js'
import { problem } from './problem.js'
import { isSame } from './same.js'

export const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** State × event → state. An event that a state does not allow is refused. */
export type Moves<State extends string, Event extends string> = Readonly<
  Record<State, Partial<Readonly<Record<Event, State>>>>
>

export interface Row<State extends string, Request> {
  readonly mchid: string
  /** The merchant's number. */
  readonly no: string
  /** WeChat Pay's number. */
  readonly id: string
  readonly request: Request
  readonly created: EpochMilliseconds
  updated: EpochMilliseconds
  state: State
  /** The reason for the failure. */
  reason?: string | undefined
  /** Its states, oldest first. */
  readonly history: Step[]
}

/** The events that an act from outside triggers. */
export interface Ending<Event extends string> {
  readonly succeed: Event
  /** One event for any reason, or an event for each reason. Without it, the act cannot fail. */
  readonly fail?: Event | Readonly<Record<string, Event>>
  /** The documented reasons, if any reason is accepted. */
  readonly reasons?: readonly string[]
}

/** When a state ends by itself: milliseconds after its begin, or at a time from the row. */
type Due<Line> = { readonly after: number } | { readonly at: (row: Line) => EpochMilliseconds }

export interface Definition<State extends string, Event extends string, Request, Line extends Row<State, Request>> {
  readonly first: State
  readonly moves: Moves<State, Event>
  /** The states that end by themselves. */
  readonly ends?: Partial<Readonly<Record<State, Due<Line> & { by: Event; reason?: string }>>>
  /** The acts from outside. */
  readonly acts?: Partial<Readonly<Record<Act, Ending<Event>>>>
  /** A second merchant number by which acts find it. */
  readonly alias?: (row: Line) => string
  /** The values by which `grouped` finds it, such as its payer. The value of a row must never change. */
  readonly groups?: Readonly<Record<string, (row: Line) => string>>
  /** Makes WeChat Pay's number for it. */
  readonly id: { prefix: string; digits: number }
  readonly unknown: () => ApiError
  /** The error when a different request has used the merchant's number. */
  readonly reused: () => ApiError
  readonly refused: (row: Line) => ApiError
  /** The effects of a transition: money moves, a notification is due. */
  readonly happened?: (row: Line, event: Event) => void
}

export class Product<State extends string, Event extends string, Request extends object> {
  readonly #book: Book
  readonly #name: string
  readonly #definition: Definition<State, Event, Request, Row<State, Request>>
  readonly #rows: Map<string, Row<State, Request>>
  /** The keys of rows by WeChat Pay's number and by the alias. */
  readonly #others = new Map<string, Row<State, Request>>()
  readonly #groups = new Map<string, Row<State, Request>[]>()

  constructor(book: Book, name: string, definition: Definition<State, Event, Request, Row<State, Request>>) {
    this.#book = book
    this.#name = name
    this.#definition = definition
    this.#rows = book.table(name, () => {
      this.#others.clear()
      this.#groups.clear()
      for (const row of this.#rows.values()) this.#index(row)
    })
    book.on(name, (key, at) => this.#end(key, at))
    book.entries.add(() => this.all().map(row => this.#entryOf(row)))
    for (const act of ACTS) {
      const ending = definition.acts?.[act]
      if (ending) this.#offer(act, ending)
    }
  }

  /**
   * Repeating the same request returns the same row. `paying` is called before a new row is written, and may refuse it.
   *
   * @throws ApiError when a request reuses the number with different fields.
   */
  place(
    mchid: string,
    no: string,
    request: Request,
    now: EpochMilliseconds,
    paying: (id: string) => void = () => {},
  ): Row<State, Request> {
    const { first, id, reused } = this.#definition
    const key = keyOf(mchid, no)
    const known = this.#rows.get(key)
    if (known) {
      if (isSame(known.request, request)) return known
      throw reused()
    }
    const row = { mchid, no, id: this.#book.number(id.prefix, now, id.digits), request, created: now, updated: now }
    paying(row.id)
    const placed: Row<State, Request> = { ...row, state: first, history: [{ at: now, state: first }] }
    this.#rows.set(key, placed)
    this.#index(placed)
    this.#schedule(placed)
    return placed
  }

  /** Finds a row by either number. */
  seek(mchid: string, number: string): Row<State, Request> | undefined {
    const key = keyOf(mchid, number)
    return this.#rows.get(key) ?? this.#others.get(key)
  }

  /** Finds a row by either number. @throws ApiError for an unknown one. */
  find(mchid: string, number: string): Row<State, Request> {
    const row = this.seek(mchid, number)
    if (row === undefined) throw this.#definition.unknown()
    return row
  }

  /** The rows of all merchants. */
  all(): Row<State, Request>[] {
    return [...this.#rows.values()]
  }

  /** The rows of one merchant, oldest first. */
  of(mchid: string): Row<State, Request>[] {
    return [...this.#rows.values()].filter(row => row.mchid === mchid)
  }

  /** The rows of all merchants with this value of one of `groups`, oldest first. */
  grouped(by: string, value: string): readonly Row<State, Request>[] {
    return this.#groups.get(keyOf(by, value)) ?? []
  }

  /** Whether the state of the row allows the event. */
  can(row: Row<State, Request>, event: Event): boolean {
    return this.#definition.moves[row.state][event] !== undefined
  }

  /** @throws ApiError for an event that the state does not allow. */
  move(row: Row<State, Request>, event: Event, now: EpochMilliseconds, reason?: string): Row<State, Request> {
    const state = this.#definition.moves[row.state][event]
    if (state === undefined) throw this.#definition.refused(row)
    row.state = state
    row.updated = now
    if (reason !== undefined) row.reason = reason
    this.#schedule(row)
    const steps = row.history.push({ at: now, state, event, ...(reason !== undefined && { reason }) })
    this.#definition.happened?.(row, event)
    // The row may have ended differently meanwhile.
    if (row.state !== state && row.history.length === steps) {
      row.history[steps - 1] = {
        at: now,
        state: row.state,
        event,
        ...(row.reason !== undefined && { reason: row.reason }),
      }
    }
    return row
  }

  #index(row: Row<State, Request>): void {
    this.#others.set(keyOf(row.mchid, row.id), row)
    const alias = this.#definition.alias?.(row)
    if (alias !== undefined) this.#others.set(keyOf(row.mchid, alias), row)
    for (const [by, read] of Object.entries(this.#definition.groups ?? {})) {
      const key = keyOf(by, read(row))
      const group = this.#groups.get(key)
      if (group) group.push(row)
      else this.#groups.set(key, [row])
    }
  }

  #offer(act: Act, ending: Ending<Event>): void {
    this.#book.acts.add(act, {
      ready: (mchid, number, { fail }) => {
        const row = this.seek(mchid, number)
        const event = row && findEvent(ending, fail)
        return row && event !== undefined && this.can(row, event)
      },
      run: (mchid, number, { fail }, now) => {
        const row = this.find(mchid, number)
        const event = eventOf(act, ending, fail)
        // An act that has already happened changes nothing.
        if (!this.#leadsTo(event, row.state)) this.move(row, event, now, fail)
      },
    })
  }

  #entryOf(row: Row<State, Request>): Entry {
    const { mchid, no, id, state, created, updated, history, request } = row
    const end = this.#definition.ends?.[state]
    return {
      kind: this.#name,
      mchid,
      number: no,
      id,
      state,
      reason: history.at(-1)?.reason,
      title: titleOf(request),
      amount: amountOf(request),
      created,
      updated,
      events: Object.keys(this.#definition.moves[state]),
      acts: this.#possibleActs(row),
      due: end && { at: dueOf(end, row), event: end.by },
      history,
    }
  }

  #possibleActs(row: Row<State, Request>): PossibleAct[] {
    return ACTS.flatMap(act => {
      const ending = this.#definition.acts?.[act]
      if (!ending) return []
      const { succeed, fail, reasons = [] } = ending
      const isListed = typeof fail === 'object'
      const possible = isListed ? Object.keys(fail).filter(reason => this.can(row, fail[reason] ?? succeed)) : reasons
      const canFail = isListed ? possible.length > 0 : fail !== undefined && this.can(row, fail)
      // A user who has confirmed may revoke it.
      if (!canFail && !this.can(row, succeed)) return []
      return { act, fails: canFail ? (isListed ? 'listed' : 'any') : 'never', reasons: canFail ? possible : [] }
    })
  }

  #leadsTo(event: Event, state: State): boolean {
    return Object.values<Partial<Readonly<Record<Event, State>>>>(this.#definition.moves).some(
      moves => moves[event] === state,
    )
  }

  #schedule(row: Row<State, Request>): void {
    const end = this.#definition.ends?.[row.state]
    if (end) this.#book.later(dueOf(end, row), this.#name, keyOf(row.mchid, row.no))
  }

  #end(key: string, at: EpochMilliseconds): void {
    const row = this.#rows.get(key)
    const end = row && this.#definition.ends?.[row.state]
    // The row has changed its state meanwhile.
    if (!end || dueOf(end, row) !== at) return
    this.move(row, end.by, at, end.reason)
  }
}

function dueOf<Line extends Pick<Row<string, unknown>, 'updated'>>(due: Due<Line>, row: Line): EpochMilliseconds {
  return 'at' in due ? due.at(row) : row.updated + due.after
}

/** @throws InvalidArgumentError for a reason that is not possible. */
function eventOf<Event extends string>(act: Act, ending: Ending<Event>, fail?: string): Event {
  const event = findEvent(ending, fail)
  if (event !== undefined) return event
  const { fail: failing } = ending
  const reasons = typeof failing === 'object' ? Object.keys(failing).join(', ') : 'omitted'
  throw new InvalidArgumentError(`\`fail\` must be ${reasons} for this ${act}; got '${fail}'.`)
}

function findEvent<Event extends string>({ succeed, fail: failing }: Ending<Event>, fail?: string): Event | undefined {
  if (fail === undefined) return succeed
  return typeof failing === 'object' ? failing[fail] : failing
}

/** The errors of a product that most documents have in common. */
export function refusals(unknown = 'RESOURCE_NOT_EXISTS', reused = 'INVALID_REQUEST') {
  return {
    unknown: () => problem(404, unknown, '记录不存在'),
    reused: () => problem(400, reused, '商户单号已存在，且请求参数与之前不一致'),
    refused: () => problem(400, 'INVALID_REQUEST', '当前状态不支持该操作'),
  }
}

export function keyOf(mchid: string, number: string): string {
  return `${mchid}/${number}`
}
