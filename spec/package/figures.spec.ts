import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { expect, inject, it } from 'vitest'
import { COMPILERS, compile } from '../types/compile.js'
import { EMPTY, ONE_CALL } from './consumers.js'
import { editor } from './editor.js'
import { sizeOf } from './size.js'

const ROUNDS = 7

// Times are for people to read: what runs beside decides them too. Everything that is exact has a spec that asserts it.
it.runIf(process.env.FIGURES)('what the types and the catalogue cost', { timeout: 600_000 }, async () => {
  const { folder, installed } = inject('installation')
  const rows: [what: string, figure: string][] = [
    ['installed package', megabytes(sizeOf(installed))],
    ['of it, the two documents', megabytes(sizeOf(join(installed, 'dist/openapi')))],
    ['of it, the generated types', megabytes(sizeOf(join(installed, 'dist/types/generated')))],
  ]
  for (const compiler of COMPILERS) {
    const measured: Record<'empty' | 'call', Record<string, number>[]> = { empty: [], call: [] }
    for (let round = 0; round < ROUNDS; round++) {
      measured.empty.push((await compile({ 'consumer.ts': EMPTY }, { compiler, folder })).figures)
      measured.call.push((await compile({ 'consumer.ts': ONE_CALL }, { compiler, folder })).figures)
    }
    const above = (name: string) => median(measured.call, name) - median(measured.empty, name)
    rows.push([`${compiler}: instantiations for one call`, above('Instantiations').toFixed()])
    rows.push([`${compiler}: check time above an empty program`, `${above('Check time').toFixed(3)} s`])
    rows.push([`${compiler}: total time above an empty program`, `${above('Total time').toFixed(3)} s`])
  }
  for (const [what, statement] of [
    ['wxpay.v3.pay.', 'wxpay.v3.pay.|'],
    ["wxpay.chain('", "wxpay.chain('|')"],
    ['the fields of a payload', 'wxpay.v3.pay.transactions.native.post({ json: { | } })'],
  ] as const) {
    const head =
      "import { Builder } from 'wechatpay-chain'\nconst wxpay = Builder.factory({ mchid: '1', privateKey: 'a' })\n"
    const place = editor(folder, `${head}${statement}`)
    const [first = 0, ...others] = Array.from({ length: ROUNDS }, () => milliseconds(() => place.completions()))
    rows.push([
      `completion of ${what}, the program read`,
      `${first.toFixed()} ms, then ${middle(others).toFixed(1)} ms`,
    ])
  }
  const [withFacts, without] = coldStarts(installed)
  rows.push(['processor time to import the package', `${withFacts.toFixed(1)} ms`])
  rows.push(['of it, the catalogue', `${(withFacts - without).toFixed(1)} ms`])
  console.table(Object.fromEntries(rows))
  expect(rows).toHaveLength(17)
})

/** The import of the package in a new process, and that of a copy without the table of facts; interleaved. */
function coldStarts(installed: string): [withFacts: number, without: number] {
  const copy = join(installed, '../wechatpay-chain-without')
  cpSync(installed, copy, { recursive: true })
  const table = /(?<=\bfacts = )(["'])\{\W*next\b.*\1/
  const files = readdirSync(join(copy, 'dist')).filter(file => file.endsWith('.js'))
  const holders = files
    .map(file => join(copy, 'dist', file))
    .filter(file => (table.exec(readFileSync(file, 'utf8'))?.[0].length ?? 0) > 50_000)
  expect(holders).toHaveLength(1)
  for (const file of holders) writeFileSync(file, readFileSync(file, 'utf8').replace(table, "'{}'"))
  const rounds = Array.from({ length: ROUNDS * 3 }, () => [importTime(installed), importTime(copy)] as const)
  return [middle(rounds.map(([first]) => first)), middle(rounds.map(([, second]) => second))]
}

/** Milliseconds of processor time. */
function importTime(folder: string): number {
  const module = JSON.stringify(pathToFileURL(join(folder, 'dist/index.js')))
  const code = `const start = process.cpuUsage()
await import(${module})
const { user, system } = process.cpuUsage(start)
console.log((user + system) / 1000)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }))
}

function milliseconds(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function median(figures: readonly Record<string, number>[], name: string): number {
  return middle(figures.map(figure => figure[name] ?? Number.NaN))
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}
