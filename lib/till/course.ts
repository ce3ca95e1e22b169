/**
 * The course of a payment by code: pay, query while it is not decided, reverse when the time is up. Whatever goes wrong, there
 * is one order, since every request has its number; and an outcome says only what is certain.
 */
import { InvalidArgumentError, OutcomeUnknownError, TransportError } from '../errors.js'
import type { Clock } from '../util/deadline.js'
import { isAbsent, mustReverseAgain, payFailure, reasonOf } from './failures.js'
import type { CodePayment, CodePayProgress, CodePayState, OrderCalls, Reason, Report } from './payment.js'

export interface CourseOptions {
  /** Milliseconds from the beginning until an order that is not decided is reversed. */
  readonly wait: number
  /** Milliseconds between two requests about it. */
  readonly interval: number
  readonly signal: AbortSignal | undefined
  /** Whether an earlier payment with the number ended in an unknown outcome. */
  readonly isResumed: boolean
  readonly onState: (progress: CodePayProgress) => void
}

type Timing = Pick<Clock, 'monotonic' | 'sleep'>

/** How often a reversal is asked for. */
const MOST_REVERSALS = 10

/**
 * @throws OutcomeUnknownError (as a rejection) if neither a query nor a reversal decided it; InvalidArgumentError for a request
 *   that cannot be sent.
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
  /** Whether an order with the number, if there is one, is that of this payment. No other one may be reversed. */
  #isOurs: boolean
  /** Whether WeChat Pay said that there is an order. */
  #exists = false
  /** Whether the payment may be sent again if there is no order: nothing was decided about it. */
  #mayRepeat = true
  /** When a payment without a response ended: it may still be on its way. */
  #unansweredAt = Number.NEGATIVE_INFINITY

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
    // What was paid while the till aborted is paid back.
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

  /** Waits for the next question. Returns whether it is the last one. */
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
    if (failure === 'unknown') this.#unansweredAt = this.#clock.monotonic()
    if (failure === 'pending') this.#exists = true
    if (failure === 'unknown' || failure === 'pending') this.#isOurs = true
    // A refusal says nothing about a payment before it, which may have used the code up.
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

  /** What WeChat Pay says about the order; undefined if nothing that counts. */
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

  // A signature does not cover the question: the response to a different one could be played back.
  #isAbout({ outTradeNo = this.#calls.outTradeNo }: Report<Order>): boolean {
    return outTradeNo === this.#calls.outTradeNo
  }

  /** Whether the order is of a different payment, for which the number was used before. */
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
        // So that nothing can pay it any more.
        return this.#reverse('failed')
      default:
        return undefined
    }
  }

  /** Ends the order. `outcome` is that of an order that could be ended. */
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

  // A reversal that overtakes its payment would find no order, and the payment would be carried out after it.
  async #letArrive(): Promise<void> {
    const left = this.#unansweredAt + this.#options.interval - this.#clock.monotonic()
    if (left > 0) await this.#clock.sleep(left)
  }

  /** The outcome after a reversal that was refused: the order may be paid, reversed before, or none. */
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
