import { describe, expect, it } from 'vitest'
import { parseJson } from '../lib/response.js'

describe('JSON is read without rounding', () => {
  it.each([
    ['an integer beyond 2^53', '{"id":9007199254740993}', { id: '9007199254740993' }],
    ['a negative one', '{"id": -9007199254740993}', { id: '-9007199254740993' }],
    ['one in a list', '[1,\n271781022721654784]', [1, '271781022721654784']],
    ['one alone', '12345678901234567890', '12345678901234567890'],
    ['the largest exact integer', '{"id":9007199254740991}', { id: 9007199254740991 }],
    ['sixteen digits that are exact', '{"id":2000002124775691}', { id: 2000002124775691 }],
    ['a decimal fraction', '{"a":1.5,"b":99999999999999999}', { a: 1.5, b: '99999999999999999' }],
    ['an exponent', '{"a":1e3,"b":99999999999999999}', { a: 1000, b: '99999999999999999' }],
    ['digits in a string', '{"a":"x:99999999999999999"}', { a: 'x:99999999999999999' }],
    [
      'digits in a string with escapes',
      String.raw`{"a":"\\\",99999999999999999","b\"":99999999999999999}`,
      { a: String.raw`\",99999999999999999`, 'b"': '99999999999999999' },
    ],
  ])('%s', (_what, json, value) => {
    expect(parseJson(json)).toEqual(value)
  })

  it('a byte order mark is ignored', () => {
    expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 })
    expect(() => parseJson('\ufeff\ufeff{}')).toThrow(SyntaxError)
  })

  it.each(['{99999999999999999:1}', '{"a":99999999999999999', '[09999999999999999999]', ''])(
    '%j does not parse',
    json => {
      expect(() => parseJson(json)).toThrow(SyntaxError)
    },
  )

  it('a string of many escapes does not exhaust the stack', () => {
    const long = String.raw`\"`.repeat(2_000_000)
    expect(parseJson(`{"a":"${long}","id":99999999999999999}`)).toMatchObject({ id: '99999999999999999' })
  })

  it('agrees with JSON.parse about every document without long integers', () => {
    const document = JSON.stringify({ a: [null, true, { b: '\\"', c: -1.5e-7 }], '': { '': [] }, d: '中\u2028' })
    expect(parseJson(document)).toEqual(JSON.parse(document))
  })
})
