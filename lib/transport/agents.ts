/** Chooses the dispatcher of a request: the user's, the global one, or a connection pool that clients share. */
import { createHash } from 'node:crypto'
import { NOTHING_SENT, TransportError } from '../errors.js'
import type { Dispatcher } from '../options.js'
import type { ProxySettings } from './proxy.js'
import { type ClientCertificate, createAgent, type PoolOptions } from './undici.js'

export interface Carrier {
  readonly dispatcher: Dispatcher
  /** The name of a custom dispatcher in messages. */
  readonly foreign?: string
  /** The proxy of one that is ours. */
  readonly proxy?: ProxySettings | undefined
}

/** @throws TransportError `ERR_DISPATCHER` (as a rejection) if a pool cannot be set up. */
export function carrierFor(
  given: Dispatcher | undefined,
  options: PoolOptions,
  identity?: ClientCertificate,
): Carrier | Promise<Carrier> {
  if (given) return { dispatcher: given, foreign: '`dispatcher`' }
  const { ca, proxy } = options
  const global = identity || ca || proxy ? undefined : globalDispatcher()
  if (global) return { dispatcher: global, foreign: 'The global dispatcher' }
  return held.get(identity ?? options) ?? openPool(options, identity)
}

/** The pool of each client and of each certificate: however many there are, none loses its connections while it is in use. */
const held = new WeakMap<PoolOptions | ClientCertificate, Carrier>()

const MOST_POOLS = 256

/**
 * The pools by their options, those of the newest clients last, so that a new client finds the connections of an old one.
 * Dropping one closes nothing: connections that are idle for a few seconds close by themselves.
 */
const pools = new Map<string, Carrier>()

async function openPool(options: PoolOptions, identity: ClientCertificate | undefined): Promise<Carrier> {
  // The first request is signed on the thread pool while undici is loaded.
  await undefined
  const name = poolName(options, identity)
  const pool = pools.get(name) ?? { dispatcher: openAgent(options, identity), proxy: options.proxy }
  held.set(identity ?? options, pool)
  pools.delete(name)
  pools.set(name, pool)
  const [oldest] = pools.keys()
  if (pools.size > MOST_POOLS && oldest !== undefined) pools.delete(oldest)
  return pool
}

function openAgent(options: PoolOptions, identity: ClientCertificate | undefined): Dispatcher {
  try {
    return createAgent(options, identity)
  } catch (cause) {
    throw new TransportError(
      `The connections cannot be set up; the error of undici or TLS is the cause. Check \`ca\` and \`merchant\`, and that the package undici is installed. ${NOTHING_SENT}`,
      { code: 'ERR_DISPATCHER', sent: false, cause },
    )
  }
}

function poolName({ ca, proxy, connections }: PoolOptions, identity: ClientCertificate | undefined): string {
  return JSON.stringify([identity?.certificate.fingerprint256, ca && digestOf(ca), proxy, connections])
}

// A list may be as long as a system's, so each client's list is digested once.
const digests = new WeakMap<readonly string[], string>()

function digestOf(ca: readonly string[]): string {
  const known = digests.get(ca)
  if (known) return known
  const digest = createHash('sha256').update(JSON.stringify(ca)).digest('hex')
  digests.set(ca, digest)
  return digest
}

// Undici 8 sets both, the older versions one of them.
const GLOBALS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map(name => Symbol.for(name))

const judged = new WeakMap<object, boolean>()

/** The global dispatcher, unless it is the default one that undici and Node's `fetch` leave behind. */
function globalDispatcher(): Dispatcher | undefined {
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
