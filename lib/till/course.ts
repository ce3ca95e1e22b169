/**
 * The course of a payment by code: pay, query until it is decided, reverse when the time is up. All requests have the
 * same order number, so there is only one order. An outcome is returned only when it is certain.
 */
import { InvalidArgumentError, OutcomeUnknownError, TransportError } from '../errors.js'
import type { Clock } from '../util/deadline.js'
import { isAbsent, mustReverseAgain, payFailure, reasonOf } from './failures.js'
import type { CodePayment, CodePayProgress, CodePayState, OrderCalls, Reason, Report } from './payment.js'

export interface CourseOptions {
  /** Milliseconds from the start until an undecided order is reversed. */
  readonly wait: number
  /** Milliseconds between two requests. */
  readonly interval: number
  readonly signal: AbortSignal | undefined
  /** Whether an earlier payment with this number had an unknown outcome. */
  readonly isResumed: boolean
  readonly onState: (progress: CodePayProgress) => void
}

type Timing = Pick<Clock, 'monotonic' | 'sleep'>

/** The maximum number of reversal requests. */
const MOST_REVERSALS = 10

/**
 * @throws OutcomeUnknownError (as a rejection) if neither a query nor a reversal decided it; InvalidArgumentError for
 *   an invalid request.
 */
export function takePayment<Order>(
  calls: OrderCalls<Order>,
  options: CourseOptions,
  clock: Timing,
): Promise<CodePayment<Order>> {
  return new Course(calls, options, clock).run()
}

class Course<Order> {
  readonly #calls: OrderCalls<Order>
  readonly #options: CourseOptions
  readonly #clock: Timing
  readonly #begun: number
  #found: Reason | undefined
  /** Whether a payment may have reached WeChat Pay. */
  #isSent: boolean
  /**
   * Whether an order with this number, if there is one, belongs to this payment. A different order must not be
   * reversed.
   */
  #isOurs: boolean
  /** Whether a response has shown that the order exists. */
  #exists = false
  /** Whether the payment may be sent again if there is no order, because it was not decided. */
  #mayRepeat = true
  /** When a payment without a response ended: the request may still arrive. */
  #noResponseAt = Number.NEGATIVE_INFINITY

  constructor(calls: OrderCalls<Order>, options: CourseOptions, clock: Timing) {
    this.#calls = calls
    this.#options = options
    this.#clock = clock
    this.#begun = clock.monotonic()
    this.#isSent = options.isResumed
    this.#isOurs = options.isResumed
  }

  async run(): Promise<CodePayment<Order>> {
    const decided = await this.#payAndWait()
    // A payment that succeeds after the abort is reversed.
    const mustReverse = !decided || (decided.outcome === 'paid' && this.#isAborted)
    const outcome = mustReverse ? await this.#reverse('reversed') : decided
    this.#tell(outcome.outcome)
    return outcome
  }

  async #payAndWait(): Promise<CodePayment<Order> | undefined> {
    if (this.#isAborted) return undefined
    let decided = await this.#ask(false)
    for (let isLast = false; !decided && !isLast && !this.#isAborted; ) {
      isLast = await this.#pause()
      if (!this.#isAborted) decided = await this.#ask(isLast)
    }
    return decided
  }

  get #isAborted(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  /** Waits until the next query. Returns whether it is the last one. */
  async #pause(): Promise<boolean> {
    const { wait, interval, signal } = this.#options
    const left = Math.max(0, this.#begun + wait - this.#clock.monotonic())
    this.#tell('waiting')
    await this.#clock.sleep(Math.min(interval, left), signal)
    return left <= interval
  }

  async #pay(): Promise<CodePayment<Order> | undefined> {
    this.#tell('paying')
    let report: Report<Order>
    try {
      report = await this.#calls.pay()
    } catch (error) {
      if (error instanceof InvalidArgumentError && !this.#isSent) throw error
      this.#found = reasonOf(error)
      return this.#afterFailure(error)
    }
    this.#isSent = true
    this.#isOurs = true
    this.#mayRepeat = false
    return this.#isAbout(report) ? this.#judge(report) : undefined
  }

  async #afterFailure(error: unknown): Promise<CodePayment<Order> | undefined> {
    const failure = payFailure(error)
    if (failure === 'unsent') return undefined
    const isOnly = !this.#isSent
    this.#isSent = true
    this.#mayRepeat = failure === 'unknown'
    if (failure === 'unknown') this.#noResponseAt = this.#clock.monotonic()
    if (failure === 'pending') this.#exists = true
    if (failure === 'unknown' || failure === 'pending') this.#isOurs = true
    // A refusal does not decide an earlier payment, which may have used up the code.
    if (failure === 'refused' && isOnly) return this.#end('failed')
    return failure === 'doubtful' ? this.#query({ isLast: false }) : undefined
  }

  async #ask(isLast: boolean): Promise<CodePayment<Order> | undefined> {
    if (this.#isSent) return this.#query({ isLast })
    return isLast ? undefined : this.#pay()
  }

  async #query({ isLast }: { isLast: boolean }): Promise<CodePayment<Order> | undefined> {
    const report = await this.#look(this.#options.signal)
    if (report === undefined) return undefined
    if (report !== ABSENT) return this.#isOther(report) ? this.#numberUsed() : this.#judge(report)
    if (!this.#isOurs) return this.#end('failed')
    return this.#mayRepeat && !isLast ? this.#pay() : undefined
  }

  /** The order that WeChat Pay returns; undefined if the response decides nothing. */
  async #look(signal?: AbortSignal): Promise<Report<Order> | typeof ABSENT | undefined> {
    this.#tell('querying')
    try {
      const report = await this.#calls.query(signal)
      return this.#isAbout(report) ? report : undefined
    } catch (error) {
      if (isAbsent(error)) return ABSENT
      this.#found = reasonOf(error)
      return undefined
    }
  }

