/** Specs share a process: each leaves what belongs to the process as it was. */
import process from 'node:process'
import { afterAll, beforeAll, expect, vi } from 'vitest'

const EVENTS = ['warning', 'unhandledRejection', 'uncaughtException', 'beforeExit', 'exit', 'SIGINT', 'SIGTERM']

function stateOfProcess() {
  return {
    environment: { ...process.env },
    folder: process.cwd(),
    listeners: EVENTS.map(event => [event, process.listenerCount(event)]),
    prototype: Object.getOwnPropertyNames(Object.prototype),
    hasFakeTimers: vi.isFakeTimers(),
  }
}

let before: ReturnType<typeof stateOfProcess>
beforeAll(() => {
  before = stateOfProcess()
})
afterAll(() => {
  expect(stateOfProcess()).toEqual(before)
})
