import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { xmlNotice } from '../notification/wechat-pay.js'
import { mintTlsFiles } from '../tls-files.js'
import { answer, config, type Gateway, isSigned, secret, startGateway } from '../v2-gateway.js'
import { BUNDLERS } from './bundlers.js'

const { folder: user } = inject('installation')
const program = join(user, 'main.mjs')

// Far from every node_modules: what a bundle has not taken in is missing.
const root = mkdtempSync(join(tmpdir(), 'wechatpay-chain-bundles-'))

let gateway: Gateway
let order: string

beforeAll(async () => {
  copyFileSync(resolve(import.meta.dirname, 'bundled-program.mjs'), program)
  gateway = await startGateway()
  gateway.answers = [answer({ transaction_id: 'paid' })]
  const files = mintTlsFiles([config.mchid])
  const pfx = files.pfx(config.mchid, config.mchid, '-legacy').toString('base64')
  order = JSON.stringify({
    config: { mchid: config.mchid, secret, base_uri: gateway.url, merchant: { pfx } },
    payment: { appid: 'wx1', body: 'a', out_trade_no: '1', total_fee: 1, spbill_create_ip: '8.8.8.8', auth_code: '1' },
    notice: xmlNotice({ out_trade_no: '1', transaction_id: 'notified' }, 'MD5', secret),
  })
})

afterAll(async () => {
  rmSync(root, { recursive: true })
  await gateway.close()
})

describe.each(Object.entries(BUNDLERS))('bundled by %s, and run without node_modules', (name, bundle) => {
  it('pays by APIv2, reads an XML notification and opens a PKCS#12 file', async () => {
    const folder = join(root, name.replaceAll(' ', '-'))
    mkdirSync(folder)
    const main = await bundle(program, folder)
    gateway.requests.length = 0
    expect(await run(main, folder)).toEqual({ paid: 'paid', notified: 'notified' })
    expect(gateway.requests.map(request => isSigned(request))).toEqual([true])
  })
})

describe('a bundle that lacks a package', () => {
  it('saxes, which parses responses, sends nothing and says so', async () => {
    const name = 'saxes'
    const folder = join(root, `without-${name}`)
    const outfile = join(folder, 'main.cjs')
    await build({ entryPoints: [program], outfile, bundle: true, platform: 'node', external: [name] })
    gateway.requests.length = 0
    expect(await run('main.cjs', folder)).toEqual({
      code: 'ERR_PACKAGE_MISSING',
      message: expect.stringContaining(name),
    })
    expect(gateway.requests).toEqual([])
  })
})

/** What the program prints. */
async function run(main: string, folder: string): Promise<unknown> {
  writeFileSync(join(folder, 'order.json'), order)
  const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: folder })
  return JSON.parse(stdout)
}
