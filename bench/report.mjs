/** Medians, plain-text tables, and the goals that this project sets itself. */

/** @typedef {{ what: string, measured: number, atLeast?: number, atMost?: number }} Goal one limit, and the measured value */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The median of the ratios within each round: a busy moment of the machine affects both values of a ratio.
 * @param {readonly number[]} of
 * @param {readonly number[]} against
 */
export function medianRatio(of, against) {
  return median(of.map((value, index) => value / against[index]))
}

/** The first column is aligned left, the others right. @param {readonly (readonly string[])[]} rows */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
  return rows.map(row => row.map(pad).join('  ').trimEnd()).join('\n')
}

/** @param {readonly Goal[]} goals */
export function verdict(goals) {
  const rows = goals.map(
    ({ what, measured, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }) => [
      what,
      atMost === Number.POSITIVE_INFINITY ? `>= ${atLeast.toFixed(2)}` : `<= ${atMost.toFixed(2)}`,
      measured.toFixed(2),
      measured >= atLeast && measured <= atMost ? 'met' : 'missed',
    ],
  )
  return table([['Goals of wechatpay-chain', 'goal', 'measured', ''], ...rows])
}
