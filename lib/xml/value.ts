/** The text that stands for a JavaScript value in APIv2: what is signed and what is sent must be the same. */
import { InvalidArgumentError } from '../errors.js'

/**
 * The text of a single value, or undefined when it is null, undefined or holds further values. Booleans are `true`
 * and `false`; an object with a `toString` of its own, such as a `URL`, is what it prints.
 *
 * @throws InvalidArgumentError for what has no sound text: NaN, an infinite number, an integer beyond 2^53, a number
 *   that JavaScript writes with an exponent, a Date, bytes, a Map, a promise, a function. `name` is the field in the message.
 */
export function textOf(name: string, value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return textOfNumber(name, value)
    case 'undefined':
      return undefined
    case 'object':
      return value === null || isNested(value) ? undefined : textOfInstance(name, value)
    default:
      throw unsuitable(name, `a ${typeof value}`, 'Pass the value itself.')
  }
}

/** Whether a value holds further values: an array, or a plain object that does not print itself. */
export function isNested(value: object): boolean {
  return Array.isArray(value) || (isPlain(value) && !hasOwnText(value))
}

// Not compared with Object.prototype: an object from another realm (node:vm, Jest) is plain as well.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function hasOwnText(value: object): boolean {
  return Object.hasOwn(value, 'toString') && typeof value.toString === 'function'
}

function textOfNumber(name: string, value: number): string {
  const text = String(value)
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER && !text.includes('e')) return text
  throw unsuitable(name, text, 'JavaScript cannot hold or write this number exactly: pass it as text.')
}

function textOfInstance(name: string, value: object): string {
  const printed = String(value)
  const printsItself = printed !== Object.prototype.toString.call(value)
  // A Date and bytes do print themselves, but never as a field of APIv2 wants them.
  if (printsItself && !(value instanceof Date) && !ArrayBuffer.isView(value)) return printed
  throw unsuitable(name, value.constructor?.name ?? 'an object', 'Pass what it stands for as text.')
}

function unsuitable(name: string, found: string, cure: string): InvalidArgumentError {
  return new InvalidArgumentError(`${name}: found ${found}, expected a text, a finite number or a boolean. ${cure}`)
}
