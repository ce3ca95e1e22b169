/** The catalogue as a flat list of calls, each with its path in the chain. */
import { pascalPath } from './names.mjs'

/** @import { Api, Document, Method, Operation, Schema } from './openapi.js' */

/**
 * @typedef {object} Call One operation under one path of the chain.
 * @property {Api} api
 * @property {Method} method
 * @property {string} path The path in the chain: `v3/refunds/id/{refund_id}`, `v2/pay/unifiedorder`.
 * @property {string} name The name of its interface: `GetV3RefundsIdByRefundId`.
 * @property {Operation} operation
 * @property {Record<string, Schema>} shared The schemas that it may refer to.
 */

/**
 * @param {Record<Api, Document>} documents
 * @returns {Call[]}
 */
export function listCalls(documents) {
  return /** @type {const} */ (['v3', 'v2']).flatMap(api =>
    Object.entries(documents[api].paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) =>
        [path, ...(operation['x-path-aliases'] ?? [])].map(written =>
          describe(
            documents[api],
            api,
            /** @type {Method} */ (method),
            api === 'v2' ? `v2${written}` : written.slice(1),
            operation,
          ),
        ),
      ),
    ),
  )
}

/**
 * @param {Document} document
 * @param {Api} api
 * @param {Method} method
 * @param {string} path
 * @param {Operation} operation
 * @returns {Call}
 */
function describe(document, api, method, path, operation) {
  const verb = method.charAt(0).toUpperCase() + method.slice(1)
  return { api, method, path, name: verb + pascalPath(path), operation, shared: document.components.schemas }
}

/**
 * The path under which a call is also reached when its server has a path of its own: `hk/v3/refunds`.
 * @param {Call} call
 */
export function prefixedPath({ path, operation }) {
  const server = operation.servers?.[0]
  const prefix = server && new URL(server.url).pathname.slice(1)
  return prefix ? `${prefix}/${path}` : undefined
}

/**
 * @param {Call} call
 * @returns {string[]}
 */
export function placeholders({ path }) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}
