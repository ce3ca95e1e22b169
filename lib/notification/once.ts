/** Handles each notification once, however often it is sent, and to however many processes. */
import { randomUUID } from 'node:crypto'
import { deleteIf, type Store } from '../stores/store.js'

const DONE = 'done'
/** Seconds that a claim lasts without renewal: a process that dies blocks its notification for this long. */
const CLAIM = 30
/** Seconds that a notification is remembered: WeChat Pay sends it again for 24 hours. */
const MEMORY = 26 * 60 * 60

interface Options {
  store: Store
  /** The notification's. */
  id: string
  /** Called with the error of a store that fails after the run, which is not undone. */
  onStoreFailure(cause: unknown): void
}

/**
 * Calls `run` unless it has succeeded before. After a run that throws, the next delivery of the notification runs again;
 * after a process that died, the next delivery does so half a minute later.
 *
 * @returns whether the run has succeeded, now or before; false while a different run, in any process, has not ended.
 * @throws the error of `run`, and the error of a store that fails before it.
 */
export async function runOnce({ store, id, onStoreFailure }: Options, run: () => Promise<void>): Promise<boolean> {
  const key = `wechatpay-chain:notification:${id}`
  const claim = randomUUID()
  if (!(await store.add(key, claim, CLAIM))) return (await store.get(key)) === DONE
  const put = async (value: string, ttl: number) => {
    try {
      await store.set(key, value, ttl)
    } catch (cause) {
      onStoreFailure(cause)
    }
  }
  const renewal = keepClaim(() => put(claim, CLAIM))
  try {
    await run()
  } catch (error) {
    await renewal.end()
    // A slow process may have lost its claim to a different one.
    await deleteIf(store, key, claim).catch(onStoreFailure)
    throw error
  }
  await renewal.end()
  await put(DONE, MEMORY)
  return true
}

/** Calls `renew` at intervals until `end`, which waits for a pending renewal so that it cannot overwrite a later value. */
function keepClaim(renew: () => Promise<void>): { end(): Promise<void> } {
  let renewing = Promise.resolve()
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew)
    },
    (CLAIM * 1000) / 3,
  )
  // Some platforms have timers that are numbers, and no process to keep alive.
  if (typeof timer === 'object') timer.unref()
  return {
    end() {
      clearInterval(timer)
      return renewing
    },
  }
}