  // A signature does not cover the request, so an attacker could replay the response to a different one.
  #isAbout({ outTradeNo = this.#calls.outTradeNo }: Report<Order>): boolean {
    return outTradeNo === this.#calls.outTradeNo
  }

  /** Whether the order belongs to an earlier payment with the same number. */
  #isOther({ total }: Report<Order>): boolean {
    return !this.#exists && total !== undefined && total !== this.#calls.total
  }

  #numberUsed(): CodePayment<Order> {
    return this.#end('failed', { reason: 'OUT_TRADE_NO_USED' })
  }

  async #judge({ order, state }: Report<Order>): Promise<CodePayment<Order> | undefined> {
    this.#isOurs = true
    this.#exists = true
    if (state !== undefined) this.#found = { reason: state }
    switch (state) {
      case 'SUCCESS':
        return { outcome: 'paid', order }
      case 'REVOKED':
      case 'REFUND':
        return this.#end('reversed')
      case 'CLOSED':
        return this.#end('failed')
      case 'PAYERROR':
        // Afterwards the order can no longer be paid.
        return this.#reverse('failed')
      default:
        return undefined
    }
  }

  /** Reverses the order. `outcome` applies if the reversal succeeds. */
  async #reverse(outcome: 'reversed' | 'failed'): Promise<CodePayment<Order>> {
    const why = this.#isAborted ? abortReason(this.#options.signal) : this.#found
    if (!this.#isSent) return this.#end('failed', why)
    if (!this.#isOurs) throw this.#unknown()
    await this.#letArrive()
    for (let count = 1; count <= MOST_REVERSALS; count++) {
      this.#tell('reversing')
      try {
        const { mustRepeat } = await this.#calls.reverse()
        if (!mustRepeat) return this.#end(outcome, why)
      } catch (error) {
        this.#found = reasonOf(error)
        const ended = mustReverseAgain(error) ? undefined : await this.#lookAfter(outcome, why)
        if (ended) return ended
      }
      if (count < MOST_REVERSALS) await this.#clock.sleep(this.#options.interval)
    }
    const ended = await this.#lookAfter(outcome, why)
    if (ended) return ended
    throw this.#unknown()
  }

  // If the reversal arrived before the payment, it would find no order, and the payment would then succeed.
  async #letArrive(): Promise<void> {
    const left = this.#noResponseAt + this.#options.interval - this.#clock.monotonic()
    if (left > 0) await this.#clock.sleep(left)
  }

  /** The outcome after a refused reversal: the order may be paid, already reversed, or missing. */
  async #lookAfter(outcome: 'reversed' | 'failed', why: Reason | undefined): Promise<CodePayment<Order> | undefined> {
    const report = await this.#look()
    if (report === undefined) return undefined
    if (report === ABSENT) return this.#exists ? undefined : this.#end('failed', why)
    if (this.#isOther(report)) return this.#numberUsed()
    switch (report.state) {
      case 'SUCCESS':
        return { outcome: 'paid', order: report.order }
      case 'REVOKED':
      case 'REFUND':
      case 'CLOSED':
        return this.#end(outcome, why)
      case 'PAYERROR':
        return this.#end('failed', { reason: report.state })
      default:
        return undefined
    }
  }

  #end(outcome: 'failed' | 'reversed', why = this.#found): CodePayment<Order> {
    return { outcome, ...(why ?? { reason: 'ERR_UNKNOWN' }) }
  }

  #unknown(): OutcomeUnknownError {
    return new OutcomeUnknownError(this.#calls.outTradeNo, { cause: this.#found?.cause })
  }

  #tell(state: CodePayState): void {
    this.#options.onState({
      state,
      out_trade_no: this.#calls.outTradeNo,
      reason: this.#found?.reason,
      elapsed: this.#clock.monotonic() - this.#begun,
    })
  }
}

const ABSENT = Symbol('no order')

function abortReason(signal: AbortSignal | undefined): Reason {
  const cause = new TransportError('The payment was aborted by its signal.', {
    code: 'ERR_ABORTED',
    sent: false,
    cause: signal?.reason,
  })
  return { reason: cause.code, cause }
}
