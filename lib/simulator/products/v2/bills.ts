/** The endpoints of APIv2 bills: the trades of a day, and the movements of an account. */
import { gzipSync } from 'node:zlib'
import { ownTrades } from '../../bills/day.js'
import { fundflowBill } from '../../bills/fundflow-bill.js'
import { type TradeBillType, tradeBill } from '../../bills/trade-bill.js'
import { requireFields, requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ResultCodeError, ReturnCodeError, type V2Call } from '../../gateway/v2/message.js'
import type { Ledger } from '../../ledger/ledger.js'
import { isEarly, isOf, ownFlows } from '../bills.js'

const TYPES: readonly (TradeBillType | 'RECHARGE_REFUND')[] = ['ALL', 'SUCCESS', 'REFUND', 'RECHARGE_REFUND']
const ACCOUNTS = { Basic: 'BASIC', Operation: 'OPERATION', Fees: 'FEES' } as const

export function billEndpoints(ledger: Pick<Ledger, 'orders' | 'refunds' | 'accounts'>): readonly V2Endpoint[] {
  return [
    {
      path: '/pay/downloadbill',
      handle(call) {
        const type = TYPES.find(name => name === (call.fields.bill_type || 'ALL'))
        if (!type) throw new ReturnCodeError('invalid bill_type', '20001')
        const { sub_mch_id: subMchid } = call.fields
        const trades = ownTrades(ledger, { mchid: call.merchant.mchid, subMchid, date: requireDate(call) })
        // Nothing is ever refunded to recharge coupons.
        if (type === 'RECHARGE_REFUND') return download(call, [], () => [])
        return download(call, trades.filter(isOf(type)), lines => tradeBill(lines, type))
      },
    },
    {
      path: '/pay/downloadfundflow',
      handle(call) {
        const { account_type } = requireFields(call.fields, 'account_type')
        const account = Object.entries(ACCOUNTS).find(([name]) => name === account_type)?.[1]
        if (!account) throw new ReturnCodeError('invalid account_type', '20001')
        const flows = ownFlows(ledger, account, { mchid: call.merchant.mchid, date: requireDate(call) })
        return download(call, flows, fundflowBill)
      },
    },
    {
      path: '/billcommentsp/batchquerycomment',
      // The simulator has no comments on orders.
      handle() {
        throw new ResultCodeError('NO_COMMENT', '对应的时间段没有评论数据')
      },
    },
  ]
}

/** The bill of a day is available from 10 a.m. on the next day. */
function requireDate({ fields, now }: V2Call): string {
  const date = requireFormat(fields, 'bill_date', /^\d{8}$/)
  if (isEarly(date, now)) throw new ReturnCodeError('invalid bill_date', '20001')
  return date
}

function download<Line>(
  { fields }: V2Call,
  lines: readonly Line[],
  write: (lines: readonly Line[]) => Iterable<string>,
): string | Buffer {
  if (lines.length === 0) throw new ReturnCodeError('No Bill Exist', '20002')
  const bill = [...write(lines)].join('')
  return fields.tar_type === 'GZIP' ? gzipSync(bill) : bill
}
