/** The building blocks of the generated types: the parts of a call, and the path from node to node. */
import type { Readable, Writable } from 'node:stream'
import type { OpenNode } from '../chain/types.js'

/** A number, or a string of its digits. */
export type Numeric = number | `${number}`

/** A query that is already encoded. */
export type QueryText = string | URLSearchParams

/** The target of a download: the path of a file, or a stream. */
export type Sink = string | URL | Writable

/** The fields of every APIv2 payload that the client fills in. */
export interface Signed {
  nonce_str?: string
  sign?: string
}

/** The same call with a payload that is already serialized. */
type Raw<Options> = Omit<Options, 'json' | 'xml' | 'file' | 'filename' | 'meta'> & {
  body: string | Uint8Array | Readable | FormData
}

/** The options of a call with a payload, or with a raw one. */
export type OrRaw<Options> = Options | Raw<Options>

/** The types of an operation: `Operations['post /v3/refund/domestic/refunds']['json']`. */
export interface Operation<Options, Data> {
  /** The options of the verb. */
  options: Options
  /** The payload of APIv3. */
  json: Options extends { json: infer Json } ? Json : undefined
  /** The payload of APIv2. */
  xml: Options extends { xml: infer Xml } ? Xml : undefined
  /** The query, as an object. */
  query: Options extends { query?: infer Query } ? Exclude<Query, QueryText | undefined> : undefined
  /** The parsed response. */
  data: Data
}

/** A documented path. Its verbs and its children are in the interfaces that extend this one. */
export interface Node<Self> {
  /** Continues with a path that is used as written. */
  readonly chain: <Path extends string>(path: Path) => Walk<Self, Path>
  /** The path, with a slash in front. */
  readonly toString: () => string
  /** The path, with a slash in front. */
  readonly toJSON: () => string
  /** Several segments in one bracket are untyped; use `chain()`. */
  readonly [path: `${string}/${string}`]: OpenNode
}

/** The node that a path leads to from a node, segment by segment. */
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

/** A node whose path has a query: the parameters in it need not be passed again. */
export type WithQuery<Self> = string extends keyof Self
  ? Self
  : {
      readonly [Name in keyof Self as Self[Name] extends Verb ? Name : never]: Self[Name] extends (
        ...args: infer Given extends [options?: object]
      ) => infer Response
        ? (...args: Requeried<NonNullable<Given[0]>>) => Response
        : never
    }

type Verb = (options: never) => Promise<unknown>

type Requeried<Options> = Omit<Options, 'query'> & { query?: Query<Options> } extends infer Open
  ? object extends Open
    ? [options?: Open]
    : [options: Open]
  : never

type Query<Options> = Options extends { query?: infer Given } ? Partial<Exclude<Given, QueryText>> | QueryText : never
