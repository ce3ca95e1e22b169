/** The Proxy under every node of a chain: read-only, without properties of its own, printed by its path. */
import { inspect } from 'node:util'

/** What every proxy stands before: something that can be called, and has nothing else of a function. */
const TARGET = (() => {
  const target = () => {}
  Reflect.deleteProperty(target, 'name')
  Reflect.deleteProperty(target, 'length')
  // util.inspect looks the method up here and calls it with the proxy as `this`; with showProxy, with the target.
  Object.defineProperty(target, inspect.custom, {
    value(this: unknown): string {
      const path = String(this)
      return path.startsWith('/') ? `[WechatPay ${path}]` : '[WechatPay]'
    },
  })
  return Object.freeze(target)
})()

function refuseToWrite(): never {
  throw new TypeError('the nodes of a chain are read-only: give a request what it needs as the options of its verb')
}

/** A proxy of which only `get` and `apply` decide what it is; nothing can be written to it, and printing gives its path. */
export function createInertProxy<Shape extends object>(
  get: (key: string | symbol) => unknown,
  apply: (args: readonly unknown[]) => unknown,
): Shape {
  const proxy: unknown = new Proxy(TARGET, {
    // The target is frozen: a proxy may not answer anything else for what the target has.
    get: (target, key) => (key === inspect.custom ? Reflect.get(target, key) : get(key)),
    apply: (_target, _this, args) => apply(args),
    set: refuseToWrite,
    defineProperty: refuseToWrite,
    deleteProperty: refuseToWrite,
    setPrototypeOf: refuseToWrite,
    preventExtensions: refuseToWrite,
  })
  // The one cast: TypeScript takes a proxy to be like its target, and the shape is what `get` and `apply` make of it.
  return proxy as Shape
}
