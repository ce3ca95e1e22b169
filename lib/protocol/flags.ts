/** The options of a call that are true or false. */

import type { Settings } from '../config/settings.js'
import { InvalidArgumentError } from '../errors.js'
import type { OpenOptions } from '../options.js'

/** Undefined where it is not given. @throws InvalidArgumentError for anything else. */
export function readFlag(options: OpenOptions, name: 'security' | 'nonceless' | 'sandbox'): boolean | undefined {
  const value: unknown = options[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new InvalidArgumentError(`\`${name}\` must be true or false, not ${typeof value}.`)
}

/** Whether a call may only go to the sandbox. Throws as {@link readFlag}. */
export function isForSandbox(options: OpenOptions, { sandbox }: Settings): boolean {
  return readFlag(options, 'sandbox') ?? sandbox
}
