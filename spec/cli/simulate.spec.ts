import { createPublicKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.js'
import { keptMerchant } from '../../lib/cli/simulate/sandbox.js'
import { loadPkcs12 } from '../../lib/crypto/pkcs12.js'
import { Builder } from '../../lib/index.js'
import { makeFolder, type Running, running, seedSandbox, wechatpay } from './command-line.js'

const folder = makeFolder()
const dir = join(folder.path, 'sandbox')
let started: Running[] = []

// Generating keys takes longer than everything else here.
beforeAll(() => seedSandbox(dir))

afterEach(async () => {
  await Promise.all(started.map(command => command.end()))
  started = []
})
afterAll(() => folder.remove())

async function simulate(...argv: string[]): Promise<{ url: string; httpsUrl?: string; command: Running }> {
  const command = running(['simulate', '--port', '0', '--https-port', '0', '--dir', dir, '--json', ...argv])
  started.push(command)
  await command.printed(/\n/)
  return { ...JSON.parse(command.output()), command }
}

const read = (name: string) => readFileSync(join(dir, name), 'utf8')
const config = () => JSON.parse(read('config.json'))

describe('simulate', () => {
  it('writes the files of a merchant to its folder: readable by the owner only, and ignored by git', async () => {
    const { url, httpsUrl } = await simulate()
    const { mchid, serial, privateKey, certs, merchant, ca, base_uri, apiv3Key, secret } = config()
    const [id = ''] = Object.keys(certs).filter(name => name.startsWith('PUB_KEY_ID_'))
    const [platform = ''] = Object.keys(certs).filter(name => name !== id)
    expect(base_uri).toBe(`${url}/`)
    expect(httpsUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(read('.gitignore')).toBe('*\n')
    expect([read('apiclient_key.pem'), read('apiclient_cert.pem')]).toEqual([privateKey, merchant.cert])
    expect([read('pub_key.pem'), read(`wechatpay_${platform}.pem`)]).toEqual([certs[id], certs[platform]])
    expect(read('ca.pem')).toBe(ca)
    const { key, certificate } = loadPkcs12(readFileSync(join(dir, 'apiclient_cert.p12')), mchid, 'pfx')
    expect(certificate.fingerprint256).toBe(new X509Certificate(merchant.cert).fingerprint256)
    expect(createPublicKey(key).equals(createPublicKey(merchant.cert))).toBe(true)
    for (const name of readdirSync(dir)) {
      const isPublic = /cert\.pem|pub_key|wechatpay_|ca\.pem|gitignore/.test(name)
      expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, isPublic ? 0o644 : 0o600])
    }
    expect(parseEnv(read('.env'))).toMatchObject({
      WECHATPAY_MCHID: mchid,
      WECHATPAY_SERIAL: serial,
      WECHATPAY_PUBLIC_KEY_ID: id,
      WECHATPAY_APIV3_KEY: apiv3Key,
      WECHATPAY_SECRET: secret,
      WECHATPAY_BASE_URI: base_uri,
    })
  })

  it('can be called by a client and the command line with the written files', async () => {
    const { url, httpsUrl } = await simulate()
    const wxpay = Builder.factory(config())
    expect((await wxpay.v3.certificates.get()).statusCode).toBe(200)
    const secure = Builder.factory({ ...config(), base_uri: `${httpsUrl}/` })
    expect((await secure.v3.certificates.get()).statusCode).toBe(200)
    const environment = Object.fromEntries(
      Object.entries(parseEnv(read('.env'))).map(([name, value]) => [name, String(value)]),
    )
    expect((await wechatpay(['call', 'GET', 'v3/certificates'], { environment })).exitCode).toBe(EXIT.done)
    expect(await (await fetch(`${url}/_sim/health`)).json()).toMatchObject({ status: 'ready' })
  })

  it('has the same keys after a restart, but not those of a different merchant', async () => {
    await simulate('--no-https')
    const before = config()
    await started.pop()?.end()
    await simulate('--no-https')
    expect(config()).toEqual({ ...before, base_uri: expect.any(String), ca: undefined })
    const { certificate } = loadPkcs12(readFileSync(join(dir, 'apiclient_cert.p12')), '1900000109', 'pfx')
    expect(certificate.serialNumber).toBe(before.serial)
    expect(keptMerchant(dir, undefined)?.keys.merchant.serial).toBe(before.serial)
    expect(keptMerchant(dir, '1900000110')).toBeUndefined()
  })

  it('keeps orders in a state file, whose keys are those of its merchant', async () => {
    const state = join(folder.path, 'orders.journal')
    await simulate('--no-https', '--state', state)
    const json = {
      ...{ appid: 'wxd678efh567hg6787', mchid: config().mchid, description: 'A cup of tea' },
      ...{ out_trade_no: 'KEPT-ORDER', notify_url: 'http://127.0.0.1:9/', amount: { total: 100 } },
    }
    await Builder.factory(config()).v3.pay.transactions.native.post({ json })
    const { serial } = config()
    await started.pop()?.end()
    writeFileSync(join(dir, 'keys.json'), '{}')
    // Those of the folder do not count.
    const { url } = await simulate('--no-https', '--state', state)
    expect(config().serial).toBe(serial)
    expect(await (await fetch(`${url}/_sim/orders`)).json()).toMatchObject({ orders: [{ out_trade_no: 'KEPT-ORDER' }] })
  })

  it('runs the merchants and brands of a file, with a configuration for each', async () => {
    const merchants = folder.write('merchants.json', [
      { mchid: '1900000109', role: 'direct' },
      { mchid: '10002', role: 'brand' },
    ])
    const { url } = await simulate('--no-https', '--merchants', merchants)
    expect(config()).toMatchObject({ mchid: '1900000109', base_uri: `${url}/` })
    const brand = JSON.parse(read('config-10002.json'))
    expect(brand).toMatchObject({ brand_id: '10002', base_uri: `${url}/` })
    const { serial } = brand
    expect(await (await fetch(`${url}/_sim/configs`)).json()).toMatchObject({ brands: [{ brand_id: '10002', serial }] })
    expect(statSync(join(dir, 'config-10002.json')).mode & 0o777).toBe(0o600)
    await started.pop()?.end()
    await simulate('--no-https', '--merchants', merchants)
    expect(JSON.parse(read('config-10002.json')).serial).toBe(serial)
  })

  it('prints its URL on one line, in English and Chinese, and ends with 0', async () => {
    const argv = ['simulate', '--port', '0', '--no-https', '--dir', dir]
    const english = running(argv)
    await english.printed(/^Ready: (http:\S+) · page: \1\/_sim\/ · keys: \S+\n$/)
    expect(await english.end()).toBe(EXIT.done)
    const chinese = running([...argv, '--lang', 'zh'])
    await chinese.printed(/^已就绪：.* · 网页：.* · 密钥：.*\n$/)
    expect(await chinese.end()).toBe(EXIT.done)
  })

  it('prints the URL for phones', async () => {
    const { command } = await simulate('--no-https', '--host', '0.0.0.0')
    const { phones } = JSON.parse(command.output())
    const outside = Object.values(networkInterfaces()).flatMap(list => list ?? [])
    const addresses = outside
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(found => found.address)
    if (phones === undefined) expect(addresses).toEqual([])
    else expect(addresses).toContain(new URL(phones).hostname)
  })

  it('replaces the hosts of WeChat Pay as a proxy', async () => {
    const command = running([
      ...['simulate', '--port', '0', '--https-port', '0', '--dir', dir],
      ...['--as', 'api.mch.weixin.qq.com'],
    ])
    started.push(command)
    const [, proxy = ''] = await command.printed(/ · HTTPS_PROXY=(\S+)\n/)
    const { base_uri: _, ...real } = config()
    const wxpay = Builder.factory({ ...real, proxy })
    expect((await wxpay.v3.certificates.get()).statusCode).toBe(200)
  })
})

