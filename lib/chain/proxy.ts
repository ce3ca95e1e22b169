/** The chain: collects the segments of a path by property access and passes them on when a verb is called. */
import { inspect } from 'node:util'
import { InvalidArgumentError } from '../errors.js'
import type { Method } from '../options.js'
import { isPlainObject } from '../util/plain-object.js'
import { kindOf, quote } from '../util/wording.js'
import { pathOf, segmentOf, templateOf } from './path.js'
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

/** Names that `await` and Jest's matchers call if they are functions. They are undefined on every node. */
const PROBES: ReadonlySet<string | symbol> = new Set(['then', 'asymmetricMatch'])

const BEGINNINGS: ReadonlySet<string> = new Set(['v2', 'v3', 'hk', 'global', 'brand'])

/**
 * The root of a chain whose verbs call `send`. Reading a node sends nothing and throws nothing.
 *
 * Calling a name that is not a verb throws a TypeError, and so does every attempt to write. `chain()` throws an
 * InvalidArgumentError when its path is not a string. A verb never throws: its promise rejects.
 */
export function createChain<Result>(send: Send<Result>): OpenRoot<Result> {
  const chain = (path: unknown) => createNode(send, [requirePath(path)])
  const print = () => '[WechatPay]'
  return createInertProxy<OpenRoot<Result>>(
    key => {
      if (key === 'chain') return chain
      if (key === 'toString' || key === Symbol.toPrimitive) return print
      if (typeof key === 'symbol') return undefined
      return BEGINNINGS.has(key) || /[/{]/.test(key) ? createNode(send, [segmentOf(key)]) : undefined
    },
    () => {
      throw new TypeError(
        'The root of the chain cannot be called. Add a path and a verb, as in wxpay.v3.certificates.get().',
      )
    },
  )
}

/**
 * `rewritten` counts the pieces down to each name that is a different segment. `verb` is the request that a call sends when the
 * node's last segment is also the name of a verb.
 */
function createNode<Result>(
  send: Send<Result>,
  pieces: readonly string[],
  rewritten: readonly number[] = [],
  verb?: (args: readonly unknown[]) => Promise<Result>,
): OpenNode<Result> {
  const print = () => pathOf(pieces)
  return createInertProxy<OpenNode<Result>>(
    key => {
      if (PROBES.has(key)) return undefined
      if (key === 'chain') return (path: unknown) => createNode(send, [...pieces, requirePath(path)], rewritten)
      if (key === 'toString' || key === 'toJSON' || key === Symbol.toPrimitive) return print
      if (typeof key === 'symbol') return undefined
      const method = VERBS.get(key)
      const request = method && ((args: readonly unknown[]) => callVerb(send, method, { pieces, rewritten }, args))
      const segment = segmentOf(key)
      const isRewritten = segment !== key && !segment.startsWith('{')
      return createNode(
        send,
        [...pieces, segment],
        isRewritten ? [...rewritten, pieces.length + 1] : rewritten,
        request,
      )
    },
    args => {
      if (verb) return verb(args)
      const verbs = METHODS.map(method => `.${method.toLowerCase()}()`).join(', ')
      throw new TypeError(`${quote(print())} is a path and cannot be called. End it with a verb: ${verbs}.`)
    },
  )
}

// Every error becomes a rejection.
function callVerb<Result>(
  send: Send<Result>,
  method: Method,
  { pieces, rewritten }: { pieces: readonly string[]; rewritten: readonly number[] },
  args: readonly unknown[],
): Promise<Result> {
  try {
    const template = templateOf(pieces)
    return send(
      method,
      template,
      optionsOf(args),
      rewritten.map(count => templateOf(pieces.slice(0, count))),
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const [options = {}, ...more] = args
  if (more.length === 0 && isPlainObject(options)) return options
  const found = more.length === 0 ? kindOf(options) : `${args.length} arguments`
  throw new InvalidArgumentError(
    `The options of a verb must be one plain object; got ${found}. Pass the payload as \`json\`, \`xml\` or \`body\`, and the query string as \`query\`.`,
  )
}

function requirePath(path: unknown): string {
  if (typeof path === 'string') return path
  throw new InvalidArgumentError(
    `The path of chain() must be a string; got ${kindOf(path)}. Pass a path such as 'v3/certificates'.`,
  )
}

/** The target of every proxy: a function, so that it can be called, without a function's own properties. */
const TARGET = (() => {
  const target = () => {}
  Reflect.deleteProperty(target, 'name')
  Reflect.deleteProperty(target, 'length')
  // util.inspect finds the method here and calls it with the proxy as `this`; with showProxy, with the target.
  Object.defineProperty(target, inspect.custom, {
    value(this: unknown): string {
      const path = String(this)
      return path.startsWith('/') ? `[WechatPay ${path}]` : '[WechatPay]'
    },
  })
  return Object.freeze(target)
})()

function refuseToWrite(): never {
  throw new TypeError('The nodes of a chain are read-only. Pass values as the options of a verb, as in .get({ … }).')
}

/** A read-only proxy with the behaviour of `get` and `apply`, without properties of its own, printed by its path. */
function createInertProxy<Shape extends object>(
  get: (key: string | symbol) => unknown,
  apply: (args: readonly unknown[]) => unknown,
): Shape {
  const proxy: unknown = new Proxy(TARGET, {
    // The target is frozen: for a property of its own, a proxy must return the target's value.
    get: (target, key) => (key === inspect.custom ? Reflect.get(target, key) : get(key)),
    apply: (_target, _this, args) => apply(args),
    set: refuseToWrite,
    defineProperty: refuseToWrite,
    deleteProperty: refuseToWrite,
    setPrototypeOf: refuseToWrite,
    preventExtensions: refuseToWrite,
  })
  // The one cast: TypeScript types a proxy like its target, but `get` and `apply` decide its shape.
  return proxy as Shape
}
