/** The events that notifications bring: one for each documented type, and one for those that are not. */
import type { JsonEvent, Undocumented } from '../types/event.js'
import type { Events } from '../types/generated/events.js'

/** A notification that is not documented. */
export interface UnlistedEvent extends JsonEvent<Undocumented, Undocumented, unknown> {}

/**
 * A notification, told apart by its `event_type`, and where one type stands for several things by its `original_type` or by
 * what its content has; the types of APIv2 begin with `v2/`.
 */
export type NotificationEvent = Events[keyof Events] | UnlistedEvent

/** The notification of one type: `EventOf<'TRANSACTION.SUCCESS'>`. */
export type EventOf<Type extends keyof Events> = Extract<NotificationEvent, { event_type: Type }>

// What is checked is the envelope; what is inside is WeChat Pay's word, which the signature vouches for.
export function isEvent(value: unknown): value is NotificationEvent {
  return isObject(value) && isText(value.id) && isText(value.event_type) && 'resource' in value
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
