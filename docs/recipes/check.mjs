/**
 * The recipes that need a build of their own: installs them with this package as it would be published, builds and starts
 * them, and places and pays an order in each. The others run in spec/docs.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Simulator } from '../../dist/simulator/index.js'

const PATIENCE = 60_000
const home = mkdtempSync(join(tmpdir(), 'wechatpay-recipes-'))

try {
  run(`npm pack --silent --ignore-scripts --pack-destination ${home}`, join(import.meta.dirname, '../..'))
  await checkNext()
  await checkNest()
} finally {
  rmSync(home, { recursive: true })
}

/** Next.js reads the keys from its environment. */
async function checkNext() {
  const folder = build('nextjs')
  const [port, simulator] = [await freePort(), await Simulator.start()]
  const { mchid, serial, privateKey, certs, apiv3Key, base_uri } = simulator.config
  const [id = '', key = ''] = Object.entries(certs).find(([name]) => name.startsWith('PUB_KEY_ID_')) ?? []
  const values = {
    MCHID: mchid,
    SERIAL: serial,
    PRIVATE_KEY: privateKey,
    PUBLIC_KEY_ID: id,
    PUBLIC_KEY: key,
    APIV3_KEY: apiv3Key,
    BASE_URI: base_uri,
    NOTIFY_URL: `http://127.0.0.1:${port}/notify`,
  }
  const environment = Object.fromEntries(Object.entries(values).map(([name, value]) => [`WECHATPAY_${name}`, value]))
  try {
    await buy(folder, { port, control: simulator.url, environment: { ...environment, PORT: String(port) } })
  } finally {
    await simulator.close()
  }
}

/** NestJS starts a simulator of its own. */
async function checkNest() {
  const [port, control] = [await freePort(), await freePort()]
  const folder = build('nestjs', source => source.replaceAll('3000', String(port)).replaceAll('8900', String(control)))
  await buy(folder, { port, control: `http://127.0.0.1:${control}`, environment: {} })
}

/**
 * @param {string} name
 * @param {(source: string) => string} [adapt] What becomes of its main.ts.
 */
function build(name, adapt) {
  const folder = join(home, name)
  cpSync(join(import.meta.dirname, name), folder, { recursive: true })
  const main = join(folder, 'main.ts')
  if (adapt) writeFileSync(main, adapt(readFileSync(main, 'utf8')))
  const tarball = readdirSync(home).find(file => file.endsWith('.tgz'))
  run(`npm install --no-audit --no-fund ../${tarball}`, folder)
  run('npm run build', folder)
  return folder
}

/**
 * Starts a shop, orders, pays, and waits until the shop shows the order paid.
 * @param {string} folder
 * @param {{ port: number, control: string, environment: Record<string, string> }} options
 */
async function buy(folder, { port, control, environment }) {
  const shop = spawn('npm', ['start'], { cwd: folder, env: { ...process.env, ...environment }, detached: true })
  shop.stderr.pipe(process.stderr)
  try {
    const order = await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST' })
      return Object(await response.json())
    })
    await fetch(`${control}/_sim/pay`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ out_trade_no: order.out_trade_no }),
    })
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/orders/${order.out_trade_no}`)
      if (Object(await response.json()).isPaid !== true) throw new Error('The order is not paid.')
    })
    console.log(`${folder.slice(home.length + 1)}: ordered, notified, paid`)
  } finally {
    // The shop is a child of npm.
    if (shop.pid) process.kill(-shop.pid)
    await once(shop, 'exit')
  }
}

/**
 * @template T
 * @param {() => Promise<T>} attempt
 */
async function eventually(attempt) {
  const end = Date.now() + PATIENCE
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(200)
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = Object(server.address())
  server.close()
  return Number(port)
}

/**
 * @param {string} command
 * @param {string} cwd
 */
function run(command, cwd) {
  execFileSync(command, { cwd, shell: true, stdio: ['ignore', 'ignore', 'inherit'] })
}
