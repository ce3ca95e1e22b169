/** Faults on demand: rules that make matching requests fail. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import { type Random, seeded } from '../bills/random.js'
import type { ContentFault } from './file-response.js'

export const STATUSES = [429, 500, 502, 503, 504] as const
export const DROPS = ['request', 'response'] as const
export const CONTENTS = ['cut', 'flip'] as const satisfies readonly ContentFault[]
export const SIGNATURES = ['headers', 'serial', 'mismatch', 'probe'] as const

/** A rule for the next requests. Faults that one rule combines apply to the same request. */
export interface Misbehaviour {
  /** Number of requests that the rule applies to. Default 1; `Infinity` means until `behave()` is called. */
  times?: number
  /** Applies to every n-th matching request only, such as every fiftieth for 50. Default 1: to each. */
  every?: number
  /** Applies to a matching request with this probability, above 0 and up to 1. Default 1: to each. */
  probability?: number
  /** The seed of the random choices of `probability` and `jitter`; the same seed gives the same choices. Default 1. */
  seed?: number
  /**
   * The operations that the rule applies to, by method and path: `'POST /v3/refund/domestic/refunds'`. A placeholder stands
   * for any one segment, so that `'POST /v3/pay/transactions/{type}'` is an order of any kind; paths of APIv2 may begin with
   * `/v2`. Default: all.
   */
  operation?: string
  /**
   * Requests that the rule applies to. Default: all requests with a valid signature. A string as `path` must equal the
   * path without the query; a regular expression is searched for in that path.
   */
  match?: { method?: string; path?: string | RegExp }
  /** Milliseconds to wait before anything else happens. With `Infinity`, no response is ever sent. */
  latency?: number
  /** Up to this many milliseconds are added to `latency` at random. Default 0. */
  jitter?: number
  /**
   * Fails with this status, and the request has no effect. 429 `FREQUENCY_LIMITED`, 500 `SYSTEM_ERROR`, 503 and 504
   * `SERVICE_UNAVAILABLE` are signed; 502 is an unsigned HTML page, as proxies send it.
   */
  status?: (typeof STATUSES)[number]
  /**
   * Closes the connection without a response: `'request'` after the request has been read and before it takes effect,
   * `'response'` after it has taken effect.
   */
  drop?: (typeof DROPS)[number]
  /**
   * Makes the signature of the response invalid. The values are those of `SignatureError.reason`: `'headers'` omits the
   * signature headers, `'serial'` names an unknown key, `'mismatch'` signs a different body, `'probe'` sends a SIGNTEST
   * probe. APIv2 omits the `sign` for `'headers'`, and sends a wrong one for every other value.
   */
  signature?: (typeof SIGNATURES)[number]
  /** Seconds by which the timestamp of the response is ahead, or behind when negative. The signature is valid. */
  clockSkew?: number
  /** Damages the content of a download: `'cut'` truncates it, `'flip'` flips one bit. */
  content?: ContentFault
}

/** The faults of one request. */
export type Fault = Pick<Misbehaviour, 'latency' | 'status' | 'drop' | 'signature' | 'clockSkew' | 'content'>

/** A rule that still applies. */
export interface ActiveFault {
  readonly id: number
  readonly rule: Misbehaviour
  /** Number of requests that the rule still applies to. */
  readonly left: number
}

interface Entry extends ActiveFault {
  left: number
  /** Number of requests that have matched so far. */
  matched: number
  readonly random: Random
  readonly operation: RegExp | undefined
}

export class Faults {
  #rules: Entry[] = []
  #count = 0

  /** @throws InvalidArgumentError for an invalid or unknown option. */
  add(rule: Misbehaviour): void {
    requireValid(rule)
    this.#count += 1
    const { times = 1, seed = 1, operation } = rule
    this.#rules.push({
      id: this.#count,
      rule: { ...rule },
      left: times,
      matched: 0,
      random: seeded(`misbehave ${seed}`),
      operation: operation === undefined ? undefined : patternOf(operation),
    })
  }

  /** Oldest first. */
  get active(): readonly ActiveFault[] {
    return [...this.#rules]
  }

  /** Does nothing for a rule that no longer applies. */
  remove(id: number): void {
    this.#rules = this.#rules.filter(entry => entry.id !== id)
  }

  clear(): void {
    this.#rules = []
  }

  /** Returns the faults of the first matching rule, and counts one use of it. */
  take(method: string, path: string): Fault {
    const entry = this.#rules.find(entry => matches(entry, method, path) && isTurn(entry))
    if (entry === undefined) return {}
    entry.left -= 1
    if (entry.left === 0) this.#rules = this.#rules.filter(other => other !== entry)
    const { latency = 0, jitter = 0 } = entry.rule
    return jitter === 0 ? entry.rule : { ...entry.rule, latency: latency + jitter * chance(entry) }
  }
}

