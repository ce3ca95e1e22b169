/** The characters that XML can carry (XML 1.0, production 2), and the number of levels that are supported. */

/** Deeper than any message of WeChat Pay, and shallow enough for every parser: it is the limit of libxml2 too. */
export const MAX_DEPTH = 256

/** The limits for the size of a document. */
export interface XmlLimits {
  /** Characters of a string. */
  readonly bytes: number
  /** Elements, those inside others included. */
  readonly fields: number
}

/** More than any message of WeChat Pay: ten refunds of one order with twenty coupons each have 700 fields. */
export const DEFAULT_LIMITS: XmlLimits = { bytes: 1 << 20, fields: 4_096 }

const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, 'gu')

/** The first character that XML cannot carry, as `U+0000`: a control character, half a surrogate pair, U+FFFE, U+FFFF. */
export function findForbidden(string: string): string | undefined {
  const codePoint = FORBIDDEN.exec(string)?.[0].codePointAt(0)
  return codePoint === undefined ? undefined : `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Removes the characters that XML cannot carry. */
export function sanitize(string: string): string {
  return string.replace(ALL_FORBIDDEN, '')
}
