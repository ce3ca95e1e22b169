/** Compares the catalogue of APIv3 with other sources for the same operations. */
import { resolve } from './references.mjs'
import { anonymous } from './witnesses.mjs'

/** @import { Document, Operation, Schema } from './openapi.js' */
/** @import { Fact, Side, Witness } from './witnesses.mjs' */

/**
 * @typedef {object} Difference
 * @property {string} op `GET /v3/refunds/{refund_id}`
 * @property {Side} in
 * @property {string} field
 * @property {string} rule
 * @property {string} detail
 */

/**
 * @typedef {object} Excuse Why the catalogue is right. A field that ends in `*` means all fields with this beginning.
 * @property {string} op
 * @property {Side} in
 * @property {string} field
 * @property {string} rule
 * @property {string} why
 */

/**
 * @typedef {object} Field A field in the catalogue.
 * @property {string | undefined} type For a list, the type of its items.
 * @property {boolean} required
 * @property {readonly string[] | undefined} values
 * @property {boolean} encrypted
 * @property {boolean} holdsJson
 */

/**
 * @typedef {readonly (readonly [witness: Witness, fact: Fact])[]} Known The sources that know a field, each with its
 *   facts.
 */

/**
 * @param {Document} document
 * @param {readonly Witness[]} witnesses
 * @returns {{ differences: Difference[], compared: number, absent: string[] }}
 */
export function compare(document, witnesses) {
  const operations = operationsOf(document)
  const names = [...new Set(witnesses.flatMap(({ operations }) => Object.keys(operations)))]
  const absent = names.filter(name => !operations.has(name))
  const differences = names.flatMap(name => {
    const found = operations.get(name)
    if (!found) return []
    const { op, operation } = found
    const known = (/** @type {Side} */ side) => knownFields(name, side, witnesses)
    return [
      ...compareQuery(operation, known('query')).map(difference => ({
        op,
        in: /** @type {const} */ ('query'),
        ...difference,
      })),
      ...sidesOf(operation).flatMap(([side, schema]) =>
        compareFields(side, new Map(fieldsOf(schema, document.components.schemas)), known(side)).map(difference => ({
          op,
          in: side,
          ...difference,
        })),
      ),
    ]
  })
  return { differences, compared: names.length - absent.length, absent }
}

/**
 * @param {readonly Difference[]} differences
 * @param {readonly Excuse[]} excuses
 * @returns {{ open: Difference[], unused: Excuse[] }} The differences without an excuse, and the excuses without a
 *   difference.
 */
export function excuse(differences, excuses) {
  const covers = (/** @type {Excuse} */ { op, in: side, field, rule }, /** @type {Difference} */ difference) =>
    op === difference.op &&
    side === difference.in &&
    rule === difference.rule &&
    (field.endsWith('*') ? difference.field.startsWith(field.slice(0, -1)) : field === difference.field)
  return {
    open: differences.filter(difference => !excuses.some(one => covers(one, difference))),
    unused: excuses.filter(one => !differences.some(difference => covers(one, difference))),
  }
}

/** @param {Document} document */
function operationsOf({ paths }) {
  return new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => {
        const op = `${method.toUpperCase()} ${path}`
        return [anonymous(op), { op, operation }]
      }),
    ),
  )
}

/**
 * @param {Operation} operation
 * @returns {(readonly [side: 'request' | 'response', schema: Schema])[]}
 */
function sidesOf({ requestBody, responses }) {
  const [response] = ['200', '201', '202'].flatMap(
    status => responses[status]?.content?.['application/json']?.schema ?? [],
  )
  return [
    ['request', requestBody?.content['application/json']?.schema ?? {}],
    ['response', response ?? {}],
  ]
}

/**
 * @param {string} operation
 * @param {Side} side
 * @param {readonly Witness[]} witnesses
 */
function knownFields(operation, side, witnesses) {
  /** @type {Map<string, Known>} */
  const fields = new Map()
  for (const witness of witnesses) {
    for (const [path, fact] of witness.operations[operation]?.[side] ?? []) {
      fields.set(path, [...(fields.get(path) ?? []), [witness, fact]])
    }
  }
  return fields
}

/**
 * Every field by its path. A field that only one of several alternatives requires counts as optional.
 * @param {Schema} given
 * @param {Record<string, Schema>} shared
 * @param {string} [prefix]
 * @param {boolean} [isSure]
 * @param {number} [depth]
 * @returns {[path: string, field: Field][]}
 */
