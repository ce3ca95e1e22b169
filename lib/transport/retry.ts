/** Tries a call again where that cannot do harm: what was never sent, and what only reads. */
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError, WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import type { IncomingResponse } from './send.js'
import type { RetryPolicy } from './settings.js'

/** The time and the chance that a call runs on; specs bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 to 1, 1 excluded. */
  random(): number
  /** Resolves after that many milliseconds, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void>
}

export interface Attempt {
  /** 1 for the first time. */
  number: number
  baseUri: URL
  /** Milliseconds that are left of the call's timeout. */
  timeout: number
}

export interface RetryContext {
  method: Method
  policy: RetryPolicy
  /** Where to go, in turns: the next one after a host that could not be reached. */
  baseUris: readonly [URL, ...URL[]]
  timeout: number
  signal: AbortSignal | undefined
  clock: Clock
  onRetry(attempt: Attempt, cause: TransportError | IncomingResponse, delay: number): void
}

const EARLIER = `An earlier attempt was sent. ${OUTCOME_UNKNOWN}`
const FIRST_DELAY = 250
const LONGEST_DELAY = 5_000

/**
 * Runs `attempt` until it succeeds or trying again is not allowed, and gives the last answer, of whatever status.
 * @throws TransportError of the last attempt (as a rejection); its `sent` speaks for all attempts. What else an attempt
 *   throws ends the call, and says so when an earlier one was sent.
 */
export async function withRetry(
  context: RetryContext,
  attempt: (attempt: Attempt) => Promise<IncomingResponse>,
): Promise<IncomingResponse> {
  const { policy, baseUris, clock, signal } = context
  const deadline = clock.now() + context.timeout
  let host = 0
  let sent = false
  for (let number = 1; ; number++) {
    const baseUri = baseUris[host % baseUris.length] ?? baseUris[0]
    const current: Attempt = { number, baseUri, timeout: Math.max(1, deadline - clock.now()) }
    let outcome: TransportError | IncomingResponse
    try {
      outcome = await attempt(current)
    } catch (error) {
      if (!(error instanceof TransportError)) throw sent ? afterSent(error) : error
      outcome = error
    }
    if (outcome instanceof TransportError && !outcome.sent) host++
    else sent = true
    const delay = retryDelay(number, clock.random())
    const mayRepeat = number < policy.attempts && isRepeatable(outcome, context) && clock.now() + delay < deadline
    if (!mayRepeat) return settle(outcome, sent)
    context.onRetry(current, outcome, delay)
    await clock.sleep(delay, signal)
    if (signal?.aborted) {
      throw new TransportError(`The call was aborted by its signal. ${sent ? OUTCOME_UNKNOWN : NOTHING_SENT}`, {
        code: 'ERR_ABORTED',
        sent,
        cause: signal.reason,
      })
    }
  }
}

/** Doubles from 250 ms to 5 s; half of it is left to chance, so that clients do not come back in step. */
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
  throw new TransportError(`${EARLIER} ${outcome.message}`, { code: outcome.code, sent, cause: outcome })
}

/** What failed on our side before it could be sent again, such as a signer. */
function afterSent(error: unknown): unknown {
  return error instanceof WechatPayError
    ? new WechatPayError(`${EARLIER} ${error.message}`, { code: error.code, cause: error })
    : error
}
