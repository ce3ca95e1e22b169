import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../../docs/src/catalogue/documents.js'
import { GUIDES } from '../../docs/src/catalogue/guides.js'
import { markdownOf } from '../../docs/src/catalogue/markdown.js'
import { type OperationPage, pagesOf } from '../../docs/src/catalogue/pages.js'

const documents = readDocuments(join(import.meta.dirname, '../../docs/generated'))
const pages = pagesOf(documents)
const operations = pages.filter(page => page.kind === 'operation')

function pageOf(slug: string): OperationPage {
  const page = operations.find(operation => operation.slug === slug)
  if (!page) throw new Error(`There is no page ${slug}.`)
  return page
}

it('the sidebar has every guide', () => {
  const files = readdirSync(join(import.meta.dirname, '../../docs/guides')).filter(name => name.endsWith('.md'))
  expect(GUIDES.flatMap(({ guides }) => guides).sort()).toEqual(files.map(name => name.replace('.md', '')).sort())
})

describe('the pages of the reference', () => {
  it('are as many as the catalogue has operations and notifications', () => {
    const { v3, v2 } = documents
    const documented = [v3, v2].flatMap(({ paths, webhooks }) => [
      ...Object.values(paths).flatMap(item => Object.keys(item)),
      ...Object.keys(webhooks),
    ])
    expect(pages).toHaveLength(documented.length)
  })

  it('have an address each that needs no escape', () => {
    expect(new Set(pages.map(({ slug }) => slug)).size).toBe(pages.length)
    expect(pages.filter(({ slug }) => !/^[\w./-]+$/.test(slug) || slug.includes('//'))).toEqual([])
  })

  it('show the documented sample of a call, in three forms', () => {
    const { call, statusCode, sections } = pageOf(
      'v3/marketing/membercard-open/cards/card_id/codes/code/bonus/commit/post',
    )
    const path = 'v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit'
    expect(call.forms.map(({ node }) => node)).toEqual([
      'wxpay.v3.marketing.membercardOpen.cards._card_id_.codes._code_.bonus.commit',
      `wxpay.chain('${path}')`,
      `wxpay['${path}']`,
    ])
    expect(call.options).toContain("card_id: '478515832665',\n  code: '478515832665',\n  json: {")
    expect(statusCode).toBe('204')
    expect(sections.map(({ name }) => name)).toEqual(['path', 'json'])
  })

  it('ask the simulator for the sample, as its merchant', () => {
    const { trial } = pageOf('v3/pay/transactions/id/transaction_id/get')
    const path = '/v3/pay/transactions/id/1217752501201407033233368018'
    expect(trial).toEqual({ method: 'GET', path, query: { mchid: '1900000109' } })
  })

  it('say the unit of an amount, and what is encrypted', () => {
    const amount = pageOf('v3/pay/transactions/native/post')
      .sections.flatMap(({ fields }) => fields)
      .find(({ name, depth }) => name === 'total' && depth === 1)
    expect(amount).toMatchObject({ type: 'integer', required: true, unit: 'in fen (分)' })
    const name = pageOf('v3/profitsharing/receivers/add/post')
      .sections.flatMap(({ fields }) => fields)
      .find(field => field.name === 'name')
    expect(name?.encrypted).toBe('platform')
  })

  it('name the products of all operations', () => {
    expect(new Set(operations.flatMap(({ products }) => products)).size).toBeGreaterThan(100)
  })

  it('name the notifications that follow from an operation, and the operations that a notification follows from', () => {
    const subjectsAt = (slug: string) => pages.find(page => page.slug === slug)?.related.map(({ subject }) => subject)
    expect(subjectsAt('v3/refund/domestic/refunds/post')).toEqual([
      'REFUND.ABNORMAL',
      'REFUND.CLOSED',
      'REFUND.SUCCESS',
    ])
    expect(subjectsAt('events/REFUND.SUCCESS')).toContain('POST /v3/refund/domestic/refunds')
    expect(subjectsAt('events/v2/refund-processed')).toContain('POST /v2/secapi/pay/refund')
    expect(subjectsAt('v3/certificates/get')).toEqual([])
  })

  it('put a notification beside the operations that it follows from', () => {
    const productsOf = (slug: string) => pages.find(page => page.slug === slug)?.products
    expect(productsOf('events/TRANSACTION.SUCCESS')?.slice(0, 2)).toEqual(['基础支付', '支付中签约'])
    expect(productsOf('events/WEBIZPAY.REVOKED')).toEqual(['企业支付'])
  })

  it('show the headers that a call needs', () => {
    const { call, trial } = pageOf('v3/marketing/partnerships/build/post')
    expect(call.options).toContain("'Idempotency-Key': ")
    expect(trial.headers).toHaveProperty('Idempotency-Key')
  })

  it('ask the simulator to encrypt what the documents show encrypted', () => {
    const { trial } = pageOf('v3/profitsharing/receivers/add/post')
    expect(trial.json).toMatchObject({ name: '张三', account: '86693852' })
  })

  it('are Markdown too, with the call and its fields', () => {
    const markdown = markdownOf(pageOf('v3/pay/transactions/native/post'))
    expect(markdown).toContain('await wxpay.v3.pay.transactions.native.post({')
    expect(markdown).toContain('| · `total` | integer, required | 总金额; in fen (分) |')
  })

  it('list the errors of a call, in Markdown too', () => {
    const page = pageOf('v3/ecommerce/subsidies/create/post')
    expect(page.errors).toEqual([{ status: 429, code: 'FREQUENCY_LIMITED', meaning: '频率限制' }])
    expect(markdownOf(page)).toContain('## Errors\n\n| status | code | meaning |\n| --- | --- | --- |\n| 429 |')
    expect(markdownOf(pageOf('v3/certificates/get'))).not.toContain('## Errors')
  })
})
