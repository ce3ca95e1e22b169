import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, it } from 'vitest'
import { Simulator, type SimulatorConfig } from '../../lib/simulator/index.js'
import { compileLibrary } from '../trust/compiled.js'
import { order, post } from './raw-merchant.js'
import { startSimulator } from './start.js'

const library = compileLibrary()
const folder = await mkdtemp(join(tmpdir(), 'wechatpay-killed-'))
const state = join(folder, 'state')
// The catalogue is found by the name of the package.
await symlink(resolve(import.meta.dirname, '../..'), join(folder, 'wechatpay-chain'), 'dir')
await (await startSimulator({ state })).close()
afterAll(async () => {
  library.remove()
  await rm(folder, { recursive: true })
})

/** It also does so much beside that a snapshot takes the place of its journal again and again. */
const SCRIPT = `
  const { Simulator } = await import(process.argv[1])
  const simulator = await Simulator.start({ state: process.argv[2] })
  console.log(JSON.stringify(simulator.config))
  setInterval(() => {
    for (let count = 0; count < 200; count++) void simulator.advance({ seconds: 0 })
  }, 5)
`

async function start(): Promise<{ child: ChildProcess; config: SimulatorConfig }> {
  const args = ['--input-type=module', '-e', SCRIPT, `${library.url}simulator/index.js`, state]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_PATH: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, config: JSON.parse(line) }
}

it('a killed process loses nothing that it has answered', async () => {
  const answered: string[] = []
  for (const limit of [15, 30]) {
    const { child, config } = await start()
    const place = async () => {
      const payload = order(config)
      await post(config, '/v3/pay/transactions/native', payload)
      answered.push(payload.out_trade_no)
      if (answered.length === limit) child.kill('SIGKILL')
    }
    const placing = Array.from({ length: limit + 10 }, place)
    await Promise.allSettled(placing)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  expect(answered.length).toBeGreaterThanOrEqual(30)
  await using simulator = await Simulator.start({ state })
  for (const number of answered) expect(simulator.pay(number).transaction_id).toMatch(/^4200/)
  expect(await readdir(folder)).toEqual(['state', 'wechatpay-chain'])
})
