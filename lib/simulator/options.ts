/** The options of `Simulator.start`, and what is refused of them. */
import { InvalidArgumentError } from '../errors.js'
import type { SimulatorKeys } from './keys.js'

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
  /** Milliseconds since 1970, for every time that the simulator reads or writes. Default `Date.now`. */
  clock?: () => number
  /** How the `latency` of `misbehave` is waited for. Default: on a timer. */
  sleep?: (milliseconds: number) => Promise<unknown>
}

/** @throws InvalidArgumentError that names the option, what was found and what is expected. */
export function requireValid({
  port = 0,
  mchid = '0',
  keys,
  https = false,
  clock,
  sleep,
  ...unknown
}: SimulatorOptions): void {
  const [name] = Object.keys(unknown)
  if (name !== undefined) refuse(name, 'not an option', 'port, mchid, keys, https, clock or sleep')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse('port', String(port), '0 to 65535, 0 for any')
  if (typeof mchid !== 'string' || !/^\d{1,32}$/.test(mchid)) {
    refuse('mchid', `a ${typeof mchid}`, 'a string of digits, such as 1900000109')
  }
  if (typeof https !== 'boolean') refuse('https', `a ${typeof https}`, 'true or false')
  if (keys !== undefined && keys.merchant?.certificate === undefined) {
    refuse('keys', 'something else', 'the `keys` of another simulator')
  }
  for (const [option, value] of Object.entries({ clock, sleep })) {
    if (value !== undefined && typeof value !== 'function') refuse(option, `a ${typeof value}`, 'a function')
  }
}

function refuse(option: string, found: string, expected: string): never {
  throw new InvalidArgumentError(`Simulator.start: \`${option}\` is ${found}; expected ${expected}.`)
}
