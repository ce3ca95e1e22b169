/** How messages speak of values, without showing them, and of templates, on one line. */

/** What a value is, in a word: `null`, `string`, `Array`, `Date`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/** A path or a part of one between backticks, with whatever could break or hide a line of a log escaped. */
export function quote(text: string): string {
  return `\`${text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter)}\``
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
