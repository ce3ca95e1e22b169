/** Times in WeChat Pay's format: RFC 3339, to the second, in Beijing's UTC+8. */

const OFFSET = 8 * 60 * 60 * 1000

/** `milliseconds` since 1970 as `2018-06-08T10:34:56+08:00`. */
export function beijingTime(milliseconds: number): string {
  return `${new Date(milliseconds + OFFSET).toISOString().slice(0, 19)}+08:00`
}

/** The digits of the same date and time, `20180608103456`: many of WeChat Pay's numbers begin with them. */
export function beijingDigits(milliseconds: number): string {
  return beijingTime(milliseconds).slice(0, 19).replace(/\D/g, '')
}
