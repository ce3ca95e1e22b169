/** Reads the fields of an APIv2 request, and fails as WeChat Pay does when a field is missing or malformed. */
import { type Operation, resolve } from '../../schema/catalogue.js'
import { checkParameters, convert, findViolation } from '../../schema/request.js'
import { type Fields, ResultCodeError, ReturnCodeError } from './message.js'

/**
 * Checks the fields against the schema of the operation. Undocumented ones are accepted.
 *
 * @throws ReturnCodeError for the first missing field, ResultCodeError `PARAM_ERROR` for the first invalid one.
 */
export async function checkFields(operation: Operation, fields: Fields): Promise<void> {
  if (operation.method === 'GET') {
    await checkParameters(operation, { params: {}, query: new URLSearchParams(fields), headers: {} })
  }
  if (!operation.payload) return
  const { properties = {} } = resolve(operation.document, operation.payload.schema)
  const values = Object.entries(fields).map(([name, value]) => {
    const property = properties[name]
    return [name, property ? convert(operation.document, property, value) : value]
  })
  const violation = await findViolation(operation, Object.fromEntries(values))
  if (!violation) return
  const name = violation.field.slice(1)
  if (!fields[name]) throw new ReturnCodeError(`缺少参数${name}`)
  throw new ResultCodeError('PARAM_ERROR', `${name}参数格式错误，${violation.issue}`)
}

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
