/** The initial merchants and payers of a ledger. These declarations are published; those of the ledger are not. */
import type { KnownMerchant } from './merchants.js'
import type { SimulatedPayer } from './payers.js'

/** The initial balances. */
export interface LedgerSettings {
  readonly merchants: readonly KnownMerchant[]
  readonly payers: readonly SimulatedPayer[]
}
