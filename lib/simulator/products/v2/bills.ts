/** The endpoint of APIv2 bills: the orders that were paid on a given day. */
import { gzipSync } from 'node:zlib'
import { beijingDigits } from '../../../util/beijing-time.js'
import { ordersOf, tradeOf } from '../../bills/day.js'
import { tradeBill } from '../../bills/trade-bill.js'
import { requireFormat } from '../../gateway/v2/fields.js'
import type { V2Endpoint } from '../../gateway/v2/gateway.js'
import { ReturnCodeError, type V2Call } from '../../gateway/v2/message.js'
import type { Orders } from '../../ledger/orders.js'

export function billEndpoints(orders: Orders): readonly V2Endpoint[] {
  return [{ path: '/pay/downloadbill', handle: call => download(call, orders) }]
}

function download(call: V2Call, orders: Orders): string | Buffer {
  const { fields, merchant, now } = call
  const date = requireFormat(fields, 'bill_date', /^\d{8}$/)
  // The bill of a day is available from the next day.
  if (date >= beijingDigits(now).slice(0, 8)) throw new ReturnCodeError('invalid bill_date', '20001')
  const paid = ordersOf(orders, { mchid: merchant.mchid, date })
  if (paid.length === 0) throw new ReturnCodeError('No Bill Exist', '20002')
  const bill = [...tradeBill(paid.map(tradeOf))].join('')
  return fields.tar_type === 'GZIP' ? gzipSync(bill) : bill
}
