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

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['\t', 'a tab'],
  ['\n', 'a line feed'],
  ['\r', 'a carriage return'],
  [' ', 'a space'],
  ['\u00a0', 'a no-break space'],
  ['\u200b', 'a zero-width space'],
  ['\ufeff', 'a byte order mark'],
])

/** One character of an input that must not hold it: `a space (U+0020)`, `"O" (U+004F)`. */
export function characterName(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  const name = CHARACTERS.get(character)
  if (name) return `${name} (${code})`
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) ? `"${character}" (${code})` : code
}
