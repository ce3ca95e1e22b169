/** Whether a merchant may use an API of partners, or act for a sub-merchant. */
import { type Merchants, noAuthority, noRelation } from '../ledger/merchants.js'
import type { Operation } from '../schema/catalogue.js'
import type { Call } from './endpoint.js'
import type { V2Call } from './v2/message.js'

type Asked = Pick<Call, 'merchant' | 'params' | 'query' | 'body'>

const SUB_MERCHANT = ['sub_mchid', 'sub_mch_id'] as const
/** The callers in the documents that act for themselves only. */
const DIRECT = /直连|普通商户|微信支付商户|微信平台商户/
const OF_PARTNERS = /\/(?:[a-z]+-)?(?:partner|ecommerce|applyment4sub|apply4sub|platsolution)(?:[-/]|$)/

/** @throws ApiError 403 `NO_AUTH` for an API that the merchant does not have, and for a sub-merchant that is not its own. */
export function requireAuthority(operation: Operation, asked: Asked, merchants: Merchants): void {
  const { mchid } = asked.merchant
  if (merchants.isDirect(mchid) && isOfPartners(operation)) throw noAuthority()
  const subs = [...subMerchantsIn(asked.body), ...subMerchantsIn(asked.params), ...asked.query.getAll('sub_mchid')]
  if (subs.some(sub => !merchants.mayActFor(mchid, sub))) throw noRelation()
}

/** The same in APIv2. @throws ApiError `NOAUTH`. */
export function requireV2Authority({ merchant, fields }: V2Call, merchants: Merchants): void {
  const [sub] = subMerchantsIn(fields)
  if (sub !== undefined && !merchants.mayActFor(merchant.mchid, sub)) throw noRelation('NOAUTH')
}

// The documents also name partners for APIs that direct merchants may call.
function isOfPartners({ path, roles }: Operation): boolean {
  return OF_PARTNERS.test(path) && roles.length > 0 && !roles.some(role => DIRECT.test(role))
}

/** Includes those of the parts of a combined order. */
function subMerchantsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(subMerchantsIn)
  if (typeof value !== 'object' || value === null) return []
  const own = SUB_MERCHANT.map(name => Reflect.get(value, name)).filter(sub => typeof sub === 'string' && sub !== '')
  const below = Object.values(value).filter(child => typeof child === 'object')
  return [...own, ...below.flatMap(subMerchantsIn)]
}
