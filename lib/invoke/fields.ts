/** The fields of front-end parameters: checked before they are signed, and written as a query. */
import { InvalidArgumentError } from '../errors.js'

/**
 * The fields without those that are undefined. They are checked here because what is signed wrongly fails on the payer's
 * side, where nothing tells why.
 *
 * @throws InvalidArgumentError for a required field that is missing, and for a value that is neither text nor a whole
 *   number.
 */
export function checked<Fields extends object>(fields: Fields, required: readonly (keyof Fields & string)[]): Fields {
  const given = { ...fields }
  for (const name of required) {
    if (given[name] === undefined) throw new InvalidArgumentError(`\`${name}\` is missing.`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) Reflect.deleteProperty(given, name)
    else if (!isSignable(value)) {
      throw new InvalidArgumentError(`\`${name}\` must be a text without line breaks, or a whole number.`)
    }
  }
  return given
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
