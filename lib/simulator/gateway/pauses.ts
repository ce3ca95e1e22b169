/** Pauses for the `latency` fault. They end early when the simulator closes. */

export interface Pauses {
  /** Resolves to true after the given number of milliseconds, or to false when `cancel` is called first. */
  pause(milliseconds: number): Promise<boolean>
  /** Ends all current pauses, and every later one at once. */
  cancel(): void
}

/** `sleep` resolves after the given number of milliseconds. It is not called for `Infinity`. */
export function createPauses(sleep: (milliseconds: number) => Promise<unknown>): Pauses {
  const pending = new Set<(isOver: boolean) => void>()
  let isCancelled = false
  const pause = async (milliseconds: number): Promise<boolean> => {
    if (isCancelled) return false
    let end = (_isOver: boolean) => {}
    const ended = new Promise<boolean>((resolve, reject) => {
      end = resolve
      if (milliseconds !== Number.POSITIVE_INFINITY) sleep(milliseconds).then(() => resolve(true), reject)
    })
    pending.add(end)
    return ended.finally(() => pending.delete(end))
  }
  const cancel = () => {
    isCancelled = true
    for (const end of pending) end(false)
  }
  return { pause, cancel }
}
