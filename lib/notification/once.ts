/** Handles each notification once, however often it is sent, and to however many processes. */
import { randomUUID } from 'node:crypto'
import { MemoryStore } from '../stores/memory-store.js'
import { deleteIf, type Store } from '../stores/store.js'
import { askStore } from '../util/deadline.js'

const DONE = 'done'
/**
 * Seconds that a claim lasts without renewal, so a process that dies blocks its notification for this long. More than the
 * 300 seconds by which clocks may differ: a store whose processes measure time by themselves keeps a claim that is alive.
 */
const CLAIM = 360
const RENEWAL = 30_000
/** Seconds that a notification is remembered: WeChat Pay sends it again for 24 hours. */
const MEMORY = 26 * 60 * 60

interface Options {
  store: Store
  /** Identifies the notification in the store. */
  key: string
  /** Called with the error of a store that fails after the run, which is not undone. */
  onStoreFailure(cause: unknown): void
}

/**
 * Calls `run` unless it has succeeded before. After a run that throws, the next delivery of the notification runs again;
 * after a process that died, a delivery more than six minutes later does so. Does not wait for a store that hangs.
 *
 * @returns whether the run has succeeded, now or before; false while a different run, in any process, has not ended.
 * @throws the error of `run`, and the error of a store that fails before it.
 */
export async function runOnce(options: Options, run: () => Promise<void>): Promise<boolean> {
  const { store, key } = options
  const claim = await takeClaim(options)
  if (claim === undefined) return (await ask(store, () => store.get(key))) === DONE
  const renewal = keepRenewing(() => store.set(key, claim, CLAIM), options)
  try {
    await run()
  } catch (error) {
    // A slow process may have lost its claim to a different one.
    await conclude(() => deleteIf(store, key, claim), renewal.stop(), options)
    throw error
  }
  await conclude(() => store.set(key, DONE, MEMORY), renewal.stop(), options)
  return true
}

type Write = () => Promise<void>

/** The value of the new claim; undefined if there is one already. */
async function takeClaim({ store, key }: Options): Promise<string | undefined> {
  const claim = randomUUID()
  const adding = start(() => store.add(key, claim, CLAIM))
  try {
    return (await ask(store, () => adding)) ? claim : undefined
  } catch (error) {
    // The store may grant the claim later, or have granted it and lost the response. Nothing else would release it.
    adding
      .catch(() => {})
      .then(() => deleteIf(store, key, claim))
      .catch(() => {})
    throw error
  }
}

/** Renews a claim at intervals until `stop`, which returns the renewals that the store has not responded to. */
function keepRenewing(renew: Write, { store, onStoreFailure }: Options): { stop(): Promise<unknown> | undefined } {
  const pending = new Set<Promise<void>>()
  const stop = repeat(() => {
    const renewing = start(renew).finally(() => pending.delete(renewing))
    pending.add(renewing)
    ask(store, () => renewing).catch(onStoreFailure)
  })
  return {
    stop() {
      stop()
      return pending.size > 0 ? Promise.allSettled(pending) : undefined
    },
  }
}

/**
 * Writes the result of a run. If that fails, it is tried again while the claim is valid, and in any case after the
 * pending renewals, which could overwrite it.
 */
async function conclude(write: Write, renewals: Promise<unknown> | undefined, options: Options): Promise<void> {
  const isWritten = await attempt(write, options)
  if (isWritten && !renewals) return
  let rest = (CLAIM * 1000) / RENEWAL
  const retry = async () => {
    if ((await attempt(write, options)) || --rest === 0) stop()
  }
  const stop = repeat(retry)
  renewals?.then(retry)
}

async function attempt(write: Write, { store, onStoreFailure }: Options): Promise<boolean> {
  try {
    await ask(store, write)
    return true
  } catch (cause) {
    onStoreFailure(cause)
    return false
  }
}

/** As {@link askStore}, but without a timer for the memory of this process, which responds at once. */
function ask<T>(store: Store, access: () => Promise<T>): Promise<T> {
  return store instanceof MemoryStore ? access() : askStore(access)
}

/** Makes the promise also where the store throws. */
async function start<T>(access: () => Promise<T>): Promise<T> {
  return await access()
}

/** Calls `run` every 30 seconds, until the returned function is called. */
function repeat(run: () => unknown): () => void {
  const timer = setInterval(run, RENEWAL)
  // Some platforms have timers that are numbers, and no process to keep alive.
  if (typeof timer === 'object') timer.unref()
  return () => clearInterval(timer)
}
