/** `trigger`: a simulator sends a signed notification of any documented event. */
import { splitPair } from './call.js'
import { control, member } from './control.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import { oneLine, type Terminal } from './terminal.js'

export interface TriggerOptions {
  readonly url: string
  readonly to?: string
  /** `path=value` each. */
  readonly override: readonly string[]
  readonly json?: boolean
}

export async function trigger(terminal: Terminal, given: TriggerOptions & { event: string }): Promise<ExitCode> {
  const { words } = terminal
  const { event, to, url, override } = given
  const pairs = override.map(pair => splitPair(pair, '--override', terminal))
  const { isDone, body } = await control(terminal, url, 'trigger', {
    post: {
      event_type: event,
      ...(to !== undefined && { to }),
      override: Object.fromEntries(pairs.map(([path, value]) => [path, readValue(value)])),
    },
  })
  if (!isDone) throw new Failure(EXIT.usage, words.trigger.refused(String(member(body, 'message'))))
  const notification = member(body, 'notification')
  const isAcknowledged = member(notification, 'status') === 'acknowledged'
  if (given.json) terminal.printJson(notification)
  else {
    const attempt = member(member(notification, 'history'), '0')
    const response = member(attempt, 'response')
    const said = oneLine(String(member(response, 'body') ?? member(attempt, 'error') ?? ''))
    const target = String(member(notification, 'notify_url'))
    const statusCode = member(response, 'statusCode')
    terminal.print(
      isAcknowledged
        ? `${terminal.paint('green', '✓')} ${words.trigger.acknowledged(event, target, Number(statusCode))}`
        : `${terminal.paint('red', '✗')} ${words.trigger.notAcknowledged(event, target, statusCode === undefined ? undefined : Number(statusCode), said)}`,
    )
  }
  return isAcknowledged ? EXIT.done : EXIT.failed
}

/** Parses a value as JSON if it is JSON: `100` is a number, `"100"` and `abc` are strings. */
function readValue(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
