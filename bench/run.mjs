/** Measures calls per second, CPU time per call and peak memory of every client, in turns within one run. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { available } from './clients.mjs'
import { median, medianRatio, table, verdict } from './report.mjs'
import { environment, openStage } from './stage.mjs'

/**
 * @typedef {import('./clients.mjs').Client} Client
 * @typedef {{ client: Client, conduct: import('./worker.mjs').Conduct, samples: import('./worker.mjs').Sample[], peak: number }} Result
 */

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: process.env.BENCH_ROUNDS ?? '9' },
    ms: { type: 'string', default: process.env.BENCH_MS ?? '500' },
    warmup: { type: 'string', default: process.env.BENCH_WARMUP ?? '1200' },
    concurrency: { type: 'string', default: '1,64' },
  },
})

/** Durations are in milliseconds. The lead-in of a round is not counted. */
const plan = { rounds: Number(flags.rounds), ms: Number(flags.ms), warmup: Number(flags.warmup), leadIn: 100 }

const clients = available()

/** Starts the process of a client. `ask` sends it a command and waits for the result. @param {Client} client */
function startWorker(client) {
  const child = fork(new URL('worker.mjs', import.meta.url), { env: environment() })
  const exited = once(child, 'exit').then(([code]) => [{ error: `exited with code ${code}` }])
  /** @param {string} command @param {unknown} [argument] */
  const ask = async (command, argument) => {
    child.send({ command, argument })
    const [reply] = await Promise.race([once(child, 'message'), exited])
    if (reply.error !== undefined) throw new Error(`${client.title}: ${reply.error}`)
    return reply.result
  }
  return { client, ask, stop: () => child.connected && child.disconnect() }
}

/**
 * @param {number} concurrency number of concurrent calls
 * @param {{ merchant: import('./stage.mjs').Merchant, origins: import('./stage.mjs').Origins }} stage
 * @returns {Promise<Result[]>}
 */
async function measure(concurrency, { merchant, origins }) {
  const workers = clients.map(startWorker)
  try {
    /** @type {Result[]} */
    const results = []
    for (const { client, ask } of workers) {
      const conduct = await ask('prepare', { client: client.name, merchant, origins })
      if ((client.role === 'floor' || client.role === 'ours') && !(conduct.signs && conduct.verifies)) {
        throw new Error(`${client.title} must sign and verify: ${JSON.stringify(conduct)}`)
      }
      await ask('measure', { concurrency, ms: plan.warmup })
      results.push({ client, conduct, samples: [], peak: 0 })
    }
    for (let round = 0; round < plan.rounds; round++) {
      for (const [index, { ask }] of workers.entries()) {
        // Reopens connections that were idle during the turns of the other clients, and wakes the CPU.
        await ask('measure', { concurrency, ms: plan.leadIn })
        results[index].samples.push(await ask('measure', { concurrency, ms: plan.ms }))
      }
    }
    for (const [index, { ask }] of workers.entries()) results[index].peak = await ask('peak')
    return results
  } finally {
    for (const worker of workers) worker.stop()
  }
}

/** @param {Result} result */
const rates = result => result.samples.map(sample => sample.callsPerSecond)
/** @param {Result} result */
const cpuTimes = result => result.samples.map(sample => sample.cpuMicros)

/** @param {readonly Result[]} results */
function references(results) {
  const floor = results.find(result => result.client.role === 'floor')
  const peers = results.filter(result => result.client.role === 'peer')
  if (floor === undefined) throw new Error('The floor was not measured.')
  return { floor, bestPeer: peers.reduce((best, peer) => (median(rates(peer)) > median(rates(best)) ? peer : best)) }
}

/** @param {number} concurrency @param {readonly Result[]} results */
function report(concurrency, results) {
  const { floor, bestPeer } = references(results)
  const header = ['', 'calls/s', 'of floor', 'of best peer', 'CPU µs/call', 'of floor', 'peak MB', 'signs', 'verifies']
  const rows = results.map(result => [
    result.client.title,
    median(rates(result)).toFixed(0),
    medianRatio(rates(result), rates(floor)).toFixed(2),
    medianRatio(rates(result), rates(bestPeer)).toFixed(2),
    median(cpuTimes(result)).toFixed(0),
    medianRatio(cpuTimes(result), cpuTimes(floor)).toFixed(2),
    result.peak.toFixed(0),
    result.conduct.signs ? 'yes' : 'no',
    result.conduct.verifies ? 'yes' : 'no',
  ])
  console.log(`Concurrency ${concurrency}\n${table([header, ...rows])}\n`)
}

/** @param {number} concurrency @param {readonly Result[]} results @returns {import('./report.mjs').Goal[]} */
function goals(concurrency, results) {
  const ours = results.find(result => result.client.role === 'ours')
  if (ours === undefined) return []
  const { floor, bestPeer } = references(results)
  const speed = {
    what: `calls/s of floor, concurrency ${concurrency}`,
    measured: medianRatio(rates(ours), rates(floor)),
    atLeast: 0.9,
  }
  if (concurrency === 1) return [speed]
  return [
    speed,
    {
      what: `calls/s of best peer, concurrency ${concurrency}`,
      measured: medianRatio(rates(ours), rates(bestPeer)),
      atLeast: 2.5,
    },
    {
      what: `CPU of floor, concurrency ${concurrency}`,
      measured: medianRatio(cpuTimes(ours), cpuTimes(floor)),
      atMost: 1.15,
    },
  ]
}

console.log(`Node ${process.versions.node}, ${cpus().length} cores, ${plan.rounds} rounds of ${plan.ms} ms each\n`)
const [load] = loadavg()
if (load > 1) console.log(`The machine is busy (load ${load.toFixed(1)}). Do not quote these figures.\n`)
const stage = await openStage()
try {
  const reached = []
  for (const concurrency of flags.concurrency.split(',').map(Number)) {
    const results = await measure(concurrency, stage)
    report(concurrency, results)
    reached.push(...goals(concurrency, results))
  }
  if (reached.length > 0) console.log(`${verdict(reached)}\n`)
} finally {
  stage.close()
}
