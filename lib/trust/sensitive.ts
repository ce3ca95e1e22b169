/** A value that is personal data: encrypted wherever it is in a payload, and never printed. */
import { inspect } from 'node:util'
import { InvalidArgumentError } from '../errors.js'
import { sharedMap } from '../util/shared-map.js'
import { kindOf } from '../util/wording.js'

const SHOWN = '[sensitive]'

const values = sharedMap<object, string>('sensitive')

/** Created by {@link sensitive}. Its value does not show, however it is printed or serialised. */
export class Sensitive {
  constructor(value: string) {
    values.set(this, value)
  }

  /** Also for a value that was marked by a different copy of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && values.has(value)
  }

  /** The plain value, to be encrypted. */
  reveal(): string {
    return values.get(this) ?? ''
  }

  toString(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  [inspect.custom](): string {
    return SHOWN
  }
}

/**
 * Marks a value to be encrypted with WeChat Pay's key, for paths that are not in the catalogue and fields that it does
 * not mark: `{ name: sensitive('张三') }`. It is encrypted regardless of the `encrypt` option.
 *
 * @throws InvalidArgumentError if the value is not a string.
 */
export function sensitive(value: string): Sensitive {
  if (typeof value === 'string') return new Sensitive(value)
  throw new InvalidArgumentError(`\`sensitive()\` must be called with a string; got ${kindOf(value)}.`)
}
