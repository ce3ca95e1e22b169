/** Resolves references, and takes schemas apart. */

/** @import { Schema } from './openapi.js' */

/** @param {string} ref */
export function refName(ref) {
  return ref.slice(ref.lastIndexOf('/') + 1)
}

/**
 * Resolves a reference to a schema.
 * @param {Schema} schema
 * @param {Readonly<Record<string, Schema>>} shared
 * @returns {Schema}
 */
export function resolve(schema, shared) {
  if (!schema.$ref) return schema
  const target = shared[refName(schema.$ref)]
  if (!target) throw new Error(`unknown schema ${schema.$ref}`)
  return target
}

/**
 * The parts of an object besides its own properties.
 * @param {Schema} schema
 */
export function partsOf({ allOf = [], anyOf = [], oneOf = [] }) {
  return [...allOf, ...anyOf, ...oneOf]
}

/**
 * Whether it is a part of a notification that is decrypted: its content replaces it.
 * @param {Schema} schema
 */
export function isCiphertext(schema) {
  return schema['x-encrypted'] === 'apiv3' || schema['x-encrypted'] === 'apiv2'
}

/**
 * Every shared schema that the given ones refer to, each once.
 * @param {readonly Schema[]} schemas
 * @param {Readonly<Record<string, Schema>>} shared
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
    for (const part of [...Object.values(schema.properties ?? {}), ...partsOf(schema)]) visit(part)
    if (schema.items) visit(schema.items)
    if (isCiphertext(schema) && schema.contentSchema) visit(schema.contentSchema)
  }
  for (const schema of schemas) visit(schema)
  return [...found].sort()
}

/**
 * Whether it prints differently in a response: an ID that may be too long for a number, or a choice that only a request
 * has to make.
 * @param {Schema} schema
 * @param {Readonly<Record<string, Schema>>} shared
 */
export function differsInResponses(schema, shared) {
  const all = [schema, ...reachable([schema], shared).map(name => shared[name] ?? {})]
  /** @param {Schema} part @returns {boolean} */
  const differs = part =>
    isBigId(part) ||
    Boolean(part.anyOf ?? part.oneOf) ||
    [...Object.values(part.properties ?? {}), ...(part.allOf ?? []), ...(part.items ? [part.items] : [])].some(differs)
  return all.some(differs)
}

/**
 * Whether it is an ID in digits that may exceed 2^53, which no number of JavaScript holds exactly.
 * @param {Schema} schema
 */
export function isBigId({ type, format }) {
  return (type === 'integer' || type === 'number') && format === 'int64'
}

/**
 * Whether a branch only says which fields are required.
 * @param {Schema} branch
 */
export function isRequirement({ $ref, properties, required }) {
  return required !== undefined && !$ref && !properties
}

/**
 * Whether a part only holds such branches.
 * @param {Schema} part
 */
export function isChoice({ $ref, type, properties, anyOf, oneOf }) {
  return !$ref && !type && !properties && (anyOf ?? oneOf ?? []).some(isRequirement)
}
