/** `logs`: follows the requests of a simulator. A refused one is explained step by step. */
import { control, member, open } from './control.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import { oneLine, type Terminal } from './terminal.js'
import { type LoggedRequest, stepsOf } from './verification.js'

export interface LogsOptions {
  readonly url: string
  readonly tail: number
  readonly follow: boolean
  readonly json?: boolean
}

export async function logs(terminal: Terminal, options: LogsOptions): Promise<ExitCode> {
  const { url, tail, follow } = options
  const shown = new Set<number>()
  const showNew = async (most: number): Promise<void> => {
    const requests = await finishedRequests(terminal, url)
    const unseen = requests.filter(({ id }) => !shown.has(id))
    for (const request of unseen) shown.add(request.id)
    for (const request of most === 0 ? [] : unseen.slice(-most)) show(request, options, terminal)
  }
  if (!follow) {
    await showNew(tail)
    return EXIT.done
  }
  // Connect before reading the log, so that no request is missed in between.
  const { body } = await open(terminal, url, 'events', { signal: terminal.signal })
  try {
    await showNew(tail)
    for await (const _ of body ?? []) await showNew(Number.POSITIVE_INFINITY)
  } catch (error) {
    if (!terminal.signal.aborted && !hasEnded(error)) throw error
  }
  if (!terminal.signal.aborted) terminal.note(terminal.words.logs.ended(url))
  return EXIT.done
}

/** Whether the connection was lost because the simulator has stopped. */
function hasEnded(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Failure && error.exitCode === EXIT.unreachable)
}

async function finishedRequests(terminal: Terminal, url: string): Promise<readonly LoggedRequest[]> {
  const { body } = await control(terminal, url, 'requests')
  const requests = member(body, 'requests')
  return Array.isArray(requests) ? requests.filter(isFinished) : []
}

function isFinished(request: unknown): request is LoggedRequest {
  return typeof member(request, 'statusCode') === 'number' && typeof member(request, 'id') === 'number'
}

function show(request: LoggedRequest, { json }: LogsOptions, terminal: Terminal): void {
  if (json) {
    terminal.printJson(request)
    return
  }
  const { time, method, statusCode } = request
  const at = new Date(time).toLocaleTimeString('en-GB')
  const status = terminal.paint(statusCode < 400 ? 'green' : 'red', String(statusCode))
  terminal.print(`${terminal.paint('dim', at)} ${status} ${method} ${oneLine(request.path)}`)
  const marks = {
    passed: terminal.paint('green', '✓'),
    failed: terminal.paint('red', '✗'),
    open: terminal.paint('dim', '–'),
  }
  for (const { state, text, reasons } of stepsOf(request, terminal.words)) {
    terminal.print(`    ${marks[state]} ${oneLine(text)}`)
    for (const reason of reasons) terminal.print(`        ${oneLine(reason)}`)
  }
}
