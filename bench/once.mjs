/** A whole short life: import a client, create it, make one call, say so, leave. Started by cold-start.mjs. */
import { writeSync } from 'node:fs'
import { codeUrl } from './order.mjs'

const { client, config } = JSON.parse(process.env.BENCH_ONCE ?? '')
const { create } = await import(`./clients/${client}.mjs`)
if ((await create(config)()) !== codeUrl) throw new Error('the answer was not understood')
writeSync(1, '.')
// Idle keep-alive connections would hold the process for seconds.
process.exit()
