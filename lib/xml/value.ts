/** The string that a JavaScript value has in APIv2; the signature and the XML must use the same. */
import { InvalidArgumentError } from '../errors.js'
import { inexactNumber } from '../util/exact-number.js'
import { isPlainObject } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'

/**
 * The string of a single value, or undefined for null, undefined, arrays and plain objects. Booleans are `true` and
 * `false`; an object with a `toString` of its own, such as a `URL`, is its result.
 *
 * @throws InvalidArgumentError for a value without an exact string: NaN, an infinite number, an integer beyond 2^53, the
 *   inexact result of a calculation, a number that JavaScript writes with an exponent, a Date, an Error, bytes, a Map, a
 *   promise, a function. `name` is the field in
 *   the message.
 */
export function stringOf(name: string, value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return stringOfNumber(name, value)
    case 'undefined':
      return undefined
    case 'object':
      return value === null || isNested(value) ? undefined : stringOfInstance(name, value)
    default:
      throw unsuitable(name, kindOf(value), 'Pass the value itself.')
  }
}

/** Whether a value contains other values: an array, or a plain object without a `toString` of its own. */
export function isNested(value: object): boolean {
  return Array.isArray(value) || (isPlainObject(value) && !hasOwnToString(value))
}

function hasOwnToString(value: object): boolean {
  return Object.hasOwn(value, 'toString') && typeof value.toString === 'function'
}

function stringOfNumber(name: string, value: number): string {
  const found = inexactNumber(value)
  if (found === undefined) return String(value)
  throw unsuitable(name, found, 'Round it, or pass it as a string.')
}

function stringOfInstance(name: string, value: object): string {
  if (value instanceof Number) return stringOfNumber(name, value.valueOf())
  const printed = String(value)
  const printsItself = printed !== Object.prototype.toString.call(value)
  if (printsItself && !printsForPeople(value)) return printed
  throw unsuitable(name, kindOf(value), 'Convert it to a string.')
}

/** Whether an object converts itself to a format that APIv2 does not use. */
function printsForPeople(value: object): boolean {
  return value instanceof Date || value instanceof Error || value instanceof RegExp || ArrayBuffer.isView(value)
}

function unsuitable(name: string, found: string, cure: string): InvalidArgumentError {
  return new InvalidArgumentError(`\`${name}\` must be a string, a finite number or a boolean; got ${found}. ${cure}`)
}
