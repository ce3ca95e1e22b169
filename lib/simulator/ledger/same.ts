/** Whether two requests are the same. */
import { isDeepStrictEqual } from 'node:util'

/** Members that are undefined do not count: a state file does not have them. */
export function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other) || isDeepStrictEqual(plain(one), plain(other))
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
