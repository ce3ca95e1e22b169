import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createChain } from '../../lib/chain/proxy.js'
import { expandTemplate } from '../../lib/chain/uri-template.js'
import { InvalidArgumentError } from '../../lib/errors.js'

interface Group {
  variables: Record<string, unknown>
  testcases: [template: string, expected: string | string[] | false][]
}

function read(file: string): [title: string, group: Group][] {
  const folder = new URL('../../node_modules/uri-template-router/test/uritemplate-test/', import.meta.url)
  return Object.entries(JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
}

const wxpay = createChain(async (_method, template, options) => expandTemplate(template, options))

/** The suite's templates begin anywhere; a request's path begins at the origin. */
function prefixOf(template: string): string {
  return template.startsWith('/') ? 'v3/x' : 'v3/x/'
}

const FRAGMENT = 'a request has no fragment'

// What a request must not go without: RFC 6570 leaves it out in silence.
const INCOMPLETE: Record<string, string> = {
  'O{undef}X': 'got null',
  '?{x,undef}': 'got null',
  '?{undef,y}': 'got null',
  '{/var,undef}': 'got null',
  'O{+undef}X': 'got null',
  'X{.undef}': 'got null',
  'X{.empty_keys}': 'an empty list',
  'X{.empty_keys*}': 'an empty list',
  '{/empty_list}': 'an empty list',
  '{/empty_list*}': 'an empty list',
}

const cases = ['spec-examples.json', 'spec-examples-by-section.json', 'extended-tests.json']
  .flatMap(read)
  .flatMap(([title, { variables, testcases }]) =>
    testcases.map(([template, expected]) => ({ title, template, expected: [expected].flat(), variables })),
  )

function refusalOf(template: string): string | undefined {
  return template.includes('{#') ? FRAGMENT : INCOMPLETE[template]
}

const expanded = cases.filter(({ template }) => refusalOf(template) === undefined)
const refused = cases.filter(({ template }) => refusalOf(template) !== undefined)

describe('the official test suite of RFC 6570', () => {
  test.each(expanded)('$title: $template expands as the suite says', async ({ template, expected, variables }) => {
    const prefix = prefixOf(template)
    const path = await wxpay.chain(prefix + template).get(variables)
    expect(expected.map(text => `/${prefix}${text}`)).toContain(path)
  })

  test.each(refused)('$title: $template is refused', async ({ template, variables }) => {
    const promise = wxpay.chain(prefixOf(template) + template).get(variables)
    await expect(promise).rejects.toThrow(InvalidArgumentError)
    await expect(promise).rejects.toThrow(refusalOf(template))
  })

  test('is whole, and no refusal is listed in vain', () => {
    expect([expanded.length, refused.length]).toEqual([186, 35])
    const templates = new Set(refused.map(({ template }) => template))
    expect(Object.keys(INCOMPLETE).filter(template => !templates.has(template))).toEqual([])
  })
})

describe('its negative suite', () => {
  const cases = read('negative-tests.json').flatMap(([, { variables, testcases }]) =>
    testcases.map(([template]) => ({ template, variables })),
  )

  test('is whole', () => {
    expect(cases).toHaveLength(29)
  })

  test.each(cases)('$template is refused', async ({ template, variables }) => {
    await expect(wxpay.chain(prefixOf(template) + template).get(variables)).rejects.toThrow(InvalidArgumentError)
  })
})
