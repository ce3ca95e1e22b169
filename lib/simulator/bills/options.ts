/** What the bills of a simulator hold. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'

export interface BillOptions {
  /** How many trades are invented for each day that is past. Default 20; 0 for none. */
  rows?: number
  /** Other seeds invent other trades. Default 1. */
  seed?: number
  /** How many parts an encrypted bill comes in. Default 2. */
  parts?: number
}

/** @throws InvalidArgumentError that names the option. */
export function requireValidBills({ rows = 0, seed = 0, parts = 1, ...unknown }: BillOptions): void {
  refuseUnknownOptions(unknown, ['rows', 'seed', 'parts'], '`bills`')
  if (!isCount(rows, 0)) refuse('rows', String(rows), 'a whole number from 0')
  if (!isCount(seed, 0)) refuse('seed', String(seed), 'a whole number from 0')
  if (!isCount(parts, 1)) refuse('parts', String(parts), 'a whole number from 1')
}

function isCount(value: unknown, least: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
}

function refuse(option: string, found: string, expected: string): never {
  throw new InvalidArgumentError(`Simulator.start: \`bills.${option}\` is ${found}; expected ${expected}.`)
}
