/** Fails if the catalogue differs from other sources and openapi/witnesses/excused.json gives no reason. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, excuse } from './compare.mjs'
import { readDocument } from './read.mjs'
import { readWitnesses } from './witnesses.mjs'

/** @import { Excuse } from './compare.mjs' */

const MOST_EXCUSES = 250

const folder = join(import.meta.dirname, '../witnesses')
/** @type {Excuse[]} */
const excuses = JSON.parse(readFileSync(join(folder, 'excused.json'), 'utf8'))
const { differences, compared, absent } = compare(readDocument('v3'), readWitnesses(folder))
const { open, unused } = excuse(differences, excuses)

if (process.argv.includes('--all')) {
  for (const { op, in: side, field, rule, detail } of open) console.log(`${op} ${side} ${field}: ${rule} (${detail})`)
  for (const op of absent) console.log(`${op}: not in the catalogue`)
}
const counts = new Map()
for (const { in: side, rule } of open) counts.set(`${side}: ${rule}`, (counts.get(`${side}: ${rule}`) ?? 0) + 1)
for (const [what, count] of [...counts].sort(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(5)} ${what}`)
for (const { op, in: side, field, rule } of unused)
  console.log(`The excuse for ${op} ${side} ${field}: ${rule} matches nothing.`)
console.log(
  `${open.length} differences in ${new Set(open.map(({ op }) => op)).size} of ${compared} operations, ` +
    `${differences.length - open.length} excused by ${excuses.length} excuses; ${absent.length} operations not in the catalogue`,
)
if (excuses.length > MOST_EXCUSES) console.log(`There are more than ${MOST_EXCUSES} excuses.`)
if (open.length > 0 || unused.length > 0 || excuses.length > MOST_EXCUSES) process.exitCode = 1
