/** Prints the shared schemas, a file for each way in which they are used. */
import { listEvents } from './events.mjs'
import { isFilled } from './operations.mjs'
import { comment, printObject, printType, reachable } from './schema.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Printer } from './schema.mjs' */
/** @import { Api, Document, Schema } from './openapi.js' */

/**
 * @param {readonly Call[]} calls
 * @param {Record<Api, Document>} documents
 * @returns {Record<string, string>} By file.
 */
export function printSchemas(calls, documents) {
  const reference = (/** @type {string} */ name) => name
  const { v3, v2 } = {
    v3: usedBy(calls.filter(({ api }) => api === 'v3')),
    v2: usedBy(calls.filter(({ api }) => api === 'v2')),
  }
  const events = (/** @type {Api} */ api) =>
    listEvents(documents[api], api).flatMap(({ variants }) => variants.map(({ schema }) => schema))
  return {
    'v3-schemas.d.ts': printShared(documents.v3, [...v3.requests, ...v3.answers, ...events('v3')], {
      dialect: 'json',
      reference,
    }),
    'v2-requests.d.ts':
      "import type { Numeric } from '../call.js'\n" +
      printShared(documents.v2, v2.requests, { dialect: 'xml-request', reference, optional: isFilled }),
    'v2-answers.d.ts': printShared(documents.v2, [...v2.answers, ...events('v2')], {
      dialect: 'xml-answer',
      reference,
    }),
  }
}

/**
 * @param {readonly Call[]} calls
 * @returns {{ requests: Schema[], answers: Schema[] }}
 */
function usedBy(calls) {
  return {
    requests: calls.flatMap(({ operation }) => [
      ...(operation.parameters ?? []).map(({ schema }) => schema),
      ...Object.values(operation.requestBody?.content ?? {}).map(({ schema = {} }) => schema),
    ]),
    answers: calls.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap(({ content = {} }) =>
        Object.values(content).map(({ schema = {} }) => schema),
      ),
    ),
  }
}

/**
 * @param {Document} document
 * @param {readonly Schema[]} users
 * @param {Printer} printer
 */
function printShared(document, users, printer) {
  const shared = document.components.schemas
  return reachable(users, shared)
    .map(name => {
      const schema = shared[name] ?? {}
      const title = comment(schema.title ?? '')
      return schema.properties
        ? `${title}export interface ${name} ${printObject(schema, printer)}\n`
        : `${title}export type ${name} = ${printType(schema, printer)}\n`
    })
    .join('')
}
