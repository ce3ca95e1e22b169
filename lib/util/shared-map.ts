/** Data about an object for all copies of this package in the process: bundlers and frameworks often load several. */

/** The WeakMap of that name, made by the copy that needs it first. */
export function sharedMap<Key extends object, Value>(name: string): WeakMap<Key, Value> {
  const symbol = Symbol.for(`wechatpay-chain.${name}`)
  const known: WeakMap<Key, Value> | undefined = Reflect.get(globalThis, symbol)
  if (known) return known
  const created = new WeakMap<Key, Value>()
  // Does nothing where globalThis is frozen: this copy then has a map of its own.
  Reflect.defineProperty(globalThis, symbol, { value: created })
  return created
}
