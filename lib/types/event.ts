/** What the events of notifications have in common. */

interface Event<Type, OriginalType, Resource> {
  /** The same whenever the notification is sent again. */
  id: string
  event_type: Type
  /** What WeChat Pay calls the kind of `resource`: it tells apart notifications of one `event_type`. */
  original_type: OriginalType
  /** The decrypted content. */
  resource: Resource
}

/** A notification of APIv3. */
export interface JsonEvent<Type, OriginalType, Resource> extends Event<Type, OriginalType, Resource> {
  /** When the notification was made, as `2026-11-24T10:34:56+08:00`. */
  create_time: string
  resource_type: string
  summary: string
}

/** A notification of APIv2, which has no `original_type`. Its `id` is made from its content where WeChat Pay gives none. */
export interface XmlEvent<Type, Resource> extends Event<Type, undefined, Resource> {
  create_time?: string
  resource_type: 'xml'
  summary?: string
}

/**
 * A string that equals no documented name, as far as TypeScript is concerned: none of those has a space. With `string` in
 * its place, no comparison would tell one event from another.
 */
export type Undocumented = `${string} ${string}`