function isTurn(entry: Entry): boolean {
  const { every = 1, probability = 1 } = entry.rule
  entry.matched += 1
  return entry.matched % every === 0 && (probability === 1 || chance(entry) < probability)
}

/** From 0 to 1, 1 excluded. */
function chance({ random }: Entry): number {
  return random(2 ** 32) / 2 ** 32
}

const OPERATION = /^[a-z]+ (?:\/v2(?=\/))?(\/[^\s?]*)$/i

/** Matches the method and the path of a request. */
function patternOf(operation: string): RegExp {
  const [method = ''] = operation.split(' ')
  const [, path = ''] = OPERATION.exec(operation) ?? []
  const segments = path.split(/(\{[^{}/]*\})/).map((part, index) => (index % 2 ? '[^/]+' : escaped(part)))
  return new RegExp(`^${method.toUpperCase()} ${segments.join('')}$`)
}

function escaped(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function matches({ rule: { match = {} }, operation }: Entry, method: string, path: string): boolean {
  if (operation && !operation.test(`${method} ${path}`)) return false
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false
  if (match.path === undefined) return true
  return typeof match.path === 'string' ? match.path === path : path.search(match.path) >= 0
}

const OPTIONS: readonly (keyof Misbehaviour)[] = [
  'times',
  'every',
  'probability',
  'seed',
  'operation',
  'match',
  'latency',
  'jitter',
  'status',
  'drop',
  'signature',
  'clockSkew',
  'content',
]

function requireValid({
  times = 1,
  every = 1,
  probability = 1,
  seed = 1,
  operation = 'GET /',
  match = {},
  latency = 0,
  jitter = 0,
  status,
  drop,
  signature,
  clockSkew = 0,
  content,
  ...unknown
}: Misbehaviour) {
  refuseUnknownOptions(unknown, OPTIONS, 'misbehave')
  if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && times > 0)) {
    refuse('times', 'a positive integer or Infinity', times)
  }
  if (!Number.isSafeInteger(every) || every < 1) refuse('every', 'a positive integer', every)
  if (!(probability > 0 && probability <= 1)) refuse('probability', 'a number above 0 and up to 1', probability)
  if (!Number.isSafeInteger(seed)) refuse('seed', 'an integer', seed)
  if (typeof operation !== 'string' || !OPERATION.test(operation)) {
    refuse('operation', "a method and a path such as 'POST /v3/refund/domestic/refunds'", operation)
  }
  if (!(jitter >= 0 && jitter < Number.POSITIVE_INFINITY)) refuse('jitter', 'a number of milliseconds', jitter)
  if (!(latency >= 0)) refuse('latency', 'a number of milliseconds from 0 to Infinity', latency)
  if (!Number.isSafeInteger(clockSkew)) refuse('clockSkew', 'an integer number of seconds', clockSkew)
  requireValidMatch(match)
  requireOneOf('status', status, STATUSES)
  requireOneOf('drop', drop, DROPS)
  requireOneOf('signature', signature, SIGNATURES)
  requireOneOf('content', content, CONTENTS)
}

function requireValidMatch({ path, method, ...unknown }: NonNullable<Misbehaviour['match']>) {
  refuseUnknownOptions(unknown, ['method', 'path'], '`match`')
  if (method !== undefined && typeof method !== 'string') refuse('match.method', 'a string', method)
  if (path !== undefined && typeof path !== 'string' && !(path instanceof RegExp)) {
    refuse('match.path', 'a string or a regular expression', path)
  }
}

function requireOneOf(option: string, found: unknown, values: readonly unknown[]): void {
  if (found !== undefined && !values.includes(found)) refuse(option, `one of ${values.join(', ')}`, found)
}

function refuse(option: string, expected: string, found: unknown): never {
  throw new InvalidArgumentError(`\`${option}\` must be ${expected}; got ${String(found)}.`)
}
