/** The state of one simulator: everything that its merchants have created so far, in one book. */
import { type ApiError, InvalidArgumentError } from '../../errors.js'
import type { EpochMilliseconds } from '../../util/beijing-time.js'
import { Accounts } from './accounts.js'
import type { Act, ActOptions } from './acts.js'
import { AfterSalesFees } from './after-sales.js'
import { Applyments } from './applyments.js'
import { BankTransfers } from './bank-transfers.js'
import { Book, type Snapshot } from './book.js'
import type { BusinessClock } from './clock.js'
import { Complaints } from './complaints.js'
import { Contracts } from './contracts.js'
import { CouponSubsidies } from './coupon-subsidies.js'
import { Coupons } from './coupons.js'
import { Downloads } from './downloads.js'
import { Fapiaos } from './fapiaos.js'
import type { LedgerSettings } from './ledger-settings.js'
import { MemberCards } from './member-cards.js'
import { MemberCodes } from './member-codes.js'
import { MerchantCoupons } from './merchant-coupons.js'
import { Merchants } from './merchants.js'
import { Orders } from './orders.js'
import { Parkings } from './parkings.js'
import { Partnerships } from './partnerships.js'
import { PayGifts } from './pay-gifts.js'
import { Payers } from './payers.js'
import { Payments } from './payments.js'
import { ServiceOrders } from './payscore.js'
import { Permissions } from './payscore-permissions.js'
import { Plans } from './payscore-plans.js'
import { problem } from './problem.js'
import { ProductCoupons } from './product-coupons.js'
import { Receipts } from './receipts.js'
import { Records } from './records.js'
import { RedPackets } from './red-packets.js'
import { Refunds } from './refunds.js'
import { ProfitSharing } from './sharing.js'
import { Subsidies } from './subsidies.js'
import { Authorizations } from './transfer-authorizations.js'
import { TransferBatches } from './transfer-batches.js'
import { Transfers } from './transfers.js'
import { Uploads } from './uploads.js'
import { codeOf } from './v2-codes.js'
import { Withdrawals } from './withdrawals.js'

export interface Ledger {
  /** The book with all tables. */
  readonly book: Book
  /** Business time. */
  readonly clock: BusinessClock
  /** Runs what is due, and returns business time. */
  readonly now: () => EpochMilliseconds
  /**
   * Things that operations without a product module have created, and the merchant numbers that the registry compares.
   */
  readonly records: Records
  readonly merchants: Merchants
  readonly accounts: Accounts
  readonly payers: Payers
  readonly orders: Orders
  readonly payments: Payments
  readonly refunds: Refunds
  readonly transfers: Transfers
  readonly authorizations: Authorizations
  readonly batches: TransferBatches
  readonly receipts: Receipts
  readonly sharing: ProfitSharing
  readonly applyments: Applyments
  readonly complaints: Complaints
  readonly fapiaos: Fapiaos
  readonly parkings: Parkings
  readonly subsidies: Subsidies
  readonly afterSales: AfterSalesFees
  readonly withdrawals: Withdrawals
  readonly services: ServiceOrders
  readonly permissions: Permissions
  readonly plans: Plans
  readonly contracts: Contracts
  readonly coupons: Coupons
  readonly partnerships: Partnerships
  readonly merchantCoupons: MerchantCoupons
  readonly couponSubsidies: CouponSubsidies
  readonly payGifts: PayGifts
  readonly productCoupons: ProductCoupons
  readonly memberCards: MemberCards
  readonly memberCodes: MemberCodes
  readonly bankTransfers: BankTransfers
  readonly redPackets: RedPackets
  readonly uploads: Uploads
  /** Not part of a snapshot: a download link is valid for minutes. */
  readonly downloads: Downloads
  /**
   * Runs an act from outside on the thing with this number, and returns its merchant.
   *
   * @throws InvalidArgumentError when several of the merchants have it. ApiError for an unknown number, and for a state
   *   that does not allow the act.
   */
  readonly act: (act: Act, mchids: readonly string[], number: string, options: ActOptions) => string
  /** The transaction ID for this number; undefined until it is paid. */
  readonly transactionIdOf: (mchid: string, number: string) => string | undefined
  /** The content as JSON data. */
  readonly snapshot: () => Snapshot
  /** @throws InvalidArgumentError for a snapshot of a different format. */
  readonly restore: (snapshot: Snapshot) => void
}

