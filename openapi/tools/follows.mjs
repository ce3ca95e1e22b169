/** Checks the `x-follows` of notifications: the operations must exist and must have a URL to notify. */
import { partsOf, refName, resolve } from './references.mjs'

/** @import { Document, Method, Operation, Schema } from './openapi.js' */

/**
 * @param {Document} document
 * @returns {string[]} What is wrong, each with its place.
 */
export function checkFollows({ paths, webhooks, components }) {
  return Object.entries(webhooks).flatMap(([name, { post }]) =>
    (post?.['x-follows'] ?? []).flatMap(place => {
      const [method, path] = place.split(' ')
      const operation = paths[path ?? '']?.[/** @type {Method} */ (method)]
      if (!operation) return [`webhooks ${name}: \`x-follows\` names ${place}, which is not in the catalogue`]
      return takesAddress(operation, components.schemas) ? [] : [`webhooks ${name}: ${place} has no URL to notify`]
    }),
  )
}

/**
 * @param {Operation} operation
 * @param {Readonly<Record<string, Schema>>} shared
 */
function takesAddress({ parameters = [], requestBody }, shared) {
  const payloads = Object.values(requestBody?.content ?? {}).map(({ schema = {} }) => schema)
  return parameters.some(({ name }) => isAddress(name)) || payloads.some(schema => hasAddress(schema, shared, []))
}

/**
 * @param {Schema} given
 * @param {Readonly<Record<string, Schema>>} shared
 * @param {readonly string[]} above The shared schemas that contain this one.
 * @returns {boolean}
 */
function hasAddress(given, shared, above) {
  const name = given.$ref && refName(given.$ref)
  if (name && above.includes(name)) return false
  const schema = resolve(given, shared)
  const properties = Object.entries(schema.properties ?? {})
  const inner = [
    ...properties.map(([, property]) => property),
    ...partsOf(schema),
    ...(schema.items ? [schema.items] : []),
  ]
  return (
    properties.some(([field]) => isAddress(field)) ||
    inner.some(part => hasAddress(part, shared, name ? [...above, name] : above))
  )
}

/** @param {string} field */
function isAddress(field) {
  return /(?:^|_)(?:notify_url|callback_url)$|^url$/.test(field)
}
