/** The events that notifications bring: one for each documented type, and one for those that are not. */
import type { Resources } from '../types/generated/events.js'

interface Event<Type, Resource> {
  /** The same whenever the notification is sent again. */
  id: string
  event_type: Type
  /** The decrypted content. */
  resource: Resource
}

interface JsonEvent<Type, Resource> extends Event<Type, Resource> {
  /** When the notification was made, as `2026-11-24T10:34:56+08:00`. */
  create_time: string
  resource_type: string
  summary: string
}

/** An APIv2 notification. Its `id` is made from its content where WeChat Pay gives none. */
interface XmlEvent<Type, Resource> extends Event<Type, Resource> {
  create_time?: string
  resource_type: 'xml'
  summary?: string
}

/**
 * A text that equals no documented event type, as far as TypeScript is concerned: none of those has a space. With
 * `string` in its place, no comparison would tell one event from another.
 */
type UnlistedType = `${string} ${string}`

/** A notification that is not documented. */
export interface UnlistedEvent extends JsonEvent<UnlistedType, unknown> {}

type EventType = keyof Resources

/** A notification, told apart by its `event_type`; those of APIv2 begin with `v2/`. */
export type NotificationEvent =
  | {
      [Type in EventType]: Type extends `v2/${string}`
        ? XmlEvent<Type, Resources[Type]>
        : JsonEvent<Type, Resources[Type]>
    }[EventType]
  | UnlistedEvent

/** The notification of one type: `EventOf<'TRANSACTION.SUCCESS'>`. */
export type EventOf<Type extends EventType> = Extract<NotificationEvent, { event_type: Type }>

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