const UNKNOWN: Readonly<Record<Act, () => ApiError>> = {
  pay: () => problem(404, 'ORDER_NOT_EXIST', '订单不存在'),
  settle: () => problem(404, 'RESOURCE_NOT_EXISTS', '退款单不存在'),
  confirm: () => problem(404, 'NOT_FOUND', '记录不存在'),
}

function ambiguous(number: string, mchids: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `\`mchid\` must be one of ${mchids}, which all have the number ${number}; got none of them. Set \`mchid\`.`,
  )
}

export function createLedger(clock: BusinessClock, settings: LedgerSettings): Ledger {
  const book = new Book(clock)
  const accounts = new Accounts(book)
  for (const { mchid, role, balances } of settings.merchants) if (role !== 'brand') accounts.openAll(mchid, balances)
  const payers = new Payers(book, settings.payers)
  const merchants = new Merchants(book, settings.merchants)
  const orders = new Orders(book)
  const payments = new Payments(book, orders, accounts, payers)
  const refunds = new Refunds(book, orders, payments, accounts, payers)
  const authorizations = new Authorizations(book)
  const transfers = new Transfers(book, accounts, payers, authorizations)
  const sharing = new ProfitSharing(book, orders, payments, accounts)
  const services = new ServiceOrders(book, orders, payments)
  const contracts = new Contracts(book, orders, payments)
  const partnerships = new Partnerships(book)
  const merchantCoupons = new MerchantCoupons(book)
  const productCoupons = new ProductCoupons(book)
  return {
    book,
    clock,
    now: book.run,
    records: new Records(book),
    merchants,
    applyments: new Applyments(book, merchants),
    accounts,
    payers,
    orders,
    payments,
    refunds,
    transfers,
    authorizations,
    batches: new TransferBatches(book, accounts, payers),
    receipts: new Receipts(book),
    sharing,
    complaints: new Complaints(book, orders, refunds),
    fapiaos: new Fapiaos(book),
    parkings: new Parkings(book, orders, payments),
    subsidies: new Subsidies(book, orders, refunds, accounts),
    afterSales: new AfterSalesFees(book, orders, refunds, accounts),
    withdrawals: new Withdrawals(book, accounts),
    services,
    permissions: new Permissions(book),
    plans: new Plans(book, services),
    contracts,
    coupons: new Coupons(book, payments, accounts, partnerships),
    partnerships,
    merchantCoupons,
    productCoupons,
    memberCards: new MemberCards(book, productCoupons),
    memberCodes: new MemberCodes(book),
    payGifts: new PayGifts(book, payments, merchantCoupons),
    couponSubsidies: new CouponSubsidies(book, merchantCoupons, orders, refunds, accounts),
    bankTransfers: new BankTransfers(book, accounts),
    redPackets: new RedPackets(book, accounts, payers),
    uploads: new Uploads(book),
    downloads: new Downloads(),
    act(act, mchids, number, given) {
      const now = book.run()
      const options = { ...given, fail: given.fail && codeOf(given.fail) }
      const [mchid, ...others] = book.acts.find(act, mchids, number, options)
      if (others.length > 0) throw ambiguous(number, [mchid, ...others].join(', '))
      if (mchid === undefined) throw UNKNOWN[act]()
      book.acts.run(act, mchid, number, options, now)
      return mchid
    },
    transactionIdOf: (mchid, number) =>
      orders.transactionIdOf(mchid, number) ?? services.transactionIdOf(mchid, number),
    snapshot: () => book.snapshot(),
    restore: snapshot => book.restore(snapshot),
  }
}
