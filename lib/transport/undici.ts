/** The agents of undici, which hold the connections. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Dispatcher } from '../options.js'
import { requireAgent, requireTls, requireTunnel } from '../util/packages.cjs'
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

/** The first call loads undici: a process that only receives notifications starts without it. */
export function createAgent(options: PoolOptions, identity: ClientCertificate | undefined): Dispatcher {
  const { ca, proxy, connections } = options
  const timeout = CONNECT_TIMEOUT
  const connect = { timeout, ...(identity || ca ? { secureContext: secureContext(identity, ca) } : {}) }
  if (!proxy) {
    const Agent = requireAgent()
    return new Agent({ connect, connections })
  }
  const tunnel = requireTunnel()
  const { httpProxy, httpsProxy, noProxy } = proxy
  return new tunnel.EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    ...(noProxy !== undefined && { noProxy }),
    connect,
    connections,
    // The merchant certificate is for WeChat Pay; the proxy does not see it.
    requestTls: connect,
    proxyTls: { timeout, ...(ca && { secureContext: secureContext(undefined, ca) }) },
    clientFactory: (origin, options) =>
      Object.assign(new tunnel.Pool(origin, { ...options, headersTimeout: timeout }), { connect: tunnel.connect }),
  })
}

// Made once for each pool: connections then parse no key, and the agent holds no key that could be printed.
function secureContext(identity: ClientCertificate | undefined, ca: readonly string[] | undefined) {
  return requireTls().createSecureContext({
    ...(identity && {
      cert: identity.certificate.toString(),
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
    }),
    ...(ca && { ca: [...ca] }),
  })
}
