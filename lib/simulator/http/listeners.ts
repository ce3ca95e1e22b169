/** The servers of a simulator: http, https, or both, and a proxy that redirects the hosts of WeChat Pay to them. */
import type { SimulatorKeys } from '../keys/merchant.js'
import { mintAuthority, mintServerCertificate } from '../keys/server-certificate.js'
import { type Listener, listen } from './server.js'

interface ListenersOptions {
  host: string
  port: number
  httpsPort: number | undefined
  https: boolean
  /** The host names of WeChat Pay that it serves. */
  as: readonly string[]
  /** The certificate authority is added to them on first use. */
  keys: SimulatorKeys
  respond: Parameters<typeof listen>[0]['respond']
}

export interface Listeners {
  readonly first: Listener
  /** The second server, with the option `httpsPort`. */
  readonly secure: Listener | undefined
  /** PEM; undefined without https. */
  readonly ca: string | undefined
}

/** Bytes. Larger than any JSON payload and any video that WeChat Pay accepts. */
const BODY_LIMIT = 8 * 1024 * 1024

/** Rejects with a Node error such as `EADDRINUSE` when it cannot listen on one of the ports, and closes the others. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { host, port, httpsPort, https, as, keys, respond } = options
  const isSecure = https || httpsPort !== undefined
  if (isSecure) keys.authority ??= await mintAuthority()
  const tls = isSecure && keys.authority ? await mintServerCertificate(keys.authority, [host, ...as]) : undefined
  const common = { host, limit: BODY_LIMIT, respond }
  const hosts = as.map(name => `${name.toLowerCase()}:443`)
  let secure: Listener | undefined
  const tunnel = (authority: string) => (hosts.includes(authority.toLowerCase()) ? (secure ?? first) : undefined)
  const first = await listen({ ...common, port, tls: https ? tls : undefined, tunnel })
  if (httpsPort !== undefined) secure = await listenBeside(first, { ...common, port: httpsPort, tls })
  return { first, secure, ca: isSecure ? keys.authority?.certificate : undefined }
}

/** Rejects when the second port cannot be listened on, and then closes the first. */
async function listenBeside(first: Listener, options: Parameters<typeof listen>[0]): Promise<Listener> {
  try {
    return await listen(options)
  } catch (error) {
    await first.close()
    throw error
  }
}
