/** Controls a running simulator over HTTP, like a program in any language. */
import { EXIT, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

export interface ControlResponse {
  readonly isDone: boolean
  readonly body: unknown
}

/** @throws Failure if no simulator is there. */
export async function control(
  terminal: Terminal,
  url: string,
  name: string,
  { post, signal = terminal.signal }: { post?: unknown; signal?: AbortSignal } = {},
): Promise<ControlResponse> {
  const response = await open(terminal, url, name, {
    signal,
    ...(post !== undefined && {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(post),
    }),
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (body === undefined) throw new Failure(EXIT.failed, terminal.words.control.noSimulator(url))
  return { isDone: response.ok, body }
}

/** @throws Failure if no simulator is there. */
export async function open(terminal: Terminal, url: string, name: string, init: RequestInit): Promise<Response> {
  const { words } = terminal
  if (!URL.canParse(url)) throw new Failure(EXIT.usage, words.control.notUrl(url))
  try {
    return await fetch(new URL(`/_sim/${name}`, url), init)
  } catch (error) {
    if (terminal.signal.aborted) throw error
    throw new Failure(EXIT.unreachable, words.control.unreachable(url))
  }
}

/** A member of parsed JSON; undefined if it is missing. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
