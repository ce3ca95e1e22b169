/** Builders for the schemas of the control API. */
import type { JsonSchema } from '../schema/validator.js'

export const STRING = { type: 'string' }
export const NUMBER = { type: 'number' }
export const INTEGER = { type: 'integer' }
export const BOOLEAN = { type: 'boolean' }
/** An object with any fields. */
export const ANY_FIELDS = { type: 'object', additionalProperties: true }

/** An object without further fields. */
export function object(properties: Record<string, JsonSchema>, optional: readonly string[] | 'all' = []): JsonSchema {
  const required = Object.keys(properties).filter(name => optional !== 'all' && !optional.includes(name))
  return { type: 'object', ...(required.length > 0 && { required }), properties, additionalProperties: false }
}

export function arrayOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

/** An object with one list. */
export function list(name: string, items: JsonSchema): JsonSchema {
  return object({ [name]: arrayOf(items) })
}

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description }
}
