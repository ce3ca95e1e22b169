/** Prints schemas as TypeScript: objects written out, shared schemas by their name, labels as documentation. */
import { comment, describe, rulesOf } from './describe.mjs'
import { key } from './names.mjs'
import { isBigId, isChoice, isCiphertext, isRequirement, partsOf, refName, resolve } from './references.mjs'

/** @import { Money } from './money.mjs' */
/** @import { Schema } from './openapi.js' */

/**
 * The use of a type. A number that is a string on the wire may be passed as a number or as its digits; XML responses
 * contain strings.
 * @typedef {'json-request' | 'json-response' | 'query' | 'xml-request' | 'xml-response'} Dialect
 */

/** @type {Record<Dialect, { number: string, boolean: string }>} */
const primitives = {
  'json-request': { number: 'number', boolean: 'boolean' },
  'json-response': { number: 'number', boolean: 'boolean' },
  query: { number: 'Numeric', boolean: 'boolean' },
  'xml-request': { number: 'Numeric', boolean: "boolean | 'true' | 'false'" },
  'xml-response': { number: 'string', boolean: 'string' },
}

/**
 * @typedef {object} Printer
 * @property {Dialect} dialect
 * @property {Record<string, Schema>} shared
 * @property {Money} money
 * @property {(name: string) => string} reference Names a shared schema.
 * @property {(field: string, schema?: Schema) => boolean} [optional] Whether a required field may be left out all the same.
 */

/** @param {Printer} printer */
const isReceived = ({ dialect }) => dialect.endsWith('response')

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
  if (schema.enum) return printEnum(schema, printer.dialect)
  if (schema.not) return 'never'
  if (partsOf(schema).length > 0) return printComposition(schema, printer, indent)
  switch (schema.type) {
    case 'object':
      return schema.properties ? printObject(schema, printer, indent) : 'Record<string, unknown>'
    case 'array':
      return printArray(schema.items ?? {}, printer, indent)
    case 'integer':
    case 'number':
      return isBigId(schema) && printer.dialect === 'json-response'
        ? 'number | string'
        : primitives[printer.dialect].number
    case 'boolean':
      return primitives[printer.dialect].boolean
    case 'string':
      return 'string'
    default:
      return 'unknown'
  }
}

/**
 * The members of an object, between braces; also the body of an interface.
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [indent]
 */
export function printObject(schema, printer, indent = '') {
  const chosen = new Set(choicesOf(schema, printer).flat(2))
  const names = Object.keys(schema.properties ?? {}).filter(name => !chosen.has(name))
  return printMembers(names, alwaysRequired(schema), schema, printer, indent)
}

/**
 * @param {readonly string[]} names
 * @param {readonly string[]} required
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} indent
 */
