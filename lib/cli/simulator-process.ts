/** `wechatpay simulate` in a process of its own, so that the demo reaches it only over the network, like WeChat Pay. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SimulatorConfig, Span } from '../simulator/index.js'

export interface SimulatorProcess {
  config: SimulatorConfig
  /** Method and path of the last request. */
  lastRequest(): Promise<string>
  /** Pays the order as the payer. The simulator then sends the notification. */
  pay(out_trade_no: string): Promise<void>
  /** Moves business time forward. */
  advance(span: Span): Promise<void>
  stop(): Promise<void>
}

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-demo-'))
  const command = fileURLToPath(new URL('wechatpay.js', import.meta.url))
  const argv = [command, 'simulate', '--port', '0', '--no-https', '--dir', folder, '--json']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill())
  const [line] = await once(createInterface(child.stdout), 'line')
  const { url } = JSON.parse(line)
  const post = async (name: string, body: object) => {
    const response = await fetch(`${url}/_sim/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`The simulator refused ${name}: ${await response.text()}`)
  }
  return {
    config: JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')),
    lastRequest: async () => {
      const { requests } = JSON.parse(await (await fetch(`${url}/_sim/requests`)).text())
      const { method, path } = requests.at(-1) ?? { method: '', path: '' }
      return `${method} ${path}`
    },
    pay: out_trade_no => post('pay', { out_trade_no }),
    advance: span => post('advance', span),
    stop: async () => {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}
