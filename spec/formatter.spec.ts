import { Buffer } from 'node:buffer'
import * as crypto from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { InvalidArgumentError } from '../lib/errors.js'
import * as Formatter from '../lib/formatter.js'
import { record, replay, text, vectors } from './fixtures/vectors.js'

vi.mock('node:crypto', async importOriginal => {
  const original = await importOriginal<typeof crypto>()
  return { ...original, randomFillSync: vi.fn(original.randomFillSync) }
})

afterEach(() => {
  vi.useRealTimers()
})

const quoted = 'a quote would break out of the header'
const phpFloats = 'numbers are written as JavaScript and JSON write them'

replay(
  'formatter.authorization',
  ([mchid, nonce, signature, timestamp, serial]) =>
    Formatter.authorization(text(mchid), text(nonce), text(signature), text(timestamp), text(serial)),
  { 'formatter.authorization-003': quoted },
)
replay('formatter.request', ([method, uri, timestamp, nonce, body]) =>
  Formatter.request(text(method), text(uri), text(timestamp), text(nonce), body === undefined ? undefined : text(body)),
)
replay('formatter.response', ([timestamp, nonce, body]) => Formatter.response(text(timestamp), text(nonce), text(body)))
replay(
  'formatter.joinedByLineFeed',
  pieces => Formatter.joinedByLineFeed(...pieces.map(piece => (typeof piece === 'number' ? piece : text(piece)))),
  { 'formatter.joinedByLineFeed-007': { reason: phpFloats, gives: '1\n0.1\n1e+25\n0\n' } },
)
replay('formatter.queryStringLike', ([thing]) => Formatter.queryStringLike(record(thing)), {
  'formatter.queryStringLike-007': {
    reason: phpFloats,
    gives: 'f=0.1&g=1&h=1e+25&i=0.30000000000000004&j=1000000000000000&k=123456789012345680&l=-1.5e-7',
  },
})
replay('formatter.nonce', ([size], { call }) => {
  const nonce = Formatter.nonce(typeof size === 'number' ? size : undefined)
  if (call === 'strlen(Formatter::nonce())') return nonce.length
  return [nonce.length, Number(/^[0-9A-Za-z]+$/.test(nonce))]
})
/** A recorded array as [name, value] pairs in PHP's order. */
function pairs(value: unknown): [string, unknown][] {
  if (value instanceof Map) return Array.from(value, ([name, item]) => [String(name), item])
  return Object.entries(record(value))
}

describe('nonce', () => {
  /** A module of its own, whose bytes are those, until they are used up. */
  async function withBytes(fill: (index: number) => number): Promise<typeof Formatter> {
    vi.mocked(crypto.randomFillSync).mockImplementationOnce(buffer => {
      if (buffer instanceof Uint8Array) for (const index of buffer.keys()) buffer[index] = fill(index)
      return buffer
    })
    vi.resetModules()
    return import('../lib/formatter.js')
  }

  it('favours no character: every byte value sixteen times gives each of the 62 sixty-four times', async () => {
    const { nonce } = await withBytes(index => index % 256)
    const text = nonce(62 * 64)
    const characters = new Set(text)
    expect(characters.size).toBe(62)
    for (const character of characters) expect(text.split(character)).toHaveLength(65)
  })

  it('asks for more bytes when too many would favour a character', async () => {
    const { nonce } = await withBytes(() => 255)
    expect(nonce()).toMatch(/^[0-9A-Za-z]{32}$/)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a size of %d is refused', size => {
    expect(() => Formatter.nonce(size)).toThrow(InvalidArgumentError)
  })
})

describe('timestamp', () => {
  it('counts whole seconds since 1970', () => {
    vi.useFakeTimers({ now: 1_554_208_460_999 })
    expect(Formatter.timestamp()).toBe(1_554_208_460)
  })
})

