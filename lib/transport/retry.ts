/** Tries a call again where that cannot do harm: when nothing was sent, or when the call only reads. */
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError, WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { Clock, Deadline } from '../util/deadline.js'
import type { IncomingResponse } from './send.js'
import type { RetryPolicy } from './settings.js'

export interface Attempt {
  /** 1 for the first. */
  number: number
  baseUri: URL
}

export interface RetryContext {
  method: Method
  policy: RetryPolicy
  /** The hosts, in turns: the next one is tried after a host that could not be reached. */
  baseUris: readonly [URL, ...URL[]]
  deadline: Deadline
  clock: Pick<Clock, 'random' | 'sleep'>
  onRetry(attempt: Attempt, outcome: TransportError | IncomingResponse, delay: number): void
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
  const { policy, baseUris, clock, deadline } = context
  let host = 0
  for (let number = 1; ; number++) {
    const baseUri = baseUris[host % baseUris.length] ?? baseUris[0]
    const current: Attempt = { number, baseUri }
    let outcome: TransportError | IncomingResponse
    try {
      outcome = await attempt(current)
    } catch (error) {
      if (!(error instanceof TransportError)) throw deadline.sent ? afterSent(error) : error
      outcome = error
    }
    if (outcome instanceof TransportError && !outcome.sent) host++
    else deadline.sent = true
    const delay = retryDelay(number, clock.random())
    const mayRepeat = number < policy.attempts && isRepeatable(outcome, context) && delay < deadline.remaining()
    if (!mayRepeat) return settle(outcome, deadline.sent)
    context.onRetry(current, outcome, delay)
    await clock.sleep(delay, deadline.signal)
    deadline.requireNotAborted()
  }
}

/** Milliseconds: doubles from 250 to 5000, and half of it is random, so that clients do not return in step. */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1))
  return ceiling / 2 + (ceiling / 2) * random
}

function isRepeatable(outcome: TransportError | IncomingResponse, { method, policy }: RetryContext): boolean {
  const isHarmless = policy.methods.includes(method)
  if (!(outcome instanceof TransportError)) return isHarmless && policy.repeatsStatus(outcome.statusCode)
  if (!outcome.sent) return outcome.code === 'ERR_CONNECT'
  return isHarmless && outcome.code === 'ERR_CONNECTION_LOST'
}

function settle(outcome: TransportError | IncomingResponse, sent: boolean): IncomingResponse {
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