function fieldsOf(given, shared, prefix = '', isSure = true, depth = 0) {
  if (depth > 10) return []
  const { properties = {}, items, required, allOf = [], anyOf = [], oneOf = [] } = resolve(given, shared)
  const parts = [
    ...allOf.flatMap(part => fieldsOf(part, shared, prefix, isSure, depth + 1)),
    ...[...oneOf, ...anyOf].flatMap(part => fieldsOf(part, shared, prefix, false, depth + 1)),
  ]
  if (items) return [...parts, ...fieldsOf(items, shared, prefix, isSure, depth + 1)]
  const own = Object.entries(properties).flatMap(([name, property]) => {
    const schema = resolve(property, shared)
    const isList = schema.type === 'array'
    const leaf = isList ? resolve(schema.items ?? {}, shared) : schema
    const path = `${prefix}${name}${isList ? '[]' : ''}`
    /** @type {Field} */
    const field = {
      type: leaf.type,
      required: isSure && (required?.includes(name) ?? false),
      values: leaf.enum?.map(String),
      encrypted: [property, schema, leaf].some(it => it['x-encrypted']),
      holdsJson: schema.contentSchema !== undefined,
    }
    return /** @type {[string, Field][]} */ ([
      [path, field],
      ...fieldsOf(schema, shared, `${path}.`, isSure, depth + 1),
    ])
  })
  return [...parts, ...own]
}

/**
 * Finds the same field, whether or not it is known as a list.
 * @template Value
 * @param {ReadonlyMap<string, Value>} fields
 * @param {string} path
 */
function find(fields, path) {
  return fields.get(path) ?? fields.get(path.replace(/\[\]$/, '')) ?? fields.get(`${path}[]`)
}

/** @param {string} path */
function parentOf(path) {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : undefined
}

/** @typedef {Pick<Difference, 'field' | 'rule' | 'detail'>} Finding */

/**
 * @param {Operation} operation
 * @param {ReadonlyMap<string, Known>} known
 * @returns {Finding[]}
 */
function compareQuery({ parameters = [] }, known) {
  const own = new Set(parameters.filter(parameter => parameter.in === 'query').map(({ name }) => name))
  return [...known].flatMap(([field, by]) => (own.has(field) ? [] : [{ field, rule: 'missing', detail: namesOf(by) }]))
}

/**
 * @param {'request' | 'response'} side
 * @param {ReadonlyMap<string, Field>} own
 * @param {ReadonlyMap<string, Known>} known
 * @returns {Finding[]}
 */
function compareFields(side, own, known) {
  // If WeChat Pay has a sample of this call, fields that only others have are older or belong to a similar call.
  const isSampled = [...known.values()].some(by => by.some(([{ kind }]) => kind === 'samples'))
  return [
    ...[...known].flatMap(([field, by]) => {
      const mine = find(own, field)
      if (mine) return compareField(side, field, mine, by)
      const isDoubtful = isSampled && by.every(([{ kind }]) => kind === 'community')
      const isInJson = find(own, parentOf(field) ?? '')?.holdsJson
      return isDoubtful || isInJson ? [] : [{ field, rule: 'missing', detail: namesOf(by) }]
    }),
    ...(known.size === 0 ? [] : [...own]).flatMap(([field, { required }]) => {
      const parent = parentOf(field)
      if (!required || find(known, field) || (parent && !find(known, parent))) return []
      return [{ field, rule: 'required here, unknown there', detail: '' }]
    }),
  ]
}

/**
 * @param {'request' | 'response'} side
 * @param {string} field
 * @param {Field} own
 * @param {Known} by
 * @returns {Finding[]}
 */
function compareField(side, field, own, by) {
  // A string that contains JSON is often declared with the type of the JSON.
  const types = new Set(by.flatMap(([, { type }]) => (type && !(own.holdsJson && type === 'object') ? [type] : [])))
  const isOfType = !own.type || types.size === 0 || types.has(own.type)
  const lacking = by.flatMap(([, { values }]) => values).filter(value => own.values && !own.values.includes(value))
  const isEncrypted = by.some(([, { encrypted }]) => encrypted)
  // Samples do not show the fields that their client encrypts.
  const isPlain = !isEncrypted && by.some(([{ kind }]) => kind !== 'samples')
  const isRequest = side === 'request'
  /** @type {[rule: string, holds: boolean, detail: string][]} */
  const rules = [
    ['required here, optional there', own.required && requiredBy(by, field) === false, namesOf(by)],
    [
      'optional here, required there',
      isRequest && !own.required && requiredBy(official(by), field) === true,
      namesOf(by),
    ],
    ['type', !isOfType, `${own.type}, but ${[...types]}`],
    ['values', lacking.length > 0, `lacks ${lacking}`],
    ['encrypted there', isEncrypted && !own.encrypted && own.type !== 'object', namesOf(by)],
    ['not encrypted there', isRequest && own.encrypted && isPlain, namesOf(by)],
  ]
  return rules.flatMap(([rule, holds, detail]) => (holds ? [{ field, rule, detail }] : []))
}

/** @param {Known} by */
function official(by) {
  return by.filter(([{ kind }]) => kind !== 'community')
}

/**
 * Whether a field is required, by the best source that gives it.
 * @param {Known} by
 * @param {string} field
 */
function requiredBy(by, field) {
  const isFilled = (/** @type {Witness} */ { fills }) => fills.some(name => new RegExp(`(^|[._])${name}$`).test(field))
  const said = [...official(by), ...by].find(
    ([witness, { required }]) => required || (required === false && !isFilled(witness)),
  )
  return said?.[1].required
}

/** @param {Known} by */
function namesOf(by) {
  return by
    .map(([{ name }, { required }]) =>
      required === undefined ? name : `${name}: ${required ? 'required' : 'optional'}`,
    )
    .join(', ')
}
