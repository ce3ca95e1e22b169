/** What is wrong with a request, in WeChat Pay's own words: `PARAM_ERROR` with the field, its label and the issue. */
import type { ApiError } from '../../errors.js'
import { isRecord } from '../../util/plain-object.js'
import { parameterError as paramError } from '../ledger/problem.js'
import { type DocumentName, resolve, type Schema } from './catalogue.js'
import type { Failures } from './validator.js'

/** One invalid or missing field. */
export interface Violation {
  /** A JSON pointer: `/amount/total`. */
  readonly field: string
  readonly value: unknown
  readonly issue: string
  /** The official label of the field. */
  readonly label: string | undefined
}

/** The first violation. `schema` is that of the whole value. */
export function violationOf(failures: Failures, value: unknown, document: DocumentName, schema: Schema): Violation {
  const [failure] = failures
  const { keyword, instancePath, params } = failure
  const field = keyword === 'required' ? `${instancePath}/${params.missingProperty}` : instancePath
  const { title: label, 'x-encrypted': encrypted } = schemaAt(document, schema, value, field)
  const found = keyword === 'required' ? '' : failure.data
  // Encrypted values are personal data and must not appear in a message.
  return { field, value: encrypted ? undefined : found, issue: issueOf(failures), label }
}

/** 400 `PARAM_ERROR` for a violation in the body. */
export function bodyError({ label, ...detail }: Violation): ApiError {
  return paramError(message(`/body${detail.field}`, label, detail.issue), { ...detail, location: 'body' })
}

/** 400 `PARAM_ERROR` for a violation in the path, the query or a header: the field is named without a slash. */
export function parameterError(
  { label, field, value, issue }: Violation,
  place: 'path' | 'query' | 'header',
): ApiError {
  const location = place === 'path' ? 'url' : place
  return paramError(message(`/${place}${field}`, label, issue), { field: field.slice(1), value, issue, location })
}

function message(source: string, label: string | undefined, issue: string): string {
  const target = label === undefined ? '' : `映射到字段“${label}”`
  return `输入源“${source}”${target}规则校验失败，${issue}`
}

function issueOf(failures: Failures): string {
  const [{ keyword, params, schema, data }] = failures
  if (keyword === 'required') return alternatives(failures) ?? '此字段为必填项'
  switch (keyword) {
    case 'type':
      return `此字段需要一个 ${schema} 类型的 Json 值`
    case 'enum':
      return `值必须是 ${[schema].flat().join('、')} 之一`
    case 'minimum':
      return `值低于最小值 ${params.limit}`
    case 'maximum':
      return `值高于最大值 ${params.limit}`
    case 'minLength':
      return `字符数 ${[...String(data)].length}，小于最小值 ${params.limit}`
    case 'maxLength':
      return `字符数 ${[...String(data)].length}，大于最大值 ${params.limit}`
    case 'minItems':
      return `元素个数小于最小值 ${params.limit}`
    case 'maxItems':
      return `元素个数大于最大值 ${params.limit}`
    case 'pattern':
      return `字符串必须匹配正则表达式“${params.pattern}”`
    case 'format':
      return `值不符合格式 ${params.format}`
    default:
      return `值不符合规则 ${keyword}`
  }
}

/**
 * The message when one of several fields is required: each field has an error of its own, and the last error is that of
 * the alternative.
 */
function alternatives(failures: Failures): string | undefined {
  if (failures.at(-1)?.keyword !== 'anyOf') return undefined
  const names = failures.flatMap(({ keyword, params }) => (keyword === 'required' ? [params.missingProperty] : []))
  return `${[...new Set(names)].join('、')} 必须至少填写一个`
}

/** The schema of the field at a pointer; an empty one if there is none. */
function schemaAt(document: DocumentName, schema: Schema, value: unknown, pointer: string): Schema {
  let current = resolve(document, schema)
  let at = value
  for (const step of pointer.split('/').slice(1)) {
    const next = Array.isArray(at) ? current.items : current.properties?.[step]
    if (next === undefined) return {}
    current = resolve(document, next)
    at = Array.isArray(at) ? at[Number(step)] : isRecord(at) ? at[step] : undefined
  }
  return current
}
