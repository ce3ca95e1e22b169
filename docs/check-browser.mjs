/**
 * Checks the built site in Chromium: what the first page loads, whether it fits a phone, what search finds, and whether
 * calls to a simulator work. `node check-browser.mjs <folder>` keeps pictures.
 */
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { Simulator } from '../dist/simulator/index.js'

/** @import { Page } from 'playwright-core' */

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
const MAX_SCRIPT = 100_000
const OPERATION = 'v3/marketing/membercard-open/cards/card_id/codes/code/bonus/commit/post'
const PAGES = {
  home: '',
  operation: `${OPERATION}/`,
  notification: 'events/TRANSACTION.SUCCESS/',
  guide: 'guides/refunds/',
}
const LANGUAGES = { en: '/', zh: '/zh-cn/' }

/** The expected first results. */
const SEARCHES = [
  { language: 'en', term: '积分到账', among: 1, pages: [OPERATION] },
  { language: 'zh', term: '积分到账', among: 1, pages: [OPERATION] },
  { language: 'en', term: 'refund', among: 5, pages: ['guides/refunds', 'v3/refund/domestic/refunds/post'] },
  { language: 'zh', term: '退款', among: 5, pages: ['guides/refunds', 'v3/refund/domestic/refunds/post'] },
  {
    language: 'en',
    term: 'out_trade_no',
    among: 3,
    pages: ['v3/pay/transactions/out-trade-no/out_trade_no/get'],
  },
  {
    language: 'zh',
    term: 'out_trade_no',
    among: 3,
    pages: ['v3/pay/transactions/out-trade-no/out_trade_no/get'],
  },
]

/** Calls that are tried: a query, an order, encrypted fields, an upload, and one of a brand. */
const TRIALS = [
  'v3/certificates/get',
  'v3/pay/transactions/native/post',
  'v3/profitsharing/receivers/add/post',
  'v3/merchant/media/upload/post',
  'brand/store/brandstores/post',
]

/** One pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** @type {Record<string, string>} */
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

const [pictures] = process.argv.slice(2)
/** @type {string[]} */
const faults = []

if (existsSync(BROWSER)) await look()
else console.log(`There is no browser at ${BROWSER}: the site was not looked at. Set CHROMIUM to the path of one.`)

async function look() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site.invalid')
    const file = join(
      import.meta.dirname,
      'dist',
      decodeURIComponent(pathname),
      pathname.endsWith('/') ? 'index.html' : '',
    )
    if (!existsSync(file)) return response.writeHead(404).end()
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
    return response.end(readFileSync(file))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const site = `http://127.0.0.1:${Object(server.address()).port}`
  const simulator = await Simulator.start()
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update']
  const browser = await chromium.launch({ executablePath: BROWSER, args: flags })
  const page = await browser.newPage({ locale: 'en-GB' })
  page.on('pageerror', error => faults.push(`${page.url()}: ${error.message}`))
  page.on('request', request => {
    if (!/^(?:http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url()))
      faults.push(`${page.url()} asks for ${request.url()}`)
  })
  // The pages expect a simulator at 8900, where there may be a different one.
  await page.route('http://127.0.0.1:8900/**', route =>
    route.continue({ url: simulator.url + new URL(route.request().url()).pathname }),
  )
  try {
    for (const [language, prefix] of Object.entries(LANGUAGES)) {
      for (const [name, path] of Object.entries(PAGES))
        await lookAt(page, `${site}${prefix}${path}`, `${name}-${language}`)
    }
    await openInChinese(await browser.newPage({ locale: 'zh-CN' }), site)
    for (const search of SEARCHES) await find(page, site, search)
    for (const slug of TRIALS) await tryCall(page, `${site}/${slug}/`)
  } finally {
    await browser.close()
    await simulator.close()
    server.close()
  }
  console.log(`Looked at in Chromium: ${faults.length} faults`)
  for (const fault of faults) console.log(fault)
  process.exitCode = faults.length > 0 ? 1 : 0
}

/**
 * @param {Page} page
 * @param {string} url
 * @param {string} name
 */
async function lookAt(page, url, name) {
  let bytes = 0
  /** @type {Promise<unknown>[]} */
  const sizes = []
  /** @param {import('playwright-core').Response} response */
  const count = response => {
    if (response.request().resourceType() !== 'script') return
    sizes.push(response.body().then(body => (bytes += body.length)))
  }
  page.on('response', count)
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 })
    await page.goto(url, { waitUntil: 'networkidle' })
    await Promise.all(sizes)
    if (width === 1280) {
      console.log(`${name}: ${bytes} bytes of script`)
      if (bytes > MAX_SCRIPT) faults.push(`${name} loads ${bytes} bytes of script`)
      page.off('response', count)
    }
    const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
    if (wide > width) faults.push(`${name} is ${wide} px wide on ${width}`)
    if (!pictures) continue
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: true })
  }
}

/**
 * A Chinese reader comes to the first page, and then asks for it in English.
 * @param {Page} page
 * @param {string} site
 */
async function openInChinese(page, site) {
  await page.goto(`${site}/`)
  await page.waitForURL(`${site}/zh-cn/`)
  await page.locator('starlight-lang-select select').first().selectOption('/')
  await page.waitForURL(`${site}/`)
  await page.waitForLoadState('networkidle')
  if (new URL(page.url()).pathname !== '/') faults.push('A Chinese reader cannot read the first page in English.')
  await page.close()
}

/**
 * @param {Page} page
 * @param {string} site
 * @param {{ language: string, term: string, among: number, pages: readonly string[] }} search
 */
async function find(page, site, { language, term, among, pages }) {
  const prefix = language === 'zh' ? '/zh-cn/' : '/'
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(`${site}${prefix}products/`)
  await page.locator('site-search .open').click()
  await page.locator('site-search input').fill(term)
  await page.locator('site-search .results a').first().waitFor()
  const found = await page
    .locator('site-search .results a')
    .evaluateAll(links => links.map(link => link.getAttribute('href')))
  const first = found.slice(0, among)
  for (const slug of pages) {
    if (!first.includes(`${prefix}${slug}/`))
      faults.push(`${term} (${language}) finds ${found.join(' ')}, and not ${slug}`)
  }
  if (pictures) await page.screenshot({ path: join(pictures, `search-${language}-${encodeURIComponent(term)}.png`) })
}

/**
 * @param {Page} page
 * @param {string} url
 */
async function tryCall(page, url) {
  await page.goto(url)
  await page.locator('.trial summary').click()
  const file = page.locator('.trial input[type=file]')
  if ((await file.count()) > 0) await file.setInputFiles({ name: 'image.png', mimeType: 'image/png', buffer: PICTURE })
  await page.locator('.trial button').click()
  const output = page.locator('.trial output')
  await output.filter({ hasText: /\S/ }).waitFor()
  const text = (await output.textContent()) ?? ''
  if (!/"statusCode": 20[0-4]/.test(text)) faults.push(`${url} tried: ${text.slice(-600)}`)
}
