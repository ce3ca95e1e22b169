/** Runs one client in a separate process, to measure its CPU time and memory. Controlled by run.mjs. */
import { codeUrl } from './order.mjs'

/**
 * @typedef {{ client: string, merchant: import('./stage.mjs').Merchant, origins: import('./stage.mjs').Origins }} Task
 * @typedef {{ concurrency: number, ms: number }} Round
 * @typedef {{ callsPerSecond: number, cpuMicros: number }} Sample CPU time of one call: user + system, all threads
 * @typedef {{ signs: boolean, verifies: boolean }} Conduct
 */

/** @type {() => Promise<string>} */
let call

/** @param {() => Promise<string>} attempt */
async function succeeds(attempt) {
  try {
    return (await attempt()) === codeUrl
  } catch {
    return false
  }
}

/** Creates the client, and tests whether it signs requests and verifies responses. @param {Task} task @returns {Promise<Conduct>} */
async function prepare({ client, merchant, origins }) {
  const { create } = await import(`./clients/${client}.mjs`)
  call = create({ ...merchant, baseUri: origins.fast })
  if ((await call()) !== codeUrl) throw new Error('The response has a wrong code_url.')
  return {
    signs: await succeeds(create({ ...merchant, baseUri: origins.strict })),
    verifies: await refuses(create({ ...merchant, baseUri: origins.forged })),
  }
}

/** @param {() => Promise<string>} attempt */
async function refuses(attempt) {
  try {
    await attempt()
    return false
  } catch {
    return true
  }
}

/** @param {Round} round @returns {Promise<Sample>} */
async function measure({ concurrency, ms }) {
  let calls = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  const loop = async () => {
    while (performance.now() - start < ms) {
      if ((await call()) !== codeUrl) throw new Error('A response has a wrong code_url.')
      calls++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  const seconds = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  return { callsPerSecond: calls / seconds, cpuMicros: (used.user + used.system) / calls }
}

const commands = {
  prepare,
  measure,
  /** Peak resident memory of this process so far, in MB. */
  peak: async () => process.resourceUsage().maxRSS / 1024,
}

process.once('disconnect', () => process.exit())
process.on('message', async message => {
  const { command, argument } = /** @type {{ command: keyof typeof commands, argument: any }} */ (message)
  try {
    process.send?.({ result: await commands[command](argument) })
  } catch (error) {
    process.send?.({ error: String(error instanceof Error ? error.stack : error) })
  }
})
