/** The fields of front-end parameters: their common types, the check before they are signed, and their query. */
import { InvalidArgumentError } from '../errors.js'
import * as Formatter from '../formatter.js'
import { kindOf } from '../util/wording.js'

/** Seconds since 1970, as a string. Default: now. */
export type Timestamp = string

/** Letters and digits that are used once. Default: 32 random ones. */
export type Nonce = string

export function now(): Timestamp {
  return String(Formatter.timestamp())
}

/**
 * The fields without those that are undefined. They are checked here because a wrong field fails on the payer's device,
 * without any explanation.
 *
 * @throws InvalidArgumentError for a required field that is missing, and for a value that is neither a string nor a whole
 *   number.
 */
export function checked<Fields extends object>(fields: Fields, required: readonly (keyof Fields & string)[]): Fields {
  const given = { ...fields }
  for (const name of required) {
    if (given[name] === undefined) missing(name)
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) Reflect.deleteProperty(given, name)
    else if (!isSignable(value)) {
      throw new InvalidArgumentError(
        `\`${name}\` must be a string without line breaks, or a whole number; got ${flawOf(value)}.`,
      )
    }
  }
  return given
}

export function missing(name: string): never {
  throw new InvalidArgumentError(`\`${name}\` is missing. Pass it in the first argument.`)
}

function flawOf(value: unknown): string {
  if (value === '') return 'an empty string'
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? 'a string with line breaks' : kindOf(value)
}

function isSignable(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' && !/[\r\n]/.test(value) : Number.isSafeInteger(value)
}

/** `name=value&…`, with the values percent-encoded. */
export function queryOf(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&')
}
