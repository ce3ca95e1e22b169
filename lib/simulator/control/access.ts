/**
 * Access to the control API: programs that can reach the simulator, and web pages of this machine. Other web pages are
 * refused, even when their own domain name resolves to this machine.
 */
import { isIP } from 'node:net'
import { isLoopback } from '../http/loopback.js'
import type { RawRequest } from '../http/server.js'
import { problem } from '../ledger/problem.js'

/** @throws ApiError 403 for a host or a page without access, 415 for a body that is not JSON. */
export function requireAccess({ method, headers }: RawRequest, hosts: readonly string[]): void {
  const { host = '', origin } = headers
  const hostname = hostnameOf(`http://${host}`)
  if (hostname === undefined || !isOwnHost(hostname, hosts)) {
    throw problem(
      403,
      'FORBIDDEN',
      `\`Host\` must name this machine; got ${JSON.stringify(host)}. Start the simulator with this name as \`host\`.`,
    )
  }
  if (origin !== undefined && !isAllowedOrigin(origin, host)) {
    throw problem(
      403,
      'FORBIDDEN',
      `\`Origin\` must be a page of this machine; got ${JSON.stringify(origin)}. Open the page from localhost.`,
    )
  }
  // A page of a different origin cannot send JSON without a preflight request.
  if (method === 'POST' && !/^application\/json(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw problem(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'The body must be JSON. Send it with `Content-Type: application/json`.',
    )
  }
}

/** The headers that let a page of this machine read the response. */
export function crossOriginHeaders({ headers }: RawRequest): Record<string, string> {
  const { host = '', origin } = headers
  if (origin === undefined || !isAllowedOrigin(origin, host)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    ...(headers['access-control-request-private-network'] && { 'Access-Control-Allow-Private-Network': 'true' }),
  }
}

// A page can have a domain name that resolves to this machine, but not an address or a name without a dot.
function isOwnHost(hostname: string, hosts: readonly string[]): boolean {
  if (isLoopback(hostname)) return true
  if (hosts.length === 0) return false
  return isIP(hostname.replace(/^\[|\]$/g, '')) > 0 || !hostname.includes('.') || hosts.includes(hostname)
}

function isAllowedOrigin(origin: string, host: string): boolean {
  const hostname = hostnameOf(origin)
  return hostname !== undefined && (isLoopback(hostname) || new URL(origin).host === host.toLowerCase())
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
