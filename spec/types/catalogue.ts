/** The documented calls as a user writes them. */
import { type Call, listCalls } from '../../openapi/tools/model.mjs'
import { propertyNames } from '../../openapi/tools/names.mjs'
import { readDocument } from '../../openapi/tools/read.mjs'

export const documents = { v3: readDocument('v3'), v2: readDocument('v2') }

export const calls: readonly Call[] = listCalls(documents)

/** The client whose path it is. */
export function clientOf(path: string): string {
  return path.startsWith('brand/') ? 'ofBrand' : 'wxpay'
}

/** `wxpay.v3.refunds.id._refund_id_`; a segment that no property leads to is undefined. */
function asProperties(path: string): string | undefined {
  const names = path.split('/').map(segment => propertyNames(segment)[0])
  if (names.includes(undefined)) return undefined
  return `${clientOf(path)}${names.map(name => (/^\w+$/.test(name ?? '') ? `.${name}` : `['${name}']`)).join('')}`
}

/** The forms that a path has, by their name. */
export function formsOf(path: string): Record<string, string | undefined> {
  const root = clientOf(path)
  return { properties: asProperties(path), bracket: `${root}['${path}']`, chain: `${root}.chain('${path}')` }
}
