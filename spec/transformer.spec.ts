import { execFileSync, spawnSync } from 'node:child_process'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../lib/errors.js'
import { sanitize, toArray, toObject, toXml, type XmlOptions } from '../lib/transformer.js'
import { data, type Mend, replay, text, vectors } from './fixtures/vectors.js'

/** PHP has one kind of empty array. */
function recordedToArray([xml]: unknown[]) {
  const fields = toArray(data(xml))
  return { array: Object.keys(fields).length === 0 ? [] : fields }
}

function recordedToXml([object, headless, indent, root, item]: unknown[]) {
  if (typeof object !== 'object' || object === null) throw new TypeError('The recorded value is not an object.')
  const named = Object.entries({ headless, indent, root, item }).filter(([, value]) => value !== undefined)
  const options: XmlOptions = Object.fromEntries(named)
  return toXml(object, options)
}

/** For malformed XML, the original logs an error and returns an empty array. */
const malformed = vectors('transformer.toArray')
  .filter(({ result }) => typeof result === 'object' && result !== null && 'lastError' in result)
  .map(({ id }): [string, Mend] => [id, 'XML that is not well-formed is an error, not an empty array'])

const noFields = 'text in the outermost element has no field name'
const doctype = 'a DOCTYPE is refused altogether'
const noAttributes = 'attributes are left out, with or without elements beside them'
const noComments = 'comments are not fields'
const notUtf8 = 'bytes that are not UTF-8 are an error, not an empty array'
const lossy = 'a character that XML cannot carry is refused, not dropped in silence'

replay('transformer.toArray', recordedToArray, {
  ...Object.fromEntries(malformed),
  'transformer.toArray-009': noFields,
  'transformer.toArray-027': {
    reason: 'white space before CDATA belongs to the value',
    gives: { array: { a: ' x ' } },
  },
  'transformer.toArray-053': 'text beside elements is refused, not flattened',
  'transformer.toArray-061': { reason: noAttributes, gives: { array: [] } },
  'transformer.toArray-063': noFields,
  'transformer.toArray-065': { reason: noAttributes, gives: { array: { a: { c: '' } } } },
  'transformer.toArray-067': { reason: noAttributes, gives: { array: { a: { c: '1' } } } },
  'transformer.toArray-073': { reason: noComments, gives: { array: [] } },
  'transformer.toArray-075': { reason: noComments, gives: { array: { a: { b: '1' } } } },
  'transformer.toArray-091': lossy,
  'transformer.toArray-095': notUtf8,
  'transformer.toArray-097': lossy,
  'transformer.toArray-099': notUtf8,
  'transformer.toArray-115': {
    reason: 'an element in a namespace is kept under its written name',
    gives: { array: { 'n:a': '1', b: '2' } },
  },
  'transformer.toArray-121': doctype,
  'transformer.toArray-123': doctype,
  'transformer.toArray-125': doctype,
  'transformer.toArray-127': doctype,
  'transformer.toArray-129': doctype,
})

const splitCdata = ']]> is split, so that it cannot end the CDATA'
const badName = 'a name that is not valid in XML is refused, not renamed'

replay('transformer.toXml', recordedToXml, {
  'transformer.toXml-003': {
    reason: 'booleans are true and false, not 1 and nothing',
    gives: '<xml><a>1</a><b>1.5</b><c>1</c><d>true</d><e>false</e><f></f><g>0</g><h>0</h></xml>',
  },
  'transformer.toXml-013': { reason: splitCdata, gives: '<xml><a><![CDATA[a]]]]><![CDATA[>b]]></a></xml>' },
  'transformer.toXml-019': 'a control character is refused; the original loses the rest of the string',
  'transformer.toXml-021': 'bytes are not a string; the original sends invalid UTF-8',
  'transformer.toXml-033': badName,
  'transformer.toXml-037': badName,
  'transformer.toXml-039': badName,
  'transformer.toXml-043': badName,
  'transformer.toXml-051': { reason: 'a plain object is what an array is in PHP', gives: '<xml><a/></xml>' },
  'transformer.toXml-059': {
    reason: splitCdata,
    gives: '<xml><a><![CDATA[<![CDATA[x]]]]><![CDATA[>]]></a></xml>',
  },
})

replay('transformer.roundtrip', ([object]) => toObject(recordedToXml([object])))
replay('transformer.sanitize', ([xml]) => sanitize(text(xml)))

