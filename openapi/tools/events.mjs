/** Prints the notifications: the event of each type, and the facts that the client needs at run time. */
import { comment, documentation } from './describe.mjs'
import { encryptedFields } from './facts.mjs'
import { printersOf } from './printers.mjs'
import { printType } from './schema.mjs'
import { variantsOf } from './variants.mjs'

/** @import { Api, Document, Operation, Schema } from './openapi.js' */
/** @import { Printer } from './schema.mjs' */
/** @import { Variant } from './variants.mjs' */

/**
 * @typedef {object} DocumentedEvent
 * @property {string} type
 * @property {Operation} operation
 * @property {Schema} schema
 * @property {readonly Variant[]} variants
 */

/**
 * The notifications of one API. APIv2's have names of their own: it shares two event types with APIv3.
 * @param {Document} document
 * @param {Api} api
 * @returns {DocumentedEvent[]}
 */
export function listEvents(document, api) {
  return Object.entries(document.webhooks).map(([name, { post }]) => {
    const schema = Object.values(post?.requestBody?.content ?? {})[0]?.schema
    if (!post || !schema) throw new Error(`the notification ${name} has no content`)
    const type = api === 'v2' ? `v2/${name}` : name
    return { type, operation: post, schema, variants: variantsOf(schema, document.components.schemas) }
  })
}

/** @param {Record<Api, Document>} documents */
export function printEvents(documents) {
  const { v3, v2 } = documents
  const events = [
    ...listEvents(v3, 'v3').map(event => printField(event, printJsonEvents(event, printerOf('v3', v3, event)))),
    ...listEvents(v2, 'v2').map(event => printField(event, printXmlEvent(event, printerOf('v2', v2, event)))),
  ]
  return `import type { JsonEvent, Undocumented, XmlEvent } from '../event.js'
import type * as A from './v2-responses.js'
import type * as S from './v3-schemas.js'
/** The events of each type. */\nexport interface Events {\n${events.join('')}}\n`
}

/**
 * @param {Api} api
 * @param {Document} document
 * @param {DocumentedEvent} event
 */
function printerOf(api, { components }, { operation }) {
  return printersOf({ api, shared: components.schemas, operation }).response
}

/**
 * @param {DocumentedEvent} event
 * @param {string} members
 */
function printField({ type, operation }, members) {
  return `${comment(documentation(operation), '  ')}  '${type}': ${members}\n`
}

/**
 * A member for each `original_type` with a content of its own.
 * @param {DocumentedEvent} event
 * @param {Printer} printer
 */
function printJsonEvents({ type, operation, variants }, printer) {
  /** @type {Map<string, string[]>} */
  const byContent = new Map()
  for (const originalType of operation['x-original-types'] ?? [undefined]) {
    const content = variants
      .filter(({ originalTypes }) => !originalType || !originalTypes || originalTypes.includes(originalType))
      .map(({ schema }) => printType(schema, printer, '  '))
      .join(' | ')
    byContent.set(content, [...(byContent.get(content) ?? []), originalType ? `'${originalType}'` : 'Undocumented'])
  }
  return [...byContent]
    .map(([content, originalTypes]) => `JsonEvent<'${type}', ${originalTypes.join(' | ')}, ${content}>`)
    .join(' | ')
}

/**
 * @param {DocumentedEvent} event
 * @param {Printer} printer
 */
function printXmlEvent({ type, schema }, printer) {
  return `XmlEvent<'${type}', ${printType(schema, printer, '  ')}>`
}

/**
 * Prints the facts about notifications of APIv3: their usual `original_type`, and the paths of the fields that are
 * encrypted for the merchant.
 * @param {Document} document
 */
export function printEventFacts(document) {
  const entries = listEvents(document, 'v3').flatMap(({ type, operation, schema }) => {
    const encrypted = encryptedFields(schema, document.components.schemas)
    const [originalType] = operation['x-original-types'] ?? []
    const facts = { ...(originalType && { originalType }), ...(encrypted.length > 0 && { encrypted }) }
    return Object.keys(facts).length > 0 ? [[type, facts]] : []
  })
  return `/** What is known about a notification: its usual \`original_type\`, and the fields encrypted for the merchant. */
export interface EventFacts { readonly originalType?: string; readonly encrypted?: readonly string[] }
export const eventFacts: ReadonlyMap<string, EventFacts> = new Map(${JSON.stringify(entries)})\n`
}
