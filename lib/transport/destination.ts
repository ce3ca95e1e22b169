/** Where a request goes, in the texts that undici is given. */
import { InvalidArgumentError } from '../errors.js'

export interface Destination {
  /** Scheme, host and port. */
  readonly origin: string
  /** The path and query as they go on the wire, the base URI's prefix included. */
  readonly path: string
}

// What makes a URL read it in another way: other characters than these, a segment that begins with a dot, an empty query.
const NOT_PLAIN = /[^\w\-.~%!$&()*+,;=:@/?]|\/(?:\.|%2e)|\?$/i

/** @throws InvalidArgumentError for a target (a path and query) that would not arrive as it is signed. */
export function destinationOf({ origin, pathname: prefix }: URL, target: string): Destination {
  const path = prefix.slice(0, -1) + target
  if (!NOT_PLAIN.test(target)) return { origin, path }
  const url = new URL(origin + path)
  if (url.origin === origin && url.pathname + url.search === path) return { origin, path }
  throw new InvalidArgumentError(
    `The path \`${target}\` is not a plain path and query: it would arrive as \`${url.pathname}\`.`,
  )
}
