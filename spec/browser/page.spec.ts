import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import * as Notification from '../../lib/notification/index.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { order, post } from '../simulator/raw-merchant.js'
import { startSimulator } from '../simulator/start.js'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const PICTURES = process.env.PICTURES
const isThere = existsSync(CHROMIUM)
if (!isThere)
  console.warn(`There is no browser at ${CHROMIUM}: the page is not tested. Set CHROMIUM to the path of one.`)

let simulator: Simulator
let context: BrowserContext
let page: Page
let folder: string
const problems: string[] = []

beforeAll(async () => {
  if (!isThere) return
  simulator = await startSimulator()
  folder = await mkdtemp(join(tmpdir(), 'wechatpay-page-'))
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
  context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    args: [...flags, '--disable-component-update', '--disable-sync'],
    locale: 'en-GB',
    viewport: { width: 1100, height: 900 },
  })
  page = await context.newPage()
  page.on('console', message => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', error => problems.push(error.message))
  page.on('request', request => request.url().startsWith(simulator.url) || problems.push(request.url()))
  await page.goto(`${simulator.url}/_sim/`)
}, 60_000)

afterAll(async () => {
  await context?.close()
  await simulator?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function picture(name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}

it.skipIf(!isThere)(
  'an order appears, is paid by its button, and its notification is listed and sent again',
  async () => {
    const wxpay = Builder.factory(simulator.config)
    const events: string[] = []
    const shop = createServer(Notification.create(wxpay).handler(event => events.push(event.id)).node)
    shop.listen(0, '127.0.0.1')
    await once(shop, 'listening')
    const json = order(simulator.config, { notify_url: `http://127.0.0.1:${Object(shop.address()).port}/` })
    await wxpay.v3.pay.transactions.native.post({ json })
    const shown = page.locator(`[data-order="${json.out_trade_no}"]`)
    await shown.waitFor()
    expect(await shown.textContent()).toContain('1.00')
    expect(await shown.locator('img.qr').evaluate(image => Reflect.get(image, 'naturalWidth'))).toBeGreaterThan(0)
    await picture('order')
    await shown.getByRole('button', { name: 'Pay', exact: true }).click()
    await shown.getByText('SUCCESS').waitFor()
    const notice = page.locator('[data-notification="1"]')
    await notice.getByText('acknowledged').waitFor()
    await notice.getByRole('button', { name: 'Send again' }).click()
    await notice.getByText('2 attempts').waitFor()
    await picture('paid')
    expect(simulator.notifications).toMatchObject([{ attempts: 2, status: 'acknowledged' }])
    shop.closeAllConnections()
    shop.close()
  },
  60_000,
)

it.skipIf(!isThere)(
  'a forged request is explained',
  async () => {
    const { config } = simulator
    await post(config, '/v3/pay/transactions/native', order(config), { sentBody: '{"forged":true}' })
    const refused = page.locator('[data-request]').filter({ hasText: '401' }).first()
    await refused.getByText('Why it was refused').click()
    await refused.getByText('The string that the simulator expected').waitFor()
    expect(await refused.textContent()).toContain('{"forged')
    await picture('forged')
  },
  60_000,
)

it.skipIf(!isThere)(
  'the payer pays on a phone, which is 390 px wide, in Chinese',
  async () => {
    const json = order(simulator.config)
    await post(simulator.config, '/v3/pay/transactions/native', json)
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '微信支付模拟器' }).waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    await picture('phone')
    await page.goto(`${simulator.url}/_sim/pay/${json.out_trade_no}`)
    await page.getByRole('button', { name: '支付失败' }).waitFor()
    await picture('payer')
    await page.getByRole('button', { name: '支付', exact: true }).press('Enter')
    await page.getByText('已支付').first().waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  },
  60_000,
)

it.skipIf(!isThere)('there was no error on the console and no request elsewhere', () => {
  expect(problems).toEqual([])
})
