import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { jsonPayload, rawPayload } from '../../lib/protocol/payload.js'

describe('a JSON payload', () => {
  it('is serialised once: what is signed is what is sent', () => {
    const { body, signed, contentType } = jsonPayload({ a: '中/文', b: undefined, c: [1, 2.5] })
    expect(body?.toString()).toBe('{"a":"中/文","c":[1,2.5]}')
    expect(signed).toBe(body)
    expect(contentType).toBe('application/json')
  })

  it.each([
    ['null deep inside', { amount: { payer: [{ total: null }] } }, /`json\.amount\.payer\[0\]\.total` .*null/],
    ['a bigint', { amount: { total: 1n } }, /`json\.amount\.total` .*bigint/],
    ['NaN', { total: Number.NaN }, /`json\.total` .*NaN/],
    ['infinity', { total: Number.POSITIVE_INFINITY }, /`json\.total` .*Infinity/],
    ['an integer beyond what a number holds', { id: 2 ** 53 }, /`json\.id` .*9007199254740992.* string/],
    ['a string', '{}', /`json` .*string.*`body`/],
    ['null', null, /`json` .*null/],
    ['a hole in a list', { list: Object.assign([1], { 2: 3 }) }, /`json\.list\[1\]` .*undefined/],
    ['undefined in a list', { list: [undefined] }, /`json\.list\[0\]` .*undefined/],
    ['a function', { amount: { total: () => 1 } }, /`json\.amount\.total` .*function/],
    ['a function in a list', [() => 1], /`json\[0\]` .*function/],
    ['a symbol', { id: Symbol('1') }, /`json\.id` .*symbol/],
    ['what gives nothing when it is converted', { id: { toJSON: () => undefined } }, /`json\.id` .*undefined/],
    ['the same in a list', [{ toJSON: () => undefined }], /`json\[0\]` .*undefined/],
    ['what converts itself to a Map', { id: { toJSON: () => new Map() } }, /`json\.id` .*Map/],
    ['a boxed NaN', { total: Object(Number.NaN) }, /`json\.total` .*NaN/],
    ['a boxed integer beyond 2^53', { id: Object(2 ** 53) }, /`json\.id` .*9007199254740992/],
    ['the result of 1.1 * 100', { total: 1.1 * 100 }, /`json\.total` .*110\.00000000000001.*Round/],
    ['an exponent', { rate: 1e-7 }, /`json\.rate` .*1e-7/],
    ['half a surrogate pair', { name: '\ud83d' }, /`json\.name` .*surrogate/],
    ['half a surrogate pair in a name', { '\ud83d': 1 }, /surrogate/],
    ['a Date', { time_expire: new Date(0) }, /`json\.time_expire` .*Date/],
    ['a Date without a time', { time_expire: new Date(Number.NaN) }, /`json\.time_expire` .*Date/],
    ['a Map', { detail: new Map([['a', 1]]) }, /`json\.detail` .*Map/],
    ['a Map in place of the object', new Map([['a', 1]]), /`json` .*Map/],
    ['a Set', { list: new Set([1]) }, /`json\.list` .*Set/],
    ['a regular expression', { name: /a/ }, /`json\.name` .*RegExp/],
    ['an Error', { reason: Object.assign(new Error('no'), { code: 'E' }) }, /`json\.reason` .*Error/],
    ['a forgotten await', { prepay_id: Promise.resolve('1') }, /`json\.prepay_id` .*Promise.*await/],
    ['Headers', { a: new Headers({ b: 'c' }) }, /`json\.a` .*Headers/],
    ['FormData', { a: new FormData() }, /`json\.a` .*FormData/],
    ['URLSearchParams', { a: new URLSearchParams('b=c') }, /`json\.a` .*URLSearchParams/],
    ['a Buffer', { a: Buffer.from('b') }, /`json\.a` .*Uint8Array/],
    ['bytes', { a: new Uint8Array(1) }, /`json\.a` .*Uint8Array/],
    ['an object with private members only', { a: new (class Money {})() }, /`json\.a` /],
  ])('refuses %s, and names the field', (_what, value, message) => {
    expect(() => jsonPayload(value)).toThrow(InvalidArgumentError)
    expect(() => jsonPayload(value)).toThrow(message)
  })

  it.each([
    ['an instance of a class', Object.assign(new (class Order {})(), { total: 1 }), '{"total":1}'],
    ['an object without a prototype', Object.assign(Object.create(null), { total: 1 }), '{"total":1}'],
    ['a value that converts itself', { url: new URL('https://a.example/') }, '{"url":"https://a.example/"}'],
    [
      'a boxed string',
      { name: Object('a'), flag: Object(true), total: Object(1) },
      '{"name":"a","flag":true,"total":1}',
    ],
    ['an empty object and an empty list', { a: {}, b: [] }, '{"a":{},"b":[]}'],
    ['fractions as they are written', { a: 0.1, b: 99.99, c: -1.25 }, '{"a":0.1,"b":99.99,"c":-1.25}'],
    ['40 levels', JSON.parse('['.repeat(40) + ']'.repeat(40)), '['.repeat(40) + ']'.repeat(40)],
  ])('takes %s', (_what, value, json) => {
    expect(jsonPayload(value).body?.toString()).toBe(json)
  })

  it.each([
    [
      'a circular object',
      () => {
        const order: Record<string, unknown> = {}
        order.self = order
        return order
      },
    ],
    [
      'one that is 100,000 levels deep',
      () => {
        let order: object = {}
        for (let level = 0; level < 100_000; level++) order = { order }
        return order
      },
    ],
    [
      'one whose toJSON fails',
      () => ({
        toJSON: () => {
          throw new Error('no')
        },
      }),
    ],
  ])('refuses %s by name', (_what, make) => {
    expect(() => jsonPayload(make())).toThrow(InvalidArgumentError)
    expect(() => jsonPayload(make())).toThrow(/`json`/)
  })
})

describe('a raw payload', () => {
  it.each([
    ['a string', () => '{"a":"中"}'],
    ['bytes', () => new TextEncoder().encode('{"a":"中"}')],
    ['a stream', () => Readable.from([Buffer.from('{"a":'), Buffer.from('"中"}')])],
  ])('is sent and signed as it is given: %s', async (_what, body) => {
    const payload = await rawPayload(body())
    expect(payload.body?.toString()).toBe('{"a":"中"}')
    expect(payload.signed).toEqual(payload.body)
  })

  it('of form data is signed by its meta part alone', async () => {
    const form = new FormData()
    form.append('meta', new Blob(['{"filename":"a.png"}'], { type: 'application/json' }))
    form.append('file', new Blob(['\u0000\u0001'], { type: 'image/png' }), 'a.png')
    const { body, signed, contentType } = await rawPayload(form)
    expect(signed.toString()).toBe('{"filename":"a.png"}')
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/)
    const sent = body && 'open' in body ? (await buffer(body.open())).toString('latin1') : ''
    expect(body?.length).toBe(sent.length)
    expect(sent.indexOf('name="meta"')).toBeGreaterThan(0)
    expect(sent.indexOf('name="file"')).toBeGreaterThan(sent.indexOf('name="meta"'))
    expect(sent).toContain('Content-Type: application/json')
  })

  it('of form data without a meta part is refused', async () => {
    await expect(rawPayload(new FormData())).rejects.toThrow(/`meta` part/)
  })

  it('of a different type is refused', async () => {
    await expect(rawPayload({ a: 1 })).rejects.toThrow(InvalidArgumentError)
  })
})
