/** Reading the fields of an APIv2 request, with WeChat Pay's refusals for what is missing or wrong. */
import { type Fields, Misunderstood, Refused } from './message.js'

/** @throws Misunderstood that names the first field which is missing. */
export function requireTexts<const Name extends string>(fields: Fields, ...names: Name[]): Record<Name, string> {
  const missing = names.find(name => !fields[name])
  if (missing !== undefined) throw new Misunderstood(`缺少参数${missing}`)
  return Object.fromEntries(names.map(name => [name, fields[name]])) as Record<Name, string>
}

/** A sum in fen. @throws Refused `PARAM_ERROR` for anything but a positive whole number. */
export function requireFen(fields: Fields, name: string): number {
  const { [name]: text } = requireTexts(fields, name)
  if (text !== undefined && /^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new Refused('PARAM_ERROR', `${name}参数格式错误`)
}

/** @throws Refused `PARAM_ERROR` for a text that does not have that form. */
export function requireForm(fields: Fields, name: string, form: RegExp): string {
  const { [name]: text = '' } = requireTexts(fields, name)
  if (form.test(text)) return text
  throw new Refused('PARAM_ERROR', `${name}参数格式错误`)
}
