/** Who is in a ledger at first. Its declarations are published; those of the ledger are not. */
import type { KnownMerchant } from './merchants.js'
import type { SimulatedPayer } from './payers.js'

/** Who holds money at first. */
export interface LedgerSettings {
  readonly merchants: readonly KnownMerchant[]
  readonly payers: readonly SimulatedPayer[]
}
