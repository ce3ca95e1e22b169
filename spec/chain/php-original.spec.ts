import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { segmentOf } from '../../lib/chain/path.js'
import { expandTemplate } from '../../lib/chain/uri-template.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { record } from './recording.js'

interface Vector {
  id: string
  group: string
  args: unknown[]
  result: unknown
}

interface Recording {
  uritemplateVars: Record<string, unknown>
  vectors: Vector[]
}

const recording: Recording = JSON.parse(readFileSync(new URL('../fixtures/php-original.json', import.meta.url), 'utf8'))

interface Case<Expected> {
  argument: string
  recorded: unknown
  expected: Expected | unknown
  why: string
}

/** The vectors of a group with the results that are expected here. Only PHP has strings that are not Unicode; they are left out. */
function casesOf<Expected>(group: string, mends: Map<string, [Expected, why: string]>): Case<Expected>[] {
  return recording.vectors
    .filter(vector => vector.group === group)
    .flatMap(({ args: [argument], result: recorded }) => {
      if (typeof argument !== 'string') return []
      const [expected, why] = mends.get(argument) ?? [recorded, 'as recorded']
      return [{ argument, recorded, expected, why }]
    })
}

const AS_WRITTEN = 'a path is used as written'
const SEPARATED = 'a name with a separator was written for the URL'
const UNTOUCHED = 'the name of a placeholder is left as it is'
const ONE_SLASH = 'pasted slashes do not double'

/** The names that the original converts differently: the result here, and why. */
const SEGMENT_MENDS = new Map<string, [segment: string, why: string]>([
  ['v3/merchantService/complaintsV2', ['v3/merchantService/complaintsV2', AS_WRITTEN]],
  ['/V3', ['/V3', AS_WRITTEN]],
  ['v3/Pay', ['v3/Pay', AS_WRITTEN]],
  ['v3/pay/transactions/outTradeNo/{outTradeNo}', ['v3/pay/transactions/outTradeNo/{outTradeNo}', AS_WRITTEN]],
  ['a/B/c', ['a/B/c', AS_WRITTEN]],
  ['_a_/_b_', ['_a_/_b_', AS_WRITTEN]],
  ['HTTPS://API/V3', ['HTTPS://API/V3', AS_WRITTEN]],
  ['Merchant-Service', ['Merchant-Service', SEPARATED]],
  ['a:B', ['a:B', SEPARATED]],
  ['a?b=C', ['a?b=C', SEPARATED]],
  ['a#B', ['a#B', SEPARATED]],
  ['A\nB', ['A\nB', SEPARATED]],
  ['_OutTradeNo_', ['{OutTradeNo}', UNTOUCHED]],
  ['__', ['__', 'a placeholder has a name']],
])

/** Where the joined path differs by more than the segment in it. */
const JOIN_MENDS = new Map<string, [path: string, why: string]>([
  ['v3/', ['v3/v3/x', ONE_SLASH]],
  ['/V3', ['v3/V3/x', ONE_SLASH]],
])

/** Templates that the original expands to something else, or at all. */
const TEMPLATE_MENDS = new Map<string, [path: string | RegExp, why: string]>([
  ['{undef}', [/got undefined/, 'mend 1']],
  ['{.undef}', [/got undefined/, 'mend 1']],
  ['{a,b,undef,int}', [/got undefined/, 'mend 1']],
  ['v3/cards/{card_id}/codes/{undef}/x', [/got undefined/, 'mend 1']],
  ['{el}', [/an empty list/, 'mend 1: nothing is as bad as missing']],
  ['{false}', [/got a boolean/, 'no part of a path is a boolean: it is a mistake']],
  ['{nested}', [/got an object/, 'the original writes the word Array']],
  ['{?nested}', [/got an object/, 'the original writes the word Array']],
  ['{+enc}', ['a%2Fb', 'mend 9']],
  ['{zh:1}', ['%E4%B8%AD', 'mend 9']],
  ['{+res}', [/`#`/, 'a request has no fragment']],
  ['{#a}', [/no fragment/, 'a request has no fragment']],
  ['{#undef}', [/no fragment/, 'a request has no fragment']],
  ['{/empty}', ['/', 'the RFC: a slash, then nothing']],
  ['{%61}', [/got undefined/, 'the RFC: %61 is a name']],
  ['中{a}文', ['%E4%B8%AD1%E6%96%87', 'a URL is ASCII']],
  ['{long:x}', [/malformed at position 6/, 'malformed']],
  ['{a ,b}', [/malformed at position 6/, 'malformed']],
  ['a}', [/malformed at position 6/, 'malformed']],
  ['{{a}}', [/malformed at position 5/, 'malformed']],
  ['{!a}', [/malformed at position 6/, 'malformed']],
  ['{|a}', [/malformed at position 6/, 'malformed']],
  ['{a-b}', [/malformed at position 6/, 'malformed']],
  ['{:3}', [/malformed at position 6/, 'malformed']],
  ['{a:1*}', [/malformed at position 6/, 'malformed']],
])

describe('the segments that the original recorded', () => {
  test.each(casesOf('builder.normalize', SEGMENT_MENDS))('$argument: $why', ({ argument, expected }) => {
    expect(segmentOf(argument)).toBe(expected)
  })
})

