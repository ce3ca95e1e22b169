/** Chance that is the same in every run. */

/** Numbers from 0 to 1, 1 excluded, from a seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of several. */
export function pick<Item>(items: readonly [Item, ...Item[]], random: () => number): Item {
  for (const item of items.slice(Math.floor(random() * items.length))) return item
  return items[0]
}

const ODD: readonly [string, ...string[]] = [
  '\0',
  '\n',
  '\r\n',
  '\u2028',
  '\u202e',
  '\ufeff',
  '\ud83d',
  '😀',
  '%00',
  '%2e%2e',
  '../',
  '//',
  '\\',
  '{',
  '}',
  '{+x}',
  '<',
  '>',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE a>',
  '&amp;',
  '&#0;',
  '&x;',
  '"',
  "'",
  '`',
  ',',
  'null',
  'true',
  '-1',
  '1e999',
  '9007199254740993',
  '__proto__',
  'constructor',
  '-----BEGIN CERTIFICATE-----',
  '-----END A-----',
  '='.repeat(40),
  'A'.repeat(3000),
]

/** A copy of a string that is damaged in one to three places. */
export function damaged(text: string, random: () => number): string {
  let result = text
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = Math.floor(random() * (result.length + 1))
    const end = at + Math.floor(random() * 40)
    result = pick(
      [
        () => result.slice(0, at) + pick(ODD, random) + result.slice(at),
        () => result.slice(0, at) + result.slice(end),
        () => result.slice(0, end) + result.slice(at, end) + result.slice(end),
        () => result.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + result.slice(at + 1),
        () => result.slice(0, at),
      ],
      random,
    )()
  }
  return result
}
