/** Measures the time from the start of a new process to its first verified response, compared with an empty Node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { available } from './clients.mjs'
import { median, table, verdict } from './report.mjs'
import { environment, openStage } from './stage.mjs'

/** @typedef {{ response: number, exit: number }} Run milliseconds from the start of a process to its first response and to its exit */

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: process.env.BENCH_RUNS ?? '15' } },
})

const runs = Number(flags.runs)

/** @param {string} title @param {string} script @param {Record<string, string>} [extra] */
function subject(title, script, extra = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  /** @returns {Promise<Run>} */
  const measure = async () => {
    const start = performance.now()
    const child = spawn(process.execPath, [path], {
      env: { ...environment(), ...extra },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const run = { response: Number.NaN, exit: Number.NaN }
    child.stdout.once('data', () => {
      run.response = performance.now() - start
    })
    child.once('exit', () => {
      run.exit = performance.now() - start
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${title} exited with code ${code}.`)
    return run
  }
  return { title, measure, results: /** @type {Run[]} */ ([]) }
}

/** Runs all subjects in turns. The first round fills the disk cache and is not counted. @param {ReturnType<typeof subject>[]} subjects */
async function measureAll(subjects) {
  for (let round = 0; round <= runs; round++) {
    for (const { measure, results } of subjects) {
      const run = await measure()
      if (round > 0) results.push(run)
    }
  }
  return subjects.map(({ title, results }) => ({
    title,
    response: median(results.map(run => run.response)),
    exit: median(results.map(run => run.exit)),
  }))
}

// Only clients that verify responses are compared.
const verifying = ['undici-signed', 'wechatpay-chain', 'wechatpay-axios-plugin']
const compared = available().filter(({ name }) => verifying.includes(name))
const { merchant, origins, close } = await openStage()
try {
  const config = { ...merchant, baseUri: origins.strict }
  const results = await measureAll([
    subject('empty node', 'empty.mjs'),
    ...compared.map(({ name: client, title }) =>
      subject(title, 'once.mjs', { BENCH_ONCE: JSON.stringify({ client, config }) }),
    ),
  ])
  const [empty] = results
  const rows = results.map(({ title, response, exit }) => [
    title,
    ...[response, response - empty.response, exit, exit - empty.exit].map(ms => ms.toFixed(0)),
  ])
  console.log(`Cold start, ms: import, client, first verified call (median of ${runs} runs)`)
  console.log(`${table([['', 'to the response', 'minus empty node', 'to the exit', 'minus empty node'], ...rows])}\n`)

  const ours = results.find(result => result.title === 'wechatpay-chain')
  const peer = results.find(result => result.title === 'wechatpay-axios-plugin')
  if (ours && peer) {
    const measured = (ours.response - empty.response) / (peer.response - empty.response)
    console.log(
      `${verdict([{ what: 'cold start of wechatpay-axios-plugin, to the response', measured, atMost: 1 }])}\n`,
    )
  }
} finally {
  close()
}
