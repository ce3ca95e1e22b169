import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compare, excuse } from '../../openapi/tools/compare.mjs'
import { readWitness, readWitnesses } from '../../openapi/tools/witnesses.mjs'
import { readCatalogue } from './catalogue.js'

const catalogue = readCatalogue('v3', {
  'paths/orders/{order_id}.yaml': `
put:
  summary: 下单
  parameters: [{ name: page, in: query, schema: { type: integer } }]
  requestBody:
    content:
      application/json:
        schema:
          type: object
          required: [note, sub_mchid, extra]
          properties:
            note: { type: string }
            sub_mchid: { type: string }
            extra: { type: string }
            total: { type: string }
            kind: { type: string, enum: [A] }
            name: { type: string, x-encrypted: platform }
            card: { type: string }
            transaction_id: { type: string }
            detail: { type: string, contentSchema: { type: object } }
            goods: { type: array, items: { $ref: "#/components/schemas/Goods" } }
          anyOf: [{ required: [transaction_id] }, { required: [card] }]
  responses:
    200: { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }`,
  'schemas/Goods.yaml': 'type: object\nproperties: { price: { type: integer } }',
  'schemas/Order.yaml': 'type: object\nproperties: { order_id: { type: string } }',
})

const sides = { skit: 'kind: community\nfills: [mchid]\n', go: 'kind: sdk\n', skills: 'kind: samples\n' }

/** What differs from the witnesses, as `side field: rule`. */
function differences(facts: Partial<Record<keyof typeof sides, string>>): string[] {
  const witnesses = Object.entries(facts).map(([name, text]) =>
    readWitness(name, `${sides[name as keyof typeof sides]}---\nPUT /v3/orders/{id}:\n${text}`),
  )
  return compare(catalogue, witnesses).differences.map(({ in: side, field, rule }) => `${side} ${field}: ${rule}`)
}

const agreed = ' request:\n  note:\n  sub_mchid:\n  extra:\n'

it.each([
  ['nothing, where the catalogue says the same', `${agreed}  goods[]:\n   price: integer\n  name: encrypted`, []],
  ['a field that it lacks', `${agreed}  goods[]:\n   weight:`, ['request goods[].weight: missing']],
  ['a parameter that it lacks', ' query:\n  limit: unknown', ['query limit: missing']],
  ['a type', `${agreed}  total: integer`, ['request total: type']],
  ['values that it lacks', `${agreed}  kind: A|B`, ['request kind: values']],
  ['a field to encrypt', `${agreed}  card: encrypted`, ['request card: encrypted there']],
  ['a field not to encrypt', `${agreed}  name:`, ['request name: not encrypted there']],
  [
    'a field that need not be required',
    ' request:\n  note?:\n  sub_mchid:\n  extra:',
    ['request note: required here, optional there'],
  ],
  ['a field that has to be required', `${agreed}  total!:`, ['request total: optional here, required there']],
  [
    'what it requires and nobody knows',
    ' request:\n  note:\n  sub_mchid:',
    ['request extra: required here, unknown there'],
  ],
  ['nothing inside a string that holds JSON', `${agreed}  detail:\n   weight:`, []],
])('the comparison finds %s', (_, facts, found) => {
  expect(differences({ go: facts })).toEqual(found)
})

it('what one of several alternatives requires is not required', () => {
  expect(differences({ go: `${agreed}  transaction_id?:\n  card?:` })).toEqual([])
})

it('an official source is believed before one of the community', () => {
  const optional = ' request:\n  note?:\n  sub_mchid:\n  extra:'
  expect(differences({ skit: optional })).toEqual(['request note: required here, optional there'])
  expect(differences({ skit: optional, go: agreed.replace('note', 'note!') })).toEqual([])
  expect(differences({ skit: `${agreed}  total!:` })).toEqual([])
})

it('what a client fills in is not optional because it says so', () => {
  expect(differences({ skit: ' request:\n  note:\n  sub_mchid?:\n  extra:' })).toEqual([])
})

it('beside a sample of the very call, what the community alone has is doubtful', () => {
  expect(differences({ skit: `${agreed}  older:` })).toEqual(['request older: missing'])
  expect(differences({ skit: `${agreed}  older:`, skills: agreed })).toEqual([])
})

it('an operation that is not in the catalogue is told apart', () => {
  const { absent, compared } = compare(catalogue, [readWitness('go', `${sides.go}---\nGET /v3/absent: {}`)])
  expect(absent).toEqual(['GET /v3/absent'])
  expect(compared).toBe(0)
})

it('an excuse covers one field or all that begin so, and one that covers nothing is found', () => {
  const { differences } = compare(catalogue, [
    readWitness('go', `${sides.go}---\nPUT /v3/orders/{id}:\n${agreed}  goods[]:\n   weight:\n   size:\n  colour:`),
  ])
  const at = { op: 'PUT /v3/orders/{order_id}', in: 'request', rule: 'missing', why: 'a reason' } as const
  const subtree = { ...at, field: 'goods[].*' }
  const field = { ...at, field: 'colour' }
  const nothing = { ...at, field: 'colours' }
  expect(differences).toHaveLength(3)
  expect(excuse(differences, [subtree]).open.map(({ field }) => field)).toEqual(['colour'])
  expect(excuse(differences, [subtree, field])).toEqual({ open: [], unused: [] })
  expect(excuse(differences, [nothing]).unused).toEqual([nothing])
  expect(excuse(differences, [{ ...field, rule: 'type' }]).open).toHaveLength(3)
})

it('four sources are witnesses, each of which knows more than a hundred operations', () => {
  const witnesses = readWitnesses(join(import.meta.dirname, '../../openapi/witnesses'))
  expect(witnesses.map(({ name }) => name)).toEqual(['go', 'java', 'skills', 'skit'])
  for (const { operations } of witnesses) expect(Object.keys(operations).length).toBeGreaterThan(100)
})
