/** `listen`: receives, verifies, decrypts and prints notifications, and forwards them unchanged. */
import type { IncomingMessage } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { Notification, SignatureError, WechatPayError } from '../index.js'
import { openClient } from './client.js'
import { type ConfigurationOptions, configOf, isHttpUrl, readConfiguration } from './configuration.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import { close, portOf, type Received, serve } from './server.js'
import type { Terminal } from './terminal.js'

export interface ListenOptions extends ConfigurationOptions {
  readonly port: number
  readonly host: string
  readonly forwardTo?: string
  readonly json?: boolean
}

interface Outcome {
  /** The event, or the error why it was refused. */
  readonly event?: Event
  readonly error?: WechatPayError
}

interface Event {
  readonly id: string
  readonly event_type: string
  readonly resource: unknown
}

interface Reply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Buffer
}

export async function listen(terminal: Terminal, options: ListenOptions): Promise<ExitCode> {
  const { words } = terminal
  const { host, port, forwardTo } = options
  if (forwardTo !== undefined && !isHttpUrl(forwardTo)) {
    throw new Failure(EXIT.usage, words.listen.notUrl(forwardTo))
  }
  const configuration = readConfiguration(options, terminal)
  await openClient(configuration, terminal)
  const notification = Notification.create(configOf(configuration))
  const receive = async ({ request, body, response }: Received): Promise<void> => {
    const outcome = await parse(() =>
      notification.parse({ headers: request.rawHeaders, body, ...(request.url && { url: request.url }) }),
    )
    const reply =
      forwardTo === undefined ? acknowledge(outcome, body) : await forward({ request, body }, forwardTo, terminal)
    response.writeHead(reply.statusCode, { ...reply.headers }).end(reply.body)
    show({ outcome, reply, isForwarded: forwardTo !== undefined }, options, terminal)
  }
  const server = await serve({ host, port }, receive, terminal)
  terminal.note(words.listen.ready(`http://${host}:${portOf(server)}/`, forwardTo))
  await terminal.ended()
  await close(server)
  return EXIT.done
}

async function parse(attempt: () => Promise<Event>): Promise<Outcome> {
  try {
    return { event: await attempt() }
  } catch (error) {
    if (error instanceof WechatPayError) return { error }
    throw error
  }
}

const XML_SUCCESS = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** The response that WeChat Pay expects. */
function acknowledge({ event, error }: Outcome, body: Buffer): Reply {
  const isXml = body.toString('latin1').trimStart().startsWith('<')
  if (event) {
    return isXml
      ? { statusCode: 200, headers: { 'Content-Type': 'text/xml' }, body: Buffer.from(XML_SUCCESS) }
      : { statusCode: 204, headers: {}, body: Buffer.alloc(0) }
  }
  const problem = { code: 'FAIL', message: error?.code ?? '' }
  return {
    statusCode: error instanceof SignatureError ? 401 : 400,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(problem)),
  }
}

/** Headers of the connection, which are not forwarded. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Forwards the exact bytes and headers, even of an invalid notification: the recipient verifies it itself. */
async function forward(
  { request, body }: Pick<Received, 'request' | 'body'>,
  url: string,
  terminal: Terminal,
): Promise<Reply> {
  const { rawHeaders, method = 'POST' } = request
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  const headers = names.flatMap((name, index) =>
    OF_CONNECTION.has(name.toLowerCase()) ? [] : [name, rawHeaders[index * 2 + 1] ?? ''],
  )
  try {
    return await new Promise<Reply>((resolve, reject) => {
      const target = new URL(url)
      const send = target.protocol === 'https:' ? requestHttps : requestHttp
      const sent = send(target, { method, headers: [...headers, 'Host', target.host], signal: terminal.signal })
      sent.once('error', reject)
      sent.once('response', response => readReply(response).then(resolve, reject))
      sent.end(body)
    })
  } catch {
    const problem = { code: 'FAIL', message: 'The notification could not be forwarded.' }
    return {
      statusCode: 502,
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(JSON.stringify(problem)),
    }
  }
}

async function readReply(response: IncomingMessage): Promise<Reply> {
  const { statusCode = 502, headers } = response
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || OF_CONNECTION.has(name) || name === 'content-length' ? [] : [[name, value] as const],
  )
  return { statusCode, headers: Object.fromEntries(kept), body: await buffer(response) }
}

interface Shown {
  readonly outcome: Outcome
  readonly reply: Reply
  readonly isForwarded: boolean
}

function show(
  { outcome: { event, error }, reply: { statusCode }, isForwarded }: Shown,
  { json }: ListenOptions,
  terminal: Terminal,
): void {
  const { words } = terminal
  if (json) {
    const { id, event_type, resource } = event ?? {}
    terminal.printJson({ isValid: event !== undefined, id, event_type, resource, error: error?.code, statusCode })
    return
  }
  const replied = isForwarded ? words.listen.forwarded(statusCode) : words.listen.responded(statusCode)
  if (event) {
    const { id, event_type, resource } = event
    terminal.print(`${terminal.paint('green', '✓')} ${terminal.paint('bold', event_type)} ${id} → ${replied}`)
    terminal.print(JSON.stringify(resource, null, 2))
  } else if (error) {
    terminal.print(`${terminal.paint('red', '✗')} ${words.listen.invalid(error.code, error.message)} → ${replied}`)
  }
}
