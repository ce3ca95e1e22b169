/** How requests travel: the options checked, and the defaults. */
import { InvalidArgumentError } from '../errors.js'
import type { Method, TransportOptions } from '../options.js'
import { refuseUnknownOptions } from '../util/unknown-options.js'

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

/** A base URI whose path ends in a slash, so that a path can follow it. */
export function readBaseUri(value: unknown, option: string): URL {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new InvalidArgumentError(
      `\`${option}\` must be an http or https URL without credentials, query or fragment, such as https://api.mch.weixin.qq.com/.`,
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function readTimeout(timeout: unknown): number {
  if (typeof timeout === 'number' && timeout > 0 && timeout <= LONGEST_TIMEOUT) return timeout
  throw new InvalidArgumentError('`timeout` must be a positive number of milliseconds, at most 2147483647.')
}

function readRetry(retry: TransportOptions['retry'] = {}): RetryPolicy {
  if (retry === false) return { attempts: 1, repeatsStatus: () => false, methods: [] }
  if (typeof retry !== 'object' || retry === null) {
    throw new InvalidArgumentError('`retry` must be false, or an object { attempts, statuses, methods }.')
  }
  refuseUnknownOptions(retry, ['attempts', 'statuses', 'methods'], '`retry`')
  const { attempts = 3, statuses, methods = ['GET'] } = retry
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 10) {
    throw new InvalidArgumentError('`retry.attempts` must be an integer from 1 to 10, the first attempt included.')
  }
  const isStatusList = statuses === undefined || (Array.isArray(statuses) && statuses.every(Number.isInteger))
  if (!isStatusList)
    throw new InvalidArgumentError('`retry.statuses` must be a list of HTTP statuses, such as [429, 503].')
  if (!Array.isArray(methods) || !methods.every(method => METHODS.has(method))) {
    throw new InvalidArgumentError(`\`retry.methods\` must be a list of ${[...METHODS].join(', ')}.`)
  }
  return {
    attempts,
    repeatsStatus: statuses ? status => statuses.includes(status) : status => status === 429 || status >= 500,
    methods,
  }
}

const METHODS: ReadonlySet<unknown> = new Set<Method>(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

function readDispatcher(dispatcher: TransportOptions['dispatcher']): TransportOptions['dispatcher'] {
  if (dispatcher === undefined || typeof dispatcher?.dispatch === 'function') return dispatcher
  throw new InvalidArgumentError('`dispatcher` must be an undici Dispatcher: an Agent, a ProxyAgent, a MockAgent.')
}