describe('toObject', () => {
  it('leaves every value an unchanged string', () => {
    const values = ['0012', '1e5', '0x10', ' a ', 'true', 'null', '-0', '1.0', '9007199254740993']
    const xml = `<xml>${values.map(value => `<v>${value}</v>`).join('')}</xml>`
    expect(toObject(xml)).toEqual({ v: values })
  })

  it.each([
    ['<xml><a>\n  <![CDATA[x]]>\t</a></xml>', '\n  x\t'],
    ['<xml><a><![CDATA[ ]]></a></xml>', ' '],
    ['<xml><a><![CDATA[a]]>&#13;<!-- c --><?pi x?><![CDATA[b]]></a></xml>', 'a\rb'],
    ['<xml><a><![CDATA[<!DOCTYPE x>&lt;]]></a></xml>', '<!DOCTYPE x>&lt;'],
  ])('puts a value together from its parts: %j', (xml, value) => {
    expect(toObject(xml)).toEqual({ a: value })
  })

  it('ignores white space, comments and processing instructions between elements', () => {
    expect(toObject('<?pi?><!-- c --><xml> <!-- c --><a><?pi x?> <b>1</b>\n</a> <?pi x?></xml><!-- c -->')).toEqual({
      a: { b: '1' },
    })
  })

  it('makes a list of what occurs several times, wherever it stands', () => {
    expect(toObject('<xml><a>1</a><b>x</b><a><c>2</c></a><a/></xml>')).toEqual({ a: ['1', { c: '2' }, ''], b: 'x' })
  })

  it('makes elements named like members of every object ordinary fields', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']
    const xml = `<xml>${names.map(name => `<${name}><isAdmin>1</isAdmin></${name}>`).join('')}</xml>`
    const fields = toObject(xml)
    expect(Object.keys(fields)).toEqual(names)
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype)
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
    const twice = toObject('<xml><__proto__>1</__proto__><__proto__>2</__proto__></xml>')
    expect(Object.entries(twice)).toEqual([['__proto__', ['1', '2']]])
  })

  it('reads bytes, with or without a byte order mark', () => {
    const xml = '<?xml version="1.0" encoding="utf-8"?><xml><a>中😀</a></xml>'
    expect(toObject(Buffer.from(xml))).toEqual({ a: '中😀' })
    expect(toObject(new TextEncoder().encode(`\uFEFF${xml}`))).toEqual({ a: '中😀' })
  })

  it.each([
    ['entities within entities', '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>', /DOCTYPE/],
    ['an external entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hosts">]><xml><a>&e;</a></xml>', /DOCTYPE/],
    ['an undefined entity', '<xml><a>&nbsp;</a></xml>', /undefined entity/],
    ['a different encoding', '<?xml version="1.0" encoding="GBK"?><xml/>', /encoding GBK/],
    ['bytes in a different encoding', Buffer.from([0x3c, 0x61, 0x3e, 0xd6, 0xd0, 0x3c, 0x2f, 0x61, 0x3e]), /not UTF-8/],
    ['UTF-16', Buffer.from('\uFEFF<xml/>', 'utf16le'), /not UTF-8/],
    ['a control character', '<xml><a>\u0008</a></xml>', /U\+0008/],
    ['a control character as a reference', '<?xml version="1.1"?><xml><a>&#8;</a></xml>', /malformed character entity/],
    ['half a surrogate pair', '<xml><a>\uD83D</a></xml>', /U\+D83D/],
    ['text beside elements', '<xml><a>x<b/></a></xml>', /text beside elements in <a>/],
    ['a no-break space beside elements', '<xml><b/>\u00A0</xml>', /text beside elements in <xml>/],
    ['CDATA beside elements', '<xml><b/><![CDATA[x]]></xml>', /text beside elements in <xml>/],
    ['no document', '', /not well-formed/],
    ['JSON', '{"code":"PARAM_ERROR"}', /not well-formed/],
    ['HTML', '<html><head><meta charset=utf-8></head></html>', /not well-formed/],
    ['a second document', '<xml/><xml/>', /not well-formed/],
    ['an attribute that occurs twice', '<xml><a b="1" b="2"/></xml>', /not well-formed/],
    ['a < in an attribute', '<xml><a b="<"/></xml>', /not well-formed/],
    ['a comment that holds --', '<xml><!-- a -- b --></xml>', /not well-formed/],
    ['a document that is cut off', '<xml><a>1</a>', /not well-formed at 1:13/],
  ])('refuses %s', (_, xml, message) => {
    expect(() => toObject(xml)).toThrow(InvalidArgumentError)
    expect(() => toObject(xml)).toThrow(message)
  })

  it('names the place and the cure, and quotes no more than a hundred characters', () => {
    expect(() => toObject('<xml>\n<a></b></xml>')).toThrow(
      /^`xml` is not well-formed at 2:7 \(unexpected close tag\)\./,
    )
    const name = 'a'.repeat(100_000)
    expect(() => toObject(`<${name}>`)).toThrow(/^.{1,300}$/)
  })

  it.each([[undefined], [null], [1], [{}]])('refuses %j', value => {
    // @ts-expect-error: a caller without types.
    expect(() => toObject(value)).toThrow(InvalidArgumentError)
  })

  it('reads 256 levels and refuses more', () => {
    const nested = (levels: number) => `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`
    expect(() => toObject(nested(256))).not.toThrow()
    expect(() => toObject(nested(257))).toThrow(/more than 256 levels/)
    expect(() => toObject('<a>'.repeat(300_000))).toThrow(/more than 256 levels/)
  })

  it('refuses ten megabytes before it reads them', () => {
    const nested = '<a>'.repeat(3_500_000)
    expect(() => toObject(nested)).toThrow(/more than 1048576 bytes/)
    expect(() => toObject(Buffer.from(nested))).toThrow(/more than 1048576 bytes/)
  })
})

