/** What carries a request: the user's dispatcher, the global one, or a connection pool that clients share. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { NOTHING_SENT, TransportError } from '../errors.js'
import type { Dispatcher } from '../options.js'
import { globalDispatcher } from './global-dispatcher.js'
import type { ProxySettings } from './proxy.js'

/** The merchant certificate that a client presents in the TLS handshake. */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** The private key of the certificate. */
  readonly key: KeyObject
}

/** How a client connects. */
export interface PoolOptions {
  /** PEM of the authorities that replace the well-known ones. */
  readonly ca: readonly string[] | undefined
  readonly proxy: ProxySettings | undefined
  /** The most sockets to one host. */
  readonly connections: number
}

export interface Carrier {
  readonly dispatcher: Dispatcher
  /** How messages name a dispatcher that is not ours. */
  readonly foreign?: string
  /** The proxy of one that is ours. */
  readonly proxy?: ProxySettings | undefined
}

/** @throws TransportError `ERR_DISPATCHER` (as a rejection) if undici cannot be loaded. */
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
 * The pools by their options, the one that was opened first for a client first, so that a new client finds the connections
 * of an old one. Dropping one closes nothing: connections that are idle for a few seconds close by themselves.
 */
const pools = new Map<string, Carrier>()

async function openPool(options: PoolOptions, identity: ClientCertificate | undefined): Promise<Carrier> {
  const name = poolName(options, identity)
  const opened = pools.get(name) ?? { dispatcher: await createAgent(options, identity), proxy: options.proxy }
  // Of several first calls at once, one opens the pool for all.
  const pool = pools.get(name) ?? opened
  held.set(identity ?? options, pool)
  pools.delete(name)
  pools.set(name, pool)
  const [oldest] = pools.keys()
  if (pools.size > MOST_POOLS && oldest !== undefined) pools.delete(oldest)
  return pool
}

// Loaded on first use: a process that only receives notifications starts without undici.
async function createAgent(options: PoolOptions, identity: ClientCertificate | undefined): Promise<Dispatcher> {
  try {
    const undici = await import('./undici.js')
    return await undici.createAgent(options, identity)
  } catch (cause) {
    throw new TransportError(
      `Undici, which sends the requests, could not be loaded; its error is the cause. Install it, or give it to your bundler. ${NOTHING_SENT}`,
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
