/** The types of a chain without the catalogue: any segment, any options, a response of unknown content. */
import type { Method, OpenOptions } from '../options.js'
import type { WechatPayResponse } from '../response.js'

/**
 * Sends one request: the path template as written (`v3/cards/{card_id}`), and the options of the verb. `rewritten` are the
 * paths down to each property name that is a different segment, such as `v3/merchant-service` for `v3.merchantService`.
 */
export type Send<Result> = (
  method: Method,
  template: string,
  options: Readonly<Record<string, unknown>>,
  rewritten: readonly string[],
) => Promise<Result>

/** The names that send a request when they are called; the `Async` ones are the PHP original's, for the same promise. */
export type VerbName = Lowercase<Method> | `${Lowercase<Method>}Async`

interface NodeMembers<Result> {
  /** Continues with a path that is used as written. Also reaches segments named `chain`, `then` or `toString`. */
  chain(path: string): OpenNode<Result>
  /** The path, with a slash in front. */
  toString(): string
  /** The path, with a slash in front. */
  toJSON(): string
  [Symbol.toPrimitive](hint: string): string
  /** Never a segment, so that a node can be awaited and returned from an async function. */
  readonly then: undefined
  /** Never a segment, so that Jest can compare a node. */
  readonly asymmetricMatch: undefined
}

interface Children<Result> {
  readonly [segment: string]: OpenNode<Result>
}

// Without these, TypeScript would show Function's own members on a verb that is used as a segment.
type FunctionMember = Exclude<Extract<keyof CallableFunction, string>, 'toString'>

/**
 * A verb: a call sends the request and returns a promise of the response. Without a call it is a segment like any other.
 *
 * The promise rejects with an InvalidArgumentError, and nothing is sent, when the path or the options cannot be right.
 */
export type OpenVerb<Result = WechatPayResponse> = OpenNode<Result> & {
  readonly [Name in FunctionMember]: OpenNode<Result>
} & ((options?: OpenOptions) => Promise<Result>)

/** A path that can be continued with any segment and ended with a verb. */
export type OpenNode<Result = WechatPayResponse> = NodeMembers<Result> &
  Children<Result> & { readonly [Name in VerbName]: OpenVerb<Result> }

/** The beginning of every path. Other names are undefined, so that it can be injected, awaited and printed safely. */
export interface OpenRoot<Result = WechatPayResponse> {
  readonly v2: OpenNode<Result>
  readonly v3: OpenNode<Result>
  readonly hk: OpenNode<Result>
  readonly global: OpenNode<Result>
  readonly brand: OpenNode<Result>
  readonly [path: `${string}/${string}`]: OpenNode<Result>
  readonly [path: `${string}{${string}`]: OpenNode<Result>
  /** Begins a path that is used as written; a single slash in front is allowed. */
  chain(path: string): OpenNode<Result>
  /** `[WechatPay]` */
  toString(): string
  [Symbol.toPrimitive](hint: string): string
}
