/** Fills path templates: RFC 6570 at level 4, without anything that could send the request to a different URL. */
import { InvalidArgumentError } from '../errors.js'
import { inexactNumber } from '../util/exact-number.js'
import { memoize } from '../util/memoize.js'
import { percentEncode } from '../util/percent-encoding.js'
import { isPlainObject } from '../util/plain-object.js'
import { kindOf, quote } from '../util/wording.js'
import { beforeQuery, hasDotSegment, isAbsolute } from './path.js'
import { type Expression, type Operator, type Part, parseTemplate, type Variable } from './template-grammar.js'

type Values = Readonly<Record<string, unknown>>

/**
 * Fills the placeholders of a path template, such as `v3/cards/{card_id}{?lang}`, and returns the path and query as they
 * are sent, with a slash in front. Only own properties of `values` count; those without a placeholder are ignored.
 *
 * In `{?x}`, `{&x}` and `{;x}` a value that is missing or null is left out; elsewhere it is refused, and so is an empty
 * one. `{empty}` needs no value. `{+x}` keeps reserved characters, and every `%XX`, as they are.
 *
 * @throws InvalidArgumentError that names the template, and the position or the placeholder, but never shows a value.
 */
export function expandTemplate(template: string, values: Values): string {
  const { parts, fixed } = compile(template)
  return fixed ?? expand(template, parts, values)
}

/**
 * The names of a template's placeholders, each once, in their order.
 *
 * @throws InvalidArgumentError when the template is malformed.
 */
export function templateNames(template: string): readonly string[] {
  return compile(template).names
}

interface Compiled {
  readonly parts: readonly Part[]
  readonly names: readonly string[]
  /** The path, when there is nothing to fill. */
  readonly fixed: string | undefined
}

const compile = memoize((template): Compiled => {
  const parts = parseTemplate(template)
  const names = parts.flatMap(part => (typeof part === 'string' ? [] : part.variables.map(({ name }) => name)))
  return { parts, names: [...new Set(names)], fixed: names.length === 0 ? expand(template, parts, {}) : undefined }
})

function expand(template: string, parts: readonly Part[], values: Values): string {
  let path = ''
  for (const part of parts) {
    if (typeof part === 'string') {
      path += part
    } else {
      const inPath = part.operator !== '?' && !path.includes('?')
      path += expandExpression(part, { template, values, inPath })
    }
  }
  if (isAbsolute(path)) refusePath(template, 'begin with a scheme or a host')
  if (hasDotSegment(beforeQuery(path))) refusePath(template, 'contain a `.` or `..` segment')
  return path.startsWith('/') ? path : `/${path}`
}

function refusePath(template: string, fault: string): never {
  throw new InvalidArgumentError(
    `The path ${quote(template)} must not ${fault} once its placeholders are filled. Check the path and the values.`,
  )
}

/** An expression's surroundings. */
interface Context {
  readonly template: string
  readonly values: Values
  /** Whether the expression is part of the path rather than of the query. */
  readonly inPath: boolean
}

interface Style {
  readonly first: string
  readonly separator: string
  /** Whether a value carries its name, so that a missing one can be left out. */
  readonly named: boolean
  /** What separates a name from an empty value. */
  readonly equalsNothing: '' | '='
  /** Whether reserved characters and `%XX` stay as they are. */
  readonly reserved: boolean
}

const PLAIN: Style = { first: '', separator: ',', named: false, equalsNothing: '=', reserved: false }

const STYLES: Readonly<Record<Operator, Style>> = {
  '': PLAIN,
  '+': { ...PLAIN, reserved: true },
  '.': { ...PLAIN, first: '.', separator: '.' },
  '/': { ...PLAIN, first: '/', separator: '/' },
  ';': { ...PLAIN, first: ';', separator: ';', named: true, equalsNothing: '' },
  '?': { ...PLAIN, first: '?', separator: '&', named: true },
  '&': { ...PLAIN, first: '&', separator: '&', named: true },
}

/** The placeholder that needs no value: the PHP original ends a path in a slash with it. */
const EMPTY = 'empty'

/** @throws InvalidArgumentError that names the placeholder and never shows its value. */
function expandExpression({ operator, variables }: Expression, context: Context): string {
  const style = STYLES[operator]
  const items = variables.flatMap(variable => expandVariable(variable, style, context))
  return items.length === 0 ? '' : style.first + items.join(style.separator)
}

function expandVariable(variable: Variable, style: Style, context: Context): string[] {
  const withName = (name: string, value: string) => `${name}${value === '' ? style.equalsNothing : '='}${value}`
  const item = (value: string) => (style.named ? withName(variable.name, value) : value)
  const entries = entriesOf(variable, style, context)
  if (entries.length === 0) return []
  if (variable.explode) return entries.map(([key, value]) => (key === undefined ? item(value) : withName(key, value)))
  return [item(entries.flatMap(([key, value]) => (key === undefined ? [value] : [key, value])).join(','))]
}

