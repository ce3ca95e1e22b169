import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseEnv } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.js'
import { makeFolder, running, seedSandbox } from './command-line.js'

const folder = makeFolder()
afterAll(() => folder.remove())

const hasPhp =
  spawnSync('php', ['-r', 'exit(extension_loaded("curl") && extension_loaded("openssl") ? 0 : 1);']).status === 0

it.skipIf(!hasPhp)('a shop in PHP needs no change but the proxy and the certificate of the simulator', async () => {
  const dir = join(folder.path, 'sandbox')
  await seedSandbox(dir)
  const simulator = running([
    ...['simulate', '--port', '0', '--https-port', '0', '--dir', dir],
    ...['--as', 'api.mch.weixin.qq.com', '--public-key-only'],
  ])
  const [, url = '', proxy = ''] = await simulator.printed(/(http:\S+) and .*HTTPS_PROXY=(\S+)\n/)
  const variables = parseEnv(readFileSync(join(dir, '.env'), 'utf8'))
  const of = (name: string) => variables[`WECHATPAY_${name}`] ?? ''
  const shop = spawn(
    'php',
    [
      ...['-d', `curl.cainfo=${join(dir, 'ca.pem')}`, join(import.meta.dirname, 'shop.php')],
      ...[dir, of('MCHID'), of('SERIAL'), of('APIV3_KEY'), of('PUBLIC_KEY_ID')],
    ],
    { env: { PATH: process.env.PATH, HTTPS_PROXY: proxy }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const lines: string[] = []
  for await (const line of createInterface(shop.stdout)) {
    lines.push(line)
    const [, out_trade_no] = /^(PHP\d+) weixin:/.exec(line) ?? []
    if (out_trade_no === undefined) continue
    const body = JSON.stringify({ out_trade_no })
    await fetch(`${url}/_sim/pay`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  }
  if (shop.exitCode === null) await once(shop, 'exit')
  expect(lines.slice(1), lines.join('\n')).toEqual(['TRANSACTION.SUCCESS transaction 990', 'SUCCESS'])
  expect(await simulator.end()).toBe(EXIT.done)
})
