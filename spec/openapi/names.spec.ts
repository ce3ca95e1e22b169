import { expect, it } from 'vitest'
import { segmentOf } from '../../lib/chain/path.js'
import { v2Target } from '../../lib/protocol/v2/endpoints.js'
import { key, pascalPath, propertyNames } from '../../openapi/tools/names.mjs'
import { calls } from '../types/catalogue.js'

const segments = new Set(calls.flatMap(({ path }) => path.split('/')))

it('the chain turns every typed property back into its segment', () => {
  for (const segment of segments) {
    if (/[A-Z]/.test(segment) && !segment.startsWith('{')) continue
    const written = segment === '' ? '{empty}' : segment
    expect(propertyNames(segment).map(segmentOf)).toEqual(propertyNames(segment).map(() => written))
  }
})

it('the client gives a property of APIv2 its capital letters back', () => {
  const written = [...segments].filter(segment => /[A-Z]/.test(segment) && !segment.startsWith('{'))
  const sent = written.flatMap(propertyNames).map(name => v2Target(`/v2/secapi/mch/${segmentOf(name)}`, false))
  expect(sent).toEqual(written.map(segment => `/secapi/mch/${segment}`))
  expect(written).toHaveLength(3)
})

it.each([
  ['native', ['native']],
  ['membercard-open', ['membercardOpen', 'membercard-open']],
  ['complaints-v2', ['complaintsV2', 'complaints-v2']],
  ['a-1', ['a-1']],
  ['video_upload', ['video_upload']],
  ['{card_id}', ['_card_id_', '{card_id}']],
  ['', ['_empty_', '{empty}']],
  ['addInstitutionsub', ['addInstitutionsub']],
  ['anyOther', []],
])('the segment %j is %j on its parent', (segment, names) => {
  expect(propertyNames(segment)).toEqual(names)
})

it('a name that is no identifier is quoted', () => {
  expect([key('native'), key('out-trade-no'), key('{id}'), key('4')]).toEqual([
    'native',
    "'out-trade-no'",
    "'{id}'",
    "'4'",
  ])
})

it('a path has a name in words', () => {
  expect(pascalPath('/v3/refunds/id/{refund_id}')).toBe('V3RefundsIdByRefundId')
  expect(pascalPath('/v3/ecommerce/applyments/')).toBe('V3EcommerceApplymentsIndex')
})

it('no two calls share a name', () => {
  expect(new Set(calls.map(({ name }) => name)).size).toBe(calls.length)
})
