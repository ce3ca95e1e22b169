/** The connection pool: one for the process, opened by the first request, since connections hold nothing of a merchant's. */
import type { ConnectionOptions } from 'node:tls'
import type { Agent as UndiciAgent } from 'undici'
// Undici's index loads five times as many modules as its agent needs, which cold starts would pay for.
import Agent from 'undici/lib/dispatcher/agent.js'

const CONNECT_TIMEOUT = 5_000

let pool: UndiciAgent | undefined

export function sharedAgent(): UndiciAgent {
  pool ??= createAgent()
  return pool
}

export function createAgent(tls: Pick<ConnectionOptions, 'secureContext'> = {}): UndiciAgent {
  return new Agent({ connect: { timeout: CONNECT_TIMEOUT, ...tls } })
}
