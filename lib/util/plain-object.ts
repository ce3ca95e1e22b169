/** Distinguishes objects with named members from arrays, class instances and functions. */

/** Whether `value` is an object literal, or one without a prototype; also one from a different realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

// As a prototype; objects without any are several times slower to read.
const NOTHING: object = Object.freeze(Object.create(null))

/**
 * A copy of options without a prototype, so that properties that were added to `Object.prototype` do not count as
 * options.
 */
export function bare<Options extends object>(options: Options): Options {
  return Object.assign(Object.create(NOTHING), options)
}

/** Whether the members of `value` can be read by name: any object except an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
