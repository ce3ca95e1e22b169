/** From a request to its acknowledgement: read the body, verify it, handle the event once, respond in time. */
import { createHmac } from 'node:crypto'
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { MemoryStore } from '../stores/memory-store.js'
import type { Store } from '../stores/store.js'
import { within } from '../util/deadline.js'
import { kindOf } from '../util/wording.js'
import { toXml } from '../xml/build.js'
import { type FastifyPlugin, toFastify } from './adapters/fastify.js'
import { type KoaMiddleware, toKoa } from './adapters/koa.js'
import { type NodeListener, toNode } from './adapters/node.js'
import { toWeb, type WebHandler } from './adapters/web.js'
import { errorPrinter } from './error-printer.js'
import type { ReceivedEvent } from './events.js'
import type { NotificationKeys } from './keys.js'
import {
  type Acknowledgement,
  type Incoming,
  isXml,
  type NotificationMessage,
  type Respond,
  statusOf,
} from './message.js'
import { runOnce } from './once.js'
import type { NotificationRecipient } from './recipients.js'

/** Handles a notification. When it has ended, the notification is acknowledged; when it throws, WeChat Pay sends it again. */
export type OnEvent<Recipient = NotificationRecipient> = (event: ReceivedEvent<Recipient>) => unknown

export interface HandlerOptions {
  /**
   * Remembers which notifications have been handled, so that each is handled once. Default: the store of the client or of
   * the configuration that the notification is for, otherwise the memory of this process.
   */
  store?: Store
  /** Milliseconds until a notification whose handling has not ended fails with 500. Default 4500; WeChat Pay waits 5000. */
  timeout?: number
  /** The largest body, in bytes. Default 1 MiB. XML may have at most 64 KiB and 256 elements in any case. */
  limit?: number
  /**
   * Called with the reason when a notification is not acknowledged, except for WeChat Pay's signature probes. Default:
   * console.error; for messages that WeChat Pay did not send, one line a minute for each reason.
   */
  onError?: OnError
}

/** A handler on web standards, for Next.js, Hono, Bun, Deno, Cloudflare and the like. */
export interface Handler extends WebHandler {
  /** For node:http, Express, NestJS and other frameworks with Node's request and response. */
  readonly node: NodeListener
  /** A Koa middleware; it responds to every request that reaches it. */
  readonly koa: KoaMiddleware
  /** A Fastify plugin: `app.register(handler.fastify, { url: '/notify' })`. */
  readonly fastify: FastifyPlugin
}

/** A verified notification, and the keys of its recipient. */
export interface Reception {
  readonly event: ReceivedEvent<NotificationRecipient>
  readonly keys: NotificationKeys
}

type Receive = (message: NotificationMessage, url: Incoming['url']) => Promise<Reception>

type OnError = (error: unknown) => unknown

/** @throws InvalidArgumentError for an option that cannot be right. */
export function createHandler(receive: Receive, onEvent: OnEvent, options: HandlerOptions = {}): Handler {
  if (typeof onEvent !== 'function') {
    throw new InvalidArgumentError(
      `\`onEvent\` must be a function; got ${kindOf(onEvent)}. It is called with the event of each notification.`,
    )
  }
  const { timeout = 4500, limit = 1 << 20, onError = errorPrinter() } = options
  requirePositive(timeout, 'timeout', 'milliseconds')
  requirePositive(limit, 'limit', 'bytes')
  const memory = new MemoryStore()
  const storeFor = (keys: NotificationKeys) => options.store ?? keys.store ?? memory
  const respond = createRespond(receive, onEvent, { storeFor, timeout, limit, onError })
  const refuse = (error: InvalidArgumentError) => {
    report(error, onError)
    return refused(500, error.message, false)
  }
  return Object.assign(toWeb(respond, refuse), {
    node: toNode(respond),
    koa: toKoa(respond),
    fastify: toFastify(respond),
  })
}

interface Settings {
  storeFor(keys: NotificationKeys): Store
  timeout: number
  limit: number
  onError: OnError
}

/** The state of one request, for the response when its time is up. */
interface Attempt {
  /** Known from its body, or from its headers before the body is read. */
  usesXml(): boolean
  isOver: boolean
}

