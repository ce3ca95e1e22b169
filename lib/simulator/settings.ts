/** The initial merchants and payers of a simulator, from its options or its state file. */
import { isDeepStrictEqual } from 'node:util'
import { InvalidArgumentError } from '../errors.js'
import type { LedgerSettings } from './ledger/ledger-settings.js'
import type { KnownMerchant } from './ledger/merchants.js'
import type { SimulatorOptions } from './options.js'
import type { Owner } from './state/journal.js'

/** Without the option `merchants`, there is one merchant without restrictions. */
export function settingsOf({
  mchid = '1900000109',
  merchants,
  balances,
  payers = [],
}: SimulatorOptions): LedgerSettings {
  const all: readonly KnownMerchant[] = merchants ?? [{ mchid }]
  return { merchants: all.map(merchant => ({ ...(balances && { balances }), ...merchant })), payers }
}

/** @throws InvalidArgumentError for options that differ from those of the state file. */
export function requireSameOwner({ settings, keys }: Owner, options: SimulatorOptions): void {
  const { mchid = '' } = settings.merchants.find(({ role }) => role !== 'brand') ?? {}
  const isSame = options.keys === undefined || options.keys.merchant.serial === keys.merchant.serial
  if (!isSame || (options.mchid !== undefined && options.mchid !== mchid)) {
    throw new InvalidArgumentError(
      `\`state\` must belong to the same merchant as \`mchid\` and \`keys\`; got the state of ${mchid}, ${keys.merchant.serial}. Omit them, or use a new file.`,
    )
  }
  const given = settingsOf({ mchid, ...options })
  const differs =
    ((options.merchants ?? options.balances) && !isDeepStrictEqual(given.merchants, settings.merchants)) ||
    (options.payers && !isDeepStrictEqual(given.payers, settings.payers))
  if (!differs) return
  throw new InvalidArgumentError(
    '`state` must be used with the same `merchants`, `balances` and `payers` as before; got different ones. Omit them, or use a new file.',
  )
}
