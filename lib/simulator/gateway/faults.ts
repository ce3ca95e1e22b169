/** Misbehaviour on demand: rules that are used up one request at a time, in the order they were given. */
import { InvalidArgumentError } from '../../errors.js'
import { refuseUnknownOptions } from '../../util/unknown-options.js'
import type { ContentFault } from './file-delivery.js'

const STATUSES = [429, 500, 502, 503, 504] as const
const DROPS = ['request', 'answer'] as const
const CONTENTS = ['cut', 'flip'] as const satisfies readonly ContentFault[]
const SIGNATURES = ['headers', 'serial', 'mismatch', 'probe'] as const

/** A script for the next requests. What is combined in one rule happens to the same request. */
export interface Misbehaviour {
  /** How many requests it applies to. Default 1; `Infinity` until `behave()`. */
  times?: number
  /** Of the requests that match, every n-th: 50 for one of fifty. Default 1. */
  every?: number
  /** Which requests: by default every one that is properly signed. `path` may be a text (without query) or a pattern. */
  match?: { method?: string; path?: string | RegExp }
  /** Milliseconds before anything else happens; `Infinity` never answers. */
  latency?: number
  /**
   * An answer instead of what was asked for, which does not happen: 429 `FREQUENCY_LIMITED`, 500 `SYSTEM_ERROR`,
   * 503 and 504 `SERVICE_UNAVAILABLE`, signed; 502 is a gateway's HTML, unsigned.
   */
  status?: (typeof STATUSES)[number]
  /**
   * Cuts the connection without an answer: `'request'` when the request has been read and not acted upon, `'answer'`
   * when it has taken effect.
   */
  drop?: (typeof DROPS)[number]
  /**
   * What is wrong with the answer's signature, in the words of `SignatureError.reason`: `'headers'` are missing, the
   * `'serial'` is unknown, a `'mismatch'` with the body, a SIGNTEST `'probe'`.
   */
  signature?: (typeof SIGNATURES)[number]
  /** Seconds by which the answer's timestamp is ahead (or, negative, behind); it is signed properly. */
  clockSkew?: number
  /** What is wrong with the content of a download: it is `'cut'` half-way, or a bit of it is another. */
  content?: ContentFault
}

/** What is to happen to one request. */
export type Fault = Omit<Misbehaviour, 'times' | 'every' | 'match'>

interface Entry {
  readonly rule: Misbehaviour
  /** How many requests it still applies to. */
  left: number
  /** How many requests it has matched. */
  matched: number
}

export class Faults {
  #rules: Entry[] = []

  /** @throws InvalidArgumentError for a rule that cannot be meant. */
  add(rule: Misbehaviour): void {
    requireValid(rule)
    this.#rules.push({ rule: { ...rule }, left: rule.times ?? 1, matched: 0 })
  }

  clear(): void {
    this.#rules = []
  }

  /** Uses up the first rule that matches. */
  take(method: string, path: string): Fault {
    const entry = this.#rules.find(entry => matches(entry.rule, method, path) && isTurn(entry))
    if (entry === undefined) return {}
    entry.left -= 1
    if (entry.left === 0) this.#rules = this.#rules.filter(other => other !== entry)
    return entry.rule
  }
}

function isTurn(entry: Entry): boolean {
  entry.matched += 1
  return entry.matched % (entry.rule.every ?? 1) === 0
}

function matches({ match = {} }: Misbehaviour, method: string, path: string): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== method) return false
  if (match.path === undefined) return true
  return typeof match.path === 'string' ? match.path === path : path.search(match.path) >= 0
}

const OPTIONS: readonly (keyof Misbehaviour)[] = [
  'times',
  'every',
  'match',
  'latency',
  'status',
  'drop',
  'signature',
  'clockSkew',
  'content',
]

function requireValid({
  times = 1,
  every = 1,
  match = {},
  latency = 0,
  status,
  drop,
  signature,
  clockSkew = 0,
  content,
  ...unknown
}: Misbehaviour) {
  refuseUnknownOptions(unknown, OPTIONS, 'misbehave')
  if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && times > 0)) {
    refuse('times', times, 'a number of requests from 1 to Infinity')
  }
  if (!Number.isSafeInteger(every) || every < 1) refuse('every', every, 'a whole number from 1')
  if (!(latency >= 0)) refuse('latency', latency, 'milliseconds from 0 to Infinity')
  if (!Number.isSafeInteger(clockSkew)) refuse('clockSkew', clockSkew, 'whole seconds')
  requireValidMatch(match)
  requireOneOf('status', status, STATUSES)
  requireOneOf('drop', drop, DROPS)
  requireOneOf('signature', signature, SIGNATURES)
  requireOneOf('content', content, CONTENTS)
}

function requireValidMatch({ path, method, ...unknown }: NonNullable<Misbehaviour['match']>) {
  refuseUnknownOptions(unknown, ['method', 'path'], '`match`')
  if (method !== undefined && typeof method !== 'string') refuse('match.method', method, 'a text')
  if (path !== undefined && typeof path !== 'string' && !(path instanceof RegExp)) {
    refuse('match.path', path, 'a text or a pattern')
  }
}

function requireOneOf(option: string, found: unknown, values: readonly unknown[]): void {
  if (found !== undefined && !values.includes(found)) refuse(option, found, values.join(', '))
}

function refuse(option: string, found: unknown, expected: string): never {
  throw new InvalidArgumentError(`misbehave: \`${option}\` is ${String(found)}; expected ${expected}.`)
}
