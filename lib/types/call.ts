/** What the generated types are made with: the parts of a call and the walk from node to node. */
import type { Readable, Writable } from 'node:stream'
import type { OpenNode } from '../chain/types.js'

/** A number, or its digits. */
export type Numeric = number | `${number}`

/** A query that is written out already. */
export type QueryText = string | URLSearchParams

/** Where a download goes. */
export type Sink = string | Writable

/** Fields of every APIv2 payload; the client fills in what is left out. */
export interface Signed {
  nonce_str?: string
  sign?: string
}

/** The same call with a payload that is written out already. */
export type Raw<Options> = Omit<Options, 'json' | 'xml' | 'file' | 'meta'> & {
  body: string | Uint8Array | Readable | FormData
}

/** Everything about one operation that a user may want to name. */
export interface Operation<Options, Data> {
  /** What the verb takes. */
  options: Options
  /** The payload of APIv3. */
  json: Options extends { json: infer Json } ? Json : undefined
  /** The payload of APIv2. */
  xml: Options extends { xml: infer Xml } ? Xml : undefined
  query: Options extends { query?: infer Query } ? Exclude<Query, QueryText | undefined> : undefined
  /** What the answer brings, parsed. */
  data: Data
}

/** A path that is documented up to here. */
export interface Node<Self> {
  /** Goes on by a path that is taken as it is written. */
  readonly chain: <Path extends string>(path: Path) => Walk<Self, Path>
  /** The path, with a slash in front. */
  readonly toString: () => string
  /** The path, with a slash in front. */
  readonly toJSON: () => string
  /** Several segments at once are not looked up: use `chain()`. */
  readonly [path: `${string}/${string}`]: OpenNode
}

/** The node that a path leads to from another, segment by segment. */
export type Walk<From, Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? Walk<Step<From, Segment>, Rest>
  : Step<From, Path>

type Step<From, Segment extends string> = From extends {
  readonly [Name in Segment extends '' ? '_empty_' : Segment]: infer Next
}
  ? Next extends { readonly chain: unknown }
    ? Next
    : OpenNode
  : OpenNode
