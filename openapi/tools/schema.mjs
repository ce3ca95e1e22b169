/** Prints schemas as TypeScript: objects written out, shared schemas by their name, titles as documentation. */
import { key } from './names.mjs'

/** @import { Schema } from './openapi.js' */

/**
 * Where a type is used. What is text on the wire may be given as a number or as its digits; XML answers in text.
 * @typedef {'json' | 'query' | 'xml-request' | 'xml-answer'} Dialect
 */

/** @type {Record<Dialect, { number: string, boolean: string }>} */
const primitives = {
  json: { number: 'number', boolean: 'boolean' },
  query: { number: 'Numeric', boolean: 'boolean' },
  'xml-request': { number: 'Numeric', boolean: "boolean | 'true' | 'false'" },
  'xml-answer': { number: 'string', boolean: 'string' },
}

/**
 * @typedef {object} Printer
 * @property {Dialect} dialect
 * @property {(name: string) => string} reference Names a shared schema.
 * @property {(field: string, schema?: Schema) => boolean} [optional] Whether a required field may be left out all the same.
 */

/**
 * The type of a schema, as an expression.
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [indent]
 * @returns {string}
 */
export function printType(schema, printer, indent = '') {
  if (schema.$ref) return printer.reference(refName(schema.$ref))
  if (isCiphertext(schema) && schema.contentSchema) return printType(schema.contentSchema, printer, indent)
  if (schema.enum) return printEnum(schema.enum, printer.dialect)
  if (schema.not) return 'never'
  switch (schema.type) {
    case 'object':
      return schema.properties ? printObject(schema, printer, indent) : 'Record<string, unknown>'
    case 'array':
      return printArray(schema.items ?? {}, printer, indent)
    case 'integer':
    case 'number':
      return primitives[printer.dialect].number
    case 'boolean':
      return primitives[printer.dialect].boolean
    case 'string':
      return 'string'
    default:
      return 'unknown'
  }
}

/**
 * Whether it is a part of a notification that is decrypted: its content stands in its place.
 * @param {Schema} schema
 */
function isCiphertext(schema) {
  return schema['x-encrypted'] === 'apiv3' || schema['x-encrypted'] === 'apiv2'
}

/**
 * The members of an object, between braces; also the body of an interface.
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [indent]
 */
export function printObject(schema, printer, indent = '') {
  const inner = `${indent}  `
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const required = schema.required?.includes(name) && !printer.optional?.(name, field)
    return `${comment(describe(field), inner)}${inner}${printName(name, required ?? false)}: ${printType(field, printer, inner)}\n`
  })
  return `{\n${fields.join('')}${indent}}`
}

/**
 * Numbered fields are documented as `coupon_id_$n`.
 * @param {string} name
 * @param {boolean} required
 */
function printName(name, required) {
  if (name.includes('$')) return `[field: \`${name.replace(/\$[nm]/g, '$${number}')}\`]`
  return key(name) + (required ? '' : '?')
}

/**
 * @param {Schema} items
 * @param {Printer} printer
 * @param {string} indent
 */
function printArray(items, printer, indent) {
  const type = printType(items, printer, indent)
  if (printer.dialect === 'query') return `${type} | readonly (${type})[]`
  return /^[\w.]+$/.test(type) || type.startsWith('{') ? `${type}[]` : `(${type})[]`
}

/**
 * @param {readonly (string | number)[]} values
 * @param {Dialect} dialect
 */
function printEnum(values, dialect) {
  const literals = values.flatMap(value => {
    const text = `'${String(value).replaceAll("'", "\\'")}'`
    if (typeof value === 'string' || dialect === 'xml-answer') return [text]
    return dialect === 'json' ? [String(value)] : [String(value), text]
  })
  return literals.join(' | ')
}

/** @param {Schema} schema */
function describe(schema) {
  const encrypted = schema['x-encrypted']
  return [
    schema.title,
    schema.contentMediaType === 'application/json' && 'JSON, as text.',
    (encrypted === 'platform' || encrypted === 'bank') && 'Sensitive: given in plain text, sent encrypted.',
    encrypted === 'merchant' && 'Sensitive: arrives encrypted, handed out in plain text.',
  ]
    .filter(Boolean)
    .join(' · ')
}

/**
 * A documentation comment with its line break, or nothing.
 * @param {string} text
 * @param {string} [indent]
 */
export function comment(text, indent = '') {
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n`
}

/**
 * The schema itself, where it is given by its name.
 * @param {Schema} schema
 * @param {Record<string, Schema>} shared
 * @returns {Schema}
 */
export function resolve(schema, shared) {
  if (!schema.$ref) return schema
  const target = shared[refName(schema.$ref)]
  if (!target) throw new Error(`there is no schema ${schema.$ref}`)
  return target
}

/** @param {string} ref */
function refName(ref) {
  return ref.slice(ref.lastIndexOf('/') + 1)
}

/**
 * Every shared schema that the given ones lead to, each once.
 * @param {readonly Schema[]} schemas
 * @param {Record<string, Schema>} shared
 */
export function reachable(schemas, shared) {
  /** @type {Set<string>} */
  const found = new Set()
  /** @param {Schema} schema */
  const visit = schema => {
    if (schema.$ref) {
      const name = refName(schema.$ref)
      if (found.has(name)) return
      found.add(name)
      visit(resolve(schema, shared))
    }
    for (const field of Object.values(schema.properties ?? {})) visit(field)
    if (schema.items) visit(schema.items)
    if (isCiphertext(schema) && schema.contentSchema) visit(schema.contentSchema)
  }
  for (const schema of schemas) visit(schema)
  return [...found].sort()
}
