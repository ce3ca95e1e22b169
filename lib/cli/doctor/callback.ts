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
  /** The public URL of this machine. Not needed for a simulator on this machine. */
  readonly notifyUrl?: string
  /** The local port that `notifyUrl` reaches. Default: any. */
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
  const { promise: arrival, listener } = echoListener(Notification.create(client), echo_message)
  const server = await serve({ host: notifyUrl === undefined ? '127.0.0.1' : '0.0.0.0', port }, listener, terminal)
  const stop = new AbortController()
  try {
    const notify_url = notifyUrl ?? `http://127.0.0.1:${portOf(server)}/`
    await client.v3.security.echo.post({ json: { echo_message, notify_url } })
    const expired = delay(wait * 1000, undefined, { signal: stop.signal }).catch(() => undefined)
    const event = await Promise.race([arrival, expired])
    if (event === undefined) report.fault('callback', 'CALLBACK_MISSING', notify_url, wait)
    else report.ok('callback', words.doctor.callbackReceived(event))
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

/** Resolves with the type of the notification that has this message, and rejects for one that is not valid. */
function echoListener(notification: ReturnType<typeof Notification.create>, echo_message: string) {
  let settle: { resolve: (event: string) => void; reject: (error: unknown) => void } | undefined
  const promise = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // It may reject before it is awaited.
  promise.catch(() => {})
  const listener = async ({ request, body, response }: Received): Promise<void> => {
    // A public address also receives requests that are not from WeChat Pay.
    if (request.headers['wechatpay-signature'] === undefined) return void response.writeHead(404).end()
    try {
      const { event_type, resource } = await notification.parse({ headers: request.rawHeaders, body })
      response.writeHead(204).end()
      // An earlier notification may be sent again.
      if (Reflect.get(Object(resource), 'echo_message') === echo_message) settle?.resolve(event_type)
    } catch (error) {
      response.writeHead(401).end()
      if (!(error instanceof SignatureError && error.reason === 'probe')) settle?.reject(error)
    }
  }
  return { promise, listener }
}
