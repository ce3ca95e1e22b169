/** Connections that show the merchant certificate, or trust other authorities: a pool of its own for each. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Agent as UndiciAgent } from 'undici'
import { createAgent, sharedAgent } from './agent.js'

/** What a client shows in the TLS handshake. */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** The private key that the certificate belongs to. */
  readonly key: KeyObject
}

export interface TlsOptions {
  /** Shown to every server that asks for one. */
  identity?: ClientCertificate | undefined
  /** Trusted in place of the well-known authorities: PEM. */
  ca?: readonly string[] | undefined
}

/** More merchants than one process serves at a time; whoever is pushed out gets a new pool when called again. */
const MOST_POOLS = 256

/** By what is shown and trusted, the least lately used first. A client that is made anew finds its connections again. */
const pools = new Map<string, UndiciAgent>()

/** The pool for these options, made when it is first asked for; without any, the pool of the process. */
export function agentFor(options: TlsOptions): UndiciAgent {
  const name = poolName(options)
  if (name === undefined) return sharedAgent()
  const agent = pools.get(name) ?? createAgent({ secureContext: secureContext(options) })
  pools.delete(name)
  pools.set(name, agent)
  const [oldest] = pools.keys()
  if (pools.size > MOST_POOLS && oldest !== undefined) pools.delete(oldest)
  return agent
}

function poolName({ identity, ca }: TlsOptions): string | undefined {
  if (!identity && !ca) return undefined
  return `${identity?.certificate.fingerprint256} ${ca && digestOf(ca)}`
}

// A client has one list, which may be as long as a system's.
const digests = new WeakMap<readonly string[], string>()

function digestOf(ca: readonly string[]): string {
  const known = digests.get(ca)
  if (known) return known
  const digest = createHash('sha256').update(JSON.stringify(ca)).digest('hex')
  digests.set(ca, digest)
  return digest
}

// Made once for a pool: a connection then parses no key, and the agent holds none that could be printed.
function secureContext({ identity, ca }: TlsOptions) {
  return createSecureContext({
    ...(identity && {
      cert: identity.certificate.toString(),
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
    }),
    ...(ca && { ca: [...ca] }),
  })
}
