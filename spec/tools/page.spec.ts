import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Builder from '../../lib/builder.js'
import * as Notification from '../../lib/notification/index.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { order, post, send } from '../simulator/raw-merchant.js'
import { startSimulator } from '../simulator/start.js'
import { unnamed, unreadable } from './accessibility.js'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** A folder for pictures of each state. */
const PICTURES = process.env.PICTURES
const isThere = existsSync(CHROMIUM)
if (!isThere)
  console.warn(`There is no browser at ${CHROMIUM}: the page is not tested. Set CHROMIUM to the path of one.`)

const WIDE = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }

let simulator: Simulator
let context: BrowserContext
let page: Page
let folder: string
let shop: Server
let notify_url: string
/** Where phones reach the simulator. */
let network: string
const problems: string[] = []
const bodies: string[] = []

describe.skipIf(!isThere)('the page for people', () => {
  beforeAll(async () => {
    simulator = await startSimulator({ host: '0.0.0.0' })
    shop = createServer(Notification.create(simulator.config).handler(event => bodies.push(event.id)).node)
    shop.listen(0, '127.0.0.1')
    await once(shop, 'listening')
    notify_url = `http://127.0.0.1:${Object(shop.address()).port}/`
    folder = await mkdtemp(join(tmpdir(), 'wechatpay-page-'))
    const flags = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ]
    context = await chromium.launchPersistentContext(folder, {
      executablePath: CHROMIUM,
      args: [...flags, '--disable-component-update', '--disable-sync'],
      locale: 'en-GB',
      viewport: WIDE,
    })
    page = await context.newPage()
    page.on('console', message => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', error => problems.push(error.message))
    const { networkUrl = simulator.url } = Object(await (await fetch(`${simulator.url}/_sim/health`)).json())
    network = networkUrl
    const own = [simulator.url, network]
    page.on('request', request => own.some(url => request.url().startsWith(url)) || problems.push(request.url()))
    page.on('dialog', dialog => dialog.accept())
  })

  beforeEach(async () => {
    simulator.reset()
    await page.setViewportSize(WIDE)
    await page.goto(`${simulator.url}/_sim/`)
    await page.getByRole('heading', { level: 1 }).waitFor()
  })

  afterEach(async ({ task }) => {
    await page.evaluate('localStorage.clear()')
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `${task.name.slice(0, 40)}.png`), fullPage: true })
    expect(problems.splice(0)).toEqual([])
  })

  afterAll(async () => {
    await context?.close()
    await simulator?.close()
    shop?.closeAllConnections()
    shop?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const wxpay = () => Builder.factory(simulator.config)
  const card = (key: string) => page.locator(`article[data-key="${key}"]`)
  const button = (name: string) => page.getByRole('button', { name, exact: true })

  async function placed(over: Record<string, unknown> = {}): Promise<string> {
    const json = order(simulator.config, { notify_url, ...over })
    expect((await post(simulator.config, '/v3/pay/transactions/native', json)).status).toBe(200)
    return json.out_trade_no
  }

  async function paidOrder(): Promise<string> {
    const number = await placed()
    simulator.pay(number)
    return number
  }

  const width = () => page.evaluate('document.documentElement.scrollWidth')

  it('says at first how to place an order, and what it says works', async () => {
    await page.getByText('With curl').click()
    const curl = await page.locator('pre').first().textContent()
    const [, body = ''] = /-d '(.*)'$/s.exec(curl ?? '') ?? []
    const headers = { 'Content-Type': 'application/json' }
    const called = await fetch(`${simulator.url}/_sim/call`, { method: 'POST', headers, body })
    expect(await called.json()).toMatchObject({ response: { statusCode: 200 } })
    await card('orders/tea-0001').waitFor()
    simulator.reset()
    await button('Place an order from here').click()
    await page.locator('article[data-key^="orders/tea-"]').getByText('NOTPAY').waitFor()
  })

  it('shows an order that a client places; its button pays it, and its notification is listed and sent again', async () => {
    const json = order(simulator.config, { notify_url })
    await wxpay().v3.pay.transactions.native.post({ json })
    const shown = card(`orders/${json.out_trade_no}`)
    await shown.waitFor()
    expect(await shown.textContent()).toContain('1.00')
    await shown.getByRole('button', { name: 'Pay', exact: true }).click()
    await shown.getByText('SUCCESS').waitFor()
    const notice = card('notification/1')
    await notice.getByText('acknowledged').waitFor()
    await notice.getByText('Content').click()
    await notice.getByText(json.out_trade_no).waitFor()
    await notice.getByRole('button', { name: 'Send again' }).click()
    await notice.getByText('2 attempts').waitFor()
    expect(simulator.notifications).toMatchObject([{ attempts: 2, status: 'acknowledged' }])
  })

  it('holds notifications and releases them', async () => {
    await button('Hold').click()
    const release = button('Release')
    await release.waitFor()
    await paidOrder()
    await card('notification/1').getByText('waiting').waitFor()
    await release.click()
    await card('notification/1').getByText('acknowledged').waitFor()
  })

  it('lets a payment fail for a reason, and the payer close the cashier: the order can still be paid', async () => {
    const number = await placed()
    const shown = card(`orders/${number}`)
    await shown.getByLabel('Reason').selectOption('BANKERROR')
    await shown.getByRole('button', { name: 'Fail' }).click()
    await shown.getByText('BANKERROR · the bank').first().waitFor()
    await shown.getByRole('button', { name: 'Cancel' }).click()
    await shown.getByText('The payer has closed the payment page').waitFor()
    await shown.getByText('History').click()
    await shown.locator('ol li').nth(2).waitFor()
    await shown.getByRole('button', { name: 'Pay', exact: true }).click()
    await shown.getByText('SUCCESS').first().waitFor()
  })

  it('settles refunds, well and badly', async () => {
    const out_trade_no = await paidOrder()
    const amount = { refund: 10, total: 100, currency: 'CNY' }
    for (const out_refund_no of ['good', 'bad']) {
      await post(simulator.config, '/v3/refund/domestic/refunds', { out_trade_no, out_refund_no, amount })
    }
    await card('refunds/good').getByRole('button', { name: 'Settle' }).click()
    await card('refunds/good').getByText('SUCCESS').waitFor()
    await card('refunds/bad').getByRole('button', { name: 'ABNORMAL' }).click()
    await card('refunds/bad').locator('.state', { hasText: 'ABNORMAL' }).waitFor()
  })

  it('explains a forged request by its likely mistake, with both strings line by line', async () => {
    const { config } = simulator
    await send(config, { path: '/v3/certificates', sentPath: '/v3/certificates?algorithm_type=RSA' })
    const refused = page.locator('article', { hasText: '401' })
    await refused.getByText('The query was left out').waitFor()
    await refused.getByText('Verification').click()
    await refused.getByText('Signature failed').waitFor()
    const row = refused.locator('tr.differs')
    expect(await row.locator('td').allTextContents()).toEqual([
      '/v3/certificates?algorithm_type=RSA',
      '/v3/certificates',
    ])
  })

  it('sets a fault of each kind, and removes it', async () => {
    const kinds = ['status', 'latency', 'drop', 'signature', 'clockSkew', 'content']
    const faults = page.locator('#faults')
    for (const kind of kinds) {
      await faults.locator('select[name=kind]').selectOption(kind)
      await faults.locator('input[name=path]').fill(`${kind}$`)
      await faults.getByRole('button', { name: 'Add' }).click()
      await faults.getByText(`/${kind}$/`).waitFor()
    }
    expect(await faults.locator('li').count()).toBe(kinds.length)
    await faults.locator('li').first().getByRole('button', { name: 'Remove' }).click()
    await faults.getByText('/status$/').waitFor({ state: 'detached' })
    await button('Remove all').click()
    await faults.getByText('No faults').waitFor()
    await faults.locator('select[name=kind]').selectOption('status')
    await faults.locator('input[name=path]').fill('certificates$')
    await faults.getByLabel('Value').selectOption('429')
    await faults.getByRole('button', { name: 'Add' }).click()
    await faults.locator('li', { hasText: '429' }).waitFor()
    expect((await send(simulator.config, { path: '/v3/certificates' })).status).toBe(429)
    await faults.getByText('No faults').waitFor()
  })

  it('moves business time, and starts over', async () => {
    const out_trade_no = await paidOrder()
    const amount = { refund: 10, total: 100, currency: 'CNY' }
    await post(simulator.config, '/v3/refund/domestic/refunds', { out_trade_no, out_refund_no: 'R', amount })
    await card('refunds/R').getByText('PROCESSING').waitFor()
    await button('+ 1 hour').click()
    await card('refunds/R').getByText('SUCCESS').waitFor()
    await page.getByLabel('Days').fill('2')
    await button('Advance').click()
    await page.locator('#status', { hasText: 'Business time is now' }).waitFor()
    const { now } = Object(await (await fetch(`${simulator.url}/_sim/health`)).json())
    expect(Math.round((Date.parse(now) - Date.now()) / 3_600_000)).toBe(49)
    await button('Start over').click()
    await page.getByText('No order yet').waitFor()
  })

  it('keeps what is open, focused, typed and scrolled while other things happen', async () => {
    const number = await placed()
    const shown = card(`orders/${number}`)
    await shown.getByText('History').click()
    await page.getByText('.env').click()
    const keys = page.locator('[data-key^="env-"] pre')
    await keys.evaluate(pre => Reflect.set(pre, 'scrollTop', 120))
    await page.getByLabel('Days').fill('7')
    await shown.getByRole('button', { name: 'Cancel' }).focus()
    const other = await placed()
    await card(`orders/${other}`).waitFor()
    expect(await shown.locator('details').getAttribute('open')).toBe('')
    expect(await keys.evaluate(pre => Reflect.get(pre, 'scrollTop'))).toBe(120)
    expect(await page.getByLabel('Days').inputValue()).toBe('7')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel')
    await shown.getByRole('button', { name: 'Pay', exact: true }).press('Enter')
    await shown.getByText('SUCCESS').first().waitFor()
    expect(await page.evaluate('document.activeElement.dataset.key')).toBe(`orders/${number}`)
  })

  it('copies keys, or selects them where the browser lends no clipboard', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: simulator.url })
    for (const url of new Set([simulator.url, network])) {
      await page.goto(`${url}/_sim/`)
      await page.getByText('config.json').click()
      const file = page.locator('details[open]')
      await file.getByRole('button', { name: 'Copy' }).click()
      const isLent = url === simulator.url
      await page.locator('#status', { hasText: isLent ? 'Copied.' : 'Ctrl+C' }).waitFor()
      const script = isLent ? 'navigator.clipboard.readText()' : 'String(getSelection())'
      expect(JSON.parse(String(await page.evaluate(script)))).toEqual(simulator.config)
    }
  })

  it('filters by any text', async () => {
    const [one, other] = [await placed(), await placed()]
    await card(`orders/${other}`).waitFor()
    await page.getByLabel('Filter').fill(one.toUpperCase())
    await card(`orders/${other}`).waitFor({ state: 'detached' })
    expect(await page.locator('article').count()).toBe(2)
    await page.getByLabel('Filter').fill('no such text')
    expect(await page.getByText('Nothing matches').count()).toBe(2)
  })

  it('has a QR code where phones reach the simulator, and says how where they do not', async () => {
    const number = await placed()
    await card(`orders/${number}`).waitFor()
    const isInNetwork = Object.values(networkInterfaces())
      .flat()
      .some(address => address?.family === 'IPv4' && !address.internal)
    const code = card(`orders/${number}`).locator('img.qr')
    expect(await code.evaluate(image => Reflect.get(image, 'naturalWidth'))).toBeGreaterThan(0)
    expect(network !== simulator.url).toBe(isInNetwork)
    await using alone = await startSimulator()
    await post(alone.config, '/v3/pay/transactions/native', order(alone.config))
    const second = await context.newPage()
    await second.goto(`${alone.url}/_sim/`)
    await second.getByText('--host 0.0.0.0').waitFor()
    expect(await second.locator('img.qr').count()).toBe(0)
    await second.close()
  })

  it('lets a user confirm a transfer and a payer pay on a phone, in Chinese, without a horizontal scroll bar', async () => {
    const number = await placed()
    await wxpay().v3.fundApp.mchTransfer.transferBills.post({
      json: {
        appid: 'wxd678efh567hg6787',
        out_bill_no: 'transfer1',
        transfer_scene_id: '1000',
        openid: 'o-MYE42l80oelYMDE34nYD456Xoy',
        transfer_amount: 300,
        transfer_remark: '谢谢',
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '新会员有礼' }],
      },
    })
    await page.setViewportSize(PHONE)
    await page.goto(`${network}/_sim/`)
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '微信支付模拟器' }).waitFor()
    await card('transfers/transfer1').waitFor()
    for (const fold of await page.locator('summary').all()) await fold.click()
    expect(await width()).toBe(PHONE.width)
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN')
    await card('transfers/transfer1').getByRole('link', { name: '用户看到的页面' }).click()
    await button('确认').click()
    await page.getByText('可以关闭此页面了').waitFor()
    await page.goto(`${network}/_sim/pay/${number}`)
    await button('取消').click()
    await page.getByText('用户关闭了收银台').first().waitFor()
    await button('支付').press('Enter')
    await page.getByText('SUCCESS').waitFor()
    expect(await width()).toBe(PHONE.width)
    await page.getByRole('button', { name: 'English' }).click()
  })

  it('has names for all controls, and colours that contrast, by day and by night', async () => {
    await placed()
    await placed({ notify_url: 'https://shop.example/' })
    simulator.pay(await placed({ notify_url: 'https://shop.example/' }))
    await send(simulator.config, { path: '/v3/certificates', body: '{}', sentBody: '' })
    await page.getByText('Likely mistake').waitFor()
    simulator.misbehave({ status: 503 })
    await page.getByText('Verification').first().click()
    await page.locator('tr.differs').waitFor()
    expect(await page.evaluate(unnamed)).toEqual([])
    expect(await page.evaluate(unreadable)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await page.evaluate(unreadable)).toEqual([])
    await page.emulateMedia({ colorScheme: 'light' })
    for (const landmark of ['banner', 'navigation', 'main'] as const) {
      expect(await page.getByRole(landmark).count()).toBe(1)
    }
  })
})
