/**
 * Checks the built site: a page for each operation and notification, no broken links, nothing from other origins,
 * nothing too large.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const site = join(import.meta.dirname, 'dist')
const MAX_PAGE = 200_000
const MAX_SCRIPT = 100_000

const files = readdirSync(site, { recursive: true, encoding: 'utf8' })
const pages = files.filter(file => file.endsWith('.html'))
const reference = files
  .filter(file => file.endsWith('index.md') && !/^(?:zh-cn\/)?guides\//.test(file))
  .map(file => file.replace(/index\.md$/, ''))

const faults = [...countFaults(), ...pages.flatMap(page => pageFaults(page, readFileSync(join(site, page), 'utf8')))]
const bytes = files.reduce((sum, file) => sum + statSync(join(site, file)).size, 0)
console.log(
  `${pages.length} pages, ${reference.length} of the catalogue, ${Math.round(bytes / 1e6)} MB, ${faults.length} faults`,
)
for (const fault of faults.slice(0, 20)) console.log(fault)
process.exitCode = faults.length > 0 ? 1 : 0

function countFaults() {
  const documented = ['v3', 'v2'].reduce((sum, api) => {
    const document = JSON.parse(readFileSync(join(import.meta.dirname, `../dist/openapi/${api}.json`), 'utf8'))
    const operations = Object.values(document.paths).flatMap(item => Object.keys(item))
    return sum + operations.length + Object.keys(document.webhooks).length
  }, 0)
  const missing = reference.filter(slug => !existsSync(join(site, 'zh-cn', slug, 'index.html')))
  return [
    ...(reference.length === documented ? [] : [`${reference.length} pages for ${documented} of the catalogue`]),
    ...missing.map(slug => `${slug}: not in Chinese`),
  ]
}

/**
 * @param {string} page
 * @param {string} html
 */
function pageFaults(page, html) {
  const base = new URL(page.replace(/index\.html$/, ''), 'http://site.invalid/')
  const links = [...html.matchAll(/<a\b[^>]*\shref="([^"]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
  const loaded = [
    ...html.matchAll(
      /<(?:script|img|link rel="(?:stylesheet|preload|modulepreload)"|iframe)\b[^>]*\s(?:src|href)="([^"]+)"/g,
    ),
  ]
  const sources = loaded.map(([, source = '']) => source)
  const scripts = [...html.matchAll(/<script\b[^>]*\ssrc="([^"]+)"/g)].map(([, source = '']) => source)
  const script = scripts.reduce((sum, source) => sum + sizeOf(source), 0)
  return [
    ...links.filter(link => !leadsSomewhere(link, base)).map(link => `${page}: broken link ${link}`),
    ...sources.filter(source => /^(?:https?:)?\/\//.test(source)).map(source => `${page}: loads ${source}`),
    ...(Buffer.byteLength(html) > MAX_PAGE ? [`${page}: ${Buffer.byteLength(html)} bytes`] : []),
    ...(script > MAX_SCRIPT ? [`${page}: ${script} bytes of script`] : []),
  ]
}

/** @param {string} source */
function sizeOf(source) {
  const file = join(site, source)
  return existsSync(file) ? statSync(file).size : 0
}

/**
 * @param {string} link
 * @param {URL} base
 */
function leadsSomewhere(link, base) {
  const { host, pathname } = new URL(link, base)
  if (host !== base.host) return true
  const file = join(site, decodeURIComponent(pathname))
  return existsSync(pathname.endsWith('/') ? join(file, 'index.html') : file)
}
