/** The checked transport options, and the URL of a request. */
import { InvalidArgumentError } from '../errors.js'
import type { Method, RetryOptions, TransportOptions } from '../options.js'
import { bare } from '../util/plain-object.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'
import { kindOf } from '../util/wording.js'

export interface RetryPolicy {
  readonly attempts: number
  readonly repeatsStatus: (statusCode: number) => boolean
  readonly methods: readonly Method[]
}

export interface TransportSettings {
  readonly baseUri: URL
  /** Milliseconds for the whole call. */
  readonly timeout: number
  readonly retry: RetryPolicy
  readonly dispatcher: TransportOptions['dispatcher']
}

const DEFAULT_CONNECTIONS = 256

/** @throws InvalidArgumentError that names the option. */
export function readConnections(connections: unknown): number {
  if (connections === undefined) return DEFAULT_CONNECTIONS
  if (typeof connections === 'number' && Number.isInteger(connections) && connections >= 1) return connections
  const found = typeof connections === 'number' ? connections : kindOf(connections)
  throw new InvalidArgumentError(
    `\`connections\` must be a positive integer, the most sockets to one host; got ${found}.`,
  )
}

const DEFAULT_TIMEOUT = 30_000
const LONGEST_TIMEOUT = 2 ** 31 - 1

/** @throws InvalidArgumentError that names the option. */
export function readTransportOptions(options: TransportOptions, defaultBaseUri: string): TransportSettings {
  return {
    baseUri: readBaseUri(options.base_uri ?? defaultBaseUri, 'base_uri'),
    timeout: readTimeout(options.timeout ?? DEFAULT_TIMEOUT),
    retry: readRetry(options.retry),
    dispatcher: readDispatcher(options.dispatcher),
  }
}

/** The options of one call over those of its client. */
export function overrideTransport(settings: TransportSettings, options: TransportOptions): TransportSettings {
  const { base_uri, timeout, retry, dispatcher } = options
  if (base_uri === undefined && timeout === undefined && retry === undefined && dispatcher === undefined)
    return settings
  return {
    baseUri: base_uri === undefined ? settings.baseUri : readBaseUri(base_uri, 'base_uri'),
    timeout: timeout === undefined ? settings.timeout : readTimeout(timeout),
    retry: retry === undefined ? settings.retry : readRetry(retry),
    dispatcher: dispatcher === undefined ? settings.dispatcher : readDispatcher(dispatcher),
  }
}

// Plain http is for hosts of the user's: a simulator, a mock, a proxy within the network.
const WECHAT_PAY_HOST = /(?:^|\.)(?:weixin\.qq\.com|wechatpay\.cn|tenpay\.com)\.?$/

/** A base URI whose path ends in a slash, so that a path can follow it. */
export function readBaseUri(value: unknown, option: string): URL {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new InvalidArgumentError(
      `\`${option}\` must be an http or https URL without credentials, query or fragment, such as https://api.mch.weixin.qq.com/.`,
    )
  }
  if (url.protocol === 'http:' && WECHAT_PAY_HOST.test(url.hostname)) {
    throw new InvalidArgumentError(
      `\`${option}\` must be https for a host of WeChat Pay; got http, which sends signed requests and personal data in clear text. Write https://${url.host}/.`,
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** The address of a request, in the strings that undici takes. */
export interface Destination {
  /** Scheme, host and port. */
  readonly origin: string
  /** The path and query as they are sent, the base URI's prefix included. */
  readonly path: string
}

// A URL reads a target differently if it has characters other than these, a segment that begins with a dot, or an empty query.
const NOT_PLAIN = /[^\w\-.~%!$&()*+,;=:@/?]|\/(?:\.|%2e)|\?$/i

/** @throws InvalidArgumentError for a target (a path and query) that would arrive differently from how it is signed. */
export function destinationOf({ origin, pathname: prefix }: URL, target: string): Destination {
  const path = prefix.slice(0, -1) + target
  if (!NOT_PLAIN.test(target)) return { origin, path }
  const url = new URL(origin + path)
  if (url.origin === origin && url.pathname + url.search === path) return { origin, path }
  throw new InvalidArgumentError(
    `The path \`${target}\` must be a plain path and query: it would arrive as \`${url.pathname}\`. Percent-encode special characters.`,
  )
}

function readTimeout(timeout: unknown): number {
  if (typeof timeout === 'number' && timeout > 0 && timeout <= LONGEST_TIMEOUT) return timeout
  const found = typeof timeout === 'number' ? timeout : kindOf(timeout)
  throw new InvalidArgumentError(
    `\`timeout\` must be a positive number of milliseconds, at most ${LONGEST_TIMEOUT}; got ${found}.`,
  )
}

function readRetry(retry: TransportOptions['retry'] = NO_OPTIONS): RetryPolicy {
  if (retry === false) return { attempts: 1, repeatsStatus: () => false, methods: [] }
  if (typeof retry !== 'object' || retry === null) {
    throw new InvalidArgumentError(
      `\`retry\` must be false or an object { attempts, statuses, methods }; got ${kindOf(retry)}.`,
    )
  }
  refuseUnknownOptions(retry, ['attempts', 'statuses', 'methods'], '`retry`')
  const { attempts = 3, statuses, methods = ['GET'] } = bare(retry)
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 10) {
    throw new InvalidArgumentError(
      `\`retry.attempts\` must be an integer from 1 to 10, the first attempt included; got ${String(attempts)}.`,
    )
  }
  const isStatusList = statuses === undefined || (Array.isArray(statuses) && statuses.every(Number.isInteger))
  if (!isStatusList)
    throw new InvalidArgumentError('`retry.statuses` must be a list of HTTP status codes, such as [429, 503].')
  if (!Array.isArray(methods) || !methods.every(method => METHODS.has(method))) {
    throw new InvalidArgumentError(`\`retry.methods\` must be a list of ${[...METHODS].join(', ')}.`)
  }
  return {
    attempts,
    repeatsStatus: statuses ? status => statuses.includes(status) : status => status === 429 || status >= 500,
    methods,
  }
}

const NO_OPTIONS: RetryOptions = {}

const METHODS: ReadonlySet<unknown> = new Set<Method>(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

// Its handlers have different methods. Only its classes have this accessor.
function isOfUndici6(dispatcher: object): boolean {
  return 'interceptors' in dispatcher && !Object.hasOwn(dispatcher, 'interceptors')
}

function readDispatcher(dispatcher: TransportOptions['dispatcher']): TransportOptions['dispatcher'] {
  if (dispatcher === undefined) return undefined
  const isDispatcher = typeof dispatcher?.dispatch === 'function'
  if (isDispatcher && !isOfUndici6(dispatcher)) return dispatcher
  const found = isDispatcher ? `${kindOf(dispatcher)} of undici 6 or older` : kindOf(dispatcher)
  throw new InvalidArgumentError(
    `\`dispatcher\` must be a dispatcher of undici 7 or 8, such as an Agent, a ProxyAgent or a MockAgent; got ${found}.`,
  )
}
