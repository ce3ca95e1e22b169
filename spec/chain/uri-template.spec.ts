import { describe, expect, test } from 'vitest'
import { expandTemplate, templateNames } from '../../lib/chain/uri-template.js'
import { InvalidArgumentError } from '../../lib/errors.js'

/** The message of the refusal; fails if the template is accepted. */
function refusal(template: string, values: Record<string, unknown> = {}): string {
  try {
    expandTemplate(template, values)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError)
    return error instanceof Error ? error.message : ''
  }
  return expect.unreachable(`${template} was expanded`)
}

describe('a template becomes a path', () => {
  test.each([
    ['v3/certificates', {}, '/v3/certificates'],
    ['/v3/certificates', {}, '/v3/certificates'],
    ['v3/ecommerce/applyments/', {}, '/v3/ecommerce/applyments/'],
    ['v3/certificates?algorithm_type=ALL', {}, '/v3/certificates?algorithm_type=ALL'],
    ['v3/x?url=https://a.example/..//b', {}, '/v3/x?url=https://a.example/..//b'],
    ['v3/x?a={a}//b', { a: 1 }, '/v3/x?a=1//b'],
    ['v3/x?at=%2B8', {}, '/v3/x?at=%2B8'],
    ['v3/中文?q=é😀', {}, '/v3/%E4%B8%AD%E6%96%87?q=%C3%A9%F0%9F%98%80'],
    ["v3/it's(all)!*,;:@&=+$[]", {}, "/v3/it's(all)!*,;:@&=+$[]"],
    ['v3/{a}/{b}', { a: 1, b: 2n }, '/v3/1/2'],
    ['v3/{a}{?b,c}', { a: -0.5, b: true, c: false }, '/v3/-0.5?b=true&c=false'],
    ['v3/x?b={b}', { b: true }, '/v3/x?b=true'],
    [
      'v3/{a}',
      { a: "!*'()/?#[]@%é中😀 ~-._" },
      '/v3/%21%2A%27%28%29%2F%3F%23%5B%5D%40%25%C3%A9%E4%B8%AD%F0%9F%98%80%20~-._',
    ],
    ['v3/{+a}', { a: "!*'();:@&=+$,/[]%2F%zz%é ſ\u212a" }, "/v3/!*'();:@&=+$,/[]%2F%25zz%25%C3%A9%20%C5%BF%E2%84%AA"],
    ['v3/x?q={+a}', { a: '//a?b=..' }, '/v3/x?q=//a?b=..'],
    ['v3/{+a}', { a: 'a//b' }, '/v3/a//b'],
    ['{+a}/x', { a: '/v3' }, '/v3/x'],
    ['v3/x{?a,b}', { a: '..', b: '' }, '/v3/x?a=..&b='],
    ['v3/{a}.pdf', { a: 'x..y' }, '/v3/x..y.pdf'],
    ['v3/{_cardId_}/{a.b}/{%41}', { _cardId_: 1, 'a.b': 2, '%41': 3 }, '/v3/1/2/3'],
  ])('%s with %o is %s', (template, values, path) => {
    expect(expandTemplate(template, values)).toBe(path)
  })

  test('options that are not placeholders do not matter', () => {
    expect(expandTemplate('v3/{a}', { a: 1, json: { b: null }, timeout: Number.NaN })).toBe('/v3/1')
  })
})

describe('a prefix counts characters', () => {
  test.each([
    ['{a:1}', '😀b', '%F0%9F%98%80'],
    ['{a:2}', '中文字', '%E4%B8%AD%E6%96%87'],
    ['{a:9999}', 'ab', 'ab'],
    ['{a:2}', '%2Fb', '%252'],
    ['{+a:2}', '%2Fb/c', '%2Fb'],
    ['{+a:2}', '%E4%B8%ADb/', '%E4%B8%ADb'],
    ['{+a:1}', '%zz', '%25'],
    ['{+a:1}', '😀b', '%F0%9F%98%80'],
    ['{?a:1}', 12.5, '?a=1'],
  ])('%s of %s is %s', (expression, a, expected) => {
    expect(expandTemplate(`v3/${expression}`, { a })).toBe(`/v3/${expected}`)
  })

  test.each([[['a']], [{ k: 'v' }], [[]]])('%o has no prefix', a => {
    expect(refusal('v3/x{?a:1}', { a })).toMatch(/`a` of `v3\/x\{\?a:1\}` .*got a list or an object/)
  })
})

