/** What the generated types are made with: the parts of a call, and the way from node to node. */
import type { Readable, Writable } from 'node:stream'
import type { OpenNode } from '../chain/types.js'

/** A number, or its digits. */
export type Numeric = number | `${number}`

/** A query that is written out already. */
export type QueryText = string | URLSearchParams

/** Where a download goes. */
export type Sink = string | URL | Writable

/** Fields of every APIv2 payload; the client fills in what is left out. */
export interface Signed {
  nonce_str?: string
  sign?: string
}

/** The same call with a payload that is written out already. */
export type Raw<Options> = Omit<Options, 'json' | 'xml' | 'file' | 'filename' | 'meta'> & {
  body: string | Uint8Array | Readable | FormData
}

/** What can be named about an operation: `Operations['post /v3/refund/domestic/refunds']['json']`. */
export interface Operation<Options, Data> {
  /** What the verb takes. */
  options: Options
  /** The payload of APIv3. */
  json: Options extends { json: infer Json } ? Json : undefined
  /** The payload of APIv2. */
  xml: Options extends { xml: infer Xml } ? Xml : undefined
  /** The query, as an object. */
  query: Options extends { query?: infer Query } ? Exclude<Query, QueryText | undefined> : undefined
  /** What the answer brings, parsed. */
  data: Data
}

/** A path that is documented. Its verbs and its children are in the interfaces that extend this one. */
export interface Node<Self> {
  /** Goes on by a path that is taken as it is written. */
  readonly chain: <Path extends string>(path: Path) => Walk<Self, Path>
  /** The path, with a slash in front. */
  readonly toString: () => string
  /** The path, with a slash in front. */
  readonly toJSON: () => string
  /** Several segments in one bracket are not looked up: `chain()` does that. */
  readonly [path: `${string}/${string}`]: OpenNode
}

/** Where a path leads from a node, segment by segment. */
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

/** A node whose path brings a query: what the path has need not be given again. */
export type WithQuery<Self> = string extends keyof Self
  ? Self
  : {
      readonly [Name in keyof Self as Self[Name] extends Verb ? Name : never]: Self[Name] extends (
        ...args: infer Given extends [options?: object]
      ) => infer Answer
        ? (...args: Requeried<NonNullable<Given[0]>>) => Answer
        : never
    }

type Verb = (options: never) => Promise<unknown>

type Requeried<Options> = Omit<Options, 'query'> & { query?: Query<Options> } extends infer Open
  ? object extends Open
    ? [options?: Open]
    : [options: Open]
  : never

type Query<Options> = Options extends { query?: infer Given } ? Partial<Exclude<Given, QueryText>> | QueryText : never
