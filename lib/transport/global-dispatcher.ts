/** The global dispatcher of undici, where the user has set one: the guard of a test suite, or a proxy for the whole process. */
import type { Dispatcher } from '../options.js'

// Undici 8 sets both, the older versions one of them.
const GLOBALS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map(name => Symbol.for(name))

const judged = new WeakMap<object, boolean>()

/** The global dispatcher, unless it is the default one that undici and Node's `fetch` leave behind. */
export function globalDispatcher(): Dispatcher | undefined {
  for (const name of GLOBALS) {
    const dispatcher: unknown = Reflect.get(globalThis, name)
    if (isDispatcher(dispatcher) && isSetOnPurpose(dispatcher)) return dispatcher
  }
  return undefined
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function'
}

function isSetOnPurpose(dispatcher: Dispatcher): boolean {
  const known = judged.get(dispatcher)
  if (known !== undefined) return known
  const isOnPurpose = !isDefault(dispatcher)
  judged.set(dispatcher, isOnPurpose)
  return isOnPurpose
}

// It is of a different copy of undici, so it is recognised by its looks: an Agent that was given no options.
function isDefault(dispatcher: Dispatcher): boolean {
  const prototype: unknown = Object.getPrototypeOf(dispatcher)
  if (!isDispatcher(prototype)) return false
  const { name } = prototype.constructor
  // What undici 8 leaves for older versions: it wraps the dispatcher that the first symbol has.
  if (name === 'Dispatcher1Wrapper') return true
  // A composed dispatcher is an Agent with a `dispatch` of its own.
  return name === 'Agent' && dispatcher.dispatch === prototype.dispatch && hasDefaultOptions(dispatcher)
}

function hasDefaultOptions(agent: object): boolean {
  const own = (name: string): unknown => {
    const symbol = Object.getOwnPropertySymbols(agent).find(({ description }) => description === name)
    return symbol && Reflect.get(agent, symbol)
  }
  const factory = own('factory')
  const options = Object.values(own('options') ?? {})
  return (
    options.every(value => value === undefined || value === Number.POSITIVE_INFINITY) &&
    (typeof factory !== 'function' || factory.name === 'defaultFactory')
  )
}
