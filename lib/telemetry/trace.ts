/** Reports calls to hooks and subscribers. Each call has a trace, which contains no data of the call. */
import { randomUUID } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import { type CallerId, callerId } from '../config/caller.js'
import type { Hooks } from '../config/hooks.js'
import type { Settings } from '../config/settings.js'
import { TransportError, WechatPayError } from '../errors.js'
import type { Method } from '../options.js'
import { withoutValues } from '../protocol/endpoints.js'
import { requestIdOf } from '../response.js'
import type { Attempt } from '../transport/retry.js'
import type { IncomingResponse } from '../transport/send.js'
import { type Deadline, systemClock } from '../util/deadline.js'

/** The message on the channel, at the start and the end of a call. */
export interface CallTrace {
  readonly id: string
  /** The merchant ID of a merchant's client. */
  readonly mchid?: string
  /** The brand ID of a brand's client. */
  readonly brand_id?: string
  readonly method: Method
  /** The path without the values of placeholders and without the query. */
  readonly path: string
  /** The scheme of {@link host}, `https:`. */
  protocol: string
  /** The host of the last attempt, with its port. */
  host: string
  /** The number of attempts so far. */
  attempt: number
  /** The status of the last response. */
  statusCode?: number | undefined
  requestId?: string | undefined
  /** Milliseconds; set at the end of the call. */
  duration?: number
  /** The error of a failed call. */
  error?: { readonly name: string; readonly code: string }
  /** For a failed call: whether the request may have reached WeChat Pay. */
  sent?: boolean
}

/**
 * The channel of all calls. `start` is published when a call starts, `asyncEnd` when it has ended, and `error` before
 * that if it failed; each with the same {@link CallTrace}.
 */
export const calls = tracingChannel<unknown, CallTrace>('wechatpay-chain:call')

/** The trace of one call that has a hook or a subscriber. */
export class Trace {
  readonly published: CallTrace
  /** Set once the call has one. */
  deadline: Deadline | undefined
  /** Whether a retry was skipped because the budget was spent. */
  #isBudgetSpent = false
  readonly #hooks: Hooks<CallerId>
  readonly #caller: CallerId
  readonly #started = systemClock.monotonic()

  constructor(method: Method, template: string, { caller, transport, hooks }: Settings) {
    const { protocol, host } = transport.baseUri
    this.#hooks = hooks
    this.#caller = callerId(caller)
    this.published = {
      id: randomUUID(),
      ...this.#caller,
      method,
      path: `/${withoutValues(template)}`,
      protocol,
      host,
      attempt: 0,
    }
  }

  noteAttempt({ number, baseUri }: Attempt): void {
    const { protocol, host } = baseUri
    Object.assign(this.published, { attempt: number, protocol, host, statusCode: undefined, requestId: undefined })
  }

  noteRequest(bytes: number): void {
    emit(this.#hooks.request, () => ({ ...this.#describe(), bytes }))
  }

  noteResponse({ statusCode, headers }: IncomingResponse, duration: number): void {
    const requestId = requestIdOf(headers)
    Object.assign(this.published, { statusCode, requestId })
    emit(this.#hooks.response, () => ({ ...this.#describe(), statusCode, requestId, duration }))
  }

  noteRetry(outcome: TransportError | IncomingResponse, delay: number, budget: number): void {
    const cause = outcome instanceof TransportError ? outcome : { statusCode: outcome.statusCode }
    emit(this.#hooks.retry, () => ({ ...this.#describe(), cause, delay, budget }))
  }

  noteBudgetSpent(): void {
    this.#isBudgetSpent = true
  }

  /** The fields that every hook gets. */
  #describe() {
    const { id, method, path, host, attempt } = this.published
    return { id, ...this.#caller, method, path, host, attempt }
  }

  /** Runs the call and reports its end. */
  run<Result>(call: () => Promise<Result>): Promise<Result> {
    const { published } = this
    const result = calls.start.runStores(published, call)
    calls.end.publish(published)
    const end = () => {
      calls.asyncStart.publish(published)
      calls.asyncEnd.publish(published)
    }
    return result.then(
      value => {
        published.duration = systemClock.monotonic() - this.#started
        end()
        return value
      },
      (error: unknown) => {
        this.#fail(error)
        end()
        throw error
      },
    )
  }

  #fail(error: unknown): void {
    const { published, deadline } = this
    const isBudgetSpent = this.#isBudgetSpent
    const { name, code } = error instanceof WechatPayError ? error : { name: 'Error', code: 'ERR_UNKNOWN' }
    const duration = systemClock.monotonic() - this.#started
    const sent = error instanceof TransportError ? error.sent : (deadline?.sent ?? false)
    Object.assign(published, { duration, sent, error: { name, code } })
    const { statusCode, requestId } = published
    const describe = () => ({ ...this.#describe(), code, statusCode, requestId, sent, duration, isBudgetSpent })
    emit(this.#hooks.failure, describe)
    calls.error.publish(published)
  }
}

/** Calls a hook, if there is one, with the result of `describe`. */
export function emit<Info>(hook: ((info: Info) => void) | undefined, describe: () => Info): void {
  if (!hook) return
  try {
    const returned: unknown = hook(describe())
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // Logging must not break a payment.
  }
}