function createRespond(receive: Receive, onEvent: OnEvent, settings: Settings): Respond {
  const { storeFor, timeout, limit, onError } = settings
  const onStoreFailure = (cause: unknown) => report(cause, onError)

  const run = async (incoming: Incoming, attempt: Attempt) => {
    const body = await incoming.read(limit)
    const usesXml = isXml(body)
    attempt.usesXml = () => usesXml
    const { event, keys } = await receive({ headers: incoming.headers, body }, incoming.url)
    const key = storeKey(event.id, keys, usesXml)
    return runOnce({ store: storeFor(keys), key, onStoreFailure }, async () => {
      if (attempt.isOver) throw new TooLate()
      await call(onEvent, event)
    })
  }

  const settle = async (incoming: Incoming, attempt: Attempt) => {
    try {
      const hasRun = await run(incoming, attempt)
      return hasRun
        ? received(attempt.usesXml())
        : refused(500, 'The notification is already being processed.', attempt.usesXml())
    } catch (error) {
      report(error, onError)
      return refused(statusOf(error), messageOf(error), attempt.usesXml())
    }
  }

  return async incoming => {
    const attempt: Attempt = { usesXml: () => incoming.contentType()?.includes('xml') ?? false, isOver: false }
    const expire = () => {
      attempt.isOver = true
      report(timedOut(timeout), onError)
      return refused(500, 'The notification has not been processed yet.', attempt.usesXml())
    }
    return within(settle(incoming, attempt), { milliseconds: timeout }, expire)
  }
}

// Each recipient has its own: the sender of a notification of APIv2 chooses its `id`, and may be a different merchant.
function storeKey(id: string, keys: NotificationKeys, usesXml: boolean): string {
  return `wechatpay-chain:notification:${usesXml ? 'v2' : 'v3'}:${ownerOf(keys) ?? keyDigest(keys, usesXml)}:${id}`
}

function ownerOf({ caller }: NotificationKeys): string | undefined {
  return caller?.option === 'brand_id' ? `brand:${caller.id}` : caller?.id
}

const keyDigests = { v2: new WeakMap<NotificationKeys, string>(), v3: new WeakMap<NotificationKeys, string>() }

/** Identifies a recipient whose merchant number is not known, by the key that decrypts its notifications. */
function keyDigest(keys: NotificationKeys, usesXml: boolean): string {
  const digests = keyDigests[usesXml ? 'v2' : 'v3']
  const key = (usesXml ? keys.secret : keys.apiv3Key) ?? ''
  const digest = digests.get(keys) ?? createHmac('sha256', key).digest('hex').slice(0, 16)
  digests.set(keys, digest)
  return digest
}

const XML = { 'content-type': 'text/xml; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const RECEIVED = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** APIv3 expects an empty body, APIv2 its XML. */
function received(usesXml: boolean): Acknowledgement {
  return usesXml ? { status: 200, headers: XML, body: RECEIVED } : { status: 204, headers: {}, body: undefined }
}

/** `message` may be read by anyone who can send a request. */
function refused(status: number, message: string, usesXml: boolean): Acknowledgement {
  return usesXml
    ? { status, headers: XML, body: toXml({ return_code: 'FAIL', return_msg: message }) }
    : { status, headers: JSON_TYPE, body: JSON.stringify({ code: 'FAIL', message }) }
}

// The sender may be anyone, so the response shows only errors about the request or the setup of this handler.
function messageOf(error: unknown): string {
  const isOwn = error instanceof WechatPayError && (statusOf(error) < 500 || error instanceof InvalidArgumentError)
  return isOwn ? error.message : 'The notification could not be processed.'
}

/** The user's handler threw. */
class HandlerFailure extends Error {}

/** The time was up before the user's handler could start; `onError` has already been called. */
class TooLate extends Error {}

// An error of the handler does not describe the notification, even if it is an error class of this package.
async function call(onEvent: OnEvent, event: ReceivedEvent<NotificationRecipient>): Promise<void> {
  try {
    await onEvent(event)
  } catch (cause) {
    throw new HandlerFailure('The handler threw.', { cause })
  }
}

function timedOut(timeout: number): WechatPayError {
  return new WechatPayError(
    `A notification was not handled within ${timeout} ms, so WeChat Pay will send it again. A handler that has started continues; if it succeeds, the next delivery is acknowledged without it. Move long work to a queue.`,
    { code: 'ERR_NOTIFICATION_TIMEOUT' },
  )
}

function report(error: unknown, onError: OnError): void {
  if (error instanceof TooLate) return
  if (error instanceof SignatureError && error.reason === 'probe') return
  const callHook = async () => onError(error instanceof HandlerFailure ? error.cause : error)
  // An error of the hook changes nothing about the notification.
  callHook().catch(() => {})
}

function requirePositive(value: unknown, option: string, unit: string): void {
  if (typeof value === 'number' && value > 0 && Number.isSafeInteger(value)) return
  const found = typeof value === 'number' ? value : kindOf(value)
  throw new InvalidArgumentError(`\`${option}\` must be a whole number of ${unit} above zero; got ${found}.`)
}
