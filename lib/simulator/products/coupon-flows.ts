/** The files about the used and refunded cash coupons of a stock, for all days or for one. */
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { clockTime } from '../bills/day.js'
import { sha1, toBytes } from '../bills/file.js'
import { yuan } from '../bills/table-writer.js'
import { type Call, type Endpoint, endpoint, ok, readParam } from '../gateway/endpoint.js'
import { dayOf } from '../ledger/accounts.js'
import type { Stock, Use } from '../ledger/coupon.js'
import type { Ledger } from '../ledger/ledger.js'
import { problem } from '../ledger/problem.js'
import { isEarly, PATH } from './bills.js'

const TITLES =
  '批次id,优惠id,优惠类型,优惠金额（元）,订单总金额（元）,交易类型,支付单号,消耗时间,消耗商户号,设备号,银行流水号,单品信息'

interface Line {
  readonly use: Use
  readonly kind: '支付' | '退款'
  readonly fen: number
  readonly at: EpochMilliseconds
}

const used = (use: Use): Line[] => [{ use, kind: '支付', fen: use.fen, at: use.at }]
const refunded = (use: Use): Line[] => use.returns.map(({ fen, at }) => ({ use, kind: '退款', fen, at }))

/** `origin` returns the URL of the simulator: `http://127.0.0.1:<port>`. */
export function couponFlowEndpoints(
  { coupons, downloads }: Pick<Ledger, 'coupons' | 'downloads'>,
  origin: () => string,
): readonly Endpoint[] {
  const fileOf = (call: Call, linesOf: (use: Use) => Line[], date?: string) => {
    const stock = coupons.stocks.find(call.merchant.mchid, readParam(call, 'stock_id'))
    const day = date ?? dayOf(Date.parse(stock.request.available_end_time))
    const all = coupons.usesOf(stock).flatMap(linesOf)
    const lines = date === undefined ? all : all.filter(({ at }) => dayOf(at) === date)
    if (isEarly(day, call.now) || lines.length === 0) throw problem(404, 'RESOURCE_NOT_EXISTS', '账单文件不存在')
    const content = () => toBytes(tableOf(stock, lines))
    const token = downloads.add({ content, isCompressed: false }, call.now)
    return { url: `${origin()}${PATH}?token=${token}`, hash: sha1(content), count: lines.length }
  }
  const whole = (linesOf: (use: Use) => Line[]) => (call: Call) => {
    const { url, hash } = fileOf(call, linesOf)
    return ok({ url, hash_type: 'SHA1', hash_value: hash })
  }
  const ofDay = (linesOf: (use: Use) => Line[], name: 'useflow' | 'refundflow') => (call: Call) => {
    const date = (call.query.get('bill_date') ?? '').replaceAll('-', '')
    const { url, hash, count } = fileOf(call, linesOf, date)
    return ok({ url, [`stock_${name}_hash`]: hash, [`stock_${name}_count`]: count })
  }
  return [
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/use-flow', whole(used)),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/refund-flow', whole(refunded)),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/use-flow-by-day', ofDay(used, 'useflow')),
    endpoint('get /v3/marketing/favor/stocks/{stock_id}/refund-flow-by-day', ofDay(refunded, 'refundflow')),
  ]
}

/** Its last three cells have quotes in place of backticks. */
function* tableOf(stock: Stock, lines: readonly Line[]): Generator<string, void, undefined> {
  const type = stock.request.coupon_use_rule.available_items?.length ? '单品代金券' : '全场代金券'
  yield `${TITLES}\r\n`
  for (const { use, kind, fen, at } of lines) {
    const cells = [
      stock.id,
      use.coupon,
      type,
      yuan(fen),
      yuan(use.total),
      kind,
      use.transactionId,
      clockTime(at),
      use.mchid,
    ]
    yield `${cells.map(cell => `\`${cell}`).join(',')},"","",""\r\n`
  }
  yield `总条数\r\n\`${lines.length}\r\n`
}
