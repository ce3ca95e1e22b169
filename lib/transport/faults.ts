/** Interprets the error of a dispatcher: whether the request may have been sent, and what the user can do about it. */
import { NOTHING_SENT, oneLine, TransportError, type TransportErrorCode } from '../errors.js'
import type { ProxySettings } from './proxy.js'

type Problem = Error & Partial<Pick<NodeJS.ErrnoException, 'code' | 'syscall'>>

interface Fault {
  /** `ERR_CONNECT` if it has none of its own. */
  readonly code?: TransportErrorCode
  /** What is wrong, and what to do if it has advice of its own; without the last full stop. */
  readonly what: string
  readonly isLocal?: boolean
}

const CONNECT_CODES = /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|UND_ERR_CONNECT_TIMEOUT)$/
const CONNECT_CALLS = /^(?:connect|getaddrinfo|query\w*)$/

/** Whether no connection came about, so that nothing can have been sent. */
export function isConnectFailure(error: Problem): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isConnectFailure)
  return CONNECT_CALLS.test(error.syscall ?? '') || CONNECT_CODES.test(error.code ?? '')
}

// Only those that can end nothing but a handshake. With TLS 1.3, a server may refuse a certificate after the request was sent.
const HANDSHAKE_CODES =
  /^(?:(?:CERT|CRL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)_\w+|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_HANDSHAKE_TIMEOUT|UND_ERR_PRX_TLS|ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL|\w+_ALERT_(?:PROTOCOL_VERSION|HANDSHAKE_FAILURE)))$/

/** Whether an error can only have come before the first byte of a request: for dispatchers that do not say when they begin. */
export function isBeforeSending(error: Problem): boolean {
  return (
    isConnectFailure(error) ||
    HANDSHAKE_CODES.test(error.code ?? '') ||
    proxyStatus(error) !== undefined ||
    isWithoutWebAssembly(error) ||
    error.code === NOT_MOCKED ||
    error.message.includes('before secure TLS connection was established')
  )
}

// The errors whose fault is this machine's or the proxy's, so that a different host would not help.
const local = new WeakSet<TransportError>()
const unreachable = new WeakSet<TransportError>()

/** Whether a host could not be reached, so that a different one may help. */
export function isUnreachable(error: TransportError): boolean {
  return unreachable.has(error) || (error.code === 'ERR_CONNECT' && !local.has(error))
}

/** The same error, after a call timed out while it was still connecting. */
export function asUnreachable(error: TransportError): TransportError {
  unreachable.add(error)
  return error
}

/** The error for a request that was not sent, by undici's error. */
export function unsentError(cause: Problem, proxy: ProxySettings | undefined): TransportError {
  const { code = 'ERR_CONNECT', what, isLocal = false } = faultOf(cause, proxy)
  const error = new TransportError(`${what}. ${NOTHING_SENT}`, { code, sent: false, cause })
  if (isLocal) local.add(error)
  return error
}

function faultOf(error: Problem, proxy: ProxySettings | undefined): Fault {
  const { code, message } = error
  if (isWithoutWebAssembly(error)) {
    return {
      code: 'ERR_WEBASSEMBLY',
      what: `This process cannot run WebAssembly, which undici needs (${oneLine(message)}). Start Node without --jitless, and with a higher limit of its address space (ulimit -v)`,
    }
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    const what = `No connection can be opened, because too many files are open (${code}). Raise the limit (ulimit -n), or lower \`connections\``
    return { what, isLocal: true }
  }
  if (code === NOT_MOCKED) {
    const what = 'A MockAgent has no reply to this request, and no connections are allowed. Add one with `intercept`'
    return { code: 'ERR_DISPATCHER', what }
  }
  const status = proxyStatus(error)
  if (status !== undefined) return proxyFault(status, proxy)
  const reason = `could not be reached (${code ?? oneLine(message)})`
  if (!proxy || !isConnectFailure(error)) return { what: `The host ${reason}`, isLocal: LOCAL_CODES.test(code ?? '') }
  // Whether NO_PROXY names the host is undici's to know.
  const isSure = proxy.noProxy !== undefined
  return { what: `${isSure ? 'The' : 'The host, or its'} proxy ${proxy.host} ${reason}`, isLocal: isSure }
}

const LOCAL_CODES = /^(?:ENOBUFS|EADDRNOTAVAIL)$/

function proxyFault(status: number, proxy: ProxySettings | undefined): Fault {
  const refused = `The proxy${proxy ? ` ${proxy.host}` : ''} refused the connection with ${status}`
  if (status === 407) {
    const what = `${refused}. It requires a user name and a password: write them into \`proxy\`, as http://user:password@host:port`
    return { code: 'ERR_PROXY', what }
  }
  // Proxies report a host that they cannot reach as an error of their own.
  if (status >= 500) return { what: `${refused}. It may not have reached the host` }
  return { code: 'ERR_PROXY', what: `${refused}. Check that it allows connections to the host and its port` }
}

const NOT_MOCKED = 'UND_MOCK_ERR_MOCK_NOT_MATCHED'

function isWithoutWebAssembly({ code, message }: Problem): boolean {
  return code === undefined && message.includes('WebAssembly')
}

function proxyStatus({ message }: Problem): number | undefined {
  const [, status] = /^Proxy response \((\d{3})\)/.exec(message) ?? []
  return status === undefined ? undefined : Number(status)
}
