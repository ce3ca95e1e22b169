/** The meanings of one notification: the variants of its content. */
import { isRequirement, resolve } from './references.mjs'

/** @import { Schema } from './openapi.js' */

/**
 * @typedef {object} Variant
 * @property {readonly string[] | undefined} originalTypes Those that it comes with, where not with all of the notification's.
 * @property {Schema} schema
 */

/**
 * The members of an `anyOf`. The first is the usual one: its fields can be read without narrowing. A field that a
 * different variant lacks is `never` there, and a field that the usual variant always has is not optional in the
 * others.
 * @param {Schema} content
 * @param {Record<string, Schema>} shared
 * @returns {Variant[]}
 */
export function variantsOf(content, shared) {
  const { anyOf } = resolve(content, shared)
  if (!anyOf || anyOf.every(isRequirement)) return [{ originalTypes: undefined, schema: content }]
  return anyOf.map(schema => ({
    originalTypes: schema['x-original-types'],
    schema: schema === anyOf[0] ? schema : withAbsent(schema, anyOf[0] ?? {}, shared),
  }))
}

/**
 * @param {Schema} given
 * @param {Schema} usual
 * @param {Record<string, Schema>} shared
 * @returns {Schema}
 */
function withAbsent(given, usual, shared) {
  const [own, other] = [resolve(given, shared), resolve(usual, shared)]
  if (own.items && other.items) return { ...own, ...titleOf(given), items: withAbsent(own.items, other.items, shared) }
  if (!own.properties || !other.properties) return given
  const { properties, required = [] } = own
  const absent = Object.keys(other.properties).filter(name => !(name in properties))
  return {
    ...own,
    ...titleOf(given),
    required: [...new Set([...required, ...absent, ...(other.required ?? [])])],
    properties: {
      ...Object.fromEntries(
        Object.entries(properties).map(([name, field]) => [
          name,
          withAbsent(field, other.properties?.[name] ?? {}, shared),
        ]),
      ),
      ...Object.fromEntries(absent.map(name => [name, { not: {} }])),
    },
  }
}

/** @param {Schema} schema */
function titleOf({ title }) {
  return title === undefined ? {} : { title }
}