describe('toXml', () => {
  it('keeps the order of the fields, leaves undefined out and writes null as an empty element', () => {
    expect(toXml({ b: '2', a: undefined, 中: 'x', c: null, d: [undefined, 1] })).toBe(
      '<xml><b>2</b><中>x</中><c></c><d><item>1</item></d></xml>',
    )
  })

  it('writes numbers, big integers, booleans and what prints itself', () => {
    const url = new URL('https://example.com/notify?a=1&b=2')
    expect(toXml({ a: -0, b: 9007199254740991, c: 12345678901234567890n, d: true, e: url })).toBe(
      '<xml><a>0</a><b>9007199254740991</b><c>12345678901234567890</c><d>true</d><e><![CDATA[https://example.com/notify?a=1&b=2]]></e></xml>',
    )
  })

  it('nests plain objects from another realm and without a prototype', () => {
    const foreign: unknown = runInNewContext('({ b: [1] })')
    expect(toXml({ a: foreign, c: Object.assign(Object.create(null), { d: 'x' }) })).toBe(
      '<xml><a><b><item>1</item></b></a><c><d>x</d></c></xml>',
    )
  })

  it.each([
    ['NaN', Number.NaN],
    ['an infinite number', Number.POSITIVE_INFINITY],
    ['an integer beyond 2^53', 2 ** 53],
    ['a number with an exponent', 1e-7],
    ['a Date', new Date(0)],
    ['bytes', Buffer.from('x')],
    ['a Map', new Map([['a', 1]])],
    ['a promise', Promise.resolve('x')],
    ['a function', () => 'x'],
    ['a symbol', Symbol('x')],
    ['a control character', 'a\u0000b'],
    ['half a surrogate pair', 'a\uDE00'],
    ['U+FFFF', '\uFFFF'],
  ])('refuses %s and names the field', (_, value) => {
    expect(() => toXml({ outer: [{ total_fee: value }] })).toThrow(InvalidArgumentError)
    expect(() => toXml({ outer: [{ total_fee: value }] })).toThrow(/^`outer\.item\.total_fee` must/)
  })

  it.each(['', 'a b', 'a>b', 'a/', '1a', '-a', 'a:b', '!--', '?pi', 'a\n', 'a\u2003', '１a'])(
    'refuses the name %j',
    name => {
      expect(() => toXml({ [name]: 'x' })).toThrow(InvalidArgumentError)
      expect(() => toXml({ a: 'x' }, { root: name })).toThrow(InvalidArgumentError)
      expect(() => toXml({ a: 'x' }, { item: name })).toThrow(InvalidArgumentError)
    },
  )

  it.each([[undefined], [null], ['<xml/>'], [1], [new Map()], [Buffer.from('x')]])(
    'refuses %o as a document',
    value => {
      // @ts-expect-error: a caller without types.
      expect(() => toXml(value)).toThrow(/^`xml` must be an object of fields; got /)
    },
  )

  it('refuses an object that contains itself', () => {
    const circle: Record<string, unknown> = {}
    circle.a = [circle]
    expect(() => toXml(circle)).toThrow(/more than 256 levels/)
  })
})

/** Texts that are hard to carry, alone and in every pair. */
const parts = [
  ']',
  ']]>',
  '>',
  '<',
  '&',
  '&lt;',
  '"',
  "'",
  '\r',
  '\n',
  '\t',
  ' ',
  '0',
  '<![CDATA[',
  '中😀',
  '\u0085',
  '\u2028',
]
const texts = parts.flatMap(first => ['', ...parts].map(second => first + second))

describe('what toXml writes', () => {
  it('comes back from toObject unchanged', () => {
    expect(toObject(toXml(texts))).toEqual({ item: texts })
  })

  const python = spawnSync('python3', ['--version']).status === 0

  it.runIf(python)('is read unchanged by a different parser, expat', () => {
    const read =
      'import sys, json, xml.etree.ElementTree as t; print(json.dumps([e.text for e in t.fromstring(sys.stdin.buffer.read())]))'
    const output = execFileSync('python3', ['-c', read], { input: toXml(texts, { headless: false, indent: true }) })
    expect(JSON.parse(output.toString())).toEqual(texts)
  })
})
