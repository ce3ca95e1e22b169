/** The options of a call that are true or false. */
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'

/** Undefined where it is not given. @throws InvalidArgumentError for anything else. */
export function readFlag(
  options: OpenOptions,
  name: 'security' | 'nonceless' | 'sandbox' | 'encrypt',
): boolean | undefined {
  const value: unknown = options[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new InvalidArgumentError(`\`${name}\` must be true or false, not ${typeof value}.`)
}
