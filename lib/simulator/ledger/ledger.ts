/** The state of one simulator: everything that its merchants have created so far. */
import { Downloads } from './downloads.js'
import { Orders } from './orders.js'
import { RedPackets } from './red-packets.js'
import { Refunds } from './refunds.js'
import { Transfers } from './transfers.js'
import { Uploads } from './uploads.js'

export interface Ledger {
  readonly orders: Orders
  readonly refunds: Refunds
  readonly transfers: Transfers
  readonly redPackets: RedPackets
  readonly uploads: Uploads
  readonly downloads: Downloads
}

export function createLedger(): Ledger {
  const orders = new Orders()
  return {
    orders,
    refunds: new Refunds(orders),
    transfers: new Transfers(),
    redPackets: new RedPackets(),
    uploads: new Uploads(),
    downloads: new Downloads(),
  }
}
