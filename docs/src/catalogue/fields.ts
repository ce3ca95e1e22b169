/** The rows of a table of fields. */
import { type Money, unitOf } from '../../../openapi/tools/money.mjs'
import type { Schema } from '../../../openapi/tools/openapi.js'
import { isRequirement, partsOf, refName, resolve } from '../../../openapi/tools/references.mjs'

export interface Field {
  name: string
  /** The number of enclosing objects. */
  depth: number
  type: string
  required: boolean
  title: string
  /** `1–32` characters. */
  length: string
  values: readonly string[]
  /** Whether only these values are valid. */
  closed: boolean
  encrypted: NonNullable<Schema['x-encrypted']> | undefined
  unit: string | undefined
}

interface Context {
  readonly shared: Readonly<Record<string, Schema>>
  readonly money: Money
  readonly depth: number
  /** The shared schemas that contain this one. A recursion ends there. */
  readonly above: readonly string[]
}

export function fieldsOf(schema: Schema, shared: Readonly<Record<string, Schema>>, money: Money): Field[] {
  return members(schema, { shared, money, depth: 0, above: [] })
}

function members(given: Schema, context: Context): Field[] {
  const name = given.$ref && refName(given.$ref)
  if (name && context.above.includes(name)) return []
  const inside = name ? { ...context, above: [...context.above, name] } : context
  const schema = resolve(given, context.shared)
  if (schema.type === 'array') return members(schema.items ?? {}, inside)
  if (schema.contentSchema) return members(schema.contentSchema, inside)
  const own = Object.entries(schema.properties ?? {}).flatMap(([field, property]) => [
    row(field, property, schema.required?.includes(field) ?? false, inside),
    ...members(property, { ...inside, depth: inside.depth + 1 }),
  ])
  const others = partsOf(schema).filter(part => !isRequirement(part))
  return unique([...own, ...others.flatMap(part => members(part, inside))])
}

/** Variants of an object share fields: each is shown once, with what it contains. */
function unique(fields: readonly Field[]): Field[] {
  const seen = new Set<string>()
  const path: string[] = []
  return fields.filter(({ name, depth }) => {
    path.length = depth
    path[depth] = name
    const place = path.join('.')
    return !seen.has(place) && seen.add(place)
  })
}

export function row(name: string, given: Schema, required: boolean, { shared, money, depth }: Context): Field {
  const schema = { ...resolve(given, shared), ...(given.title && { title: given.title }) }
  const item = schema.items ? resolve(schema.items, shared) : undefined
  return {
    name,
    depth,
    type: item ? `${typeOf(item)}[]` : typeOf(schema),
    required,
    title: schema.title ?? '',
    length: lengthOf(schema),
    values: (schema.enum ?? item?.enum ?? []).map(String),
    closed: schema['x-closed'] ?? item?.['x-closed'] ?? false,
    encrypted: schema['x-encrypted'] ?? item?.['x-encrypted'],
    unit: unitOf(name, schema, money),
  }
}

function typeOf({ type, properties, format, contentSchema }: Schema): string {
  if (contentSchema) return 'JSON'
  if (type === 'integer' && format === 'int64') return 'int64'
  return type ?? (properties ? 'object' : 'any')
}

function lengthOf({ minLength, maxLength }: Schema): string {
  if (maxLength === undefined) return minLength === undefined ? '' : `≥ ${minLength}`
  return minLength === undefined || minLength === maxLength ? String(maxLength) : `${minLength}–${maxLength}`
}
