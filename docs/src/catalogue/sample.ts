/** Makes a sample of a schema from the samples of its fields. */

import type { Schema } from '../../../openapi/tools/openapi.js'
import { refName, resolve } from '../../../openapi/tools/references.mjs'

type Shared = Readonly<Record<string, Schema>>

/** @param above The shared schemas that contain this one: trees end where they would begin again. */
export function sampleOf(given: Schema, shared: Shared, above: readonly string[] = []): unknown {
  if (given.$ref && above.includes(refName(given.$ref))) return undefined
  const names = given.$ref ? [...above, refName(given.$ref)] : above
  const schema = resolve(given, shared)
  const inner = (part: Schema) => sampleOf(part, shared, names)
  if (schema.contentSchema) return JSON.stringify(inner(schema.contentSchema))
  if (schema.type === 'array') return [inner(schema.items ?? {})].filter(item => item !== undefined)
  const parts = [...(schema.allOf ?? []), ...[schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? {}]]
  if (schema.type === 'object' || schema.properties || parts.some(part => part.properties || part.$ref)) {
    const own = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, inner(property)])
    return Object.assign({}, ...parts.map(inner).filter(isObject), Object.fromEntries(own))
  }
  return schema.examples?.[0] ?? given.examples?.[0] ?? schema.enum?.[0] ?? plain(schema)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function plain({ type, format = '', minLength = 1 }: Schema): unknown {
  if (type === 'boolean') return true
  if (type === 'integer' || type === 'number') return 1
  if (type !== 'string') return undefined
  return FORMATS[format] ?? '1'.padEnd(minLength, '0')
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T10:00:00+08:00',
  uri: 'https://www.weixin.qq.com/wxpay/pay.php',
}
