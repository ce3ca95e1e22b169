/** A value that is personal data: it is encrypted wherever it stands in a payload, and printed nowhere. */
import { inspect } from 'node:util'
import { InvalidArgumentError } from '../errors.js'

const SHOWN = '[sensitive]'

/** Made by {@link sensitive}. However it is printed or serialised, its value does not show. */
export class Sensitive {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value, for whoever encrypts it. */
  reveal(): string {
    return this.#value
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
 * Marks a value to be encrypted with WeChat Pay's key, in a path that the catalogue does not know or in a field that it
 * does not mark: `{ name: sensitive('张三') }`. It is encrypted whatever `encrypt` says.
 *
 * @throws InvalidArgumentError for anything but a string.
 */
export function sensitive(value: string): Sensitive {
  if (typeof value === 'string') return new Sensitive(value)
  throw new InvalidArgumentError(`sensitive(): expected a string, found ${value === null ? 'null' : typeof value}.`)
}
