import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { withQuery } from '../../lib/protocol/query.js'
import { record, vectors } from '../fixtures/vectors.js'

describe('the query of a request', () => {
  it('of the path stays if the call has none', () => {
    expect(withQuery('/v3/certificates?algorithm_type=ALL', undefined)).toBe('/v3/certificates?algorithm_type=ALL')
  })

  it('merges the path and the option, and the option wins where both have a name', () => {
    expect(withQuery('/v3/x?a=1&b=2', { b: 3, c: 'x y' })).toBe('/v3/x?a=1&b=3&c=x%20y')
  })

  it('leaves null and undefined out, keeps the empty string, and writes booleans as words', () => {
    expect(withQuery('/v3/x', { a: null, b: undefined, c: '', d: true, e: false, f: 0 })).toBe(
      '/v3/x?c=&d=true&e=false&f=0',
    )
  })

  it('writes a list with indices', () => {
    expect(withQuery('/v3/x', { ids: ['a', 'b'] })).toBe('/v3/x?ids%5B0%5D=a&ids%5B1%5D=b')
  })

  it('accepts plain objects from a different realm, also inside the query', () => {
    const foreign = () => runInNewContext('({ b: [1, { c: 2 }] })')
    expect(withQuery('/v3/x', foreign())).toBe('/v3/x?b%5B0%5D=1&b%5B1%5D%5Bc%5D=2')
    expect(withQuery('/v3/x', { a: foreign() })).toBe('/v3/x?a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D%5Bc%5D=2')
    expect(withQuery('/v3/x', { a: Object.assign(Object.create(null), { b: 1 }) })).toBe('/v3/x?a%5Bb%5D=1')
  })

  it('takes URLSearchParams, and writes their spaces and signs as RFC 3986 has them', () => {
    expect(withQuery('/v3/x', new URLSearchParams({ q: 'a b+c*' }))).toBe('/v3/x?q=a%20b%2Bc%2A')
  })

  it('accepts a string as it is written, with or without the question mark', () => {
    expect(withQuery('/v3/x', '?a=%2F&b=中')).toBe('/v3/x?a=%2F&b=%E4%B8%AD')
    expect(withQuery('/v3/x', "a=1'")).toBe('/v3/x?a=1%27')
  })

  it('drops a question mark that nothing follows', () => {
    expect(withQuery('/v3/x', '')).toBe('/v3/x')
    expect(withQuery('/v3/x', '?')).toBe('/v3/x')
    expect(withQuery('/v3/x?', undefined)).toBe('/v3/x')
  })

  it.each([
    ['a list', ['a']],
    ['a number', 5],
    ['null', null],
    ['a string with a fragment', 'a=1#b'],
    ['a string with a line break', 'a=1\r\nb'],
    ['NaN', { a: Number.NaN }],
    ['a date', { a: new Date(0) }],
    ['a function', { a: () => 1 }],
    ['half a surrogate pair', { a: '\ud800' }],
    ['half a surrogate pair in a name', { '\ud800': 'a' }],
    ['an integer beyond 2^53', { transaction_id: Number('12345678901234567890') }],
    ['a number that is written with an exponent', { transaction_id: Number('4200001234202401011234567890') }],
    ['a fraction that is the result of a calculation', { total: 0.1 + 0.2 }],
    ['a number in a list that is not exact', { ids: [1, { id: 2 ** 53 }] }],
    ['a symbol', { a: Symbol('1') }],
    ['a Map', { a: new Map([['b', 1]]) }],
    ['bytes', { a: Buffer.from('b') }],
    ['a forgotten await', { a: Promise.resolve(1) }],
    ['a hole in a list', { ids: Object.assign([1], { 2: 3 }) }],
    ['undefined in a list', { ids: [undefined] }],
    ['null in a list', { ids: ['a', null] }],
  ])('refuses %s', (_what, query) => {
    expect(() => withQuery('/v3/x', query)).toThrow(InvalidArgumentError)
  })

  it('takes a bigint, and numbers that arrive as they are written', () => {
    expect(withQuery('/v3/x', { a: BigInt('12345678901234567890'), b: 0.5, c: Number.MAX_SAFE_INTEGER })).toBe(
      '/v3/x?a=12345678901234567890&b=0.5&c=9007199254740991',
    )
  })

  it('names the field of a number that is not exact', () => {
    expect(() => withQuery('/v3/x', { a: { b: [0.1 + 0.2] } })).toThrow(/`query\.a\[b\]\[0\]` .*0\.30000000000000004/)
  })

  it.each([
    [
      'contains itself',
      () => {
        const query: Record<string, unknown> = {}
        query.self = query
        return query
      },
    ],
    [
      'is 100,000 levels deep',
      () => {
        let query: object = { a: 1 }
        for (let level = 0; level < 100_000; level++) query = { query }
        return query
      },
    ],
  ])('refuses an object that %s', (_what, make) => {
    expect(() => withQuery('/v3/x', make())).toThrow(InvalidArgumentError)
  })

  describe('agrees with http_build_query of the original', () => {
    // Booleans are words here, and what PHP calls NAN and INF is refused.
    const mends = new Set(['query.http_build_query-021'])
    const recorded = vectors('query.http_build_query').filter(
      ({ id, args }) => !mends.has(id) && !/\btrue\b|\bfalse\b/.test(JSON.stringify(args)),
    )
    const plain = (value: unknown): unknown => (value instanceof Map ? record(value) : value)
    it.each(recorded)('$id', ({ args: [query], result }) => {
      const fields = Object.entries(record(query)).map(([name, value]) => [name, plain(value)])
      expect(withQuery('/x', Object.fromEntries(fields))).toBe(result === '' ? '/x' : `/x?${result}`)
    })
  })
})
