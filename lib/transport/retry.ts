/** Tries a call again where that cannot do harm: when nothing was sent, or when the call only reads. */
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError, WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import { headerLine, type ResponseHeaders } from '../response.js'
import type { Clock, Deadline } from '../util/deadline.js'
import { isUnreachable } from './faults.js'
import type { IncomingResponse } from './send.js'
import type { RetryPolicy } from './settings.js'

export interface Attempt {
  /** 1 for the first. */
  number: number
  baseUri: URL
}

/** Milliseconds for which a host that could not be reached is left aside. */
const ASIDE = 30_000

const FULL_BUDGET = 500
const COST = 5
/** A time-out holds a connection for longer than anything else that fails. */
const COST_OF_TIMEOUT = 10
const REWARD = 1

/** What a client remembers of its calls, so that it does not make an outage worse. Durations are on the monotonic clock. */
export class Outages {
  readonly #now: () => number
  readonly #aside = new Map<string, number>()
  /** The remaining budget for retries. */
  budget = FULL_BUDGET

  constructor(now: () => number) {
    this.#now = now
  }

  leaveAside(host: URL): void {
    this.#aside.set(host.origin, this.#now() + ASIDE)
  }

  isAside(host: URL): boolean {
    return this.#aside.size > 0 && (this.#aside.get(host.origin) ?? 0) > this.#now()
  }

