/** Whether the host can be reached, through the proxy if there is one, and whether this machine's clock is right. */
import { Agent, EnvHttpProxyAgent, ProxyAgent, request } from 'undici'
import { baseUriOf, type Configuration, hostOf, isHttpUrl, isThisMachine } from '../configuration.js'
import type { Report } from './report.js'

/** Milliseconds. */
const TIMEOUT = 10_000
/** Seconds. WeChat Pay refuses requests whose time differs by more than five minutes. */
const MOST_OFF = 300
/** Seconds from which a warning is given. */
const NOTABLY_OFF = 60

export async function checkNetwork(configuration: Configuration, report: Report): Promise<void> {
  const { proxy: given } = configuration
  const isReadable = isHttpUrl(baseUriOf(configuration)) && (typeof given !== 'string' || isHttpUrl(given))
  // A value that is not a URL was already reported as a fault of the configuration.
  if (!isReadable && !report.allows('reachable', 'configuration')) {
    report.allows('clock', 'reachable')
    return
  }
  const { host } = new URL(baseUriOf(configuration))
  const proxy = proxyOf(configuration)
  const dispatcher = dispatcherFor(configuration, proxy)
  try {
    const { statusCode, headers, body } = await request(
      `${baseUriOf(configuration).replace(/\/?$/, '/')}v3/certificates`,
      {
        dispatcher,
        headers: { accept: 'application/json', 'user-agent': 'wechatpay-doctor' },
        headersTimeout: TIMEOUT,
      },
    )
    await body.dump()
    report.ok('reachable', report.words.doctor.reached(host, statusCode, proxy))
    checkClock(headers.date, report)
  } catch (error) {
    reportUnreachable(error, { host, proxy }, report)
    report.allows('clock', 'reachable')
  } finally {
    await dispatcher.close()
  }
}

/** The host of the configured proxy, or the variable that names one; undefined without a proxy. */
function proxyOf({ proxy, ...configuration }: Configuration): string | undefined {
  if (typeof proxy === 'string') return new URL(proxy).host
  if (proxy === false || isThisMachine(hostOf(configuration))) return undefined
  const variable = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].find(name => process.env[name])
  return variable?.toUpperCase()
}

function dispatcherFor({ proxy, ca }: Configuration, host: string | undefined): Agent | ProxyAgent | EnvHttpProxyAgent {
  const connect = { timeout: TIMEOUT, ...(typeof ca === 'string' && { ca }) }
  if (typeof proxy === 'string') return new ProxyAgent({ uri: proxy, requestTls: connect })
  return host === undefined ? new Agent({ connect }) : new EnvHttpProxyAgent({ requestTls: connect })
}

/** The codes of OpenSSL and Node for a certificate that is not trusted. */
const UNTRUSTED = /CERT|SELF_SIGNED|ISSUER|ALTNAME|VERIFY/

function reportUnreachable(
  error: unknown,
  { host, proxy }: { host: string; proxy: string | undefined },
  report: Report,
): void {
  const code = codeOf(error)
  if (UNTRUSTED.test(code)) report.fault('reachable', 'TLS_UNTRUSTED', host, code)
  else if (proxy !== undefined) report.fault('reachable', 'PROXY_FAILED', proxy, code)
  else if (/ENOTFOUND|EAI_AGAIN/.test(code)) report.fault('reachable', 'HOST_UNKNOWN', host)
  else report.fault('reachable', 'HOST_UNREACHABLE', host, code)
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && code !== 'UND_ERR_SOCKET') return code
  return error.cause === undefined ? error.name : codeOf(error.cause)
}

function checkClock(date: unknown, report: Report): void {
  const time = typeof date === 'string' ? Date.parse(date) : Number.NaN
  if (Number.isNaN(time)) {
    report.skip('clock', report.words.doctor.noDate)
    return
  }
  const ahead = Math.round((Date.now() - time) / 1000)
  const off = Math.abs(ahead)
  if (off > MOST_OFF) report.fault('clock', 'CLOCK_WRONG', off, ahead > 0)
  else if (off > NOTABLY_OFF) report.warn('clock', 'CLOCK_WRONG', off, ahead > 0)
  else report.ok('clock', report.words.doctor.clock(off))
}
