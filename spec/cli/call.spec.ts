import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { startSimulator } from '../simulator/start.js'
import { type Folder, makeFolder, wechatpay } from './command-line.js'

const NATIVE = 'v3/pay/transactions/native'
const ORDER = 'v3/pay/transactions/out-trade-no/{out_trade_no}'

let simulator: Simulator
let folder: Folder
let config: string[]

beforeAll(async () => {
  simulator = await startSimulator({ bills: { rows: 3 } })
  folder = makeFolder()
  config = ['--config', folder.write('config.json', simulator.config)]
})
afterEach(() => simulator.behave())
afterAll(async () => {
  folder.remove()
  await simulator.close()
})

let count = 0

function order(over: object = {}) {
  count += 1
  return {
    appid: 'wxd678efh567hg6787',
    mchid: simulator.config.mchid,
    description: 'A cup of tea',
    out_trade_no: `CALL-${count}-ORDER`,
    notify_url: 'http://127.0.0.1:9/',
    amount: { total: 100 },
    ...over,
  }
}

const secrets = () => [
  simulator.config.apiv3Key,
  simulator.config.secret,
  simulator.config.privateKey.split('\n')[1] ?? '',
]

describe('a call', () => {
  it('prints the verified response as JSON, and its status for the user', async () => {
    const { exitCode, stdout, stderr } = await wechatpay(['call', 'get', '/v3/certificates', ...config])
    expect(exitCode).toBe(EXIT.done)
    expect(JSON.parse(stdout)).toMatchObject({ data: [{ serial_no: expect.any(String) }] })
    expect(stderr).toMatch(/^200 · request ID \S+\n$/)
  })

  it('takes its payload from the argument, a file or standard input', async () => {
    const file = folder.write('order.json', order())
    const given: [string, string?][] = [[JSON.stringify(order())], [`@${file}`], ['-', JSON.stringify(order())]]
    for (const [json, input] of given) {
      const { exitCode, stdout } = await wechatpay(['call', 'POST', NATIVE, '--json', json, ...config], { input })
      expect(exitCode).toBe(EXIT.done)
      expect(JSON.parse(stdout)).toMatchObject({ code_url: expect.stringMatching(/^weixin:/) })
    }
  })

  it('fills placeholders and queries', async () => {
    const { out_trade_no } = order()
    const json = JSON.stringify(order({ out_trade_no }))
    await wechatpay(['call', 'POST', NATIVE, '--json', json, ...config])
    const query = ['--query', `mchid=${simulator.config.mchid}`]
    const { stdout } = await wechatpay(['call', 'GET', ORDER, `out_trade_no=${out_trade_no}`, ...query, ...config])
    expect(JSON.parse(stdout)).toMatchObject({ out_trade_no, trade_state: 'NOTPAY' })
    const closed = await wechatpay([
      ...['call', 'POST', `${ORDER}/close`, `out_trade_no=${out_trade_no}`],
      ...['--json', JSON.stringify({ mchid: simulator.config.mchid }), ...config],
    ])
    expect(closed).toMatchObject({ exitCode: EXIT.done, stdout: '', stderr: expect.stringMatching(/^204/) })
  })

  it('supports APIv2', async () => {
    const xml = { appid: 'wxd678efh567hg6787', out_trade_no: order().out_trade_no }
    const path = 'v2/pay/orderquery'
    const { exitCode, stderr } = await wechatpay(['call', 'POST', path, '--xml', JSON.stringify(xml), ...config])
    expect(exitCode).toBe(EXIT.failed)
    expect(stderr).toMatch(/ORDERNOTEXIST/)
  })

  it('is of a brand with the configuration of a brand', async () => {
    const brand = ['--config', folder.write('brand.json', simulator.brand)]
    const path = 'brand/store/brandstores/{store_id}'
    expect((await wechatpay(['call', 'GET', path, 'store_id=1', ...brand])).stderr).toMatch(/code \w+/)
    expect(simulator.requests.at(-1)).toMatchObject({ path: '/brand/store/brandstores/1' })
  })

  it('is configured by the environment as well', async () => {
    const { mchid, serial, privateKey, certs, apiv3Key, secret, base_uri } = simulator.config
    const id = Object.keys(certs).find(name => name.startsWith('PUB_KEY_ID_')) ?? ''
    const environment = {
      WECHATPAY_MCHID: mchid,
      WECHATPAY_SERIAL: serial,
      WECHATPAY_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
      WECHATPAY_PUBLIC_KEY_ID: id,
      WECHATPAY_PUBLIC_KEY: folder.write('pub_key.pem', certs[id] ?? ''),
      WECHATPAY_APIV3_KEY: apiv3Key,
      WECHATPAY_SECRET: secret,
      WECHATPAY_BASE_URI: base_uri,
    }
    expect((await wechatpay(['call', 'GET', 'v3/certificates'], { environment })).exitCode).toBe(EXIT.done)
  })

  it('reads keys from the folder of the configuration', async () => {
    const { privateKey, certs, ...others } = simulator.config
    const [id = '', pem = ''] = Object.entries(certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
    folder.write('apiclient_key.pem', privateKey)
    folder.write('pub_key.pem', pem)
    const file = folder.write('paths.json', {
      ...others,
      privateKey: 'apiclient_key.pem',
      certs: { [id]: './pub_key.pem' },
    })
    expect((await wechatpay(['call', 'GET', 'v3/certificates', '--config', file])).exitCode).toBe(EXIT.done)
  })
})

describe('what goes wrong', () => {
  it('is a refusal with its code, its status and its request ID', async () => {
    const argv = ['call', 'GET', ORDER, 'out_trade_no=UNKNOWN', '--query', `mchid=${simulator.config.mchid}`, ...config]
    const english = await wechatpay(argv)
    expect(english).toMatchObject({ exitCode: EXIT.failed, stdout: '' })
    expect(english.stderr).toMatch(
      /404 ORDER_NOT_EXIST.*\[code ORDER_NOT_EXIST; request ID \S+; the request was sent\]\n$/,
    )
    const chinese = await wechatpay([...argv, '--lang', 'zh'])
    expect(chinese.stderr).toMatch(
      /：404 ORDER_NOT_EXIST 订单不存在。.*\[错误码 ORDER_NOT_EXIST；请求 ID \S+；请求已发送\]\n$/,
    )
  })

  it('is an unknown outcome when the response to anything but GET is lost', async () => {
    for (const rule of [{ drop: 'response' }, { signature: 'mismatch' }, { status: 500 }] as const) {
      simulator.misbehave({ ...rule, times: 3 })
      const lost = await wechatpay(['call', 'POST', NATIVE, '--json', JSON.stringify(order()), ...config])
      expect(lost.exitCode, lost.stderr).toBe(EXIT.unknown)
      expect(lost.stderr).toMatch(/the request was sent\] Query the result before you repeat the call\.\n$/)
      simulator.behave()
    }
    simulator.misbehave({ status: 500, times: 3 })
    const chinese = await wechatpay([
      'call',
      'POST',
      NATIVE,
      '--json',
      JSON.stringify(order()),
      ...config,
      '--lang',
      'zh',
    ])
    expect(chinese.stderr).toMatch(/暂时无法处理请求：500 SYSTEM_ERROR .*结果未知/)
    simulator.behave()
    simulator.misbehave({ signature: 'mismatch' })
    const read = await wechatpay(['call', 'GET', 'v3/certificates', ...config])
    expect(read).toMatchObject({ exitCode: EXIT.failed, stderr: expect.stringMatching(/ERR_SIGNATURE_MISMATCH/) })
  })

  it('is a host that cannot be reached, to which nothing was sent', async () => {
    const closed = folder.write('closed.json', { ...simulator.config, base_uri: 'http://127.0.0.1:1/', retry: false })
    const { exitCode, stderr } = await wechatpay(['call', 'GET', 'v3/certificates', '--config', closed])
    expect(exitCode).toBe(EXIT.unreachable)
    expect(stderr).toMatch(/ERR_CONNECT; nothing was sent/)
  })

  it('is an abort by the user, whose message tells whether the request was sent', async () => {
    const controller = new AbortController()
    const server = createServer(() => controller.abort()).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const base_uri = `http://127.0.0.1:${Object(server.address()).port}/`
    const silent = folder.write('silent.json', { ...simulator.config, base_uri })
    const argv = ['call', 'POST', NATIVE, '--json', JSON.stringify(order()), '--config', silent]
    const { exitCode, stderr } = await wechatpay(argv, { signal: controller.signal })
    expect(exitCode).toBe(EXIT.unknown)
    expect(stderr).toMatch(/ERR_ABORTED; the request was sent/)
    server.closeAllConnections()
    server.close()
  })

  it.each([
    [['call', 'SEND', 'v3/certificates'], /'SEND'/],
    [['call', 'GET', 'https://api.mch.weixin.qq.com/v3/certificates'], /base_uri/],
    [['call', 'GET', 'v3/certificates', 'name'], /name=value.*'name'/],
    [['call', 'GET', 'v3/certificates', '--query', '=1'], /--query.*'=1'/],
    [['call', 'POST', NATIVE, '--json', '{'], /--json/],
    [['call', 'POST', NATIVE, '--json', '@missing.json'], /missing\.json/],
    [['call', 'GET', ORDER], /out_trade_no/],
    [['call', 'GET', 'v3/certificates', '--sink', 'missing/file'], /missing\/file/],
  ])('is wrong usage, and nothing is sent: %j', async (argv, expected) => {
    const before = simulator.requests.length
    const { exitCode, stderr } = await wechatpay([...argv, ...config])
    expect(exitCode).toBe(EXIT.usage)
    expect(stderr).toMatch(expected)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(simulator.requests).toHaveLength(before)
  })

  it('is an invalid configuration: the first fault is named, in both languages', async () => {
    const broken = folder.write('broken.json', { ...simulator.config, privateKey: simulator.config.merchant.cert })
    const argv = ['call', 'GET', 'v3/certificates', '--config', broken]
    expect(await wechatpay(argv)).toMatchObject({
      exitCode: EXIT.usage,
      stderr: expect.stringMatching(/apiclient_key/),
    })
    expect((await wechatpay([...argv, '--lang', 'zh'])).stderr).toMatch(/实际是商户证书/)
    const misspelt = folder.write('misspelt.json', { ...simulator.config, mchId: '1' })
    const other = await wechatpay(['call', 'GET', 'v3/certificates', '--config', misspelt])
    expect(other).toMatchObject({ exitCode: EXIT.usage, stderr: expect.stringMatching(/mchId/) })
  })

  it('never shows a key', async () => {
    const wrong = folder.write('wrong.json', { ...simulator.config, apiv3Key: simulator.config.secret, certs: {} })
    for (const file of [config[1] ?? '', wrong]) {
      const { stdout, stderr } = await wechatpay(['call', 'POST', NATIVE, '--json', '{}', '--config', file])
      for (const secret of secrets()) expect(stdout + stderr).not.toContain(secret)
    }
  })
})

