/** From a request to its acknowledgement: read, verified, handled once, answered in time. */
import { InvalidArgumentError, SignatureError, WechatPayError } from '../errors.js'
import { MemoryStore } from '../stores/memory-store.js'
import type { Store } from '../stores/store.js'
import { within } from '../util/within.js'
import { received, refused, statusOf } from './acknowledgement.js'
import { type FastifyPlugin, toFastify } from './adapters/fastify.js'
import { type KoaMiddleware, toKoa } from './adapters/koa.js'
import { type NodeListener, toNode } from './adapters/node.js'
import { toWeb, type WebHandler } from './adapters/web.js'
import type { NotificationEvent } from './events.js'
import type { Incoming, Respond } from './incoming.js'
import { isXml, type NotificationMessage, receivedHeaders } from './message.js'
import { runOnce } from './once.js'

/** What is done with a notification. It is acknowledged when this has ended; when this throws, it is sent again. */
export type OnEvent = (event: NotificationEvent) => unknown

export interface HandlerOptions {
  /**
   * Keeps which notifications have been handled, so that each one is handled once. Default: the store of the client or
   * the configuration, else the memory of this process.
   */
  store?: Store
  /** Milliseconds until a notification is answered with 500 for want of an end. Default 4500; WeChat Pay waits 5000. */
  timeout?: number
  /** The largest body in bytes. Default 1 MiB. */
  limit?: number
  /**
   * Told why a notification was not acknowledged, save for the probes with which WeChat Pay looks whether signatures are
   * checked. Default: console.error.
   */
  onError?: (error: unknown) => unknown
}

/** A handler on web standards, for Next.js, Hono, Bun, Deno, Cloudflare and the like. */
export interface Handler extends WebHandler {
  /** For node:http, Express, NestJS and whatever else hands out Node's request and response. */
  readonly node: NodeListener
  /** A Koa middleware; it answers every request that it sees. */
  readonly koa: KoaMiddleware
  /** A Fastify plugin: `app.register(handler.fastify, { url: '/notify' })`. */
  readonly fastify: FastifyPlugin
}

type Parse = (message: NotificationMessage) => Promise<NotificationEvent>

/** @throws InvalidArgumentError for an option that cannot be right. */
export function createHandler(parse: Parse, onEvent: OnEvent, options: HandlerOptions): Handler {
  if (typeof onEvent !== 'function') {
    throw new InvalidArgumentError('`handler` takes a function that is called with the event of each notification.')
  }
  const { store = new MemoryStore(), timeout = 4500, limit = 1 << 20, onError = console.error } = options
  requirePositive(timeout, 'timeout', 'milliseconds')
  requirePositive(limit, 'limit', 'bytes')
  const respond = createRespond(parse, onEvent, { store, timeout, limit, onError })
  return Object.assign(toWeb(respond), { node: toNode(respond), koa: toKoa(respond), fastify: toFastify(respond) })
}

/** One request on its way; what is known of it when its time is over. */
interface Attempt {
  speaksXml: boolean
  isOver: boolean
}

function createRespond(parse: Parse, onEvent: OnEvent, settings: Required<HandlerOptions>): Respond {
  const { store, timeout, limit, onError } = settings

  const run = async (incoming: Incoming, attempt: Attempt) => {
    const body = await incoming.read(limit)
    attempt.speaksXml = isXml(body)
    const event = await parse({ headers: incoming.headers, body })
    return runOnce({ store, id: event.id, onStoreFailure: cause => report(cause, onError) }, async () => {
      if (attempt.isOver) throw new TooLate()
      await call(onEvent, event)
    })
  }

  const settle = async (incoming: Incoming, attempt: Attempt) => {
    try {
      const hasRun = await run(incoming, attempt)
      return hasRun ? received(attempt.speaksXml) : refused(500, 'It is being handled already.', attempt.speaksXml)
    } catch (error) {
      report(error, onError)
      return refused(statusOf(error), messageOf(error), attempt.speaksXml)
    }
  }

  return async incoming => {
    const attempt: Attempt = { speaksXml: announcesXml(incoming), isOver: false }
    const expire = () => {
      attempt.isOver = true
      report(timedOut(timeout), onError)
      return refused(500, 'It is not handled yet.', attempt.speaksXml)
    }
    return within(settle(incoming, attempt), { milliseconds: timeout }, expire)
  }
}

/** The user's handler threw. */
class HandlerFailure extends Error {}

/** The time was over before the user's handler could begin; that it was over has been told already. */
class TooLate extends Error {}

// What the handler throws says nothing about the notification, not even when it is one of this package's errors.
async function call(onEvent: OnEvent, event: NotificationEvent): Promise<void> {
  try {
    await onEvent(event)
  } catch (cause) {
    throw new HandlerFailure('The handler threw.', { cause })
  }
}

function timedOut(timeout: number): WechatPayError {
  return new WechatPayError(
    `A notification was not handled within ${timeout} ms, so WeChat Pay will send it again. A handler that has begun goes on; when it ends well, the next notification is acknowledged without it. Leave long work to a queue.`,
    { code: 'ERR_NOTIFICATION_TIMEOUT' },
  )
}

function report(error: unknown, onError: Required<HandlerOptions>['onError']): void {
  if (error instanceof TooLate) return
  if (error instanceof SignatureError && error.reason === 'probe') return
  const told = async () => onError(error instanceof HandlerFailure ? error.cause : error)
  // What a hook throws is the hook's own affair.
  told().catch(() => {})
}

// A stranger may read it: what another error says is for this side alone.
function messageOf(error: unknown): string {
  const isOwn = error instanceof WechatPayError && (statusOf(error) < 500 || error instanceof InvalidArgumentError)
  return isOwn ? error.message : 'It could not be handled.'
}

function announcesXml({ headers }: Incoming): boolean {
  return receivedHeaders(headers)['content-type']?.includes('xml') ?? false
}

function requirePositive(value: unknown, option: string, unit: string): void {
  if (typeof value === 'number' && value > 0 && Number.isSafeInteger(value)) return
  throw new InvalidArgumentError(`\`${option}\` must be a whole number of ${unit} above zero.`)
}
