/** The door for notifications: whatever comes is verified, decrypted and typed, or refused. */
import type { Client } from '../client/settings-of.js'
import type { NotificationEvent } from './events.js'
import { createHandler, type Handler, type HandlerOptions, type OnEvent } from './handler.js'
import { openJson } from './json-event.js'
import { type NotificationConfig, readKeys } from './keys.js'
import { isXml, type NotificationMessage, receivedBody, receivedHeaders } from './message.js'
import { openXml } from './xml-event.js'

export interface Receiver {
  /**
   * Verifies a notification (the clock to ±300 s, the serial, the signature), decrypts it, and gives its event. The XML
   * of APIv2 is told apart by itself; it carries no time, so that `id` is what tells an old one.
   *
   * @throws SignatureError (as a rejection) whose `reason` tells what is wrong; InvalidArgumentError for a parsed body
   *   or a missing key; WechatPayError for what is no notification.
   */
  parse(message: NotificationMessage): Promise<NotificationEvent>

  /**
   * A handler for web servers: `(request: Request) => Promise<Response>`, and as members the same for Node's frameworks.
   * It runs `onEvent` once for each notification and answers as WeChat Pay wants to be answered: 204 when it has run,
   * 500 when it threw or took too long, 401 for a bad signature, 413 for too large a body. What is not answered with a
   * success is sent again, 15 times over 24 hours.
   */
  handler(onEvent: OnEvent, options?: HandlerOptions): Handler
}

/**
 * Makes a receiver with the keys of a client, which stay shared, or with the options of `Builder.factory`, of which
 * `certs` and `apiv3Key` are enough, or `secret` for APIv2.
 *
 * @throws InvalidArgumentError for keys that are missing or cannot be right.
 */
export function create(source: NotificationConfig | Client): Receiver {
  const now = () => Date.now()
  const keys = readKeys(source, now)
  const parse = async ({ headers, body }: NotificationMessage) => {
    const bytes = receivedBody(body)
    return isXml(bytes) ? openXml(bytes, keys) : openJson(bytes, receivedHeaders(headers), keys, now())
  }
  const defaults = keys.store ? { store: keys.store } : {}
  return { parse, handler: (onEvent, options) => createHandler(parse, onEvent, { ...defaults, ...options }) }
}
