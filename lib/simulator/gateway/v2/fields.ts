/** Reads the fields of an APIv2 request, and fails as WeChat Pay does when a field is missing or malformed. */
import { type Fields, ResultCodeError, ReturnCodeError } from './message.js'

/** @throws ReturnCodeError that names the first missing field. */
export function requireFields<const Name extends string>(fields: Fields, ...names: Name[]): Record<Name, string> {
  const missing = names.find(name => !fields[name])
  if (missing !== undefined) throw new ReturnCodeError(`缺少参数${missing}`)
  return Object.fromEntries(names.map(name => [name, fields[name]])) as Record<Name, string>
}

/** Returns an amount in fen. @throws ResultCodeError `PARAM_ERROR` unless it is a positive integer. */
export function requireFen(fields: Fields, name: string): number {
  return Number(requireFormat(fields, name, /^[1-9]\d{0,9}$/))
}

/** @throws ResultCodeError `PARAM_ERROR` for a value that does not match the pattern. */
export function requireFormat(fields: Fields, name: string, pattern: RegExp): string {
  const { [name]: value = '' } = requireFields(fields, name)
  if (pattern.test(value)) return value
  throw new ResultCodeError('PARAM_ERROR', `${name}参数格式错误`)
}
