/** Finds the fields of a payload that a list of paths names: `/payer/name`, `/receivers/[]/name` for the entries of a list. */
import { Sensitive } from './sensitive.js'

/**
 * The new value of a leaf: of anything that is neither an object nor a list, or that is {@link Sensitive}. `path` is how
 * JavaScript reads it: `.receivers[0].name`.
 */
export type ChangeLeaf = (value: unknown, path: string, isNamed: boolean) => unknown

/** Deeper than any payload of WeChat Pay. */
export const MAX_DEPTH = 256

/**
 * A copy of `value` with every leaf changed. `value` is not changed, and unchanged parts are not copied. A path that ends
 * at an object or a list names everything inside. Objects are read as JSON.stringify reads them, except that a Date, and an
 * object or a list below {@link MAX_DEPTH} levels, is a leaf.
 */
export function mapLeaves(value: unknown, paths: readonly string[], change: ChangeLeaf): unknown {
  return walk(value, { key: '', path: '', names: readPaths(paths), above: [], change })
}

/** The next names of the paths at one place. */
interface Names {
  isEnd: boolean
  next: Map<string, Names>
}

interface Place {
  key: string
  path: string
  names: Names | undefined
  above: readonly object[]
  change: ChangeLeaf
}

function walk(given: unknown, { key, path, names, above, change }: Place): unknown {
  const value = serialised(given, key)
  if (!isContainer(value) || above.length > MAX_DEPTH) {
    const changed = change(value, path, names?.isEnd ?? false)
    // The serialiser must see what the caller gave, so that it can refuse what does not survive.
    return Object.is(changed, value) ? given : changed
  }
  // A circular object is left to the serialiser, which refuses it.
  if (above.includes(value)) return given
  const child = (old: unknown, name: string, step: string, path: string) =>
    walk(old, {
      key: name,
      path,
      names: names?.isEnd ? names : names?.next.get(step),
      above: [...above, value],
      change,
    })
  if (Array.isArray(value)) {
    const made = value.map((old, index) => child(old, String(index), '[]', `${path}[${index}]`))
    return made.every((item, index) => Object.is(item, value[index])) ? given : made
  }
  const entries = Object.entries(value)
  const made = entries.map(([name, old]): [string, unknown] => [name, child(old, name, name, `${path}.${name}`)])
  return made.every(([, item], index) => Object.is(item, entries[index]?.[1])) ? given : Object.fromEntries(made)
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Sensitive) && !(value instanceof Date)
}

function serialised(value: unknown, key: string): unknown {
  if (!isContainer(value)) return value
  const toJSON: unknown = Reflect.get(value, 'toJSON')
  if (typeof toJSON === 'function') return toJSON.call(value, key)
  return value instanceof String || value instanceof Number ? value.valueOf() : value
}

/** Whether a payload has anything at one of the paths. */
export function hasAny(value: unknown, paths: readonly string[]): boolean {
  return reaches(value, readPaths(paths))
}

function reaches(value: unknown, names: Names): boolean {
  if (value === undefined) return false
  if (names.isEnd) return true
  if (typeof value !== 'object' || value === null) return false
  if ('toJSON' in value) return true
  const items = names.next.get('[]')
  if (items && Array.isArray(value)) return value.some(item => reaches(item, items))
  return [...names.next].some(([name, next]) => reaches(Reflect.get(value, name), next))
}

// The paths of an endpoint are always the same list, so each list is read once.
const read = new WeakMap<readonly string[], Names>()

function readPaths(paths: readonly string[]): Names {
  const known = read.get(paths)
  if (known) return known
  const root: Names = { isEnd: false, next: new Map() }
  read.set(paths, root)
  for (const path of paths) {
    let names = root
    for (const step of path.split('/').slice(1)) {
      const next = names.next.get(step) ?? { isEnd: false, next: new Map() }
      names.next.set(step, next)
      names = next
    }
    names.isEnd = true
  }
  return root
}