describe('{empty} needs no value', () => {
  test.each([
    ['v3/applyment4sub/applyment/{empty}', '/v3/applyment4sub/applyment/'],
    ['v3/a{/empty}', '/v3/a/'],
    ['v3/a{+empty}', '/v3/a'],
    ['v3/a{.empty}', '/v3/a.'],
    ['v3/a{;empty}', '/v3/a;empty'],
    ['v3/a{?empty}', '/v3/a?empty='],
    ['v3/a{&empty}', '/v3/a&empty='],
    ['v3/a{empty:3}', '/v3/a'],
  ])('%s', (template, path) => {
    for (const values of [{}, { empty: null }, { empty: undefined }, { empty: '' }]) {
      expect(expandTemplate(template, values)).toBe(path)
    }
  })

  test('but may have one', () => {
    expect(expandTemplate('v3/a/{empty}', { empty: 'b' })).toBe('/v3/a/b')
  })
})

describe('a missing value', () => {
  test.each(['{a}', '{+a}', '{.a}', '{/a}', '{a*}', '{+b,a}', '?x={a}'])('is refused in %s', expression => {
    const template = `v3/x${expression}`
    const values: [values: object, found: string][] = [
      [{}, 'got undefined'],
      [{ a: undefined }, 'got undefined'],
      [{ a: null }, 'got null'],
      [{ a: '' }, 'got an empty string'],
      ...[[], {}, ['x', ''], ['x', null], { k: undefined }, Array(1)].map((a): [object, string] => [
        { a },
        'an empty entry',
      ]),
    ]
    for (const [given, found] of values) {
      const message = refusal(template, { b: 1, ...given })
      expect(message).toContain(`\`a\` of \`${template}\``)
      expect(message).toContain(found)
    }
  })

  test.each(['{?a}', '{&a}', '{;a}', '{?a*}', '{;a*}'])('is left out in %s', expression => {
    for (const a of [undefined, null, [], {}, [null], { k: undefined }]) {
      expect(expandTemplate(`v3/x${expression}`, { a })).toBe('/v3/x')
    }
  })

  test('is not found on a prototype', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'a']) {
      expect(refusal(`v3/{${name}}`, Object.create({ a: 1 }))).toContain(`placeholder \`${name}\` of`)
      expect(expandTemplate(`v3/x{?${name}}`, {})).toBe('/v3/x')
    }
  })
})

describe('a value that cannot be written is refused by its kind', () => {
  test.each([
    [new Date(0), 'a Date'],
    [new Map(), 'a Map'],
    [Buffer.from('a'), 'a Uint8Array'],
    [() => 'a', 'a function'],
    [Symbol('a'), 'a symbol'],
    [new String('a'), 'a String'],
    [[['a']], 'an array'],
    [[{ k: 'a' }], 'an object'],
    [{ k: ['a'] }, 'an array'],
  ])('%o is %s', (a, kind) => {
    for (const template of ['v3/{a}', 'v3/{+a}', 'v3/x{?a*}']) {
      expect(refusal(template, { a })).toContain(`\`a\` of \`${template}\``)
      expect(refusal(template, { a })).toContain(`got ${kind}`)
    }
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is not finite', a => {
    expect(refusal('v3/{a}', { a })).toContain(`got ${a}`)
  })

  test.each(['v3/{a}', 'v3/{+a}', 'v3/x{/a*}', 'v3/x{;a}'])('a boolean is no part of a path: %s', template => {
    for (const a of [true, false, [true]]) expect(refusal(template, { a })).toContain('got a boolean')
  })

  test('a fraction that is the result of a calculation is not exact', () => {
    expect(refusal('v3/{a}', { a: 0.1 + 0.2 })).toContain('exact')
    expect(refusal('v3/x{?a}', { a: 1e-7 })).toContain('exact')
  })

  test('an order number given as a number has lost its last digits', () => {
    expect(refusal('v3/{a}', { a: 2 ** 53 })).toContain('above 2^53')
    expect(refusal('v3/{a}', { a: 1e27 })).toContain('a bigint')
    expect(expandTemplate('v3/{a}', { a: 1217752501201407033233368018n })).toBe('/v3/1217752501201407033233368018')
  })
})

