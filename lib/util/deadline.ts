/** The clock that a client runs on, and waiting no longer than a call may take. */
import type { Readable } from 'node:stream'
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError, WechatPayError } from '../errors.js'
import type { EpochMilliseconds } from './beijing-time.js'
import { onAbort } from './on-abort.js'

export interface Clock {
  /** The wall clock: for signatures and validity. */
  now(): EpochMilliseconds
  /** Milliseconds from an arbitrary start: for durations, since this clock is never set. */
  monotonic(): number
  /** From 0 to 1, 1 excluded. */
  random(): number
  /** Resolves after that many milliseconds, or as soon as the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: performance.now.bind(performance),
  random: Math.random,
  sleep: (milliseconds, signal) => (signal?.aborted ? Promise.resolve() : sleep(milliseconds, signal)),
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(end, milliseconds)
    const stopListening = signal && onAbort(signal, end)
    function end() {
      clearTimeout(timer)
      stopListening?.()
      resolve()
    }
  })
}

type End = 'timeout' | 'abort'

interface Limits {
  milliseconds: number
  signal?: AbortSignal | undefined
}

/**
 * The result of `work`, or of `end` if the time is up or the signal aborts first. `work` itself is not stopped: other
 * callers may share it.
 */
export function within<T>(
  work: Promise<T>,
  { milliseconds, signal }: Limits,
  end: (why: End) => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (why: End) => {
      stop()
      resolve(Promise.resolve(why).then(end))
    }
    const abort = () => finish('abort')
    const timer = setTimeout(finish, milliseconds, 'timeout')
    const stopListening = signal && !signal.aborted ? onAbort(signal, abort) : undefined
    const stop = () => {
      clearTimeout(timer)
      stopListening?.()
    }
    work.then(
      result => {
        stop()
        resolve(result)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
    if (signal?.aborted) abort()
  })
}

const STORE_TIMEOUT = 2_000

/**
 * Asks a store, but does not wait longer than 2 seconds: a store that is down must not stop anything else.
 *
 * @throws the error of the store, or WechatPayError `ERR_STORE_TIMEOUT` (as a rejection).
 */
export async function askStore<T>(access: () => Promise<T>): Promise<T> {
  return within(access(), { milliseconds: STORE_TIMEOUT }, () => {
    throw new WechatPayError(`The \`store\` did not respond within ${STORE_TIMEOUT} ms. Check the connection to it.`, {
      code: 'ERR_STORE_TIMEOUT',
    })
  })
}

/** Node ends a longer timer at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * The delay of a timer that ends a wait. Node keeps timers of the same delay in one list; rounded up, by a sixty-fourth at
 * most, calls share a few lists.
 */
export function timerDelay(milliseconds: number): number {
  const step = 1 << Math.max(0, 25 - Math.clz32(milliseconds))
  return Math.min(Math.ceil(milliseconds / step) * step, LONGEST_TIMER)
}

interface DeadlineOptions {
  /** Milliseconds for the whole call. */
  timeout: number
  signal?: AbortSignal | undefined
  /** A monotonic clock, in milliseconds. */
  now?: () => number
}

/** When one call must have ended, and what that means for its request. Created once for each call. */
export class Deadline {
  readonly signal: AbortSignal | undefined
  /** Whether the request may have reached WeChat Pay, so that its outcome is unknown when the time is up. */
  sent = false
  readonly #now: () => number
  readonly #end: number

  constructor({ timeout, signal, now = systemClock.monotonic }: DeadlineOptions) {
    this.signal = signal
    this.#now = now
    this.#end = now() + timeout
  }

  /** Milliseconds; 1 when the time is up, which still ends a wait. */
  remaining(): number {
    return Math.max(1, this.#end - this.#now())
  }

  /**
   * What `value` resolves to, before the deadline; a value that is not a promise is returned at once.
   *
   * @throws TransportError (as a rejection) `ERR_TIMEOUT` or `ERR_ABORTED`.
   */
  wait<T>(value: T | Promise<T>): T | Promise<T> {
    if (!(value instanceof Promise)) return value
    return within(value, { milliseconds: timerDelay(this.remaining()), signal: this.signal }, why => this.#fail(why))
  }

  /**
   * What `read` returns for a stream, before the deadline. If that fails, the stream is closed.
   *
   * @throws TransportError (as a rejection) as {@link wait} does, and the errors of `read`.
   */
  async read<T>(stream: Readable, read: (stream: Readable) => Promise<T>): Promise<T> {
    try {
      return await this.wait(read(stream))
    } catch (error) {
      stream.destroy()
      throw error
    }
  }

  /** @throws TransportError `ERR_ABORTED` if the signal has aborted. */
  requireNotAborted(): void {
    if (this.signal?.aborted) this.#fail('abort')
  }

  #fail(why: End): never {
    const { sent, signal } = this
    const what = why === 'abort' ? 'The call was aborted by its signal' : 'The call timed out'
    const when = sent ? 'before the response was verified' : 'while the request was prepared'
    throw new TransportError(`${what} ${when}. ${sent ? OUTCOME_UNKNOWN : NOTHING_SENT}`, {
      code: why === 'abort' ? 'ERR_ABORTED' : 'ERR_TIMEOUT',
      sent,
      cause: why === 'abort' ? signal?.reason : undefined,
    })
  }
}
