/** The options of `Simulator.start` and their validation. */
import { InvalidArgumentError } from '../errors.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { type BillOptions, requireValidBills } from './bills/options.js'
import type { SimulatorKeys } from './keys/merchant.js'
import {
  type Balances,
  requireNumber,
  requireValidBalances,
  requireValidMerchants,
  type SimulatedMerchant,
} from './ledger/merchants.js'
import { requireValidPayers, type SimulatedPayer } from './ledger/payers.js'

export interface SimulatorOptions {
  /** The port to listen on. Default 0: any free port. */
  port?: number
  /** A second port, for https beside http; 0 means any free port. It is the port of `simulator.httpsUrl`. */
  httpsPort?: number
  /**
   * The address to listen on. Default `127.0.0.1`, for this machine only. With `0.0.0.0`, every device of the same
   * network can connect, including phones and containers.
   */
  host?: string
  /**
   * Names of other hosts that notifications may be sent to, such as the container of a shop. Default: none;
   * notifications are sent to this machine only.
   */
  notify?: readonly string[]
  /**
   * The host names of WeChat Pay that it serves, such as `['api.mch.weixin.qq.com']`: its https certificate covers
   * them, and its http port is a proxy that redirects these hosts to it and refuses all others. A shop that cannot
   * change the host then needs only the `ca` of `simulator.config` and `HTTPS_PROXY`. Needs `https` or `httpsPort`.
   */
  as?: readonly string[]
  /**
   * The path of a file that keeps everything: a simulator that is started with it again has the same keys, orders,
   * refunds, transfers and notifications, even after a crash. Only one simulator at a time may use it.
   */
  state?: string
  /** The merchant ID. Default `1900000109`. */
  mchid?: string
  /**
   * The merchants and brands, each with keys of its own: a direct merchant may not use the APIs of partners, a partner
   * may act for its sub-merchants only. `simulator.configOf` and `brandOf` return their configurations;
   * `simulator.config` is that of the first. Default: one merchant, `mchid`, without restrictions.
   */
  merchants?: readonly SimulatedMerchant[]
  /** Fen that the accounts of merchants hold at first. Default: one million yuan in `BASIC` and in `OPERATION`. */
  balances?: Balances
  /**
   * Payers with a limited balance, in fen: a payment of more fails with `NOT_ENOUGH`. All other payers have unlimited
   * money.
   */
  payers?: readonly SimulatedPayer[]
  /** The keys of an earlier simulator. Default: new keys, which take a moment to generate. */
  keys?: SimulatorKeys
  /**
   * Serves https instead of http, and accepts client certificates: without https, the APIv2 endpoints that require the
   * merchant certificate always fail. The client must trust the `ca` of `simulator.config`. Default false.
   */
  https?: boolean
  /**
   * Simulates a new merchant without platform certificates: `GET /v3/certificates` fails with 404, and the WeChat Pay
   * public key signs every response. Default false: the merchant has both.
   */
  publicKeyOnly?: boolean
  /**
   * Replaces the machine's clock: returns the current time in milliseconds since 1970, for signatures and certificates.
   * Business time starts from it; `advance` moves business time only. With a clock, notifications are sent only by
   * `deliver`. Default: the system time; notifications are sent automatically.
   */
  clock?: () => number
  /** What the bills contain in addition to the orders paid on that day. */
  bills?: BillOptions
  /** Waits for the `latency` of `misbehave`, in milliseconds. Default: a timer. */
  sleep?: (milliseconds: number) => Promise<unknown>
}

const OPTIONS: readonly (keyof SimulatorOptions)[] = [
  'port',
  'httpsPort',
  'host',
  'notify',
  'as',
  'state',
  'mchid',
  'merchants',
  'balances',
  'payers',
  'keys',
  'https',
  'publicKeyOnly',
  'bills',
  'clock',
  'sleep',
]

/** @throws InvalidArgumentError for the first invalid or unknown option. */
export function requireValid({
  port = 0,
  httpsPort,
  host = '127.0.0.1',
  notify = [],
  as = [],
  state = 'state',
  mchid,
  merchants,
  balances = {},
  payers = [],
  keys,
  https = false,
  publicKeyOnly = false,
  bills,
  clock,
  sleep,
  ...unknown
}: SimulatorOptions): void {
  refuseUnknownOptions(unknown, OPTIONS, 'Simulator.start')
  for (const [option, value] of Object.entries({ port, httpsPort: httpsPort ?? 0 })) {
    if (Number.isInteger(value) && value >= 0 && value <= 65_535) continue
    refuse(option, 'an integer from 0 to 65535', `${String(value)}. Use 0 for any free port`)
  }
  if (typeof host !== 'string' || host === '') refuse('host', "an address such as '0.0.0.0'", String(host))
  if (typeof state !== 'string' || state === '') refuse('state', 'the path of a file', JSON.stringify(state))
  requireHostNames('notify', notify)
  requireHostNames('as', as)
  if (as.length > 0 && !https && httpsPort === undefined)
    refuse('as', 'used with `https` or `httpsPort`', 'neither. Add `httpsPort: 0`')
  if (mchid !== undefined) requireNumber('mchid', mchid)
  if (merchants !== undefined) requireValidMerchants(merchants)
  if (merchants !== undefined && mchid !== undefined) refuse('mchid', 'left out with `merchants`', `'${mchid}'`)
  requireValidBalances('balances', balances)
  requireValidPayers(payers)
  for (const [option, value] of Object.entries({ https, publicKeyOnly })) {
    if (typeof value !== 'boolean') refuse(option, 'true or false', String(value))
  }
  if (keys !== undefined && keys.merchant?.certificate === undefined) {
    refuse('keys', 'the `keys` of a simulator', 'a value without `merchant.certificate`. Pass `simulator.keys`')
  }
  if (bills !== undefined) requireValidBills(bills)
  for (const [option, value] of Object.entries({ clock, sleep })) {
    if (value !== undefined && typeof value !== 'function') refuse(option, 'a function', typeof value)
  }
}

function requireHostNames(option: string, names: unknown): void {
  if (Array.isArray(names) && names.every(name => typeof name === 'string' && isHostName(name))) return
  refuse(
    option,
    "a list of host names such as ['shop']",
    `${JSON.stringify(names)}. Give names without scheme and port`,
  )
}

function isHostName(name: string): boolean {
  return URL.canParse(`http://${name}`) && new URL(`http://${name}`).host === name.toLowerCase()
}

function refuse(option: string, expected: string, found: string): never {
  throw new InvalidArgumentError(`\`${option}\` must be ${expected}; got ${found}.`)
}
