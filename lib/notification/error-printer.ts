/** Prints errors to the console, so that forged messages cannot fill the log. */
import { WechatPayError } from '../errors.js'
import { statusOf } from './message.js'

const INTERVAL = 60_000

/**
 * A function that prints errors in full, except those that anyone can cause: these get one line a minute for each code.
 */
export function errorPrinter(): (error: unknown) => void {
  const printed = new Map<string, { at: number; omitted: number }>()
  return error => {
    if (!(error instanceof WechatPayError) || statusOf(error) >= 500) {
      console.error(error)
      return
    }
    const now = performance.now()
    const last = printed.get(error.code)
    if (last && now - last.at < INTERVAL) {
      last.omitted++
      return
    }
    printed.set(error.code, { at: now, omitted: 0 })
    const omitted = last?.omitted ? ` (${last.omitted} more since the last such line)` : ''
    console.error(`${error.name} ${error.code}: ${error.message}${omitted}`)
  }
}
