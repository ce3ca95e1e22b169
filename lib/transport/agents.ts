/** The connection pools: one for the process, and one for each merchant certificate or list of authorities. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import type { Agent as UndiciAgent } from 'undici'
// Undici's index loads five times as many modules as its agent needs, which cold starts would pay for.
import Agent from 'undici/lib/dispatcher/agent.js'

/** The merchant certificate that a client presents in the TLS handshake. */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** The private key of the certificate. */
  readonly key: KeyObject
}

export interface TlsOptions {
  /** Presented to every server that asks for a certificate. */
  identity?: ClientCertificate | undefined
  /** PEM of the authorities that replace the well-known ones. */
  ca?: readonly string[] | undefined
}

const CONNECT_TIMEOUT = 5_000

/** More merchants than one process serves at a time. One that is dropped gets a new pool with its next call. */
const MOST_POOLS = 256

// A connection without a certificate holds nothing of a merchant's, so that all clients share one pool.
let shared: UndiciAgent | undefined

/** By certificate and authorities, the least recently used first, so that a new client finds the connections of the old one. */
const pools = new Map<string, UndiciAgent>()

/** The pool for these options, opened by the first request; without options, the pool that all clients share. */
export function agentFor(options: TlsOptions): UndiciAgent {
  const name = poolName(options)
  if (name === undefined) {
    shared ??= createAgent()
    return shared
  }
  const agent = pools.get(name) ?? createAgent({ secureContext: secureContext(options) })
  pools.delete(name)
  pools.set(name, agent)
  const [oldest] = pools.keys()
  if (pools.size > MOST_POOLS && oldest !== undefined) pools.delete(oldest)
  return agent
}

function createAgent(tls: Pick<ConnectionOptions, 'secureContext'> = {}): UndiciAgent {
  return new Agent({ connect: { timeout: CONNECT_TIMEOUT, ...tls } })
}

function poolName({ identity, ca }: TlsOptions): string | undefined {
  if (!identity && !ca) return undefined
  return `${identity?.certificate.fingerprint256} ${ca && digestOf(ca)}`
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

// Made once for each pool: connections then parse no key, and the agent holds no key that could be printed.
function secureContext({ identity, ca }: TlsOptions) {
  return createSecureContext({
    ...(identity && {
      cert: identity.certificate.toString(),
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
    }),
    ...(ca && { ca: [...ca] }),
  })
}
