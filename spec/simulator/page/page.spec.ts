import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BusinessClock } from '../../../lib/simulator/ledger/clock.js'
import { createLedger } from '../../../lib/simulator/ledger/ledger.js'
import { KINDS } from '../../../lib/simulator/page/browser/texts.js'
import { pageFile } from '../../../lib/simulator/page/page.js'

const URL = 'http://192.168.1.5:8900'
const browser = join(import.meta.dirname, '../../../lib/simulator/page/browser')

describe('the files of the page', () => {
  const modules = readdirSync(browser).filter(name => name.endsWith('.js'))

  it.each(modules)('%s is served, with all that it imports, and imports nothing from other origins', name => {
    const { headers, body } = pageFile(name, URL) ?? {}
    expect(headers).toMatchObject({ 'Content-Type': 'text/javascript; charset=utf-8' })
    const imports = [...String(body).matchAll(/^import .* from '(.*)'$/gm)].map(([, imported = '']) => imported)
    expect(imports.filter(imported => pageFile(imported.replace(/^\.\//, ''), URL) === undefined)).toEqual([])
  })

  it('the page loads a style and a script, from the simulator alone', () => {
    const { headers, body } = pageFile('', URL) ?? {}
    expect(headers?.['Content-Security-Policy']).toMatch(/^default-src 'self';/)
    const files = [...String(body).matchAll(/(?:src|href)="\/_sim\/(.*?)"/g)].map(([, name = '']) => name)
    expect(files).toEqual(['page.css', 'main.js'])
    for (const name of files) expect(String(pageFile(name, URL)?.body).length).toBeGreaterThan(1000)
  })

  it('a QR code is for the page of a user only', () => {
    expect(pageFile('qr/pay/orders/1', URL)).toMatchObject({ headers: { 'Content-Type': 'image/svg+xml' } })
    expect(pageFile('qr/https://evil.example', URL)).toBeUndefined()
    expect(pageFile('pay/orders/1', URL)).toMatchObject({ body: expect.stringContaining('<!doctype html>') })
    expect(pageFile('view.ts', URL)).toBeUndefined()
  })
})

describe('the strings of the page', () => {
  it('name existing products', () => {
    const ledger = createLedger(new BusinessClock(Date.now), { merchants: [], payers: [] })
    expect(Object.keys(KINDS).filter(kind => !(kind in ledger.snapshot().tables))).toEqual([])
  })
})
