/** The expansion of RFC 6570: fills one expression, or says which of its placeholders cannot be filled. */
import { InvalidArgumentError } from '../errors.js'
import { isPlainObject } from '../util/plain-object.js'
import { quote } from '../util/wording.js'
import type { Expression, Operator, Variable } from './template-grammar.js'
import { encodeAll, encodeUnsafe, hasDotSegment, prefixOf, type Refuse, textOf } from './template-value.js'

/** Where an expression stands, and what fills it. */
export interface Context {
  readonly template: string
  readonly values: Readonly<Record<string, unknown>>
  /** Whether what the expression gives belongs to the path, not to the query. */
  readonly inPath: boolean
}

interface Style {
  readonly first: string
  readonly separator: string
  /** Whether a value carries its name: then one that is missing can be left out. */
  readonly named: boolean
  /** What stands between a name and an empty value. */
  readonly equalsNothing: '' | '='
  /** Whether reserved characters and `%XX` stay as they are. */
  readonly reserved: boolean
}

/** The key of a map's entry, and the value; both encoded. */
type Entry = readonly [key: string | undefined, text: string]

/** The placeholder that is nothing unless it is given: the PHP original's way to end a path in a slash. */
const EMPTY = 'empty'

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

/** @throws InvalidArgumentError that names the placeholder, and never shows its value */
export function expandExpression({ operator, variables }: Expression, context: Context): string {
  const style = STYLES[operator]
  const items = variables.flatMap(variable => expandVariable(variable, style, context))
  return items.length === 0 ? '' : style.first + items.join(style.separator)
}

function expandVariable(variable: Variable, style: Style, context: Context): string[] {
  const withName = (name: string, text: string) => `${name}${text === '' ? style.equalsNothing : '='}${text}`
  const item = (text: string) => (style.named ? withName(variable.name, text) : text)
  const entries = entriesOf(variable, style, context)
  if (entries.length === 0) return []
  if (variable.explode) return entries.map(([key, text]) => (key === undefined ? item(text) : withName(key, text)))
  return [item(entries.flatMap(([key, text]) => (key === undefined ? [text] : [key, text])).join(','))]
}

/** The entries of a list or a map; a single value is a list of one, and one that is left out a list of none. */
function entriesOf({ name, prefix }: Variable, style: Style, context: Context): Entry[] {
  const refuse: Refuse = reason => {
    throw new InvalidArgumentError(`placeholder ${quote(name)} of ${quote(context.template)} ${reason}`)
  }
  const encoded = (value: unknown): string => {
    const text = textOf(value, refuse)
    if (style.reserved) checkReserved(text, context, refuse)
    const part = prefix === undefined ? text : prefixOf(text, prefix, style.reserved)
    return style.reserved ? encodeUnsafe(part) : encodeAll(part)
  }
  const value = ownValue(name, context.values)
  if (!style.named && name !== EMPTY && isBlank(value)) refuse(`is ${blankness(value)}: give it a value`)
  if (value === undefined || value === null) return []
  const entries = listOf(value)
  if (entries === undefined) {
    if (context.inPath && typeof value === 'string' && hasDotSegment(value)) refuse('holds a `.` or `..` segment')
    return [[undefined, encoded(value)]]
  }
  if (prefix !== undefined) refuse('cannot be cut to a prefix: it was given a list or an object')
  if (!style.named && (entries.length === 0 || entries.some(([, entry]) => isBlank(entry)))) {
    refuse('is an empty list or object, or has an empty entry')
  }
  return entries
    .filter(([, entry]) => entry !== undefined && entry !== null)
    .map(([key, entry]) => [key === undefined ? key : encoded(key), encoded(entry)])
}

function ownValue(name: string, values: Context['values']): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  return name === EMPTY ? (value ?? '') : value
}

function isBlank(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

function blankness(value: undefined | null | ''): string {
  if (value === undefined) return 'missing'
  return value === null ? 'null' : 'empty'
}

function listOf(value: unknown): [key: string | undefined, entry: unknown][] | undefined {
  // Unlike map(), from() does not pass over holes.
  if (Array.isArray(value)) return Array.from(value, entry => [undefined, entry])
  return isPlainObject(value) ? Object.entries(value) : undefined
}

function checkReserved(text: string, { inPath }: Context, refuse: Refuse): void {
  if (text.includes('#')) refuse('holds a `#`, and a request has no fragment')
  if (inPath && text.startsWith('//')) refuse('begins with `//`, which would name a host')
  if (inPath && text.includes('?')) refuse('holds a `?`, which would begin a query inside the path')
}
