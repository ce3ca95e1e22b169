/** Races a promise against a timer and a signal. */

interface Limits {
  milliseconds: number
  signal?: AbortSignal | undefined
}

/**
 * The result of `work`, or of `end` when the time is up or the signal aborts before it. `work` itself is not stopped: other
 * callers may share it.
 */
export async function within<T>(
  work: Promise<T>,
  { milliseconds, signal }: Limits,
  end: (why: 'timeout' | 'abort') => T | Promise<T>,
): Promise<T> {
  let stop = () => {}
  const ended = new Promise<T>((resolve, reject) => {
    const settle = (why: 'timeout' | 'abort') => {
      try {
        resolve(end(why))
      } catch (error) {
        reject(error)
      }
    }
    const timer = setTimeout(settle, milliseconds, 'timeout')
    const onAbort = () => settle('abort')
    stop = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, ended])
  } finally {
    stop()
  }
}
