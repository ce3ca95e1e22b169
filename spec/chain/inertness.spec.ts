import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { getEventListeners, once } from 'node:events'
import { PassThrough } from 'node:stream'
import { format, inspect, isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { record } from './recording.js'

const { wxpay, sent } = record()

const nodes: [path: string, node: object][] = [
  ['[WechatPay]', wxpay],
  ['/v3', wxpay.v3],
  ['/v3/pay/transactions', wxpay.v3.pay.transactions],
  ['/v3/cards/{cardId}', wxpay.v3.cards._cardId_],
  ['/v3/pay/post', wxpay.v3.pay.post],
  ['/v3/certificates?algorithm_type=ALL', wxpay.chain('v3/certificates?algorithm_type=ALL')],
]
const paths = nodes.slice(1)

afterEach(() => {
  expect(sent).toEqual([])
})

describe.each(nodes)('looking at %s sends nothing', (path, node) => {
  test('it can be awaited, resolved and returned from an async function', async () => {
    expect(await node).toBe(node)
    expect(await Promise.resolve(node)).toBe(node)
    expect(await (async () => node)()).toBe(node)
    expect(await Promise.all([node])).toEqual([node])
    expect(await Promise.race([node])).toBe(node)
  })

  test('it is converted to its path as a string', () => {
    expect(String(node)).toBe(path)
    expect(`${node}`).toBe(path)
    expect(`> ${[node].join()}`).toBe(`> ${path}`)
    expect(Reflect.get(node, 'toString')()).toBe(path)
    expect(new Map([[String(node), 1]]).get(path)).toBe(1)
    expect(Number(node)).toBeNaN()
  })

  test('loose equality compares the path', () => {
    const compare = new Function('a', 'b', 'return a == b')
    expect(compare(node, path)).toBe(true)
    expect(compare(node, '/v2')).toBe(false)
    expect(compare(node, null)).toBe(false)
  })

  test('it is printed by its path', () => {
    const printed = path === '[WechatPay]' ? path : `[WechatPay ${path}]`
    expect(inspect(node)).toBe(printed)
    expect(inspect(node, { depth: 0, colors: true, showHidden: true })).toBe(printed)
    expect(inspect({ node }, { depth: 0 })).toBe(`{ node: ${printed} }`)
    expect(format('%s %O', node, node)).toBe(`${path} ${printed}`)
  })

  test('the method that prints is found on it as well', () => {
    expect(Reflect.apply(Reflect.get(node, inspect.custom), node, [])).toBe(inspect(node))
  })

  test('console.log prints it by its path', () => {
    const stdout = new PassThrough()
    new Console({ stdout }).log(node)
    expect(stdout.read().toString()).toBe(path === '[WechatPay]' ? `${path}\n` : `[WechatPay ${path}]\n`)
  })

  test('showProxy shows a proxy and nothing of the client', () => {
    const shown = inspect(node, { showProxy: true, showHidden: true, depth: Number.POSITIVE_INFINITY })
    expect(shown).toMatch(/^Proxy \[\n {2}\[WechatPay\],/)
    expect(shown).not.toMatch(/send|sent/)
    expect(format('%o', node)).toMatch(/^Proxy \[/)
    expect(inspect(node, { customInspect: false })).toBe('[Function (anonymous)]')
  })

  test('it has no properties of its own to list', () => {
    expect(Object.keys(node)).toEqual([])
    expect(Object.entries(node)).toEqual([])
    expect(Object.getOwnPropertyNames(node)).toEqual([])
    expect({ ...node }).toEqual({})
    expect(Object.assign({}, node)).toEqual({})
    const enumerated: string[] = []
    for (const key in node) enumerated.push(key)
    expect(enumerated).toEqual([])
  })

  test('it is not iterable, which ends an array spread at once', () => {
    expect(() => [...Object(node)]).toThrow(TypeError)
    expect(() => new Set(Object(node))).toThrow(TypeError)
    expect(Array.from(Object(node))).toEqual([])
  })

  test('`in`, instanceof and typeof see a function without a `then`', () => {
    expect(['then' in node, 'pay' in node]).toEqual([false, false])
    expect([node instanceof Function, node instanceof Promise]).toEqual([true, false])
    expect(typeof node).toBe('function')
    expect(Object.prototype.toString.call(node)).toBe('[object Function]')
    expect(Function.prototype.toString.call(node)).toBe('function () { [native code] }')
  })

  test('it is not a class', () => {
    expect(() => Reflect.construct(Object(node), [])).toThrow(TypeError)
    expect(() => class extends Object(node) {}).toThrow(TypeError)
  })

  test('deep equality is identity', () => {
    expect(isDeepStrictEqual(node, node)).toBe(true)
    expect(isDeepStrictEqual(node, {})).toBe(false)
    assert.deepStrictEqual({ node }, { node })
    assert.throws(() => assert.deepStrictEqual({ node }, { node: {} }), { code: 'ERR_ASSERTION' })
    assert.throws(() => assert.deepEqual(node, wxpay.v2), { code: 'ERR_ASSERTION' })
  })

  test('matchers take it as any function', () => {
    expect(node).toEqual(node)
    expect({ node }).toMatchObject({ node })
    expect({ node }).toEqual({ node: expect.any(Function) })
    expect(() => expect(node).toEqual({ pay: 1 })).toThrow('to deeply equal')
    expect(() => expect({ node }).toMatchObject({ node: { pay: 1 } })).toThrow('to match object')
    expect(() => expect([node]).toStrictEqual([1])).toThrow('to strictly equal')
    expect(() => expect(node).toHaveBeenCalled()).toThrow('is not a spy')
    // Jest would call a function here.
    expect(Reflect.get(node, 'asymmetricMatch')).toBe(undefined)
  })

  test('structuredClone refuses it, as it refuses any function', () => {
    expect(() => structuredClone(node)).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
  })

  test('every symbol but the two for printing is undefined', () => {
    const wellKnown = Object.getOwnPropertyNames(Symbol)
      .map(name => Reflect.get(Symbol, name))
      .filter(value => typeof value === 'symbol' && value !== Symbol.toPrimitive)
    const symbols = [...wellKnown, Symbol('any'), Symbol.for('react.element'), Symbol.for('nodejs.rejection')]
    expect(symbols.length).toBeGreaterThan(12)
    expect(symbols.filter(symbol => Reflect.get(node, symbol) !== undefined)).toEqual([])
  })

  test('it is not an event emitter, and node:events says so', async () => {
    await expect(once(Object(node), 'message')).rejects.toThrow(TypeError)
    expect(() => getEventListeners(Object(node), 'message')).toThrow(TypeError)
  })

  test('a container can ask for its hooks', () => {
    const hooks = [
      'onModuleInit',
      'onModuleDestroy',
      'dispose',
      'constructor',
      'prototype',
      'name',
      'length',
      '$$typeof',
    ]
    for (const hook of hooks) expect(inspect(Reflect.get(node, hook))).toMatch(/^(undefined|\[WechatPay .*\])$/)
    expect(Object.getOwnPropertyDescriptor(node, 'constructor')).toBe(undefined)
    expect(Object.getPrototypeOf(node)).toBe(Function.prototype)
  })
})

describe('JSON', () => {
  test.each(paths)('%s is its path', (path, node) => {
    expect(JSON.stringify(node)).toBe(JSON.stringify(path))
    expect(JSON.stringify({ node, list: [node] })).toBe(JSON.stringify({ node: path, list: [path] }))
  })

  test('the root is left out, like any function', () => {
    expect(JSON.stringify({ wxpay, a: 1 })).toBe('{"a":1}')
  })
})

test('`then` and `asymmetricMatch` are segments through chain()', () => {
  const other = record().wxpay
  expect(other.v3.asymmetricMatch).toBe(undefined)
  expect(String(other.v3.chain('then'))).toBe('/v3/then')
  expect(String(other.v3.chain('chain').chain('toString'))).toBe('/v3/chain/toString')
})
