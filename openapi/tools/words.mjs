/** Checks our own `x-` extensions in a document: they must be documented and used in the right places. */

/** @import { Document } from './openapi.js' */

/**
 * @param {Document} document
 * @param {string} readme What explains them.
 * @returns {string[]} What is wrong, each with its place.
 */
export function checkWords(document, readme) {
  const explained = new Set(readme.match(/(?<=`)x-[a-z-]+(?=`)/g))
  return findObjects(document, []).flatMap(({ place, node }) => {
    const problems = [
      ...Object.keys(node).flatMap(key =>
        key.startsWith('x-') && !explained.has(key) ? [`\`${key}\` is not explained in openapi/README.md`] : [],
      ),
      'x-closed' in node && !('enum' in node) && '`x-closed` is not beside an `enum`',
      node.format === 'int64' &&
        place.includes('properties') &&
        !/id$/i.test(fieldOf(place)) &&
        '`format: int64` is not on an ID',
      'responses' in node &&
        !node.externalDocs &&
        !node['x-note'] &&
        'has neither a link nor an `x-note` that says why',
    ]
    return problems.flatMap(problem => (problem ? [`${place.join(' ')}: ${problem}`] : []))
  })
}

/**
 * The name of the field that a schema describes, which may be that of its items.
 * @param {readonly string[]} place
 */
function fieldOf(place) {
  return place[place.lastIndexOf('properties') + 1] ?? ''
}

/**
 * Every object, except samples and maps of properties.
 * @param {unknown} node
 * @param {readonly string[]} place
 * @returns {{ place: readonly string[], node: Record<string, unknown> }[]}
 */
function findObjects(node, place) {
  if (typeof node !== 'object' || node === null) return []
  const isOfNames = place.at(-1) === 'properties'
  const inner = Object.entries(node).flatMap(([key, value]) =>
    !isOfNames && (key === 'example' || key === 'examples') ? [] : findObjects(value, [...place, key]),
  )
  return isOfNames || Array.isArray(node) ? inner : [{ place, node: { ...node } }, ...inner]
}
