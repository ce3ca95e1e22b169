/** Numbers that arrive exactly as they were meant. */

/**
 * What is wrong with a number, for a message: NaN, an infinite one, an integer beyond 2^53, more than the 15 digits that
 * every number keeps (`1.1 * 100` is 110.00000000000001), or one that is written with an exponent. Undefined if it is exact.
 */
export function inexactNumber(value: number): string | undefined {
  if (Number.isSafeInteger(value)) return undefined
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return `${value}, which is beyond 2^53 and may have lost digits`
  const written = String(value)
  if (written.includes('e')) return `${written}, which is written with an exponent`
  const digits = written.replace(/^-?0*\.?0*|\./g, '').length
  return digits > 15 ? `${written}, which has more digits than a number keeps` : undefined
}
