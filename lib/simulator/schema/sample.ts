/** Samples: a response made from its schema. The same schema and the same known values make the same response. */
import { isRecord } from '../../util/plain-object.js'
import { type DocumentName, resolve, type Schema } from './catalogue.js'

export interface SampleOptions {
  readonly document: DocumentName
  /**
   * Values that the response repeats in the fields at the same place, such as those of the request. Later echoes take
   * precedence.
   */
  readonly echoes?: readonly unknown[]
  /** Whether the fields that are not required are left out unless an echo has them. Default false. */
  readonly isSparse?: boolean
}

/** The maximum depth, because schemas of trees are endless. */
const MAX_DEPTH = 12

export function sample(schema: Schema, { document, echoes = [], isSparse = false }: SampleOptions): unknown {
  return make(schema, { document, isSparse, echoes, name: '', depth: 0 })
}

interface Place {
  readonly document: DocumentName
  readonly isSparse: boolean
  /** The values at this place, later ones before earlier ones. */
  readonly echoes: readonly unknown[]
  readonly name: string
  readonly depth: number
}

function make(given: Schema, place: Place): unknown {
  const schema = resolve(place.document, given)
  if (schema.type === 'object' || schema.properties) return makeObject(schema, place)
  if (schema.type === 'array') return makeArray(schema, place)
  const echo = place.echoes.findLast(value => fits(value, schema))
  return echo ?? leaf(schema, place)
}

function makeObject({ properties = {}, required = [] }: Schema, place: Place): object {
  const records = place.echoes.filter(isRecord)
  const entries = Object.entries(properties).flatMap(([name, property]): [string, unknown][] => {
    const echoes = records.map(record => record[name]).filter(value => value !== undefined)
    const isNeeded = required.includes(name) || (echoes.length > 0 && reaches(property, echoes, place))
    if (!isNeeded && (place.isSparse || place.depth > MAX_DEPTH)) return []
    return [[numbered(name), make(property, { ...place, echoes, name, depth: place.depth + 1 })]]
  })
  return Object.fromEntries(entries)
}

// A list in an echo gives as many items as it has, if all have the documented type. Otherwise there is one sample.
function makeArray({ items = {}, minItems = 1 }: Schema, place: Place): unknown[] {
  const inner = { ...place, depth: place.depth + 1 }
  const list = place.echoes.findLast(Array.isArray)
  if (list?.every((item: unknown) => agrees(item, resolve(place.document, items)))) {
    return list.map((item: unknown) => make(items, { ...inner, echoes: [item] }))
  }
  if (place.depth > MAX_DEPTH || (place.isSparse && list)) return []
  return Array.from({ length: Math.max(1, minItems) }, () => make(items, { ...inner, echoes: [] }))
}

/** Whether an echo has a value for an optional field. */
function reaches(property: Schema, echoes: readonly unknown[], { document }: Place): boolean {
  const schema = resolve(document, property)
  return echoes.some(echo => agrees(echo, schema))
}

/** Whether a value has the documented type. The content of objects and lists is not checked. */
function agrees(value: unknown, schema: Schema): boolean {
  if (schema.type === 'object' || schema.properties) return isRecord(value)
  if (schema.type === 'array') return Array.isArray(value)
  return fits(value, schema)
}

/** Whether a single value is valid. */
function fits(value: unknown, schema: Schema): boolean {
  const { type, format, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  if (schema.enum && schema['x-closed'] && !schema.enum.includes(value)) return false
  if (typeof value === 'string') {
    const length = [...value].length
    const isOfFormat = format === undefined || new RegExp(PATTERNS[format] ?? '').test(value)
    return type === 'string' && length >= minLength && length <= maxLength && isOfFormat && matches(value, pattern)
  }
  if (typeof value === 'number') {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema
    const isOfType = type === 'number' || (type === 'integer' && Number.isInteger(value))
    return isOfType && value >= minimum && value <= maximum
  }
  return typeof value === 'boolean' && type === 'boolean'
}

const PATTERNS: Readonly<Record<string, string>> = {
  date: '^\\d{4}-\\d{2}-\\d{2}$',
  'date-time': '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
}

function matches(value: string, pattern: string | undefined): boolean {
  return pattern === undefined || new RegExp(pattern, 'u').test(value)
}

function leaf(schema: Schema, place: Place): unknown {
  // The documented sample of such a field is a ciphertext that cannot be decrypted.
  if (schema['x-encrypted'] !== undefined) return personal(place.name)
  // A string that holds JSON.
  if (schema.contentSchema) return JSON.stringify(make(schema.contentSchema, { ...place, echoes: [] }))
  const candidates = [...(schema.examples ?? []), ...(schema.enum ?? []), plain(schema), ...digits(schema)]
  return candidates.find(value => fits(value, schema)) ?? candidates[0]
}

function plain({ type, format = '', minLength = 0, minimum = 1, maximum = minimum }: Schema): unknown {
  if (type === 'boolean') return true
  if (type === 'integer' || type === 'number') return Math.min(minimum, maximum)
  return FORMATS[format] ?? '1'.padEnd(minLength, '0')
}

/** A time of the right length, for a pattern that the documented sample does not match. */
function digits({ pattern }: Schema): string[] {
  const time = '20260101100000'
  return pattern === undefined ? [] : Array.from(time, (_, index) => time.slice(0, index + 1))
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T10:00:00+08:00',
  uri: 'https://www.weixin.qq.com/wxpay/pay.php',
}

const PERSONAL: readonly (readonly [pattern: RegExp, value: string])[] = [
  [/phone|mobile|tel/, '13800138000'],
  [/mail/, 'zhangsan@example.com'],
  [/address/, '广东省深圳市南山区科技中一道10000号'],
  [/account|bank|card_no/, '6225000000000001'],
  [/id|number|cert|_no$|code/, '110101199003070011'],
]

function personal(name: string): string {
  if (/name/.test(name)) return '张三'
  return PERSONAL.find(([pattern]) => pattern.test(name))?.[1] ?? '张三'
}

/** `coupon_id_$n` stands for `coupon_id_0`, `coupon_id_1`, …: the sample has the first. */
function numbered(name: string): string {
  return name.replace(/\$[nm]/g, '0')
}
