/** Listens to a signal that many calls may share: Node warns of a leak when a signal has more than ten listeners. */

/** The functions that each signal calls, all with one listener. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `callback` when the signal aborts; not if it has aborted already. Returns a function that stops listening. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listenTo(signal)
  // A function of its own, so that the same callback may be given twice.
  const call = () => callback()
  callbacks.add(call)
  return () => {
    callbacks.delete(call)
    if (callbacks.size > 0 || waiting.get(signal) !== callbacks) return
    waiting.delete(signal)
    signal.removeEventListener('abort', run)
  }
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  signal.addEventListener('abort', run, { once: true })
  return callbacks
}

function run(this: AbortSignal): void {
  const callbacks = waiting.get(this) ?? []
  waiting.delete(this)
  for (const callback of callbacks) callback()
}
