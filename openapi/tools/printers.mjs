/** The printers for the types of a call: its options and its response. */
import { moneyOf } from './money.mjs'
import { differsInResponses } from './references.mjs'

/** @import { Money } from './money.mjs' */
/** @import { Printer } from './schema.mjs' */
/** @import { Api, Operation, Schema } from './openapi.js' */

const filled = new Set(['mch_id', 'mchid', 'nonce_str', 'sign'])

/**
 * Whether the client fills a field in if the caller leaves it out, because only one value is possible.
 * @param {string} field
 * @param {Schema} [schema]
 */
const isFilled = (field, schema) => filled.has(field) || (field === 'sign_type' && schema?.enum?.length === 1)

/** @typedef {'query' | 'request' | 'response'} Use */

/**
 * The printers of shared schemas by their own names, as in the file that declares them.
 * @param {Api} api
 * @param {Record<string, Schema>} shared
 * @param {Money} money
 * @returns {Record<Use, Printer>}
 */
export function localPrinters(api, shared, money) {
  const common = { shared, money, reference: (/** @type {string} */ name) => name }
  if (api === 'v2') {
    return {
      query: { ...common, dialect: 'query', optional: isFilled },
      request: { ...common, dialect: 'xml-request', optional: isFilled },
      response: { ...common, dialect: 'xml-response' },
    }
  }
  return {
    query: { ...common, dialect: 'query' },
    request: { ...common, dialect: 'json-request' },
    response: { ...common, dialect: 'json-response', reference: name => responseName(name, shared) },
  }
}

/**
 * The printers of an operation, in a file that imports the shared schemas as `S`, or as `R` and `A`.
 * @param {{ api: Api, shared: Record<string, Schema>, operation: Operation }} call
 * @returns {Record<Use, Printer>}
 */
export function printersOf({ api, shared, operation }) {
  const printers = localPrinters(api, shared, moneyOf(operation))
  const imported = (/** @type {Printer} */ printer, /** @type {string} */ module) => ({
    ...printer,
    reference: (/** @type {string} */ name) => `${module}.${printer.reference(name)}`,
  })
  return {
    query: imported(printers.query, api === 'v2' ? 'R' : 'S'),
    request: imported(printers.request, api === 'v2' ? 'R' : 'S'),
    response: imported(printers.response, api === 'v2' ? 'A' : 'S'),
  }
}

/**
 * @param {string} name
 * @param {Record<string, Schema>} shared
 */
function responseName(name, shared) {
  return differsInResponses(shared[name] ?? {}, shared) ? `${name}Response` : name
}