  noteReached(host: URL): void {
    if (this.#aside.size > 0) this.#aside.delete(host.origin)
  }

  noteSuccess(): void {
    if (this.budget < FULL_BUDGET) this.budget += REWARD
  }

  /** Whether there is budget for a retry, which it then uses up. */
  spend(cost: number): boolean {
    if (this.budget < cost) return false
    this.budget -= cost
    return true
  }
}

export interface RetryContext {
  method: Method
  policy: RetryPolicy
  /** The hosts: a different one is tried after one that could not be reached. */
  baseUris: readonly [URL, ...URL[]]
  deadline: Deadline
  outages: Outages
  clock: Pick<Clock, 'random' | 'sleep'>
  /** Called instead of a retry that the budget does not allow. */
  onBudgetSpent(): void
  onRetry(attempt: Attempt, outcome: Outcome, delay: number): void
}

const EARLIER = `An earlier attempt was sent. ${OUTCOME_UNKNOWN}`
const FIRST_DELAY = 250
const LONGEST_DELAY = 5_000

/**
 * Runs `attempt` until it succeeds or must not be repeated, and returns the last response, whatever its status. Marks the
 * deadline as `sent` as soon as an attempt was.
 *
 * @throws TransportError of the last attempt (as a rejection); its `sent` stands for all attempts. Any other error of an
 *   attempt ends the call, and says so if an earlier attempt was sent.
 */
export async function withRetry(
  context: RetryContext,
  attempt: (attempt: Attempt) => Promise<IncomingResponse>,
): Promise<IncomingResponse> {
  const { policy, clock, deadline, outages } = context
  let baseUri = firstHost(context)
  let tried: Set<URL> | undefined
  for (let number = 1; ; number++) {
    const current: Attempt = { number, baseUri }
    let outcome: Outcome
    try {
      outcome = await attempt(current)
    } catch (error) {
      if (!(error instanceof TransportError)) throw deadline.sent ? afterSent(error) : error
      outcome = error
    }
    if (!(outcome instanceof TransportError) || outcome.sent) {
      deadline.sent = true
      outages.noteReached(baseUri)
    }
    if (isSuccess(outcome)) outages.noteSuccess()
    const couldNotReach = outcome instanceof TransportError && isUnreachable(outcome)
    if (couldNotReach) outages.leaveAside(baseUri)
    if (number >= policy.attempts || !isRepeatable(outcome, context)) return settle(outcome, deadline.sent)
    let delay = delayOf(outcome, retryDelay(number, clock.random()))
    if (couldNotReach) {
      tried ??= new Set()
      tried.add(baseUri)
      baseUri = nextHost(baseUri, tried, context)
      if (!tried.has(baseUri)) delay = 0
    }
    if (!isAffordable(outcome, delay, context)) return settle(outcome, deadline.sent)
    context.onRetry(current, outcome, delay)
    if (delay > 0) await clock.sleep(delay, deadline.signal)
    deadline.requireNotAborted()
  }
}

type Outcome = TransportError | IncomingResponse

/** The host to begin with: the first that is not left aside. */
function firstHost({ baseUris, outages }: RetryContext): URL {
  return baseUris.find(baseUri => !outages.isAside(baseUri)) ?? baseUris[0]
}

/** The host after one that could not be reached: one that has not been tried yet, or the next in turn. */
function nextHost(current: URL, tried: ReadonlySet<URL>, { baseUris }: RetryContext): URL {
  const untried = baseUris.find(baseUri => !tried.has(baseUri))
  return untried ?? baseUris[(baseUris.indexOf(current) + 1) % baseUris.length] ?? current
}

/** Whether there is time and budget left for a retry. */
function isAffordable(outcome: Outcome, delay: number, context: RetryContext): boolean {
  const { deadline, outages } = context
  // One that has no time left is not begun.
  if (delay + 1 >= deadline.remaining()) return false
  if (outages.spend(isTimeout(outcome) ? COST_OF_TIMEOUT : COST)) return true
  context.onBudgetSpent()
  return false
}

function isSuccess(outcome: Outcome): boolean {
  return !(outcome instanceof TransportError) && outcome.statusCode < 500 && outcome.statusCode !== 429
}

function isTimeout(outcome: Outcome): boolean {
  if (!(outcome instanceof TransportError)) return outcome.statusCode === 408 || outcome.statusCode === 504
  const { cause } = outcome
  return cause instanceof Error && 'code' in cause && /TIMEOUT|TIMEDOUT/.test(String(cause.code))
}

/** The pause before a retry: what the response asks for, and no shorter than `least`. */
function delayOf(outcome: Outcome, least: number): number {
  return outcome instanceof TransportError ? least : Math.max(least, retryAfter(outcome.headers) ?? 0)
}

/** Milliseconds. A date is read by the clock that wrote it. */
function retryAfter(headers: ResponseHeaders): number | undefined {
  const value = headerLine(headers, 'retry-after')
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const wait = Date.parse(value) - Date.parse(headerLine(headers, 'date'))
  return Number.isNaN(wait) ? undefined : wait
}

/** Milliseconds: doubles from 250 to 5000, and half of it is random, so that clients do not return in step. */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1))
  return ceiling / 2 + (ceiling / 2) * random
}

function isRepeatable(outcome: Outcome, { method, policy }: RetryContext): boolean {
  const isHarmless = policy.methods.includes(method)
  if (!(outcome instanceof TransportError)) return isHarmless && policy.repeatsStatus(outcome.statusCode)
  if (!outcome.sent) return outcome.code === 'ERR_CONNECT'
  return isHarmless && outcome.code === 'ERR_CONNECTION_LOST'
}

function settle(outcome: Outcome, sent: boolean): IncomingResponse {
  if (!(outcome instanceof TransportError)) return outcome
  if (outcome.sent || !sent) throw outcome
  throw new TransportError(withEarlier(outcome), { code: outcome.code, sent, cause: outcome })
}

/** An error on our side that kept a later attempt from being sent, such as one of the signer. */
function afterSent(error: unknown): unknown {
  return error instanceof WechatPayError
    ? new WechatPayError(withEarlier(error), { code: error.code, cause: error })
    : error
}

// The last attempt was not sent, but the call was.
function withEarlier({ message }: WechatPayError): string {
  return `${message.replace(` ${NOTHING_SENT}`, '')} ${EARLIER}`
}
