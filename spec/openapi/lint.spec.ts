import { expect, it } from 'vitest'
import { checkErrors } from '../../openapi/tools/errors.mjs'
import { checkFollows } from '../../openapi/tools/follows.mjs'
import { checkSamples } from '../../openapi/tools/samples.mjs'
import { checkWords } from '../../openapi/tools/words.mjs'
import { readCatalogue } from './catalogue.js'

const LINKED = 'summary: s\n  externalDocs: { url: https://pay.weixin.qq.com/doc/v3/merchant/1 }'

/** An operation of a field, with a schema in braces, and a sample. */
function withField(schema: string, sample?: string) {
  return readCatalogue('v3', {
    'paths/a.yaml': `post:
  ${LINKED}
  requestBody:
    content:
      application/json:
        schema: { type: object, required: [field], properties: { field: ${schema} } }
        ${sample === undefined ? '' : `example: ${sample}`}
`,
  })
}

it.each([
  ['the sample of a field', '{ type: integer, examples: ["1"] }', undefined, 'the sample "1" must be integer'],
  ['the sample of a payload', '{ type: integer }', '{ field: a }', 'the sample /field must be integer'],
  ['a sample that lacks a required field', '{ type: integer }', '{}', "must have required property 'field'"],
  [
    'a value that is not in the list',
    '{ type: string, enum: [A], examples: [B] }',
    undefined,
    'must be equal to one of',
  ],
  [
    'a date in a different format',
    '{ type: string, format: date-time, examples: [2026] }',
    undefined,
    'must be string',
  ],
  ['a longer text', '{ type: string, maxLength: 1, examples: [ab] }', undefined, 'must NOT have more than 1'],
  ['a longer value of a list', '{ type: string, maxLength: 1, enum: [ab] }', undefined, 'must NOT have more than 1'],
  [
    'a sample beside a reference',
    '{ type: array, items: { $ref: "#/components/schemas/A" }, examples: [[1]] }',
    undefined,
    'must be object',
  ],
])('%s has to fit its schema', (_, schema, sample, problem) => {
  const document = withField(schema, sample)
  document.components.schemas = { A: { type: 'object' } }
  const problems = checkSamples(document, 'v3')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('/v3/a post requestBody')
  expect(problems[0]).toContain(problem)
})

it('samples that fit are let pass, those of a field called example too', () => {
  expect(
    checkSamples(
      withField(
        '{ type: object, properties: { example: { type: string, examples: [a] } } }',
        '{ field: { example: a } }',
      ),
      'v3',
    ),
  ).toEqual([])
})

it('what APIv2 has as a number may be shown in digits', () => {
  const document = withField('{ type: integer, examples: ["1"] }', '{ field: "2" }')
  expect(checkSamples(document, 'v2')).toEqual([])
})

it.each([
  ['a word that nobody explains', '{ type: string, enum: [A], x-close: true }', '`x-close` is not explained'],
  ['`x-closed` without a list', '{ type: string, x-closed: true }', '`x-closed` is not beside an `enum`'],
  ['an amount of 64 bits', '{ type: integer, format: int64 }', '`format: int64` is not on an ID'],
])('%s is found', (_, schema, problem) => {
  const problems = checkWords(withField(schema), '| `x-closed` | an `enum` |')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(`properties field: ${problem}`)
})

it('an operation has a link, or says why not', () => {
  const operation = (text: string) => readCatalogue('v3', { 'paths/a.yaml': `get:\n  ${text}` })
  expect(checkWords(operation(LINKED), '')).toEqual([])
  expect(checkWords(operation('summary: s\n  x-note: There is none.'), '`x-note`')).toEqual([])
  expect(checkWords(operation('summary: s'), '')).toEqual([expect.stringContaining('neither a link nor')])
})

it.each([
  ['{ status: 200, code: NO_AUTH, meaning: m }', 'the error 200 NO_AUTH m is not the status of an error'],
  ['{ status: 403, code: NO AUTH, meaning: m }', 'the error 403 NO AUTH m has an invalid code'],
  ['{ status: 401, code: SIGN_ERROR, meaning: m }', 'the error 401 SIGN_ERROR m may be the response to every call'],
  ['{ status: 403, code: A, meaning: m }, { status: 403, code: A, meaning: m }', 'the error 403 A m is there twice'],
  [
    '{ status: 404, code: A, meaning: m }, { status: 403, code: B, meaning: m }',
    'the error 403 B m is not in the order of status and code',
  ],
  ['{ status: 403, code: A, meaning: m }, { status: 403, code: A, meaning: n }, { status: 404, code: A, meaning: m }'],
])('the documented errors %s are checked', (errors, ...problems) => {
  const document = readCatalogue('v3', { 'paths/a.yaml': `post:\n  ${LINKED}\n  x-errors: [${errors}]\n` })
  expect(checkErrors(document)).toEqual(problems.map(problem => `/v3/a post: ${problem}`))
})

it('a notification follows from operations that are there and take an address to notify', () => {
  const follows = (operation: string) =>
    checkFollows(
      readCatalogue('v3', {
        'paths/a.yaml': `post:\n  ${LINKED}\n  requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/A" } } } }\n`,
        'paths/b.yaml': `post:\n  ${LINKED}\n  requestBody: { content: { application/json: { schema: { type: object, properties: { sub: { $ref: "#/components/schemas/B" } } } } } }\n`,
        'schemas/A.yaml':
          'type: object\nproperties: { list: { type: array, items: { $ref: "#/components/schemas/B" } }, notify_url: { type: string } }\n',
        'schemas/B.yaml':
          'type: object\nproperties: { self: { $ref: "#/components/schemas/B" }, name: { type: string } }\n',
        'webhooks/E.yaml': `${LINKED.replaceAll('\n  ', '\n')}\nx-follows: [${operation}]\nrequestBody: { content: { application/json: { schema: { type: object } } } }\n`,
      }),
    )
  expect(follows('post /v3/a')).toEqual([])
  expect(follows('post /v3/b')).toEqual([expect.stringContaining('post /v3/b')])
  expect(follows('get /v3/a')).toEqual([expect.stringContaining('not in the catalogue')])
})
