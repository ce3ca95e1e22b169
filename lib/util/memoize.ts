/** Bounded memoization. */

/** More than the path templates of one process. Paths that are already filled in are unique, so the cache is capped. */
const CAPACITY = 1_000

/** `compute` with a cache of its results by key; an error is not cached. */
export function memoize<Result extends object>(compute: (key: string) => Result): (key: string) => Result {
  const results = new Map<string, Result>()
  return key => {
    const known = results.get(key)
    if (known) return known
    const result = compute(key)
    if (results.size >= CAPACITY) results.clear()
    results.set(key, result)
    return result
  }
}
