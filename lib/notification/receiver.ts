/** Receives notifications: finds the recipient, verifies, decrypts and types each. */
import { InvalidArgumentError } from '../errors.js'
import { isRecord } from '../util/plain-object.js'
import { kindOf } from '../util/wording.js'
import type { ReceivedEvent } from './events.js'
import { createHandler, type Handler, type HandlerOptions, type OnEvent, type Reception } from './handler.js'
import { readJsonEvent } from './json-event.js'
import {
  type Incoming,
  isXml,
  type NotificationMessage,
  notANotification,
  receivedBody,
  receivedHeaders,
} from './message.js'
import { type LookUp, type NotificationRecipient, type RecipientSource, recipientsOf } from './recipients.js'
import { readXmlEvent } from './xml-event.js'

export interface Receiver<Recipient = NotificationRecipient> {
  /**
   * Verifies a notification (the clock to ±300 s, the serial, the signature), decrypts it and returns its event. The XML
   * of APIv2 is recognised; it has no timestamp, so compare `id` to recognise an old notification. Refunds of APIv2 are
   * encrypted but not signed, and can be changed to a degree: query a refund before you book it.
   *
   * @throws SignatureError whose `reason` says what is wrong; InvalidArgumentError for a parsed body or a missing key;
   *   WechatPayError for a message that is not a notification (all as rejections).
   */
  parse(message: NotificationMessage): Promise<ReceivedEvent<Recipient>>

  /**
   * A handler for web servers: `(request: Request) => Promise<Response>`, with members for Node's frameworks. It runs
   * `onEvent` once for each notification and responds as WeChat Pay expects: 204 when `onEvent` has succeeded, 500 when it
   * threw or took too long, 401 for a bad signature, 413 for a body that is too large. WeChat Pay sends every notification
   * without a success again, 15 times over 24 hours.
   */
  handler(onEvent: OnEvent<Recipient>, options?: HandlerOptions): Handler
}

/**
 * Creates a receiver of the notifications for several recipients behind one URL: a list, or the recipients that a
 * function looks up. A notification is for the recipient that knows the key that signed it and whose APIv3 key decrypts
 * it, or in APIv2 for the one whose APIv2 key signed or encrypted it; it is the event's `recipient`. Each handles a
 * notification once, whatever the others receive.
 *
 * @throws InvalidArgumentError for an empty list, and for keys that are missing or cannot be right.
 */
export function create<Recipient extends NotificationRecipient>(
  recipients: readonly Recipient[] | LookUp<Recipient>,
): Receiver<Recipient>
/**
 * Creates a receiver from a client, whose current keys it shares, or from the options of `Builder.factory`: `certs` and
 * `apiv3Key` are enough, or `secret` for APIv2. With the options that sign requests, platform certificates that `certs`
 * lacks are downloaded, as by a client.
 *
 * @throws InvalidArgumentError for keys that are missing or cannot be right.
 */
export function create<Recipient extends NotificationRecipient>(recipient: Recipient): Receiver<Recipient>
export function create(source: RecipientSource): Receiver {
  const recipients = recipientsOf(source)
  const receive = async (message: NotificationMessage, urlOf: Incoming['url']): Promise<Reception> => {
    if (!isRecord(message)) {
      throw new InvalidArgumentError(
        `The notification must be an object, { headers, body }; got ${kindOf(message)}. Pass the headers and the raw body of the request.`,
      )
    }
    const bytes = receivedBody(message.body)
    const url = recipients.only ? undefined : pathAndQuery(urlOf())
    const { event, candidate } = isXml(bytes)
      ? await readXmlEvent(bytes, recipients, url)
      : await readJsonEvent(
          { body: bytes, headers: receivedHeaders(message.headers), url, now: Date.now() },
          recipients,
        )
    // Not enumerable: a configuration holds keys, and events are printed.
    Object.defineProperty(event, 'recipient', { value: candidate.recipient, enumerable: false })
    if (isEvent(event)) return { event, keys: candidate.keys }
    throw notANotification('it has no `id`, `event_type` or `resource`')
  }
  return {
    parse: async message => (await receive(message, () => message.url)).event,
    handler: (onEvent, options) => createHandler(receive, onEvent, options),
  }
}

// Only the envelope is checked: the signature vouches for the content.
function isEvent(value: object): value is ReceivedEvent<NotificationRecipient> {
  return isRecord(value) && isPresent(value.id) && isPresent(value.event_type) && 'resource' in value
}

function isPresent(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function pathAndQuery(url: string | undefined): string | undefined {
  if (url === undefined || url.startsWith('/') || !URL.canParse(url)) return url
  const { pathname, search } = new URL(url)
  return pathname + search
}
