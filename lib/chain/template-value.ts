/** One value of a placeholder: checked, cut to its prefix, percent-encoded. */
import { percentEncode } from '../util/percent-encoding.js'
import { kindOf } from '../util/wording.js'

/** Ends the expansion; the reason goes on a sentence that begins with the placeholder. */
export type Refuse = (reason: string) => never

const FORBIDDEN = /[\p{Cc}\p{Cs}\\]/u

// A server may decode before it splits, and some drop what follows a semicolon, so these bound a segment too.
const DOT_SEGMENT = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|;|%2f|%5c|%3b)/i

/** Whether a segment of the path is `.` or `..`, in any encoding: it would make the URL another one. */
export function hasDotSegment(path: string): boolean {
  return DOT_SEGMENT.test(path)
}

/** The text of a string, number, bigint or boolean; whatever else it is, it is refused by its kind, never shown. */
export function textOf(value: unknown, refuse: Refuse): string {
  if (typeof value === 'number') checkNumber(value, refuse)
  else if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'boolean') {
    refuse(`cannot be filled with ${kindOf(value)}: give a string, a number, a bigint or a boolean`)
  }
  const text = String(value)
  if (FORBIDDEN.test(text)) refuse('holds a control character, a backslash or half of a surrogate pair')
  return text
}

function checkNumber(value: number, refuse: Refuse): void {
  if (!Number.isFinite(value)) refuse('is not a finite number')
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    refuse('is an integer above 2^53, whose last digits are lost: give it as a string or a bigint')
  }
}

/** The first `length` characters; where a `%XX` stays as it is, the octets of one character count as one. */
export function prefixOf(text: string, length: number, keepsTriplets: boolean): string {
  const characters = keepsTriplets ? text.match(/%[\dA-Fa-f]{2}(?:%[89ABab][\dA-Fa-f])*|[\s\S]/gu) : [...text]
  return (characters ?? []).slice(0, length).join('')
}

/** Percent-encodes everything but letters, digits and `-._~`. */
export function encodeAll(text: string): string {
  return percentEncode(text)
}

/** Percent-encodes everything but what may stand in a URL, and the `%XX` that are there already. */
export function encodeUnsafe(text: string): string {
  return text.replace(/%(?![\dA-Fa-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/g, encodeURIComponent)
}