/** Not this machine by its name, and nothing listens there. */
const GATEWAY = 'http://0.0.0.0:1/'

describe('a call that moves money', () => {
  const real = () => ['--config', folder.write('real.json', { ...simulator.config, base_uri: GATEWAY, retry: false })]
  const post = (...more: string[]) => ['call', 'POST', NATIVE, '--json', '{}', ...real(), ...more]

  it('is not sent without a terminal to confirm it on', async () => {
    const { exitCode, stderr } = await wechatpay(post())
    expect(exitCode).toBe(EXIT.unconfirmed)
    expect(stderr).toMatch(/0\.0\.0\.0.*--yes/)
  })

  it.each([
    ['n\n', EXIT.unconfirmed],
    ['\n', EXIT.unconfirmed],
    ['', EXIT.unconfirmed],
    ['yes\n', EXIT.unreachable],
  ])('is confirmed on a terminal: %j', async (input, exitCode) => {
    const ended = await wechatpay(post(), { input, isTerminal: true })
    expect(ended.stderr).toMatch(/0\.0\.0\.0.*1900000109.*\[y\/N\]/)
    expect(ended.exitCode).toBe(exitCode)
  })

  it('needs no confirmation with --yes, or when it only reads', async () => {
    expect((await wechatpay(post('--yes'))).exitCode).toBe(EXIT.unreachable)
    expect((await wechatpay(['call', 'GET', 'v3/certificates', ...real()])).exitCode).toBe(EXIT.unreachable)
  })
})

