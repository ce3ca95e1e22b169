/** Prints a document for publication: without the parts that only the documentation needs, and without repetitions. */
import { resolve } from './references.mjs'

/** @import { Document, MediaType, Schema } from './openapi.js' */

const UNPUBLISHED = ['x-follows', 'x-updated']

/** @param {Document} document */
export function publish(document) {
  const { schemas } = document.components
  return JSON.stringify(document, (key, value) => {
    if (UNPUBLISHED.includes(key)) return undefined
    return isMediaType(value) && repeatsFields(value.example, value.schema, schemas) ? { schema: value.schema } : value
  })
}

/**
 * @param {unknown} value
 * @returns {value is Required<MediaType>}
 */
function isMediaType(value) {
  return typeof value === 'object' && value !== null && 'schema' in value && 'example' in value && !('in' in value)
}

/**
 * Whether a sample consists of the samples of its fields.
 * @param {unknown} sample
 * @param {Schema} given
 * @param {Readonly<Record<string, Schema>>} shared
 * @returns {boolean}
 */
function repeatsFields(sample, given, shared) {
  const { properties = {}, items = {}, examples } = resolve(given, shared)
  if (Array.isArray(sample)) return sample.length === 1 && repeatsFields(sample[0], items, shared)
  if (typeof sample !== 'object' || sample === null) return sample === (given.examples ?? examples)?.[0]
  const entries = Object.entries(sample)
  return (
    entries.length === Object.keys(properties).length &&
    entries.every(([name, value]) => properties[name] && repeatsFields(value, properties[name], shared))
  )
}
