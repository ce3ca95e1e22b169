import { expect, onTestFinished, vi } from 'vitest'
import { systemClock } from '../lib/util/deadline.js'

/** What a promise fails with, which it must. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  )
}

export async function readAll<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = []
  for await (const row of rows) all.push(row)
  return all
}

/** For the rest of the test, clients do not wait between attempts. */
export function skipPauses(): void {
  const sleep = vi.spyOn(systemClock, 'sleep').mockResolvedValue()
  onTestFinished(() => sleep.mockRestore())
}
