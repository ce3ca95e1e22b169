/** Times, and WeChat Pay's format for them: RFC 3339, to the second, in Beijing's UTC+8. */
/** A time as `Date.now()` returns it: milliseconds since 1970. */
export type EpochMilliseconds = number

const OFFSET = 8 * 60 * 60 * 1000

/** `2018-06-08T10:34:56+08:00` */
export function beijingTime(time: EpochMilliseconds): string {
  return `${new Date(time + OFFSET).toISOString().slice(0, 19)}+08:00`
}

/** The digits of the same date and time, `20180608103456`: many of WeChat Pay's numbers begin with them. */
export function beijingDigits(time: EpochMilliseconds): string {
  return beijingTime(time).slice(0, 19).replace(/\D/g, '')
}
