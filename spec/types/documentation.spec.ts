import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readDocuments } from '../../docs/src/catalogue/documents.js'
import { pagesOf } from '../../docs/src/catalogue/pages.js'
import { clients, refusals } from './compile.js'

const pages = pagesOf(readDocuments(join(import.meta.dirname, '../../docs/generated')))

it('every call that the documentation shows compiles, in each form', { timeout: 300_000 }, async () => {
  const statements = pages.flatMap(page => {
    if (page.kind === 'event') return []
    const { forms, method, options } = page.call
    const calls = forms.flatMap(({ node }) => [`${node}.${method}`, `${node}.${method}Async`])
    return calls.map(call => `await ${call}(${options.replace(/\n\s*/g, ' ')})`)
  })
  expect(statements.length).toBeGreaterThan(7000)
  const found = await refusals(clients, statements)
  expect(found.map(({ statement, message }) => `${statement?.slice(0, 100)}… ${message}`)).toEqual([])
})
