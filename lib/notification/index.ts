/** Notifications: receives those of WeChat Pay, and mints some to test with. */
export { keepRawBody } from './adapters/node.js'
export type { WebContext } from './adapters/web.js'
export type { EventOf, NotificationEvent, ReceivedEvent, UnlistedEvent } from './events.js'
export type { Handler, HandlerOptions, OnEvent } from './handler.js'
export type { NotificationConfig } from './keys.js'
export type { NotificationHeaders, NotificationMessage } from './message.js'
export {
  type MintedEvent,
  type MintedNotification,
  type MintedXmlEvent,
  type MintKeys,
  type MintSm2Keys,
  type MintXmlKeys,
  mint,
} from './mint.js'
export { create, type Receiver } from './receiver.js'
export type { LookUp, NotificationClue, NotificationRecipient } from './recipients.js'
