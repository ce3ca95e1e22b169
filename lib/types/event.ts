/** The common members of notification events. */

interface Event<Type, OriginalType, Resource> {
  /** Stays the same when the notification is sent again. */
  id: string
  event_type: Type
  /** WeChat Pay's name for the kind of `resource`; it distinguishes notifications of one `event_type`. */
  original_type: OriginalType
  /** The decrypted content. */
  resource: Resource
}

/** A notification of APIv3. */
export interface JsonEvent<Type, OriginalType, Resource> extends Event<Type, OriginalType, Resource> {
  /** When the notification was created, as `2026-11-24T10:34:56+08:00`. */
  create_time: string
  resource_type: string
  summary: string
}

/** A notification of APIv2, which has no `original_type`. Its `id` is derived from its content if WeChat Pay sends none. */
export interface XmlEvent<Type, Resource> extends Event<Type, undefined, Resource> {
  create_time?: string
  resource_type: 'xml'
  summary?: string
}

/**
 * A string that TypeScript considers different from every documented name, because none of those has a space. With
 * `string` instead, a comparison would not narrow an event.
 */
export type Undocumented = `${string} ${string}`
