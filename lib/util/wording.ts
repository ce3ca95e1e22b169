/** How messages name a value without showing it, and quote a path on one line. */

/** What a value is: `null`, `a string`, `an array`, `a Date`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const kind =
    typeof value === 'object' ? Object.prototype.toString.call(value).slice('[object '.length, -1) : typeof value
  const name = kind === 'Object' || kind === 'Array' ? kind.toLowerCase() : kind
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`
}

/** A path, or a part of one, between backticks. Characters that could break or hide a line of a log are escaped. */
export function quote(path: string): string {
  return `\`${path.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter)}\``
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
