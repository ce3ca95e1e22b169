/** Waiting for what is not ours, such as a key or a signer, no longer than the call that needs it may take. */
import { NOTHING_SENT, OUTCOME_UNKNOWN, TransportError } from '../errors.js'

export interface Limits {
  /** Milliseconds. */
  timeout: number
  signal: unknown
  /** Whether the request has been sent, so that its outcome is unknown when the wait ends. */
  sent?: boolean
}

/**
 * What a promise brings, while there is time; it goes on by itself when there is none left, for whoever else waits.
 * @throws TransportError (as a rejection) `ERR_TIMEOUT` or `ERR_ABORTED`.
 */
export function within<T>(value: T | Promise<T>, limits: Limits): T | Promise<T> {
  return value instanceof Promise ? race(value, limits) : value
}

async function race<T>(value: Promise<T>, { timeout, signal, sent = false }: Limits): Promise<T> {
  const given = signal instanceof AbortSignal ? signal : undefined
  let stop = () => {}
  const end = new Promise<never>((_resolve, reject) => {
    const fail = (code: 'ERR_TIMEOUT' | 'ERR_ABORTED', what: string) =>
      reject(new TransportError(`${what} ${sent ? AFTER : BEFORE}`, { code, sent }))
    const onAbort = () => fail('ERR_ABORTED', 'The call was aborted by its signal')
    const timer = setTimeout(() => fail('ERR_TIMEOUT', 'The call timed out'), timeout)
    stop = () => {
      clearTimeout(timer)
      given?.removeEventListener('abort', onAbort)
    }
    if (given?.aborted) onAbort()
    else given?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([value, end])
  } finally {
    stop()
  }
}

const BEFORE = `while the request was prepared. ${NOTHING_SENT}`
const AFTER = `before the response was verified. ${OUTCOME_UNKNOWN}`
