/** The `proxy` option: a proxy by its URL, or the one that the environment names. */
import { InvalidArgumentError } from '../errors.js'
import { kindOf } from '../util/wording.js'

/** The proxies for http and https hosts, by their URLs, and the hosts that are reached without one. */
export interface ProxySettings {
  readonly httpProxy: string
  readonly httpsProxy: string
  /** Undefined for the `NO_PROXY` of the moment. */
  readonly noProxy: string | undefined
  /** The host and port of the proxy, for messages. */
  readonly host: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws InvalidArgumentError that names the option or the variable, and shows none of it: a URL may hold a password. */
export function readProxy(proxy: unknown, environment: Environment = process.env): ProxySettings | undefined {
  if (proxy === undefined || proxy === false) return undefined
  if (proxy === true) return environmentProxy(environment)
  if (typeof proxy !== 'string' && !(proxy instanceof URL)) throw new InvalidArgumentError(mustBe(kindOf(proxy)))
  const url = readUrl(String(proxy))
  if (!url) throw new InvalidArgumentError(mustBe('something else'))
  return { httpProxy: url.href, httpsProxy: url.href, noProxy: '', host: url.host }
}

function mustBe(found: string): string {
  return `\`proxy\` must be the http or https URL of a proxy, such as http://user:password@host:port, or true for the one of HTTPS_PROXY or HTTP_PROXY; got ${found}.`
}

function environmentProxy(environment: Environment): ProxySettings | undefined {
  const http = readVariable('http_proxy', environment)
  const https = readVariable('https_proxy', environment) ?? http
  const host = (https ?? http)?.host
  return host === undefined
    ? undefined
    : { httpProxy: http?.href ?? '', httpsProxy: https?.href ?? '', noProxy: undefined, host }
}

function readVariable(name: string, environment: Environment): URL | undefined {
  const value = environment[name] || environment[name.toUpperCase()]
  if (!value) return undefined
  // Curl and others take a host and a port as well.
  const url = readUrl(/^\w+:\/\//.test(value) ? value : `http://${value}`)
  if (url) return url
  throw new InvalidArgumentError(
    `${name.toUpperCase()} must be the http or https URL of a proxy, such as http://host:port, since \`proxy\` is true; got something else.`,
  )
}

function readUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined
  const url = new URL(value)
  const { protocol, username, password, host, pathname, search, hash } = url
  if (!/^https?:$/.test(protocol) || host === '' || pathname !== '/' || search || hash) return undefined
  // Undici sends both or neither.
  if ((username === '') !== (password === '')) return undefined
  return isDecodable(username + password) ? url : undefined
}

function isDecodable(encoded: string): boolean {
  try {
    decodeURIComponent(encoded)
    return true
  } catch {
    return false
  }
}
