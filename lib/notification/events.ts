/** The events that notifications bring: one for each documented type, and one for all others. */
import type { JsonEvent, Undocumented } from '../types/event.js'
import type { Events } from '../types/generated/events.js'

/** A notification that is not documented. */
export interface UnlistedEvent extends JsonEvent<Undocumented, Undocumented, unknown> {}

/**
 * A notification, narrowed by its `event_type`. Where one type has several meanings, its `original_type` or its content
 * narrows it further. The types of APIv2 begin with `v2/`.
 */
export type NotificationEvent = Events[keyof Events] | UnlistedEvent

/** The notification of one type: `EventOf<'TRANSACTION.SUCCESS'>`. */
export type EventOf<Type extends keyof Events> = Extract<NotificationEvent, { event_type: Type }>

/** A notification with the recipient that it was for, as it was passed to `Notification.create`; it is not enumerable. */
export type ReceivedEvent<Recipient> = NotificationEvent & { readonly recipient: Recipient }
