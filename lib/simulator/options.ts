/** The options of `Simulator.start`, and what is refused of them. */
import { InvalidArgumentError } from '../errors.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { type BillOptions, requireValidBills } from './bills/options.js'
import type { SimulatorKeys } from './keys/merchant.js'

export interface SimulatorOptions {
  /** Default: any that is free. */
  port?: number
  /** The merchant number. Default `1900000109`. */
  mchid?: string
  /** Those of an earlier simulator. Default: minted, which takes a moment. */
  keys?: SimulatorKeys
  /**
   * Serves https, and sees the merchant certificate; needed by the APIv2 endpoints that require it. Trusted is the `ca`
   * of the configuration. Default false: http.
   */
  https?: boolean
  /**
   * A merchant without platform certificates, as new ones are: `GET /v3/certificates` is answered 404, and the WeChat Pay
   * public key signs everything. Default false: it has both.
   */
  publicKeyOnly?: boolean
  /**
   * Milliseconds since 1970, for every time that the simulator reads or writes; notifications then wait for `deliver`.
   * Default: real time, in which they are sent by themselves.
   */
  clock?: () => number
  /** What the bills of past days hold, besides the orders that were paid on them. */
  bills?: BillOptions
  /** How the `latency` of `misbehave` is waited for. Default: on a timer. */
  sleep?: (milliseconds: number) => Promise<unknown>
}

const OPTIONS: readonly (keyof SimulatorOptions)[] = [
  'port',
  'mchid',
  'keys',
  'https',
  'publicKeyOnly',
  'bills',
  'clock',
  'sleep',
]

/** @throws InvalidArgumentError that names the option, what was found and what is expected. */
export function requireValid({
  port = 0,
  mchid = '0',
  keys,
  https = false,
  publicKeyOnly = false,
  bills,
  clock,
  sleep,
  ...unknown
}: SimulatorOptions): void {
  refuseUnknownOptions(unknown, OPTIONS, 'Simulator.start')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse('port', String(port), '0 to 65535, 0 for any')
  if (typeof mchid !== 'string' || !/^\d{1,32}$/.test(mchid)) {
    refuse('mchid', `a ${typeof mchid}`, 'a string of digits, such as 1900000109')
  }
  for (const [option, value] of Object.entries({ https, publicKeyOnly })) {
    if (typeof value !== 'boolean') refuse(option, `a ${typeof value}`, 'true or false')
  }
  if (keys !== undefined && keys.merchant?.certificate === undefined) {
    refuse('keys', 'something else', 'the `keys` of another simulator')
  }
  if (bills !== undefined) requireValidBills(bills)
  for (const [option, value] of Object.entries({ clock, sleep })) {
    if (value !== undefined && typeof value !== 'function') refuse(option, `a ${typeof value}`, 'a function')
  }
}

function refuse(option: string, found: string, expected: string): never {
  throw new InvalidArgumentError(`Simulator.start: \`${option}\` is ${found}; expected ${expected}.`)
}
