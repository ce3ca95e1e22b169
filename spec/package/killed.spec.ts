import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, inject, it } from 'vitest'
import { Simulator, type SimulatorConfig } from '../../lib/simulator/index.js'
import { order, post } from '../simulator/raw-merchant.js'
import { startSimulator } from '../simulator/start.js'

const { folder: user } = inject('installation')
const folder = await mkdtemp(join(tmpdir(), 'wechatpay-killed-'))
const state = join(folder, 'state')
await (await startSimulator({ state })).close()
afterAll(() => rm(folder, { recursive: true }))

/** It also does so much beside that a snapshot takes the place of its journal again and again. */
const SCRIPT = `
  import { Simulator } from 'wechatpay-chain/simulator'
  const simulator = await Simulator.start({ state: process.argv[1] })
  console.log(JSON.stringify(simulator.config))
  setInterval(() => {
    for (let count = 0; count < 200; count++) void simulator.advance({ seconds: 0 })
  }, 5)
`

async function start(): Promise<{ child: ChildProcess; config: SimulatorConfig }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, state], {
    cwd: user,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => expect.fail(`the process ended with ${code}`))
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  ended.catch(() => {})
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
  expect(await readdir(folder)).toEqual(['state'])
})
