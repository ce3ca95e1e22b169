/** Whether a notification arrives, is genuine, and can be decrypted: the echo endpoint sends one on request. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, Notification, SignatureError, type WechatPay } from '../../index.js'
import { type Configuration, hostOf, isThisMachine } from '../configuration.js'
import { close, portOf, type Received, serve } from '../server.js'
import type { Terminal } from '../terminal.js'
import { reportFailure } from './failures.js'
import type { Report } from './report.js'

export interface CallbackOptions {
  readonly terminal: Terminal
  /** What leads to this machine from outside. Not needed for a simulator on this machine. */
  readonly notifyUrl?: string
  /** Where `notifyUrl` leads to; default any. */
  readonly port?: number
  /** Seconds to wait for the notification. */
  readonly wait: number
}

export async function checkCallback(
  client: WechatPay,
  configuration: Configuration,
  { terminal, notifyUrl, port = 0, wait }: CallbackOptions,
  report: Report,
): Promise<void> {
  const { words } = report
  if (!report.allows('callback', 'response', 'certificates')) return
  if (configuration.apiv3Key === undefined) return report.skip('callback', words.doctor.noApiv3Key)
  if (notifyUrl === undefined && !isThisMachine(hostOf(configuration))) {
    return report.skip('callback', words.doctor.noNotifyUrl)
  }
  const echo_message = randomUUID()
  let found: (received: Pick<Received, 'request' | 'body'>) => void = () => {}
  const arrival = new Promise<Pick<Received, 'request' | 'body'>>(resolve => {
    found = resolve
  })
  const server = await serve(
    { host: notifyUrl === undefined ? '127.0.0.1' : '0.0.0.0', port },
    async ({ request, body, response }) => {
      response.writeHead(204).end()
      found({ request, body })
    },
    terminal,
  )
  const stop = new AbortController()
  try {
    const notify_url = notifyUrl ?? `http://127.0.0.1:${portOf(server)}/`
    await client.v3.security.echo.post({ json: { echo_message, notify_url } })
    const expired = delay(wait * 1000, undefined, { signal: stop.signal }).catch(() => undefined)
    const received = await Promise.race([arrival, expired])
    if (received === undefined) return report.fault('callback', 'CALLBACK_MISSING', notify_url, wait)
    const { headers, body } = { headers: received.request.rawHeaders, body: received.body }
    const event = await Notification.create(client).parse({ headers, body })
    report.ok('callback', words.doctor.callbackReceived(event.event_type))
  } catch (error) {
    if (error instanceof ApiError) report.skip('callback', words.doctor.noEcho(error.code))
    // It is signed by WeChat Pay, and was encrypted with a different key.
    else if (error instanceof SignatureError && error.message.includes('`apiv3Key`')) {
      report.fault('callback', 'APIV3_KEY_WRONG', configuration.apiv3Key === configuration.secret)
    } else if (error instanceof SignatureError) report.fault('callback', 'CALLBACK_FORGED', error.reason)
    else reportFailure('callback', error, report)
  } finally {
    stop.abort()
    await close(server)
  }
}