describe('the paths that the original recorded', () => {
  const { wxpay, sent } = record()
  const mends = new Map<string, [path: string, why: string]>()
  for (const [name, [segment, why]] of SEGMENT_MENDS) mends.set(name, [`v3/${segment}/x`, why])
  // `then` is never a segment: otherwise a node could not be awaited.
  const cases = casesOf('builder.nested', new Map([...mends, ...JOIN_MENDS])).filter(
    ({ argument }) => argument !== 'then',
  )

  test.each(cases)('v3.$argument.x: $why', ({ argument, expected }) => {
    expect(String(wxpay.v3[argument]?.x)).toBe(`/${expected}`)
  })

  test('numbers are segments', () => {
    const users = wxpay.v3.users
    expect([users?.[5], users?.[6], users?.x].map(String)).toEqual(['/v3/users/5', '/v3/users/6', '/v3/users/x'])
  })

  test('chain() and a bracket give the same path', () => {
    expect(String(wxpay.chain('v3/x'))).toBe(String(wxpay['v3/x']))
  })

  test('are printed without sending anything', () => {
    expect(sent).toEqual([])
  })
})

describe('the templates that the original expanded', () => {
  const values = { ...recording.uritemplateVars, float: 1.5 }

  test.each(casesOf('uritemplate', TEMPLATE_MENDS))('$argument: $why', ({ argument, expected }) => {
    const expand = () => expandTemplate(`v3/x/${argument}`, values)
    if (expected instanceof RegExp) {
      expect(expand).toThrow(InvalidArgumentError)
      expect(expand).toThrow(expected)
    } else {
      expect(expand()).toBe(`/v3/x/${expected}`)
    }
  })
})

test.each([
  ['builder.normalize', SEGMENT_MENDS, 60],
  ['builder.nested', JOIN_MENDS, 60],
  ['uritemplate', TEMPLATE_MENDS, 55],
] as const)('%s is complete, and every mend of it differs', (group, mends, size) => {
  const cases = casesOf<unknown>(group, new Map(mends))
  expect(cases).toHaveLength(size)
  expect(cases.filter(({ expected, recorded }) => expected !== recorded)).toHaveLength(mends.size)
})

describe('faults of the original that are mended', () => {
  const { wxpay } = record()

  test('a placeholder without a value is refused, not sent as /cards//codes', () => {
    const template = 'v3/cards/{card_id}/codes/{code}'
    const missing = /`card_id` of `v3\/cards\/\{card_id\}\/codes\/\{code\}` .*got undefined/
    expect(() => expandTemplate(template, { code: '1' })).toThrow(missing)
    expect(() => expandTemplate(template, { code: '1', card_id: null })).toThrow('got null')
    expect(() => expandTemplate(template, { code: '1', card_id: '' })).toThrow('got an empty string')
  })

  test('a camelCase placeholder is filled under its own name', async () => {
    const { template } = await wxpay.v3.cards._cardId_.get()
    expect(expandTemplate(template, { cardId: 'pb-Q_g' })).toBe('/v3/cards/pb-Q_g')
    expect(expandTemplate('v3/cards/{cardId}', { cardId: 'pb-Q_g' })).toBe('/v3/cards/pb-Q_g')
  })

  test.each(['V3/PayScore', 'v3/certificates?algorithm_type=ALL', 'v3/users/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'])(
    'the path %s is sent as it is written',
    async path => {
      expect((await wxpay.chain(path).get()).template).toBe(path)
      expect((await Object(wxpay)[path].get()).template).toBe(path)
      expect(expandTemplate(path, {})).toBe(`/${path}`)
    },
  )

  test('an out_trade_no of two dots cannot close a different order', () => {
    const template = 'v3/pay/transactions/out-trade-no/{out_trade_no}/close'
    expect(() => expandTemplate(template, { out_trade_no: '..' })).toThrow('placeholder `out_trade_no`')
  })

  test('neither a path nor a value leads to a different host', () => {
    expect(() => expandTemplate('//v3/x', {})).toThrow(InvalidArgumentError)
    expect(() => expandTemplate('{+rest}', { rest: '//evil.example' })).toThrow(InvalidArgumentError)
    expect(() => expandTemplate('v3/{+rest}', { rest: '//evil.example' })).toThrow(InvalidArgumentError)
    const url = new URL(expandTemplate('v3/a:80/c', {}), 'https://api.mch.weixin.qq.com')
    expect(url.href).toBe('https://api.mch.weixin.qq.com/v3/a:80/c')
  })

  test('the query of a path is kept, not dropped', () => {
    expect(expandTemplate('v3/certificates?algorithm_type=ALL', { query: { a: 1 } })).toBe(
      '/v3/certificates?algorithm_type=ALL',
    )
  })

  test('a reserved value is not encoded twice, and a prefix does not cut a character', () => {
    expect(expandTemplate('v3/images/{+media_id}', { media_id: 'a%2Fb%2B/c' })).toBe('/v3/images/a%2Fb%2B/c')
    expect(expandTemplate('v3/x/{x:2}', { x: '中文字' })).toBe('/v3/x/%E4%B8%AD%E6%96%87')
  })

  test('a number is a segment, and a node cannot be written to', async () => {
    expect((await wxpay.v3.users?.[5]?.get())?.template).toBe('v3/users/5')
    expect(() => Reflect.set(wxpay.v3, 'users', 1)).toThrow(TypeError)
  })
})