function printMembers(names, required, schema, printer, indent) {
  const inner = `${indent}  `
  const rules = isReceived(printer) ? undefined : rulesOf(schema)
  const fields = names.map(name => {
    const field = schema.properties?.[name] ?? {}
    const isRequired = required.includes(name) && !printer.optional?.(name, field)
    const text = describe(name, field, printer.money, rules?.get(name))
    return `${comment(text, inner)}${inner}${printName(name, isRequired)}: ${printType(field, printer, inner)}\n`
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
 * An object that consists of its own properties, all of `allOf`, and one of `anyOf`.
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} indent
 */
function printComposition(schema, printer, indent) {
  const own = schema.properties ? [printObject(schema, printer, indent)] : []
  const parts = [...own, ...printParts(schema, printer, indent)]
  return parts.length > 0 ? parts.join(' & ') : 'Record<string, unknown>'
}

/**
 * The types to intersect with an object's own properties.
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [indent]
 * @returns {string[]}
 */
function printParts(schema, printer, indent = '') {
  const whole = (schema.allOf ?? []).filter(part => !isChoice(part)).map(part => printType(part, printer, indent))
  const choices = choicesOf(schema, printer).map(
    branches => `(${branches.map(names => printMembers(names, names, schema, printer, indent)).join(' | ')})`,
  )
  const variants = [schema.anyOf, schema.oneOf].flatMap(branches => printVariants(branches, schema, printer, indent))
  return [...whole, ...choices, ...variants]
}

/**
 * The fields that a caller has to choose from: the names in each branch, except those that are required anyway. They are
 * declared in the branches alone, because an editor documents a property in an object only if it has one declaration.
 * @param {Schema} schema
 * @param {Printer} printer
 * @returns {string[][][]}
 */
function choicesOf(schema, printer) {
  // In a response, the fields are optional; only a request has to choose.
  if (isReceived(printer)) return []
  const given = new Set(alwaysRequired(schema))
  const { properties = {} } = schema
  return [schema, ...(schema.allOf ?? []).filter(isChoice)]
    .flatMap(({ anyOf, oneOf }) => [anyOf, oneOf])
    .filter(branches => branches?.every(isRequirement))
    .map((branches = []) =>
      branches.map(({ required = [] }) =>
        required.filter(name => !given.has(name) && !printer.optional?.(name, properties[name])),
      ),
    )
}

/**
 * Objects of several shapes.
 * @param {readonly Schema[] | undefined} branches
 * @param {Schema} whole
 * @param {Printer} printer
 * @param {string} indent
 * @returns {string[]}
 */
function printVariants(branches, { properties = {} }, printer, indent) {
  if (!branches || branches.every(isRequirement)) return []
  const all = new Set(branches.flatMap(branch => namesOf(branch, printer)))
  const types = branches.map(branch => {
    const type = printType(branch, printer, indent)
    const absent = [...all].filter(name => !properties[name] && !namesOf(branch, printer).includes(name))
    // This lets a field be read before the type is narrowed.
    return isReceived(printer) && absent.length > 0
      ? `(${type} & { ${absent.map(name => `${key(name)}?: undefined`).join('; ')} })`
      : type
  })
  return [`(${types.join(' | ')})`]
}

/**
 * @param {Schema} schema
 * @param {Printer} printer
 * @returns {string[]}
 */
function namesOf(schema, printer) {
  const { properties = {}, ...rest } = resolve(schema, printer.shared)
  return [...Object.keys(properties), ...partsOf(rest).flatMap(part => namesOf(part, printer))]
}

/**
 * The members that all alternatives have.
 * @param {Schema} schema
 * @returns {string[]}
 */
function alwaysRequired({ required = [], allOf = [], anyOf = [], oneOf = [] }) {
  const choices = [anyOf, oneOf].map(([first, ...others]) =>
    (first?.required ?? []).filter(name => others.every(other => other.required?.includes(name))),
  )
  return [...new Set([...required, ...allOf.flatMap(alwaysRequired), ...choices.flat()])]
}

/**
 * @param {Schema} items
 * @param {Printer} printer
 * @param {string} indent
 */
function printArray(items, printer, indent) {
  const type = printType(items, printer, indent)
  if (printer.dialect === 'query') return `${type} | readonly (${type})[]`
  const isOne = /^[\w.]+$/.test(type) || (type.startsWith('{') && partsOf(items).length === 0)
  return isOne ? `${type}[]` : `(${type})[]`
}

/**
 * The documented values, and any other, because WeChat Pay may add values; completion offers the documented ones.
 * @param {Schema} schema
 * @param {Dialect} dialect
 */
function printEnum({ enum: values = [], 'x-closed': isClosed }, dialect) {
  const literals = values.flatMap(value => {
    const text = `'${String(value).replaceAll("'", "\\'")}'`
    if (typeof value === 'string' || dialect === 'xml-response') return [text]
    return dialect.startsWith('json') ? [String(value)] : [String(value), text]
  })
  const types = new Set(values.map(value => (typeof value === 'number' ? primitives[dialect].number : 'string')))
  return [...literals, ...(isClosed ? [] : [...types].map(type => `(${type} & {})`))].join(' | ')
}

/**
 * A name for a type: an interface where it can be one, since the compiler's messages are shorter then.
 * @param {string} name
 * @param {Schema} schema
 * @param {Printer} printer
 * @param {string} [base] An interface that it extends.
 */
export function printDeclaration(name, schema, printer, base) {
  if (!schema.properties) return printAlias(name, [printType(schema, printer), ...(base ? [base] : [])])
  const heritage = base ? ` extends ${base}` : ''
  const parts = printParts(schema, printer)
  if (parts.length === 0) return `export interface ${name}${heritage} ${printObject(schema, printer)}\n`
  const fields = `${name}Fields`
  return `export interface ${fields}${heritage} ${printObject(schema, printer)}\n${printAlias(name, [fields, ...parts])}`
}

/**
 * @param {string} name
 * @param {readonly string[]} parts
 */
function printAlias(name, parts) {
  return `export type ${name} = ${parts.join(' & ')}\n`
}
