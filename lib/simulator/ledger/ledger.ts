/** The state of one simulator: everything that its merchants have created so far, in one book. */
import { InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { Accounts, OPENING_BALANCE } from './accounts.js'
import { Book, type Snapshot } from './book.js'
import type { BusinessClock } from './clock.js'
import { Contracts } from './contracts.js'
import { Coupons } from './coupons.js'
import { Downloads } from './downloads.js'
import { Orders, requireOrder } from './orders.js'
import { ServiceOrders } from './payscore.js'
import { Records } from './records.js'
import { RedPackets } from './red-packets.js'
import { Refunds } from './refunds.js'
import { ProfitSharing } from './sharing.js'
import { Transfers } from './transfers.js'
import { Uploads } from './uploads.js'

export interface Ledger {
  /** Where everything is written. */
  readonly book: Book
  /** The time of everything that happens in the ledger. */
  readonly clock: BusinessClock
  /** Lets happen what is due, and returns business time. */
  readonly now: () => EpochMilliseconds
  /** What operations without a product module have created, and the merchant numbers that the registry compares. */
  readonly records: Records
  readonly accounts: Accounts
  readonly orders: Orders
  readonly refunds: Refunds
  readonly transfers: Transfers
  readonly sharing: ProfitSharing
  readonly services: ServiceOrders
  readonly contracts: Contracts
  readonly coupons: Coupons
  readonly redPackets: RedPackets
  readonly uploads: Uploads
  /** The only part that a snapshot does not hold: a download link is valid for minutes. */
  readonly downloads: Downloads
  /** The payer pays; returns the transaction ID, undefined for a payment that fails. */
  readonly pay: (mchid: string, number: string, options: PaymentOptions) => string | undefined
  /** The money of a refund, of profit sharing or of its return arrives, or does not for the given reason. */
  readonly settle: (mchid: string, number: string, fail?: string) => void
  /** The user confirms a transfer, a service order or a contract, or it fails for the given reason. */
  readonly confirm: (mchid: string, number: string, fail?: string) => void
  /** Plain data, as JSON can hold it. */
  readonly snapshot: () => Snapshot
  /** @throws InvalidArgumentError for a snapshot of a different format. */
  readonly restore: (snapshot: Snapshot) => void
}

export interface PaymentOptions {
  openid?: string | undefined
  fail?: string | undefined
}

/** `mchids` are the merchants whose accounts hold money at first. */
export function createLedger(clock: BusinessClock, mchids: readonly string[] = []): Ledger {
  const book = new Book(clock)
  const accounts = new Accounts(book)
  const orders = new Orders(book, accounts)
  for (const mchid of mchids) {
    accounts.open(mchid, 'BASIC', OPENING_BALANCE)
    accounts.open(mchid, 'OPERATION', OPENING_BALANCE)
  }
  const refunds = new Refunds(book, orders, accounts)
  const transfers = new Transfers(book, accounts)
  const sharing = new ProfitSharing(book, orders, accounts)
  const services = new ServiceOrders(book, orders)
  const contracts = new Contracts(book, orders)
  return {
    book,
    clock,
    now: book.run,
    records: new Records(book),
    accounts,
    orders,
    refunds,
    transfers,
    sharing,
    services,
    contracts,
    coupons: new Coupons(book),
    redPackets: new RedPackets(book),
    uploads: new Uploads(book),
    downloads: new Downloads(),
    pay(mchid, number, { openid, fail }) {
      const now = book.run()
      const service = services.seek(mchid, number)
      if (service) {
        services.move(service, fail === undefined ? 'pay' : 'fail', now, fail)
        return orders.find(mchid, number)?.payment?.transactionId
      }
      if (fail === undefined) return orders.pay(mchid, number, openid, now).payment.transactionId
      orders.fail(requireOrder(orders.find(mchid, number)), fail)
      return undefined
    },
    settle(mchid, number, fail) {
      const now = book.run()
      if (!refunds.has(mchid, number) && sharing.settle(mchid, number, now, fail)) return
      refunds.settle(mchid, number, now, refundEnding(fail))
    },
    confirm(mchid, number, fail) {
      const now = book.run()
      const service = services.seek(mchid, number)
      const contract = contracts.seekCode(mchid, number)
      if (service) services.move(service, fail === undefined ? 'confirm' : 'cancel', now, fail)
      else if (contract) contracts.move(contract, fail === undefined ? 'confirm' : 'fail', now, fail)
      else transfers.confirm(mchid, number, now, fail)
    },
    snapshot: () => book.snapshot(),
    restore: snapshot => book.restore(snapshot),
  }
}

function refundEnding(fail: string | undefined): 'ABNORMAL' | 'CLOSED' | undefined {
  if (fail === undefined || fail === 'ABNORMAL' || fail === 'CLOSED') return fail
  throw new InvalidArgumentError(`\`fail\` must be 'ABNORMAL' or 'CLOSED' for a refund; got '${fail}'.`)
}
