/** Validates the samples and the listed values in a document against their own schemas. */
import { Ajv2020 } from 'ajv/dist/2020.js'

/** @import { Api, Document } from './openapi.js' */

const formats = /** @type {const} */ ({
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  uri: /^[a-z][\w+.-]*:\S+$/i,
  int32: true,
  int64: true,
})

/**
 * @param {Document} document
 * @param {Api} api
 * @returns {string[]} What does not fit, each with its place.
 */
export function checkSamples(document, api) {
  // A number that is a string on the wire is shown as a number or as its digits.
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats, coerceTypes: api === 'v2' })
  ajv.addSchema(document, 'catalogue')
  return findSamples(document, []).flatMap(({ place, sample }) => {
    const validate = ajv.getSchema(`catalogue#/${place.map(pointerPart).join('/')}`)
    if (!validate) throw new Error(`there is no schema at ${place.join(' ')}`)
    if (validate(structuredClone(sample))) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message }) =>
        `${place.join(' ')}: the sample ${instancePath || JSON.stringify(sample)} ${message}`,
    )
  })
}

/**
 * A part of a JSON pointer in a URI.
 * @param {string} key
 */
function pointerPart(key) {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
}

/**
 * The samples and the listed values with the places of their schemas.
 * @param {unknown} node
 * @param {readonly string[]} place
 * @returns {{ place: readonly string[], sample: unknown }[]}
 */
function findSamples(node, place) {
  if (typeof node !== 'object' || node === null) return []
  const isOfNames = place.at(-1) === 'properties'
  return Object.entries(node).flatMap(([key, value]) => {
    if (!isOfNames && (key === 'examples' || (key === 'enum' && Array.isArray(value))))
      return value.map((/** @type {unknown} */ sample) => ({ place, sample }))
    if (!isOfNames && key === 'example') return [{ place: [...place, 'schema'], sample: value }]
    return findSamples(value, [...place, key])
  })
}
