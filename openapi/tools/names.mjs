/** The names that are derived from a path: of operations, of interfaces, and of the properties of the chain. */

/**
 * `/v3/refunds/id/{refund_id}` → `V3RefundsIdByRefundId`
 * @param {string} path
 */
export function pascalPath(path) {
  return path.replace(/\/$/, '/index').split('/').map(pascalSegment).join('')
}

/** @param {string} segment */
export function pascalSegment(segment) {
  return segment.startsWith('{') ? `By${pascal(segment.slice(1, -1))}` : pascal(segment)
}

/** @param {string} words */
function pascal(words) {
  return words
    .split(/[-_.]/)
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

/**
 * The properties of a segment on its parent, the recommended one first; none if it can only be reached by a written
 * path, because the chain would change the name.
 * @param {string} segment
 * @returns {string[]}
 */
export function propertyNames(segment) {
  if (segment === '') return ['_empty_', '{empty}']
  if (segment.startsWith('{')) return [`_${segment.slice(1, -1)}_`, segment]
  // The client restores the capital letters of these names of APIv2.
  if (/^(?:add|modify|query)Institutionsub$/.test(segment)) return [segment]
  if (/[A-Z]/.test(segment)) return []
  const camel = segment.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
  // `a-1` would come back as `a1`: digits have no capitals.
  return camel === segment ? [segment] : /-\d/.test(segment) ? [segment] : [camel, segment]
}

/**
 * A property name as TypeScript writes it.
 * @param {string} name
 */
export function key(name) {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`
}
