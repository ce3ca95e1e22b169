/** Runs something once for each notification, however often it is sent, and to however many processes. */
import { randomUUID } from 'node:crypto'
import { deleteIf, type Store } from '../stores/store.js'

const DONE = 'done'
/** Seconds that a claim lives without being renewed: so long a process that died keeps a notification to itself. */
const CLAIM = 30
/** Seconds that a notification is remembered: WeChat Pay sends it again for 24 hours. */
const MEMORY = 26 * 60 * 60

interface Options {
  store: Store
  /** The notification's. */
  id: string
  /** Told of a store that fails after the run, when the run itself is not to be undone. */
  onStoreFailure(cause: unknown): void
}

/**
 * Runs `run` unless it has run already. A run that throws is forgotten, so that the next notification tries again; so is
 * one whose process died, after half a minute.
 *
 * @returns whether it has run, now or before; false while another run, here or elsewhere, has not ended.
 * @throws what `run` throws, and what the store throws before it.
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
    await deleteIf(store, key, claim).catch(onStoreFailure)
    throw error
  }
  await renewal.end()
  await put(DONE, MEMORY)
  return true
}

/** Renews now and then until it is ended; what is under way then is waited for, so that it overwrites nothing later. */
function keepClaim(renew: () => Promise<void>): { end(): Promise<void> } {
  let renewing = Promise.resolve()
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew)
    },
    (CLAIM * 1000) / 3,
  )
  // Where timers are numbers there is no process to keep alive.
  if (typeof timer === 'object') timer.unref()
  return {
    end() {
      clearInterval(timer)
      return renewing
    },
  }
}
