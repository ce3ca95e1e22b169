/** The chain: collects the segments of a path by property access and hands them on when a verb is called. */
import { InvalidArgumentError } from '../errors.js'
import type { Method } from '../options.js'
import { isPlainObject } from '../util/plain-object.js'
import { kindOf, quote } from '../util/wording.js'
import { createInertProxy } from './inert-proxy.js'
import { pathOf, templateOf } from './path.js'
import { segmentOf } from './segment.js'
import type { OpenNode, OpenRoot, Send } from './types.js'

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

const VERBS: ReadonlyMap<string, Method> = new Map(
  METHODS.flatMap(method => {
    const verb = method.toLowerCase()
    return [
      [verb, method],
      [`${verb}Async`, method],
    ]
  }),
)

/** Names that `await` and Jest's matchers call when they find a function there. They are undefined on every node. */
const PROBES: ReadonlySet<string | symbol> = new Set(['then', 'asymmetricMatch'])

const BEGINNINGS: ReadonlySet<string> = new Set(['v2', 'v3', 'hk', 'global', 'brand'])

/**
 * The root of a chain whose verbs call `send`. Nothing is sent, and nothing thrown, by looking at a node.
 *
 * Calling what is no verb throws a TypeError, and so does every attempt to write. `chain()` throws an
 * InvalidArgumentError when its path is not a string. A verb never throws: what is wrong with it rejects its promise.
 */
export function createChain<Result>(send: Send<Result>): OpenRoot<Result> {
  const chain = (path: unknown) => createNode(send, [writtenPath(path)])
  const print = () => '[WechatPay]'
  return createInertProxy<OpenRoot<Result>>(
    key => {
      if (key === 'chain') return chain
      if (key === 'toString' || key === Symbol.toPrimitive) return print
      if (typeof key === 'symbol') return undefined
      return BEGINNINGS.has(key) || /[/{]/.test(key) ? createNode(send, [segmentOf(key)]) : undefined
    },
    () => {
      throw new TypeError('the root of the chain is no call: continue it, as in wxpay.v3.certificates.get()')
    },
  )
}

/** `verb` is what a call does when the node's last segment is also the name of a verb. */
function createNode<Result>(
  send: Send<Result>,
  pieces: readonly string[],
  verb?: (args: readonly unknown[]) => Promise<Result>,
): OpenNode<Result> {
  const print = () => pathOf(pieces)
  return createInertProxy<OpenNode<Result>>(
    key => {
      if (PROBES.has(key)) return undefined
      if (key === 'chain') return (path: unknown) => createNode(send, [...pieces, writtenPath(path)])
      if (key === 'toString' || key === 'toJSON' || key === Symbol.toPrimitive) return print
      if (typeof key === 'symbol') return undefined
      const method = VERBS.get(key)
      const request = method && ((args: readonly unknown[]) => callVerb(send, method, pieces, args))
      return createNode(send, [...pieces, segmentOf(key)], request)
    },
    args => {
      if (verb) return verb(args)
      const verbs = METHODS.map(method => `.${method.toLowerCase()}()`).join(', ')
      throw new TypeError(`${quote(print())} is a path, not a call: end it with one of ${verbs}`)
    },
  )
}

// Whatever is thrown inside becomes a rejection.
function callVerb<Result>(
  send: Send<Result>,
  method: Method,
  pieces: readonly string[],
  args: readonly unknown[],
): Promise<Result> {
  try {
    return send(method, templateOf(pieces), optionsOf(args))
  } catch (error) {
    return Promise.reject(error)
  }
}

function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const [options = {}, ...more] = args
  if (more.length === 0 && isPlainObject(options)) return options
  const found = more.length === 0 ? kindOf(options) : `${args.length} arguments`
  throw new InvalidArgumentError(
    `a verb takes one object of options, found ${found}: the payload is its json, xml or body, the query string its query`,
  )
}

function writtenPath(path: unknown): string {
  if (typeof path === 'string') return path
  throw new InvalidArgumentError(`chain() takes a path such as 'v3/certificates', found ${kindOf(path)}`)
}
