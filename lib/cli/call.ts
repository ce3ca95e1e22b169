/** `call`: one verified call of any endpoint, from the terminal. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Readable, type Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Bill, Media, type WechatPay, WechatPayResponse } from '../index.js'
import { openClient } from './client.js'
import { baseUriOf, type Configuration, hostOf, isThisMachine, readConfiguration } from './configuration.js'
import { Download } from './download.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import { describeError } from './library-errors.js'
import type { Terminal } from './terminal.js'

export interface CallOptions {
  readonly config?: string
  readonly json?: string
  readonly xml?: string
  /** `name=value` each. */
  readonly query: readonly string[]
  readonly file?: string
  readonly sink?: string
  readonly yes?: boolean
}

interface CallArguments extends CallOptions {
  readonly method: string
  readonly path: string
  /** `name=value` each, of the placeholders. */
  readonly values: readonly string[]
}

type Response = WechatPayResponse<unknown, Buffer | Readable>

export async function call(terminal: Terminal, given: CallArguments): Promise<ExitCode> {
  const method = requireMethod(given.method, terminal)
  const path = requirePath(given.path, terminal)
  const configuration = readConfiguration(given, terminal)
  const client = await openClient(configuration, terminal)
  const options = await readOptions(given, terminal)
  const isRead = method === 'GET'
  if (!isRead) await confirm(`${method} /${path}`, configuration, given, terminal)
  const download = given.sink === undefined ? undefined : new Download(given.sink, terminal)
  const sink = await download?.begin()
  try {
    const node: object = client.chain(path)
    const verb: unknown = Reflect.get(node, method.toLowerCase())
    if (typeof verb !== 'function') throw new TypeError(`The chain has no ${method}.`)
    const response: unknown = await verb({ ...options, ...(sink && { sink }), signal: terminal.signal })
    if (!isResponse(response)) throw new TypeError('The client did not return a response.')
    const { statusCode, requestId, data } = response
    terminal.note(terminal.paintNote('dim', terminal.words.call.status(statusCode, requestId)))
    if (download && namesFile(data)) await follow(client, path, data, await download.begin())
    if (download) await download.keep()
    else await print(response, terminal)
    return EXIT.done
  } catch (error) {
    await download?.discard()
    if (error instanceof Failure) throw error
    const { message, exitCode } = describeError(error, terminal.words, { reads: isRead })
    throw new Failure(exitCode, message)
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
type Method = (typeof METHODS)[number]

function requireMethod(given: string, { words }: Terminal): Method {
  const method = METHODS.find(name => name === given.toUpperCase())
  if (method) return method
  throw new Failure(EXIT.usage, words.call.method(given))
}

/** Without the leading slash, as the chain expects. */
function requirePath(given: string, { words }: Terminal): string {
  if (/^https?:/i.test(given) || given === '/' || given === '') throw new Failure(EXIT.usage, words.call.path(given))
  return given.replace(/^\//, '')
}

async function readOptions(given: CallArguments, terminal: Terminal): Promise<Record<string, unknown>> {
  const { json, xml, query, file, values } = given
  const pairs = (list: readonly string[], option: string) => list.map(pair => splitPair(pair, option, terminal))
  return {
    ...Object.fromEntries(pairs(values, 'name=value')),
    ...(json !== undefined && { json: await readPayload('--json', json, terminal) }),
    ...(xml !== undefined && { xml: await readPayload('--xml', xml, terminal) }),
    ...(query.length > 0 && { query: new URLSearchParams(pairs(query, '--query')) }),
    ...(file !== undefined && { file }),
  }
}

export function splitPair(pair: string, option: string, { words }: Terminal): [name: string, value: string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new Failure(EXIT.usage, words.usage.pair(option, pair))
  return [pair.slice(0, at), pair.slice(at + 1)]
}

async function readPayload(option: string, given: string, terminal: Terminal): Promise<unknown> {
  const { words, stdin } = terminal
  const content = given === '-' ? await text(stdin) : given.startsWith('@') ? readFile(given.slice(1), terminal) : given
  try {
    return JSON.parse(content)
  } catch {
    throw new Failure(EXIT.usage, words.call.notJson(option))
  }
}

function readFile(path: string, { words }: Terminal): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Failure(EXIT.usage, words.call.unreadable(path))
  }
}

/** @throws Failure if the call may move real money and the user does not confirm it. */
async function confirm(
  request: string,
  configuration: Configuration,
  { yes }: CallOptions,
  terminal: Terminal,
): Promise<void> {
  const host = hostOf(configuration)
  if (yes || isThisMachine(host)) return
  const { words, stdin, stderr, signal } = terminal
  const { mchid, brand_id } = configuration
  const caller = String(mchid ?? brand_id)
  if (!terminal.isInteractive) {
    throw new Failure(EXIT.unconfirmed, words.call.cannotAsk(request, new URL(baseUriOf(configuration)).host))
  }
  const prompt = createInterface({ input: stdin, output: stderr })
  try {
    const question = prompt.question(`${words.call.confirm(request, host, caller)} `, { signal }).catch(() => '')
    // The end of the input means no; otherwise the question would wait forever.
    const reply = await Promise.race([question, once(prompt, 'close').then(() => '')])
    if (words.call.isYes(reply.trim())) return
  } finally {
    prompt.close()
  }
  throw new Failure(EXIT.unconfirmed, words.call.declined)
}

function isResponse(value: unknown): value is Response {
  return value instanceof WechatPayResponse
}

/** The response for a bill or a receipt contains only its URL. */
function namesFile(data: unknown): data is { download_url: string } {
  return typeof data === 'object' && data !== null && 'download_url' in data && typeof data.download_url === 'string'
}

/** A bill is decompressed; its hash is that of the decompressed content. */
async function follow(client: WechatPay, path: string, data: { download_url: string }, sink: Writable): Promise<void> {
  if (/bill/.test(path)) await Bill.follow(client, data).save(sink)
  else await Media.follow(client, data, { sink })
}

async function print({ data, body }: Response, terminal: Terminal): Promise<void> {
  if (body instanceof Readable) await pipeline(body, terminal.stdout, { end: false })
  else if (data !== undefined) terminal.print(typeof data === 'string' ? data : JSON.stringify(data, null, 2))
}