describe('a hostile value is refused, and not shown', () => {
  test.each([
    [
      'a dot segment',
      ['.', '..', '%2e', '%2E', '%2e%2E', '.%2e', '%2e.', 'SECRET/../x', 'x/..', '../x', 'x%2f..%2Fx', '..;a', '..%5c'],
    ],
    ['a control character', ['SECRET\r\nHost: x', '\n', '\0', 'a\u007f', '\t', '\u0085']],
    ['a backslash', ['\\', '\\\\evil.example', 'SECRET\\..\\x']],
    ['half of a surrogate pair', ['SECRET\ud800', '\udc00', '\ude00\ud83d']],
  ])('%s', (_title, values) => {
    for (const a of values) {
      for (const template of ['v3/{a}', 'v3/{a}/x', 'v3/x{/a}', 'v3/{+a}', '{+a}']) {
        expect(refusal(template, { a })).toMatch(/placeholder `a` of /)
        expect(refusal(template, { a })).not.toMatch(/SECRET|[\r\n\0]/)
      }
    }
  })

  test.each([
    ['a fragment', 'a#b'],
    ['a query inside the path', 'a?b=1'],
    ['a host', '//evil.example/x'],
  ])('%s, where reserved characters stay', (_title, a) => {
    expect(refusal('v3/{+a}', { a })).toMatch(/placeholder `a` of `v3\/\{\+a}` .*`(#|\?|\/\/)`/)
    expect(refusal('v3/{+a}', { a: ['x', a] })).toMatch(/placeholder `a` of /)
    expect(refusal('v3/{+a}', { a: { [a]: 'x' } })).toMatch(/placeholder `a` of /)
    expect(expandTemplate('v3/{a}', { a })).toBe(`/v3/${encodeURIComponent(a)}`)
  })

  test('a scheme or a host, where the path begins with the value', () => {
    for (const a of ['https://evil.example/', 'javascript:x', 'HTTPS:x']) {
      expect(refusal('{+a}', { a })).toContain('a scheme or a host')
    }
    expect(refusal('/{+a}', { a: '/evil.example' })).toContain('a scheme or a host')
    expect(refusal('{/empty}{/a}', { a: 'evil.example' })).toContain('a scheme or a host')
    expect(refusal('{empty}{+a}', { a: '//evil.example' })).toContain('placeholder `a`')
    expect(expandTemplate('v3/{+a}', { a: 'https://good.example/x' })).toBe('/v3/https://good.example/x')
  })

  test('a dot segment that two values, an entry or a prefix make together', () => {
    for (const [template, values] of [
      ['v3/{a}{b}/x', { a: '.', b: 'x' }],
      ['v3/x{/a*}', { a: ['b', '..'] }],
      ['v3/.{.a}', { a: '.' }],
      ['v3/{a:2}', { a: '..b' }],
      ['v3/.{empty}./x', {}],
      ['v3/%2e{empty}%2E', {}],
    ] as const) {
      expect(refusal(template, values)).toMatch(/`\.` or `\.\.` segment/)
    }
    expect(expandTemplate('v3/{+a}', { a: ['b/..', 'c'] })).toBe('/v3/b/..,c')
  })
})

