/** When a coupon can be used: within the period of its stock, and for some days after it was received. */
import { beijingTime, type EpochMilliseconds } from '../../util/beijing-time.js'
import { DAY } from './product.js'

export interface Period {
  begin: EpochMilliseconds
  end: EpochMilliseconds
}

/** RFC 3339. Without times, it has no end. */
export function periodOf({
  available_begin_time = '1970-01-01',
  available_end_time = '9999-12-31',
}: {
  available_begin_time?: string | undefined
  available_end_time?: string | undefined
} = {}): Period {
  return { begin: Date.parse(available_begin_time), end: Date.parse(available_end_time) }
}

/** Valid for `days` days, beginning `wait` days after it was received: whole days in Beijing. */
export function validityOf(
  created: EpochMilliseconds,
  period: Period,
  { days, wait }: { days?: number | undefined; wait?: number | undefined },
): Period {
  const begin = Math.max(period.begin, wait ? midnightAfter(created, wait) : created)
  return { begin, end: days ? Math.min(period.end, midnightAfter(begin, days)) : period.end }
}

export function isSameDay(one: EpochMilliseconds, other: EpochMilliseconds): boolean {
  return beijingTime(one).slice(0, 10) === beijingTime(other).slice(0, 10)
}

/** Midnight in Beijing, `days` days after the day of a time. */
export function midnightAfter(time: EpochMilliseconds, days: number): EpochMilliseconds {
  return Date.parse(`${beijingTime(time + days * DAY).slice(0, 10)}T00:00:00+08:00`)
}
