/** Prints the notifications: what each event type brings. */
import { encryptedFields } from './facts.mjs'
import { documentation } from './nodes.mjs'
import { receivedPrinters } from './operations.mjs'
import { comment, printType } from './schema.mjs'

/** @import { Api, Document, Operation, Schema } from './openapi.js' */

/**
 * The notifications of one API. APIv2's have names of their own: it shares two event types with APIv3.
 * @param {Document} document
 * @param {Api} api
 * @returns {{ type: string, operation: Operation, schema: Schema }[]}
 */
export function listEvents(document, api) {
  return Object.entries(document.webhooks).flatMap(([name, { post }]) => {
    const schema = Object.values(post?.requestBody?.content ?? {})[0]?.schema
    if (!post || !schema) throw new Error(`the notification ${name} has no content`)
    return [{ type: api === 'v2' ? `v2/${name}` : name, operation: post, schema }]
  })
}

/** @param {Record<Api, Document>} documents */
export function printEvents(documents) {
  const fields = /** @type {const} */ (['v3', 'v2']).flatMap(api =>
    listEvents(documents[api], api).map(
      ({ type, operation, schema }) =>
        `${comment(documentation(operation), '  ')}  '${type}': ${printType(schema, receivedPrinters[api], '  ')}\n`,
    ),
  )
  return `import type * as A from './v2-answers.js'
import type * as S from './v3-schemas.js'
/** What each notification brings, decrypted. */\nexport interface Resources {\n${fields.join('')}}\n`
}

/** Prints which fields of which notification are encrypted for the merchant, as paths. @param {Document} document */
export function printEncryptedInEvents(document) {
  const entries = listEvents(document, 'v3')
    .map(({ type, schema }) => [type, encryptedFields(schema, document.components.schemas)])
    .filter(([, fields]) => fields?.length)
  return `export const encryptedInEvents: ReadonlyMap<string, readonly string[]> = new Map(${JSON.stringify(entries)})\n`
}
