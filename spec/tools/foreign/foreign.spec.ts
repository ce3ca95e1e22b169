import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFolder, type Running, running, seedSandbox } from '../../cli/command-line.js'

const folder = makeFolder()
const dir = join(folder.path, 'sandbox')
let simulator: Running
let url: string
let environment: Record<string, string | undefined>

beforeAll(async () => {
  await seedSandbox(dir)
  simulator = running([
    ...['simulate', '--port', '0', '--https-port', '0', '--dir', dir],
    ...['--as', 'api.mch.weixin.qq.com', '--public-key-only'],
  ])
  const [, http = '', proxy = ''] = await simulator.printed(/(http:\S+) and .*HTTPS_PROXY=(\S+)\n/)
  url = http
  environment = { PATH: process.env.PATH, HTTPS_PROXY: proxy, ...parseEnv(readFileSync(join(dir, '.env'), 'utf8')) }
})
afterAll(async () => {
  await simulator.end()
  folder.remove()
})

/** The lines that a shop prints. Its order is paid as soon as it prints the number. */
async function runShop(command: string, argv: readonly string[], more: Record<string, string> = {}): Promise<string[]> {
  const shop = spawn(command, argv, { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface(shop.stdout)) {
    lines.push(line)
    const [, out_trade_no] = /^(\S+) weixin:/.exec(line) ?? []
    if (out_trade_no === undefined) continue
    const body = JSON.stringify({ out_trade_no })
    await fetch(`${url}/_sim/pay`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  }
  return lines
}

const hasPhp =
  spawnSync('php', ['-r', 'exit(extension_loaded("curl") && extension_loaded("openssl") ? 0 : 1);']).status === 0

const AXIOS_SHOP = `
  import { readFileSync } from 'node:fs'
  import { Wechatpay } from 'wechatpay-axios-plugin'

  const { WECHATPAY_MCHID: mchid, WECHATPAY_SERIAL: serial, WECHATPAY_PUBLIC_KEY_ID: id } = process.env
  const read = name => readFileSync(new URL(process.env[name]))
  const certs = { [id]: read('WECHATPAY_PUBLIC_KEY') }
  const wxpay = new Wechatpay({ mchid, serial, privateKey: read('WECHATPAY_PRIVATE_KEY'), certs })
  const out_trade_no = 'AXIOS-ORDER'
  const notify_url = 'http://127.0.0.1:9/'
  const order = { appid: 'wxd678efh567hg6787', mchid, description: 'tea', out_trade_no, notify_url, amount: { total: 1 } }
  const { data } = await wxpay.v3.pay.transactions.native.post(order)
  console.log(out_trade_no, data.code_url)
  const query = () => wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get({ params: { mchid }, out_trade_no })
  while ((await query()).data.trade_state === 'NOTPAY');
  console.log((await query()).data.trade_state)
`

describe('a shop that calls api.mch.weixin.qq.com needs no change but the proxy and the certificate of the simulator:', () => {
  it.skipIf(!hasPhp)('in PHP, with curl and openssl', async () => {
    const { WECHATPAY_MCHID, WECHATPAY_SERIAL, WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID } = environment
    const values = [WECHATPAY_MCHID, WECHATPAY_SERIAL, WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID].map(String)
    const php = ['-d', `curl.cainfo=${join(dir, 'ca.pem')}`, join(import.meta.dirname, 'shop.php')]
    const lines = await runShop('php', [...php, dir, ...values])
    expect(lines.slice(1), lines.join('\n')).toEqual(['TRANSACTION.SUCCESS transaction 990', 'SUCCESS'])
  })

  it('with wechatpay-axios-plugin', async () => {
    const argv = ['--input-type=module', '-e', AXIOS_SHOP]
    const lines = await runShop(process.execPath, argv, { NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') })
    expect(lines).toEqual([expect.stringMatching(/^AXIOS-ORDER weixin:/), 'SUCCESS'])
  })
})
