/** Recognizes the numbers that are amounts of money, and their unit. */

/** @import { Operation, Schema } from './openapi.js' */

/** Names that are sufficient, and names that need a matching label. */
const sure = /(^|_)(amount|amt|fee|price|contribute|threshold)(_|$)/
const possible =
  /(^|_)(balance|budget|minimum|mininumn|value|fine|duty|advance|deposit|subsidy|total|refund|settled|unsettle|net|pay|room_rate)(_|$)/
const labels = /金额|余额|面额|净额|总额|额度?$|价|费|出资|折扣|优惠$|关税|押金|预算|门槛|垫付|储值|发券$/
const otherNames = /(count|num|number|quantity|quota|points?|percent|ratio|time|timestamp|code)$|(^|_)(points?|count)_/
const otherLabels = /数量?$|次数|个数|张数|笔数|人数|积分|库存|时间|时长|比例|百分|汇率|税率|率$|编码|编号|序号/
/** Amounts in a currency that need not be the yuan. */
const foreign = /外币|结算币种|支付币种|标价币种/

/** @typedef {'fen' | 'minor' | 'either'} Money The unit of amounts. */

const units = /** @type {const} */ ({
  fen: 'in fen (分)',
  minor: "in the currency's minor unit",
  either: "in fen (分), abroad in the currency's minor unit",
})

/**
 * The unit of a number: from the catalogue, or that of an amount, which is recognized by its name and its label.
 * @param {string} name
 * @param {Schema} schema
 * @param {Money} money
 */
export function unitOf(name, schema, money) {
  const { 'x-unit': unit, title = '' } = schema
  if (unit) return unit === 'none' ? undefined : unit
  if (!isAmount(name, schema)) return undefined
  return units[foreign.test(title) ? 'minor' : money]
}

/**
 * @param {string} name
 * @param {Schema} schema
 */
function isAmount(name, { type, enum: values, title = '' }) {
  if (type !== 'integer' || values || otherNames.test(name) || otherLabels.test(title)) return false
  return sure.test(name) || (possible.test(name) && labels.test(title))
}

/**
 * The unit of an operation's amounts: an overseas host or page means any currency.
 * @param {Operation} operation
 * @returns {Money}
 */
export function moneyOf({ servers = [], externalDocs, 'x-docs': others = [] }) {
  if (servers.some(({ url }) => new URL(url).host.startsWith('apihk.'))) return 'minor'
  const pages = [...(externalDocs ? [externalDocs.url] : []), ...others]
  const abroad = pages.filter(page => page.includes('/doc/global/'))
  if (abroad.length === 0) return 'fen'
  return abroad.length === pages.length ? 'minor' : 'either'
}
