import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.js'
import { Builder, Notification } from '../../lib/index.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { send } from '../simulator/raw-merchant.js'
import { startSimulator } from '../simulator/start.js'
import { type Folder, makeFolder, type Running, running, wechatpay } from './command-line.js'

let simulator: Simulator
let folder: Folder
let config: string[]
let url: string[]
let started: Running[] = []
let servers: Server[] = []

beforeAll(async () => {
  simulator = await startSimulator()
  folder = makeFolder()
  config = ['--config', folder.write('config.json', simulator.config)]
  url = ['--url', simulator.url]
})
afterEach(async () => {
  await Promise.all(started.map(command => command.end()))
  for (const server of servers) server.close()
  started = []
  servers = []
  simulator.reset()
})
afterAll(async () => {
  folder.remove()
  await simulator.close()
})

async function listen(...argv: string[]): Promise<{ to: string; command: Running }> {
  const command = running(['listen', '--port', '0', ...config, ...argv])
  started.push(command)
  const [, to = ''] = await command.printed(/(http:\S+\/)/)
  return { to, command }
}

async function shop(respond: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(respond).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${Object(server.address()).port}/notify`
}

const trigger = (event: string, to: string, ...argv: string[]) =>
  wechatpay(['trigger', event, '--to', to, ...url, ...argv])

describe('listen', () => {
  it('prints verified and decrypted notifications, and acknowledges them', async () => {
    const { to, command } = await listen()
    const { exitCode, stdout } = await trigger('TRANSACTION.SUCCESS', to, '--override', 'amount.total=100')
    expect({ exitCode, stdout }).toMatchObject({ exitCode: EXIT.done, stdout: expect.stringMatching(/204/) })
    await command.printed(/✓ TRANSACTION\.SUCCESS \S+ → responded 204\n\{[\s\S]*"total": 100,/)
    expect(await command.end()).toBe(EXIT.done)
  })

  it('acknowledges APIv2 in XML', async () => {
    const { to, command } = await listen()
    expect((await trigger('v2/transaction-success', to)).exitCode).toBe(EXIT.done)
    await command.printed(/✓ v2\/transaction-success .*responded 200/)
    expect(simulator.notifications.at(-1)?.history[0]?.response?.body).toMatch(/SUCCESS/)
  })

  it('refuses unsigned notifications with a reason', async () => {
    const { to, command } = await listen()
    const forged = await fetch(to, { method: 'POST', body: '{}' })
    expect(forged.status).toBe(401)
    await command.printed(/✗ ERR_SIGNATURE_HEADERS: .* → responded 401/)
    const { privateKey, apiv3Key } = { ...simulator.keys.merchant, ...simulator.config }
    const [serial = ''] = Object.keys(simulator.config.certs)
    const event = { event_type: 'TRANSACTION.SUCCESS', resource: { out_trade_no: '1' } }
    const stranger = Notification.mint(event, { serial, privateKey, apiv3Key })
    expect((await fetch(to, { method: 'POST', ...stranger })).status).toBe(401)
    await command.printed(/✗ ERR_SIGNATURE_MISMATCH/)
  })

  it('forwards the exact bytes and headers, and passes the response on', async () => {
    const received: { headers: IncomingMessage['headers']; body: string; url: string | undefined }[] = []
    const target = await shop(async (request, response) => {
      received.push({ headers: request.headers, body: String(await buffer(request)), url: request.url })
      response.writeHead(503, { 'x-shop': 'tea' }).end('busy')
    })
    const { to, command } = await listen('--forward-to', target)
    expect((await trigger('TRANSACTION.SUCCESS', to)).exitCode).toBe(EXIT.failed)
    const attempt = simulator.notifications.at(-1)?.history[0]
    expect(attempt?.response).toMatchObject({ statusCode: 503, body: 'busy', headers: { 'x-shop': 'tea' } })
    expect(received).toMatchObject([{ body: attempt?.request.body, url: '/notify' }])
    for (const [name, value] of Object.entries(attempt?.request.headers ?? {})) {
      expect(received[0]?.headers[name.toLowerCase()]).toBe(value)
    }
    await command.printed(/✓ TRANSACTION\.SUCCESS .*the shop responded 503/)
    // What is not genuine goes on as well: the shop's own check is to be seen.
    expect((await fetch(to, { method: 'POST', body: 'forged' })).status).toBe(503)
    expect(received[1]?.body).toBe('forged')
  })

  it('reports that the shop cannot be reached', async () => {
    const { to, command } = await listen('--forward-to', 'http://127.0.0.1:1/', '--lang', 'zh')
    expect((await trigger('TRANSACTION.SUCCESS', to)).exitCode).toBe(EXIT.failed)
    await command.printed(/商城应答 502/)
  })

  it('continues after an aborted request, and refuses one that is too large', async () => {
    const { to, command } = await listen()
    const broken = request(to, { method: 'POST', headers: { 'content-length': '10' } })
    broken.on('error', () => {})
    broken.write('half', () => broken.destroy())
    await new Promise(closed => broken.once('close', closed))
    expect((await fetch(to, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413)
    expect((await trigger('TRANSACTION.SUCCESS', to)).exitCode).toBe(EXIT.done)
    expect(await command.end()).toBe(EXIT.done)
  })

  it('prints a line of JSON for each, for programs', async () => {
    const { to, command } = await listen('--json')
    await trigger('TRANSACTION.SUCCESS', to, '--override', 'out_trade_no="0042"')
    const [line] = await command.printed(/^\{.*\}$/m)
    expect(JSON.parse(line)).toMatchObject({
      isValid: true,
      event_type: 'TRANSACTION.SUCCESS',
      resource: { out_trade_no: '0042' },
      statusCode: 204,
    })
  })

  it('names a port in use, and an invalid URL', async () => {
    const port = new URL(await shop(() => {})).port
    expect(await wechatpay(['listen', '--port', port, ...config])).toMatchObject({
      exitCode: EXIT.failed,
      stderr: expect.stringMatching(new RegExp(`${port}.*--port`)),
    })
    expect(await wechatpay(['listen', '--forward-to', 'shop', ...config])).toMatchObject({
      exitCode: EXIT.usage,
      stderr: expect.stringMatching(/--forward-to.*'shop'/),
    })
  })
})

describe('trigger', () => {
  it('fails with the response of a shop that does not acknowledge', async () => {
    const target = await shop((_, response) => response.writeHead(500).end('out of\n\u001B[31mtea'))
    const { exitCode, stdout } = await trigger('TRANSACTION.SUCCESS', target)
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: EXIT.failed,
      stdout: expect.stringMatching(/500.*\(out of \[31mtea\)/),
    })
    const silent = await trigger('TRANSACTION.SUCCESS', 'http://127.0.0.1:1/', '--lang', 'zh')
    expect(silent).toMatchObject({ exitCode: EXIT.failed, stdout: expect.stringMatching(/没有应答/) })
  })

  it('prints the notification as JSON', async () => {
    const target = await shop((_, response) => response.writeHead(204).end())
    const { stdout } = await trigger('REFUND.SUCCESS', target, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ event_type: 'REFUND.SUCCESS', status: 'acknowledged', attempts: 1 })
  })

  it.each([
    [['trigger', 'NO.SUCH', '--to', 'http://127.0.0.1:1/'], EXIT.usage, /NO\.SUCH/],
    [['trigger', 'TRANSACTION.SUCCESS', '--to', 'http://example.com/'], EXIT.usage, /example\.com/],
    [['trigger', 'TRANSACTION.SUCCESS', '--override', 'amount'], EXIT.usage, /--override.*'amount'/],
    [['trigger', 'TRANSACTION.SUCCESS', '--url', 'http://127.0.0.1:1'], EXIT.unreachable, /simulate/],
    [['trigger', 'TRANSACTION.SUCCESS', '--url', 'here'], EXIT.usage, /--url.*'here'/],
  ])('reports on one line what is wrong: %j', async (argv, exitCode, expected) => {
    const ended = await wechatpay([...argv, ...(argv.includes('--url') ? [] : url)])
    expect(ended).toMatchObject({ exitCode, stderr: expect.stringMatching(expected) })
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('recognises a server that is not a simulator', async () => {
    const other = await shop((_, response) => response.end('hello'))
    const ended = await wechatpay(['trigger', 'TRANSACTION.SUCCESS', '--url', other])
    expect(ended).toMatchObject({ exitCode: EXIT.failed, stderr: expect.stringMatching(/not a simulator/) })
  })
})

describe('logs', () => {
  it('follows the requests, and explains refused ones step by step', async () => {
    await Builder.factory(simulator.config).v3.certificates.get()
    const command = running(['logs', ...url])
    started.push(command)
    await command.printed(/200 GET \/v3\/certificates\n/)
    await send(simulator.config, { path: '/v3/certificates?a=1', sentPath: '/v3/certificates' })
    await command.printed(
      /401 GET \/v3\/certificates\n(?:.*✓.*\n){7}.*✗ signature: SIGN_ERROR .*\n[\s\S]*the string to sign: "GET/,
    )
    await send(simulator.config, { path: '/v3/certificates', timestamp: 1 })
    await command.printed(/✗ timestamp: .*\n(?:(?!.*[✓✗–]).*\n)*.*– nonce_str\n.*– signature\n/)
    expect(await command.end()).toBe(EXIT.done)
  })

  it('names the mistake in Chinese', async () => {
    await send(simulator.config, { path: '/v3/certificates', authorization: undefined })
    await send(simulator.config, { path: '/v3/certificates', timestamp: Date.now() })
    const { stdout } = await wechatpay(['logs', '--no-follow', '--lang', 'zh', ...url])
    expect(stdout).toMatch(/✗ Authorization 请求头：/)
    expect(stdout).toMatch(/时间戳是毫秒。请使用秒。/)
  })

  it('explains a field, and APIv2', async () => {
    const wxpay = Builder.factory(simulator.config)
    const json = { mchid: simulator.config.mchid } as never
    await wxpay.v3.pay.transactions.native.post({ json }).catch(() => {})
    await wxpay.v2.pay.orderquery.post({ xml: { appid: 'wx1', out_trade_no: 'UNKNOWN' } }).catch(() => {})
    const { stdout } = await wechatpay(['logs', '--no-follow', ...url])
    expect(stdout).toMatch(/400 POST \/v3\/pay\/transactions\/native\n(?:.*✓.*\n){8}.*✗ content, \/\w+: PARAM_ERROR/)
  })

  it('ends after the last ones with --no-follow, as JSON for programs', async () => {
    const wxpay = Builder.factory(simulator.config)
    for (let count = 0; count < 3; count++) await wxpay.v3.certificates.get()
    const { exitCode, stdout } = await wechatpay(['logs', '--no-follow', '--tail', '2', '--json', ...url])
    expect(exitCode).toBe(EXIT.done)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line).id)).toEqual([2, 3])
  })

  it('ends when the simulator stops, with a message', async () => {
    const other = await startSimulator()
    const command = running(['logs', '--url', other.url])
    started.push(command)
    await Builder.factory(other.config).v3.certificates.get()
    await command.printed(/200 GET/)
    await other.close()
    await command.printed(/has stopped/)
  })

  it('reports a missing simulator', async () => {
    const { exitCode, stderr } = await wechatpay(['logs', '--url', 'http://127.0.0.1:1'])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: EXIT.unreachable,
      stderr: expect.stringMatching(/simulate/),
    })
  })
})

describe('certificates', () => {
  it('are listed, and written to a folder', async () => {
    const out = join(folder.path, 'certs')
    const { exitCode, stdout } = await wechatpay(['certificates', '--out', out, ...config])
    expect(exitCode).toBe(EXIT.done)
    const [serial = '', pem] = Object.entries(simulator.config.certs).find(([name]) => !name.startsWith('PUB')) ?? []
    expect(stdout).toMatch(new RegExp(`^${serial}, valid to \\d{4}-\\d\\d-\\d\\d, written to \\S+\n$`))
    expect(readFileSync(join(out, `wechatpay_${serial}.pem`), 'utf8')).toBe(pem)
    const json = await wechatpay(['certificates', '--json', ...config])
    expect(JSON.parse(json.stdout)).toMatchObject([{ serial, validTo: expect.stringMatching(/T/) }])
  })

  it('need the right APIv3 key', async () => {
    const { apiv3Key: _, ...none } = simulator.config
    const missing = await wechatpay(['certificates', '--config', folder.write('none.json', none)])
    expect(missing).toMatchObject({ exitCode: EXIT.usage, stderr: expect.stringMatching(/apiv3Key/) })
    const wrong = folder.write('wrong.json', { ...simulator.config, apiv3Key: simulator.config.secret })
    const refused = await wechatpay(['certificates', '--config', wrong])
    expect(refused).toMatchObject({ exitCode: EXIT.failed, stderr: expect.stringMatching(/ERR_APIV3_KEY/) })
  })
})