/** The key of a map's entry, and the value; both encoded. */
type Entry = readonly [key: string | undefined, value: string]

/** Ends the expansion; `rule` completes a sentence that begins with the placeholder. */
type Refuse = (rule: string) => never

/** The entries of a list or a map. A single value is a list of one, and a value that is left out is an empty list. */
function entriesOf({ name, prefix }: Variable, style: Style, context: Context): Entry[] {
  const refuse: Refuse = rule => {
    throw new InvalidArgumentError(`The placeholder ${quote(name)} of ${quote(context.template)} must ${rule}`)
  }
  const encoded = (value: unknown): string => {
    const string = stringOf(value, refuse)
    if (context.inPath && typeof value === 'boolean') refuse('be a string, a number or a bigint; got a boolean.')
    if (style.reserved) checkReserved(string, context, refuse)
    const part = prefix === undefined ? string : prefixOf(string, prefix, style.reserved)
    return style.reserved ? encodeUnsafe(part) : percentEncode(part)
  }
  const value = ownValue(name, context.values)
  if (!style.named && name !== EMPTY && isBlank(value)) {
    refuse(`have a value; got ${value === '' ? 'an empty string' : value}. Pass one in the options of the call.`)
  }
  if (value === undefined || value === null) return []
  const entries = listOf(value)
  if (entries === undefined) {
    if (context.inPath && typeof value === 'string' && hasDotSegment(value)) {
      refuse('not contain a `.` or `..` segment. Check the value.')
    }
    return [[undefined, encoded(value)]]
  }
  if (prefix !== undefined) refuse('be a single value to be cut to a prefix; got a list or an object.')
  if (!style.named && (entries.length === 0 || entries.some(([, entry]) => isBlank(entry)))) {
    refuse('have entries with values; got an empty list or object, or an empty entry.')
  }
  return entries
    .filter(([, entry]) => entry !== undefined && entry !== null)
    .map(([key, entry]) => [key === undefined ? key : encoded(key), encoded(entry)])
}

function ownValue(name: string, values: Values): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  return name === EMPTY ? (value ?? '') : value
}

function isBlank(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

function listOf(value: unknown): [key: string | undefined, entry: unknown][] | undefined {
  // Unlike map(), from() does not skip holes.
  if (Array.isArray(value)) return Array.from(value, entry => [undefined, entry])
  return isPlainObject(value) ? Object.entries(value) : undefined
}

const FORBIDDEN = /[\p{Cc}\p{Cs}\\]/u

/** The string of a string, number, bigint or, in a query, a boolean. Any other value is refused by its kind and never shown. */
function stringOf(value: unknown, refuse: Refuse): string {
  if (typeof value === 'number') checkNumber(value, refuse)
  else if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'boolean') {
    refuse(`be a string, a number, a bigint or a boolean; got ${kindOf(value)}.`)
  }
  const string = String(value)
  if (FORBIDDEN.test(string)) refuse('not contain control characters, backslashes or half a surrogate pair.')
  return string
}

function checkNumber(value: number, refuse: Refuse): void {
  if (!Number.isFinite(value)) refuse(`be a finite number; got ${value}.`)
  if (inexactNumber(value) === undefined) return
  if (Number.isInteger(value)) {
    refuse('be an exact integer; got a number above 2^53, whose last digits are lost. Pass a string or a bigint.')
  }
  refuse('be an exact number; got a fraction that a number cannot keep. Pass a string.')
}

function checkReserved(value: string, { inPath }: Context, refuse: Refuse): void {
  if (value.includes('#')) refuse('not contain `#`: a request has no fragment.')
  if (inPath && value.startsWith('//')) refuse('not begin with `//`, which would name a host.')
  if (inPath && value.includes('?')) refuse('not contain `?`, which would begin a query inside the path.')
}

/** The first `length` characters; where `%XX` stays as it is, the octets of one character count as one. */
function prefixOf(value: string, length: number, keepsTriplets: boolean): string {
  const characters = keepsTriplets ? value.match(/%[\dA-Fa-f]{2}(?:%[89ABab][\dA-Fa-f])*|[\s\S]/gu) : [...value]
  return (characters ?? []).slice(0, length).join('')
}

/** Percent-encodes everything except the characters that a URL may contain, and every `%XX`. */
function encodeUnsafe(value: string): string {
  return value.replace(/%(?![\dA-Fa-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/g, encodeURIComponent)
}
