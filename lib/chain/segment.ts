/** Turns the names of properties into the URL text that they stand for. */

// What most segments are, and stand for themselves.
const PLAIN = /^[a-z][\da-z]*$/

const PLACEHOLDER = /^_(.+)_$/

// ASCII punctuation other than these two is a separator: a name that has one was written as URL text already.
const IDENTIFIER = /^[\w$\u{80}-\u{10ffff}]+$/u

/**
 * The URL text of a property name: `complaintsV2` is `complaints-v2`, `_card_id_` is `{card_id}`. A name with a
 * separator in it (`merchant-service`) stays, and so does a path (whatever holds `/` or `{`).
 */
export function segmentOf(name: string): string {
  if (PLAIN.test(name) || /[/{]/.test(name)) return name
  const placeholder = PLACEHOLDER.exec(name)?.[1]
  if (placeholder !== undefined) return `{${placeholder}}`
  if (!IDENTIFIER.test(name)) return name
  return name.replace(/[A-Z]/g, (letter, offset) => `${offset === 0 ? '' : '-'}${letter.toLowerCase()}`)
}
