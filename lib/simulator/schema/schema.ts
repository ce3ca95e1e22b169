/** Validates payloads with a subset of JSON Schema, and fails with WeChat Pay's PARAM_ERROR. */
import { isRecord } from '../../util/plain-object.js'
import { type ProblemDetail, parameterError } from '../ledger/problem.js'

export interface Schema {
  readonly type: 'string' | 'integer' | 'boolean' | 'object' | 'array'
  /** The official label of the field. */
  readonly title?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

interface Scalars {
  string: string
  integer: number
  boolean: boolean
  array: unknown[]
}
type Fields<S> = S extends { properties: infer Properties } ? Properties : object
type RequiredNames<S> = S extends { required: readonly (infer Name)[] } ? Name : never

/** The type of the values that a schema accepts. */
export type Value<S> = S extends { type: 'object' }
  ? { [Name in keyof Fields<S> & RequiredNames<S>]: Value<Fields<S>[Name]> } & {
      [Name in Exclude<keyof Fields<S>, RequiredNames<S>>]?: Value<Fields<S>[Name]>
    }
  : S extends { type: 'array'; items: infer Items }
    ? Value<Items>[]
    : S extends { type: keyof Scalars }
      ? Scalars[S['type']]
      : never

/**
 * Unknown fields are accepted, as WeChat Pay does.
 *
 * @throws ApiError 400 `PARAM_ERROR` that names the first invalid field.
 */
export function assertValid<const S extends Schema>(value: unknown, schema: S): asserts value is Value<S> {
  const violation = findViolation(value, schema, '')
  if (violation === undefined) return
  const { label, ...detail } = violation
  const target = label === undefined ? '' : `映射到字段“${label}”`
  throw parameterError(`输入源“/body${detail.field}”${target}规则校验失败，${detail.issue}`, detail)
}

type Violation = ProblemDetail & { field: string; label: string | undefined }

function findViolation(value: unknown, schema: Schema, pointer: string): Violation | undefined {
  const issue = findIssue(value, schema)
  if (issue !== undefined) return { field: pointer, value, issue, location: 'body', label: schema.title }
  if (isRecord(value)) return findViolationInFields(value, schema, pointer)
  if (Array.isArray(value)) return findViolationInItems(value, schema, pointer)
  return undefined
}

function findViolationInFields(value: Record<string, unknown>, schema: Schema, pointer: string): Violation | undefined {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = `${pointer}/${name}`
    if (value[name] !== undefined) {
      const violation = findViolation(value[name], field, path)
      if (violation) return violation
    } else if (schema.required?.includes(name)) {
      return { field: path, value: '', issue: '此字段为必填项', location: 'body', label: field.title }
    }
  }
  return undefined
}

function findViolationInItems(value: readonly unknown[], { items }: Schema, pointer: string): Violation | undefined {
  if (items === undefined) return undefined
  for (const [index, item] of value.entries()) {
    const violation = findViolation(item, items, `${pointer}/${index}`)
    if (violation) return violation
  }
  return undefined
}

function findIssue(value: unknown, schema: Schema): string | undefined {
  if (!isOfType(value, schema.type)) return `此字段需要一个 ${schema.type} 类型的 Json 值`
  if (schema.enum && !schema.enum.includes(value)) return `值必须是 ${schema.enum.join('、')} 之一`
  if (typeof value === 'number' && value < (schema.minimum ?? Number.NEGATIVE_INFINITY)) {
    return `值低于最小值 ${schema.minimum}`
  }
  return typeof value === 'string' ? findIssueInString(value, schema) : undefined
}

function findIssueInString(value: string, { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: Schema) {
  const length = [...value].length
  if (length < minLength) return `字符数 ${length}，小于最小值 ${minLength}`
  if (length > maxLength) return `字符数 ${length}，大于最大值 ${maxLength}`
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return `字符串必须匹配正则表达式“${pattern}”`
  return undefined
}

function isOfType(value: unknown, type: Schema['type']): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    default:
      return typeof value === type
  }
}
