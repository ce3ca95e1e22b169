/** Prints the shared schemas, a file for each use. */
import { comment } from './describe.mjs'
import { listEvents } from './events.mjs'
import { moneyOf } from './money.mjs'
import { localPrinters } from './printers.mjs'
import { reachable } from './references.mjs'
import { printDeclaration } from './schema.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Money } from './money.mjs' */
/** @import { Api, Document, MediaType, Schema } from './openapi.js' */

/**
 * @param {readonly Call[]} calls
 * @param {Record<Api, Document>} documents
 * @returns {Record<string, string>} By file.
 */
export function printSchemas(calls, documents) {
  const v3 = printShared('v3', calls, documents.v3)
  const v2 = printShared('v2', calls, documents.v2)
  // Of JSON, the few that differ in requests and responses have two names.
  const all = uniqueNames([...v3.request, ...v3.response])
  return {
    'v3-schemas.d.ts': join(all),
    'v2-requests.d.ts': `import type { Numeric } from '../call.js'\n${join(v2.request)}`,
    'v2-responses.d.ts': join(v2.response),
  }
}

/**
 * Interfaces of one name would be merged by TypeScript.
 * @param {readonly (readonly [name: string, text: string])[]} declarations
 */
function uniqueNames(declarations) {
  /** @type {Map<string, string>} */
  const byName = new Map()
  for (const [name, text] of declarations) {
    if ((byName.get(name) ?? text) !== text) throw new Error(`there are two shared types called ${name}`)
    byName.set(name, text)
  }
  return byName
}

/** @param {ReadonlyMap<string, string>} declarations By name. */
function join(declarations) {
  return [...declarations]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => text)
    .join('')
}

/**
 * @param {Api} api
 * @param {readonly Call[]} calls
 * @param {Document} document
 * @returns {Record<'request' | 'response', Map<string, string>>} The declarations, by name.
 */
function printShared(api, calls, document) {
  const shared = document.components.schemas
  const users = usersOf(api, calls, document)
  const moneys = moneysOf(users, shared)
  const print = (/** @type {'request' | 'response'} */ use) => {
    const schemas = users.filter(user => user.use === use).map(({ schema }) => schema)
    return uniqueNames(
      reachable(schemas, shared).map(name => {
        const schema = shared[name] ?? {}
        const printer = localPrinters(api, shared, moneys.get(name) ?? 'fen')[use]
        const declared = printer.reference(name)
        return /** @type {const} */ ([
          declared,
          comment(schema.title ?? '') + printDeclaration(declared, schema, printer),
        ])
      }),
    )
  }
  return { request: print('request'), response: print('response') }
}

/**
 * @typedef {object} User A schema of an operation, which may lead to shared ones.
 * @property {Schema} schema
 * @property {'request' | 'response'} use
 * @property {Money} money
 */

/**
 * @param {Api} api
 * @param {readonly Call[]} calls
 * @param {Document} document
 * @returns {User[]}
 */
function usersOf(api, calls, document) {
  const ofCalls = calls
    .filter(call => call.api === api)
    .flatMap(({ operation }) => [
      ...(operation.parameters ?? []).map(({ schema }) => ({ schema, use: 'request', operation })),
      ...schemasOf(operation.requestBody?.content).map(schema => ({ schema, use: 'request', operation })),
      ...Object.values(operation.responses)
        .flatMap(({ content }) => schemasOf(content))
        .map(schema => ({ schema, use: 'response', operation })),
    ])
  const ofEvents = listEvents(document, api).flatMap(({ variants, operation }) =>
    variants.map(({ schema }) => ({ schema, use: 'response', operation })),
  )
  return [...ofCalls, ...ofEvents].map(({ schema, use, operation }) => ({
    schema,
    use: use === 'request' ? use : 'response',
    money: moneyOf(operation),
  }))
}

/** @param {Record<string, MediaType>} [content] */
function schemasOf(content = {}) {
  return Object.values(content).map(({ schema = {} }) => schema)
}

/**
 * The unit of the amounts of each shared schema.
 * @param {readonly User[]} users
 * @param {Record<string, Schema>} shared
 */
function moneysOf(users, shared) {
  /** @type {Map<string, Money>} */
  const moneys = new Map()
  for (const { schema, money } of users) {
    for (const name of reachable([schema], shared)) {
      moneys.set(name, (moneys.get(name) ?? money) === money ? money : 'either')
    }
  }
  return moneys
}