describe('a malformed or hostile template is refused where it goes wrong', () => {
  test.each([
    ['', 0, 'it is empty'],
    ['/', 0, 'it is empty'],
    ['https://api.mch.weixin.qq.com/v3/x', 0, 'it begins with a scheme or a host'],
    ['/https://evil.example/', 0, 'it begins with a scheme or a host'],
    ['//evil.example/v3/x', 0, 'it begins with a scheme or a host'],
    ['///evil.example', 0, 'it begins with a scheme or a host'],
    ['javascript:alert', 0, 'it begins with a scheme or a host'],
    ['v3//x', 2, 'a segment is empty'],
    ['v3/x//', 4, 'a segment is empty'],
    ['v3/{a}//x', 6, 'a segment is empty'],
    ['v3/x#y', 4, 'a request has no fragment'],
    ['v3/{#a}', 4, 'a request has no fragment'],
    ['v3/a b', 4, 'a path cannot contain ` `'],
    ['v3/a\u3000b', 4, 'a path cannot contain'],
    ['v3/a\u2028b', 4, 'a path cannot contain `\\u{2028}`'],
    ['v3/a\r\nHost: x', 4, 'a path cannot contain `\\u{d}`'],
    ['v3/a\0', 4, 'a path cannot contain `\\u{0}`'],
    ['v3/a\u007f', 4, 'a path cannot contain `\\u{7f}`'],
    ['v3/\\evil.example', 3, 'a path cannot contain'],
    ['\\\\evil.example', 0, 'a path cannot contain'],
    ['v3/"x"', 3, 'a path cannot contain `"`'],
    ['v3/<x>', 3, 'a path cannot contain `<`'],
    ['v3/a|b', 4, 'a path cannot contain `|`'],
    ['v3/a^b', 4, 'a path cannot contain `^`'],
    ['v3/\ud800', 3, 'a path cannot contain `\\u{d800}`'],
    ['v3/100%', 6, 'a percent sign needs two hexadecimal digits after it'],
    ['v3/%zz', 3, 'a percent sign needs'],
    ['v3/%2', 3, 'a percent sign needs'],
    ['v3/%{a}', 3, 'a percent sign needs'],
    ['v3/x?a=%', 7, 'a percent sign needs'],
    ['v3/{a', 3, '`{` has no matching'],
    ['v3/a}', 4, '`}` has no matching'],
    ['v3/{{a}}', 3, '`{` has no matching'],
    ['v3/{a{b}', 3, '`{` has no matching'],
    ['v3/{}', 4, '`` is not a valid placeholder'],
    ['v3/{+}', 5, '`` is not a valid placeholder'],
    ['v3/{a,}', 6, '`` is not a valid placeholder'],
    ['v3/{a,b c}', 6, '`b c` is not a valid placeholder'],
    ['v3/{a..b}', 4, '`a..b` is not a valid placeholder'],
    ['v3/{.a.}', 5, '`a.` is not a valid placeholder'],
    ['v3/{a-b}', 4, '`a-b` is not a valid placeholder'],
    ['v3/{中}', 4, '`中` is not a valid placeholder'],
    ['v3/{a:0}', 4, '`a:0` is not a valid placeholder'],
    ['v3/{a:10000}', 4, '`a:10000` is not a valid placeholder'],
    ['v3/{a:x}', 4, '`a:x` is not a valid placeholder'],
    ['v3/{a:1*}', 4, '`a:1*` is not a valid placeholder'],
    ['v3/{a**}', 4, '`a**` is not a valid placeholder'],
    ['v3/{=a}', 4, 'the operator `=` is unknown'],
    ['v3/{,a}', 4, 'the operator `,` is unknown'],
    ['v3/{!a}', 4, 'the operator `!` is unknown'],
    ['v3/{@a}', 4, 'the operator `@` is unknown'],
    ['v3/{|a}', 4, 'the operator `|` is unknown'],
    ['v3/x?a=1{?b}', 9, 'the query has already begun'],
    ['v3/x{?a}{?b}', 9, 'the query has already begun'],
  ])('%j at %i: %s', (template, position, reason) => {
    for (const check of [refusal, nameRefusal]) {
      expect(check(template)).toContain(`is malformed at position ${position}: ${reason}`)
      expect(check(template)).not.toMatch(/[\p{Cc}\p{Cs}]/u)
    }
  })

  test.each([
    '.',
    '..',
    'v3/.',
    'v3/..',
    'v3/./x',
    'v3/../x',
    '../v3',
    'v3/%2e%2E/x',
    'v3/.%2e',
    'v3/x%2f..%2fy',
    'v3/..;/x',
  ])('%s has a dot segment', template => {
    expect(refusal(template)).toContain('a `.` or `..` segment')
  })
})

function nameRefusal(template: string): string {
  try {
    templateNames(template)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError)
    return error instanceof Error ? error.message : ''
  }
  return expect.unreachable(`${template} has names`)
}

describe('the names of a template', () => {
  test.each([
    ['v3/certificates', []],
    ['v3/cards/{card_id}/codes/{code}', ['card_id', 'code']],
    ['v3{/b:1,b}{?a*,c:3}{&b}', ['b', 'a', 'c']],
    ['v3/x/{empty}', ['empty']],
  ])('%s has %o, each once and in its order', (template, names) => {
    expect(templateNames(template)).toEqual(names)
  })
})

test('every path that is accepted is the path of a URL as it stands, on the same origin', () => {
  const texts = [
    'a',
    'A b',
    'é中😀',
    '..x',
    '...',
    '.a',
    'a/b',
    '/a',
    'a//b',
    '@evil.example',
    ':80',
    'a:b',
    '%2F',
    '%',
    '%zz',
    'a?b',
    '[::1]',
    '"<>^`{|}',
    '~',
    '&=+$,;',
    '\u2028',
    '%00',
    '\ufeff',
  ]
  const templates = [
    '{+a}{+b}',
    '{a}{b}',
    '/{+a}',
    'v3/{+a}/{b}',
    'v3{/a,b}',
    'v3/x{.a,b}',
    'v3/x{;a,b}',
    'v3/x{?a,b}',
    'v3/x?y={+a}&z={b}',
    'v3/{empty}{+a}',
    '{+a}:80/{b}',
    '{+a}@evil.example/{b}',
  ]
  const paths: string[] = []
  for (const template of templates) {
    for (const a of texts) {
      for (const b of texts) {
        try {
          paths.push(expandTemplate(template, { a, b }))
        } catch (error) {
          if (!(error instanceof InvalidArgumentError)) throw error
        }
      }
    }
  }
  const origin = 'https://api.mch.weixin.qq.com'
  expect(paths.filter(path => new URL(path, origin).href !== origin + path)).toEqual([])
  expect(paths.length).toBeGreaterThan(4000)
})
