import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Builder from '../../../lib/builder.js'
import { Simulator } from '../../../lib/simulator/index.js'
import { authorization } from '../raw-merchant.js'
import { startSimulator } from '../start.js'

const HOST = 'api.mch.weixin.qq.com'
let simulator: Simulator
let folder: string

beforeAll(async () => {
  simulator = await startSimulator({ httpsPort: 0, as: [HOST, 'api2.mch.weixin.qq.com'] })
  folder = await mkdtemp(join(tmpdir(), 'wechatpay-proxy-'))
  await writeFile(join(folder, 'ca.pem'), simulator.config.ca ?? '')
})
afterAll(async () => {
  await simulator.close()
  await rm(folder, { recursive: true })
})

function connectTo(authority: string): Promise<number | undefined> {
  const { hostname, port } = new URL(simulator.url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, method: 'CONNECT', path: authority })
      .on('connect', ({ statusCode }, socket) => {
        socket.destroy()
        resolve(statusCode)
      })
      .on('error', reject)
      .end()
  })
}

it('a client with its usual host needs only the authority and the proxy', async () => {
  const { base_uri: _, ...config } = simulator.config
  const wxpay = Builder.factory({ ...config, proxy: simulator.url })
  expect((await wxpay.v3.certificates.get()).statusCode).toBe(200)
  expect(simulator.requests.at(-1)).toMatchObject({ path: '/v3/certificates', headers: { host: HOST } })
})

it.skipIf(spawnSync('curl', ['--version']).error)('so does curl', async () => {
  const path = '/v3/certificates'
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--show-error', '--noproxy', '', '--proxy', simulator.url, '--cacert', join(folder, 'ca.pem')],
    ...[
      '--header',
      'Accept: application/json',
      '--header',
      `Authorization: ${authorization(simulator.config, { path })}`,
    ],
    `https://${HOST}${path}`,
  ])
  expect(JSON.parse(stdout)).toHaveProperty('data')
})

it.each([`${HOST}:443`, 'API2.mch.weixin.qq.com:443'])('%s is redirected to the simulator', async authority => {
  expect(await connectTo(authority)).toBe(200)
})

it.each(['www.weixin.qq.com:443', `${HOST}:80`, `${HOST}.evil.example:443`, '127.0.0.1:22', ''])(
  'every other host is refused: %o',
  async authority => {
    expect(await connectTo(authority)).toBe(403)
  },
)

it('the control API is not reached by the names of WeChat Pay', async () => {
  const { hostname, port } = new URL(simulator.url)
  const status = await new Promise((resolve, reject) => {
    request({ hostname, port, path: '/_sim/health', headers: { Host: HOST } }, response => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
})

it('the authority stays the same with the keys', async () => {
  await using again = await Simulator.start({ keys: simulator.keys, https: true })
  expect(again.config.ca).toBe(simulator.config.ca)
  await using first = await Simulator.start({ keys: { ...simulator.keys }, as: [HOST], https: true })
  expect(first.config.ca).toBe(simulator.config.ca)
})

it('closing ends the tunnels, too', async () => {
  const short = await Simulator.start({ keys: simulator.keys, httpsPort: 0, as: [HOST] })
  const { base_uri: _, ...config } = short.config
  const wxpay = Builder.factory({ ...config, proxy: short.url, retry: false })
  await wxpay.v3.certificates.get()
  await short.close()
  await expect(wxpay.v3.certificates.get()).rejects.toMatchObject({ name: 'TransportError' })
})