describe('authorization', () => {
  it('takes the timestamp as a number', () => {
    const header = Formatter.authorization('1900000109', 'nonce', 'c2lnbg==', 1_554_208_460, '3775B6A4')
    expect(header).toContain(',timestamp="1554208460",')
  })

  it.each(['"', '\r\n', '\0', '\x7f', '中'])('%j in any value is refused by name', stray => {
    const bad = `a${stray}b`
    const message = (name: string) => new RegExp(`^\`${name}\` `)
    expect(() => Formatter.authorization(bad, 'n', 's', 1, 'x')).toThrow(message('mchid'))
    expect(() => Formatter.authorization('1', bad, 's', 1, 'x')).toThrow(message('nonce_str'))
    expect(() => Formatter.authorization('1', 'n', bad, 1, 'x')).toThrow(message('signature'))
    expect(() => Formatter.authorization('1', 'n', 's', bad, 'x')).toThrow(message('timestamp'))
    expect(() => Formatter.authorization('1', 'n', 's', 1, bad)).toThrow(message('serial_no'))
  })

  it('a refused signature is not shown', () => {
    expect(() => Formatter.authorization('1', 'n', 'c2VjcmV0"', 1, 'x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('c2VjcmV0') }),
    )
  })
})

describe('request and response', () => {
  it('bytes stay bytes, even if they are not UTF-8', () => {
    const body = Buffer.of(0xff, 0x00, 0x0a)
    expect(Formatter.response('1', 'N', body)).toEqual(Buffer.concat([Buffer.from('1\nN\n'), body, Buffer.from('\n')]))
    expect(Formatter.request('POST', '/v3/x', 1, 'N', new Uint8Array(body))).toEqual(
      Buffer.concat([Buffer.from('POST\n/v3/x\n1\nN\n'), body, Buffer.from('\n')]),
    )
  })

  it('a string and its bytes are signed alike', () => {
    const body = '{"description":"中文😀"}'
    expect(Formatter.request('POST', '/v3/x', 1, 'N', Buffer.from(body)).toString()).toBe(
      Formatter.request('POST', '/v3/x', 1, 'N', body),
    )
  })

  it('a body that is neither is refused', () => {
    // @ts-expect-error: an object was not serialised.
    expect(() => Formatter.request('POST', '/v3/x', 1, 'N', {})).toThrow(InvalidArgumentError)
  })
})

describe('ksort', () => {
  it.each(vectors('formatter.ksort'))('$id is in the order of the original', ({ args: [thing], result }) => {
    expect(Object.entries(Formatter.ksort(record(thing)))).toEqual(pairs(result))
  })

  it('goes by bytes, not by UTF-16 units', () => {
    expect(Object.keys(Formatter.ksort({ '\u{1F600}': 1, '\uFF5E': 2, B: 3, a: 4, _: 5 }))).toEqual([
      'B',
      '_',
      'a',
      '\uFF5E',
      '\u{1F600}',
    ])
  })

  it('names that are numbers are listed in the order that is signed', () => {
    const sorted = Formatter.ksort({ b: 1, '9': 2, '10': 3, '': 4, a: 5 })
    expect(Object.keys(sorted)).toEqual(['', '10', '9', 'a', 'b'])
    expect(Formatter.queryStringLike(sorted)).toBe('=4&10=3&9=2&a=5&b=1')
    expect(JSON.stringify(sorted)).toBe('{"":4,"10":3,"9":2,"a":5,"b":1}')
  })

  it('what is added to such an object later is listed in its place', () => {
    const sorted: Record<string, unknown> = Formatter.ksort({ b: 1, '9': 2, '10': 3 })
    sorted.aa = 4
    expect(Object.keys(sorted)).toEqual(['10', '9', 'aa', 'b'])
  })

  it('the given object keeps its own order', () => {
    const given = { b: 1, a: 2 }
    Formatter.ksort(given)
    expect(Object.keys(given)).toEqual(['b', 'a'])
  })
})

describe('queryStringLike', () => {
  it('keeps 0 and false; drops sign, null, undefined and the empty', () => {
    expect(Formatter.queryStringLike({ zero: 0, no: false, sign: 'x', a: null, b: undefined, c: '', d: ' ' })).toBe(
      'zero=0&no=false&d= ',
    )
  })

  it('encodes nothing', () => {
    expect(Formatter.queryStringLike({ body: 'a&b=中 +%' })).toBe('body=a&b=中 +%')
  })

  it.each([
    ['an array', ['x']],
    ['an empty array', []],
    ['a plain object', { id: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['a function', () => 'x'],
    ['a symbol', Symbol('x')],
  ])('%s is refused by name', (_, value) => {
    expect(() => Formatter.queryStringLike({ scene_info: value })).toThrow(/^`scene_info` /)
    expect(() => Formatter.queryStringLike({ scene_info: value })).toThrow('JSON.stringify')
  })
})