describe('a failed start', () => {
  it('names a port in use, and its option', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const port = String(Object(taken.address()).port)
    const common = ['simulate', '--dir', dir]
    const http = await wechatpay([...common, '--port', port, '--no-https'])
    expect(http).toMatchObject({ exitCode: EXIT.failed, stdout: '' })
    expect(http.stderr).toMatch(new RegExp(`^wechatpay: Port ${port} is in use\\..* --port\\.\n$`))
    const https = await wechatpay([...common, '--port', '0', '--https-port', port, '--lang', 'zh'])
    expect(https.stderr).toMatch(new RegExp(`端口 ${port} 已被占用.* --https-port`))
    taken.close()
  })

  it.each([
    [['--as', 'api.mch.weixin.qq.com', '--no-https'], EXIT.usage, /`as`/],
    [['--mchid', 'x'], EXIT.usage, /`mchid`/],
    [['--merchants', 'missing.json'], EXIT.usage, /--merchants .* missing\.json/],
    [['--merchants', 'package.json', '--lang', 'zh'], EXIT.usage, /--merchants .*package\.json/],
    [['--merchants', 'LICENSE'], EXIT.usage, /--merchants .* LICENSE/],
    [['--host', '192.0.2.1'], EXIT.failed, /192\.0\.2\.1/],
    [['--state', 'package.json'], EXIT.usage, /package\.json/],
  ])('is reported on one line: %j', async (argv, exitCode, expected) => {
    const ended = await wechatpay(['simulate', '--port', '0', '--no-https', '--dir', dir, ...argv])
    expect(ended).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(expected) })
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('names a folder that is not writable or has damaged keys', async () => {
    const file = folder.write('file', '')
    const unwritable = await wechatpay(['simulate', '--port', '0', '--no-https', '--dir', join(file, 'sandbox')])
    expect(unwritable).toMatchObject({ exitCode: EXIT.failed, stderr: expect.stringMatching(/--dir/) })
    writeFileSync(join(dir, 'keys.json'), '{')
    const damaged = await wechatpay(['simulate', '--port', '0', '--no-https', '--dir', dir])
    expect(damaged).toMatchObject({ exitCode: EXIT.failed, stderr: expect.stringMatching(/keys\.json/) })
  })
})