describe('a file', () => {
  const billDate = () => new Date(Date.now() - 40 * 60 * 60 * 1000).toISOString().slice(0, 10)

  it('that a response names is downloaded, unpacked and checked', async () => {
    const sink = join(folder.path, 'bill.csv')
    const query = ['--query', `bill_date=${billDate()}`, '--query', 'tar_type=GZIP']
    const argv = ['call', 'GET', 'v3/bill/tradebill', ...query, '--sink', sink, ...config]
    const { exitCode, stderr } = await wechatpay(argv)
    expect(exitCode, stderr).toBe(EXIT.done)
    expect(stderr).toContain(`${statSync(sink).size} bytes`)
    expect(readFileSync(sink, 'utf8')).toMatch(/^\uFEFF?交易时间,/)
    expect(statSync(sink).mode & 0o077).toBe(0)
  })

  it('shows its progress on a terminal, and nowhere else', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const server = createServer((_, response) => {
      response.write('交易时间')
      vi.advanceTimersByTime(200)
      response.end('\n')
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const base_uri = `http://127.0.0.1:${Object(server.address()).port}/`
    const slow = folder.write('slow.json', { ...simulator.config, base_uri })
    const download = (isTerminal: boolean) => {
      const argv = ['call', 'GET', 'v3/billdownload/file', '--query', 'token=1', '--config', slow]
      return wechatpay([...argv, '--sink', join(folder.path, 'slow.csv')], { isTerminal })
    }
    const [shown, quiet] = [await download(true), await download(false)]
    vi.useRealTimers()
    server.close()
    expect([shown.exitCode, quiet.exitCode]).toEqual([EXIT.done, EXIT.done])
    expect(shown.stderr).toMatch(/\r.*\d\.\d MB/)
    expect(quiet.stderr).toMatch(/^200\nSaved \S+, 13 bytes\.\n$/)
  })

  it('of any other response is its body', async () => {
    const sink = join(folder.path, 'certificates.json')
    await wechatpay(['call', 'GET', 'v3/certificates', '--sink', sink, ...config])
    expect(JSON.parse(readFileSync(sink, 'utf8'))).toMatchObject({ data: [{}] })
  })

  it('replaces the target of a symbolic link, with its mode, and only a file', async () => {
    const target = folder.write('shared.json', 'old')
    chmodSync(target, 0o666)
    const link = join(folder.path, 'link.json')
    symlinkSync(target, link)
    await wechatpay(['call', 'GET', 'v3/certificates', '--sink', link, ...config])
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ data: [{}] })
    expect([lstatSync(link).isSymbolicLink(), statSync(target).mode & 0o777]).toEqual([true, 0o666])
    for (const path of [folder.path, '/dev/null']) {
      const refused = await wechatpay(['call', 'GET', 'v3/certificates', '--sink', path, ...config])
      expect(refused).toMatchObject({ exitCode: EXIT.usage, stderr: expect.stringContaining(path) })
    }
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  it('does not exist when the call fails', async () => {
    const sink = join(folder.path, 'absent.csv')
    const argv = ['call', 'GET', 'v3/bill/tradebill', '--query', 'bill_date=2999-01-01', '--sink', sink, ...config]
    expect((await wechatpay(argv)).exitCode).toBe(EXIT.failed)
    expect(readdirSync(folder.path).filter(name => name.includes('absent'))).toEqual([])
  })

  it('is uploaded with its digest', async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    )
    const file = folder.write('logo.png', '')
    writeFileSync(file, png)
    const { exitCode, stdout } = await wechatpay([
      'call',
      'POST',
      'v3/merchant/media/upload',
      '--file',
      file,
      ...config,
    ])
    expect(exitCode).toBe(EXIT.done)
    expect(JSON.parse(stdout)).toMatchObject({ media_id: expect.any(String) })
  })
})
