/** Imports a client, creates it, makes one call, writes one character and exits. Started by cold-start.mjs. */
import { writeSync } from 'node:fs'
import { codeUrl } from './order.mjs'

const { client, config } = JSON.parse(process.env.BENCH_ONCE ?? '')
const { create } = await import(`./clients/${client}.mjs`)
if ((await create(config)()) !== codeUrl) throw new Error('The response has a wrong code_url.')
writeSync(1, '.')
// Otherwise idle keep-alive connections keep the process running for seconds.
process.exit()
