/** The options of bills. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'

export interface BillOptions {
  /** Number of generated trades in the bill of each past day, before the merchant's own. Default 0. */
  rows?: number
  /** Different seeds generate different trades. Default 1. */
  seed?: number
  /** Number of files that an encrypted bill is split into. Default 2. */
  parts?: number
}

/** @throws InvalidArgumentError for the first invalid or unknown option. */
export function requireValidBills({ rows = 0, seed = 0, parts = 1, ...unknown }: BillOptions): void {
  refuseUnknownOptions(unknown, ['rows', 'seed', 'parts'], '`bills`')
  requireInteger('rows', rows, 0)
  requireInteger('seed', seed, 0)
  requireInteger('parts', parts, 1)
}

function requireInteger(option: string, value: number, minimum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum) return
  throw new InvalidArgumentError(`\`bills.${option}\` must be an integer of at least ${minimum}; got ${String(value)}.`)
}
