/** Prints the documentation that an editor shows: the official label or title, and the rules that types cannot express. */
import { unitOf } from './money.mjs'
import { isRequirement } from './references.mjs'

/** @import { Money } from './money.mjs' */
/** @import { Operation, Schema } from './openapi.js' */

/** @type {Partial<Record<NonNullable<Schema['x-encrypted']>, string>>} */
const encryption = {
  platform: 'encrypted by the client',
  bank: 'encrypted by the client',
  merchant: 'decrypted',
}

/** @type {Record<string, string>} */
const formats = { 'date-time': 'RFC 3339', date: 'YYYY-MM-DD' }

/**
 * @param {string} name
 * @param {Schema} schema
 * @param {Money} money
 * @param {string} [rule] A rule between this field and others.
 */
export function describe(name, schema, money, rule) {
  const { title, format = '', contentMediaType } = schema
  const encrypted = schema['x-encrypted'] ?? schema.items?.['x-encrypted']
  return [
    title,
    unitOf(name, schema, money),
    lengthOf(schema),
    formats[format],
    contentMediaType === 'application/json' && 'JSON as a string',
    encrypted && encryption[encrypted],
    rule,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** @param {Schema} schema */
function lengthOf({ type, minLength = 0, maxLength }) {
  if (type !== 'string') return undefined
  if (maxLength === undefined) return minLength > 1 ? `at least ${characters(minLength)}` : undefined
  if (minLength === maxLength) return characters(maxLength)
  return minLength > 1 ? `${minLength}–${characters(maxLength)}` : `at most ${characters(maxLength)}`
}

/** @param {number} count */
function characters(count) {
  return count === 1 ? '1 character' : `${count} characters`
}

/**
 * The rules of the form "one of these is required", by the fields that they name.
 * @param {Schema} schema
 * @returns {Map<string, string>}
 */
export function rulesOf(schema) {
  const rules = [schema, ...(schema.allOf ?? [])].flatMap(part => [part.anyOf, part.oneOf])
  return new Map(
    rules.flatMap((branches = []) => {
      if (branches.length < 2 || !branches.every(isRequirement)) return []
      const choices = branches.map(({ required = [] }) => required)
      const rule = `one of ${choices.map(names => `\`${names.join('` + `')}\``).join(', ')} is required`
      return choices.flat().map(name => /** @type {const} */ ([name, rule]))
    }),
  )
}

/** @param {Operation} operation */
export function documentation({ summary, externalDocs, 'x-docs': others = [], 'x-note': note }) {
  const links = [...(externalDocs ? [externalDocs.url] : []), ...others].map(link => `{@link ${link}}`)
  return [summary, ...(links.length > 0 ? links : note ? [`· ${note}`] : [])].join(' ')
}

/**
 * A documentation comment with its line break, or nothing.
 * @param {string} text
 * @param {string} [indent]
 */
export function comment(text, indent = '') {
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n`
}
