/** The agents of undici, which hold the connections. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Dispatcher } from '../options.js'
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

const CONNECT_TIMEOUT = 5_000

// Loaded on first use: a process that only receives notifications starts without undici. Its index loads five times as many
// modules as its agents need, and sets the global dispatcher.
export async function createAgent(options: PoolOptions, identity: ClientCertificate | undefined): Promise<Dispatcher> {
  const { ca, proxy, connections } = options
  const { default: Agent } = await import('undici/lib/dispatcher/agent.js')
  const timeout = CONNECT_TIMEOUT
  const connect = { timeout, ...(identity || ca ? { secureContext: await secureContext(identity, ca) } : {}) }
  if (!proxy) return new Agent({ connect, connections })
  const tunnel = await loadTunnel()
  const { httpProxy, httpsProxy, noProxy } = proxy
  return new tunnel.EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    ...(noProxy !== undefined && { noProxy }),
    connect,
    connections,
    // The merchant certificate is for WeChat Pay; the proxy does not see it.
    requestTls: connect,
    proxyTls: { timeout, ...(ca && { secureContext: await secureContext(undefined, ca) }) },
    clientFactory: (origin, options) =>
      Object.assign(new tunnel.Pool(origin, { ...options, headersTimeout: timeout }), { connect: tunnel.connect }),
  })
}

async function loadTunnel() {
  const [agent, pool, connect] = await Promise.all([
    import('undici/lib/dispatcher/env-http-proxy-agent.js'),
    import('undici/lib/dispatcher/pool.js'),
    // Undici's index would give pools this method.
    import('undici/lib/api/api-connect.js'),
  ])
  return { EnvHttpProxyAgent: agent.default, Pool: pool.default, connect: connect.default }
}

// Made once for each pool: connections then parse no key, and the agent holds no key that could be printed.
async function secureContext(identity: ClientCertificate | undefined, ca: readonly string[] | undefined) {
  const { createSecureContext } = await import('node:tls')
  return createSecureContext({
    ...(identity && {
      cert: identity.certificate.toString(),
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
    }),
    ...(ca && { ca: [...ca] }),
  })
}
