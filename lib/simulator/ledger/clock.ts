/** Business time: when orders expire, refunds settle and bills close. The time of signatures is the machine's own. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'

/** A span of time. Its parts add up. */
export interface Span {
  days?: number
  hours?: number
  minutes?: number
  seconds?: number
}

/** Milliseconds. */
const UNITS: Readonly<Record<keyof Span, number>> = {
  days: 24 * 60 * 60 * 1000,
  hours: 60 * 60 * 1000,
  minutes: 60 * 1000,
  seconds: 1000,
}

export class BusinessClock {
  readonly #machine: () => EpochMilliseconds
  /** Milliseconds by which business time is ahead of the machine's. */
  ahead = 0

  /** `machine` returns the machine's time. */
  constructor(machine: () => EpochMilliseconds) {
    this.#machine = machine
  }

  readonly now = (): EpochMilliseconds => this.#machine() + this.ahead

  /** @throws InvalidArgumentError for an unknown or negative part. */
  advance(span: Span): void {
    const { days = 0, hours = 0, minutes = 0, seconds = 0, ...unknown } = span
    refuseUnknownOptions(unknown, ['days', 'hours', 'minutes', 'seconds'], 'advance')
    const parts = Object.entries({ days, hours, minutes, seconds } satisfies Required<Span>)
    for (const [option, value] of parts) {
      if (Number.isFinite(value) && value >= 0) continue
      throw new InvalidArgumentError(`\`${option}\` must be a number of at least 0; got ${String(value)}.`)
    }
    this.ahead += days * UNITS.days + hours * UNITS.hours + minutes * UNITS.minutes + seconds * UNITS.seconds
  }
}
