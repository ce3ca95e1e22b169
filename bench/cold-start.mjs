/** How long a new process needs until its first verified answer, less what an empty Node needs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { available } from './clients.mjs'
import { median, table, verdict } from './report.mjs'
import { environment, openStage } from './stage.mjs'

/** @typedef {{ answer: number, exit: number }} Life milliseconds from the start of a process to its first answer, and to its end */

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: process.env.BENCH_RUNS ?? '15' } },
})

const runs = Number(flags.runs)

/** @param {string} title @param {string} script @param {Record<string, string>} [extra] */
function contestant(title, script, extra = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  /** @returns {Promise<Life>} */
  const live = async () => {
    const start = performance.now()
    const child = spawn(process.execPath, [path], {
      env: { ...environment(), ...extra },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const life = { answer: Number.NaN, exit: Number.NaN }
    child.stdout.once('data', () => {
      life.answer = performance.now() - start
    })
    child.once('exit', () => {
      life.exit = performance.now() - start
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${title} exited with ${code}`)
    return life
  }
  return { title, live, lives: /** @type {Life[]} */ ([]) }
}

/** Runs all contestants in turn. The first lap fills the disk cache and is not counted. @param {ReturnType<typeof contestant>[]} contestants */
async function compete(contestants) {
  for (let lap = 0; lap <= runs; lap++) {
    for (const { live, lives } of contestants) {
      const life = await live()
      if (lap > 0) lives.push(life)
    }
  }
  return contestants.map(({ title, lives }) => ({
    title,
    answer: median(lives.map(life => life.answer)),
    exit: median(lives.map(life => life.exit)),
  }))
}

// The race is to the first verified answer; the other peer does not verify.
const verifying = ['undici-signed', 'wechatpay-chain', 'wechatpay-axios-plugin']
const compared = available().filter(({ name }) => verifying.includes(name))
const { merchant, origins, close } = await openStage()
try {
  const config = { ...merchant, baseUri: origins.strict }
  const results = await compete([
    contestant('empty node', 'empty.mjs'),
    ...compared.map(({ name: client, title }) =>
      contestant(title, 'once.mjs', { BENCH_ONCE: JSON.stringify({ client, config }) }),
    ),
  ])
  const [empty] = results
  const rows = results.map(({ title, answer, exit }) => [
    title,
    ...[answer, answer - empty.answer, exit, exit - empty.exit].map(ms => ms.toFixed(0)),
  ])
  console.log(`Cold start, ms: import, client, first verified call (median of ${runs} runs)`)
  console.log(`${table([['', 'to the answer', 'less empty node', 'to the exit', 'less empty node'], ...rows])}\n`)

  const ours = results.find(result => result.title === 'wechatpay-chain')
  const peer = results.find(result => result.title === 'wechatpay-axios-plugin')
  if (ours && peer) {
    const measured = (ours.answer - empty.answer) / (peer.answer - empty.answer)
    console.log(`${verdict([{ what: 'cold start of wechatpay-axios-plugin, to the answer', measured, atMost: 1 }])}\n`)
  }
} finally {
  close()
}
