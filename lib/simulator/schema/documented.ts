/** The documented part of a value: without the fields that its schema does not have. */
import { isRecord } from '../../util/plain-object.js'
import { type DocumentName, resolve, type Schema } from './catalogue.js'

export function documentedPart(document: DocumentName, given: Schema, value: unknown): unknown {
  const { properties, items } = resolve(document, given)
  if (items && Array.isArray(value)) return value.map((item: unknown) => documentedPart(document, items, item))
  if (!properties || !isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const property = properties[name]
      return property ? [[name, documentedPart(document, property, inner)]] : []
    }),
  )
}
