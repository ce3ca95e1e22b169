/** The state of one simulator: everything that its merchants have created so far. */
import type { BusinessClock } from './clock.js'
import { Downloads } from './downloads.js'
import { Orders } from './orders.js'
import { Records } from './records.js'
import { RedPackets } from './red-packets.js'
import { Refunds } from './refunds.js'
import { Transfers } from './transfers.js'
import { Uploads } from './uploads.js'

export interface Ledger {
  /** The time of everything that happens in the ledger. */
  readonly clock: BusinessClock
  /** What operations without a product module have created, and the merchant numbers that the registry compares. */
  readonly records: Records
  readonly orders: Orders
  readonly refunds: Refunds
  readonly transfers: Transfers
  readonly redPackets: RedPackets
  readonly uploads: Uploads
  readonly downloads: Downloads
}

export function createLedger(clock: BusinessClock): Ledger {
  const orders = new Orders(clock.now)
  return {
    clock,
    records: new Records(),
    orders,
    refunds: new Refunds(orders),
    transfers: new Transfers(),
    redPackets: new RedPackets(),
    uploads: new Uploads(),
    downloads: new Downloads(),
  }
}
