import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { createChain } from '../../lib/chain/proxy.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { record } from './recording.js'

describe('three forms make one request', () => {
  test('properties, a bracket and chain() pass on the same', async () => {
    const { wxpay, sent } = record()
    const options = { card_id: 'a', json: { bonus: 1 } }
    await wxpay.v3.marketing.cards._cardId_.commit.post(options)
    await wxpay['v3/marketing/cards/{cardId}/commit']?.post(options)
    await wxpay.chain('v3/marketing/cards/{cardId}/commit').post(options)
    expect(sent).toEqual(Array(3).fill({ method: 'POST', template: 'v3/marketing/cards/{cardId}/commit', options }))
    expect(sent.every(request => request.options === options)).toBe(true)
  })

  test.each(['v2', 'v3', 'hk', 'global', 'brand'] as const)('a path can begin with %s', async beginning => {
    const { wxpay } = record()
    expect(await wxpay[beginning].pay?.get()).toMatchObject({ template: `${beginning}/pay` })
  })

  test('every other name on the root is undefined', () => {
    const { wxpay } = record()
    const names = [
      'v4',
      'pay',
      'get',
      'post',
      'then',
      'toJSON',
      'constructor',
      'prototype',
      'name',
      'on',
      '__proto__',
      '',
    ]
    expect(names.filter(name => Reflect.get(wxpay, name) !== undefined)).toEqual([])
  })
})

test('a verb passes on the paths to the names that are different segments', async () => {
  const sent: unknown[] = []
  const wxpay = createChain(async (_method, template, _options, rewritten) => sent.push([template, rewritten]))
  await wxpay.v3.merchantService?._mediaId_?.chain('a/Bc').complaintsV2?.plain?.get()
  await wxpay.v3.pay?.native?.post()
  expect(sent).toEqual([
    [
      'v3/merchant-service/{mediaId}/a/Bc/complaints-v2/plain',
      ['v3/merchant-service', 'v3/merchant-service/{mediaId}/a/Bc/complaints-v2'],
    ],
    ['v3/pay/native', []],
  ])
})

describe('a verb sends when it is called, and only then', () => {
  test.each([
    ['get', 'GET'],
    ['post', 'POST'],
    ['put', 'PUT'],
    ['patch', 'PATCH'],
    ['delete', 'DELETE'],
    ['getAsync', 'GET'],
    ['postAsync', 'POST'],
    ['putAsync', 'PUT'],
    ['patchAsync', 'PATCH'],
    ['deleteAsync', 'DELETE'],
  ] as const)('%s sends a %s', async (verb, method) => {
    const { wxpay, sent } = record()
    await wxpay.v3.pay[verb]()
    expect(sent).toEqual([{ method, template: 'v3/pay', options: {} }])
  })

  test.each([
    ['delete', 'v3/profitsharing/receivers/delete'],
    ['get', 'v3/profitsharing/receivers/get'],
    ['apply', 'v3/profitsharing/receivers/apply'],
    ['bind', 'v3/profitsharing/receivers/bind'],
    ['call', 'v3/profitsharing/receivers/call'],
    ['constructor', 'v3/profitsharing/receivers/constructor'],
  ] as const)('%s is a segment when it is not called', async (name, template) => {
    const { wxpay, sent } = record()
    await wxpay.v3.profitsharing.receivers[name].post()
    expect(sent).toEqual([{ method: 'POST', template, options: {} }])
  })

  test('a verb can be taken off its node', async () => {
    const { wxpay, sent } = record()
    const { post } = wxpay.v3.pay
    await post({ json: {} })
    expect(sent).toEqual([{ method: 'POST', template: 'v3/pay', options: { json: {} } }])
  })

  test('calling any other name says how to finish the chain and sends nothing', () => {
    const { wxpay, sent } = record()
    expect(() => wxpay.v3.pay.transactions()).toThrow(
      /^`\/v3\/pay\/transactions` .*\.get\(\), \.post\(\), \.put\(\), \.patch\(\), \.delete\(\)/,
    )
    expect(() => wxpay.v3.pay.bind({})).toThrow(TypeError)
    expect(() => wxpay.chain('get')()).toThrow(TypeError)
    expect(() => Reflect.apply(Object(wxpay), undefined, [])).toThrow(TypeError)
    expect(sent).toEqual([])
  })
})

describe('the options of a call are one object', () => {
  test.each([
    ['a string', ['v3/pay'], 'got a string'],
    ['an array', [[]], 'got an array'],
    ['null', [null], 'got null'],
    ['a number', [1], 'got a number'],
    ['a function', [() => {}], 'got a function'],
    ['a Map', [new Map()], 'got a Map'],
    ['bytes', [Buffer.from('{}')], 'got a Uint8Array'],
    ['a form', [new URLSearchParams()], 'got a URLSearchParams'],
    ['a node', [record().wxpay.v3], 'got a function'],
    ['two objects', [{}, {}], 'got 2 arguments'],
    ['the arguments of Array.map', [{}, 0, []], 'got 3 arguments'],
  ])('%s is refused by rejecting, and nothing is sent', async (_title, args, found) => {
    const { wxpay, sent } = record()
    const promise = wxpay.v3.pay.post(...args)
    await expect(promise).rejects.toThrow(InvalidArgumentError)
    await expect(promise).rejects.toThrow(found)
    expect(sent).toEqual([])
  })

  test('an object without a prototype, or from another realm, is a plain object', async () => {
    const { wxpay } = record()
    for (const options of [Object.assign(Object.create(null), { json: {} }), runInNewContext('({ json: {} })')]) {
      expect(await wxpay.v3.pay.post(options)).toHaveProperty('options', options)
    }
  })

  test('an error of send becomes a rejection', async () => {
    const chain = createChain(() => {
      throw new RangeError('from send')
    })
    const promise = chain.chain('v3/pay').get()
    await expect(promise).rejects.toThrow('from send')
  })
})

describe('chain() takes a string', () => {
  test.each([[undefined], [null], [5], [['v3']], [new URL('https://api.mch.weixin.qq.com/v3/pay')]])(
    '%s is refused at once: there is no promise yet that could reject',
    path => {
      const { wxpay } = record()
      expect(() => Reflect.apply(wxpay.chain, undefined, [path])).toThrow(InvalidArgumentError)
      expect(() => Reflect.apply(wxpay.v3.chain, undefined, [path])).toThrow(InvalidArgumentError)
    },
  )
})

describe('nodes are read-only', () => {
  const { wxpay } = record()
  const frozen = { writable: false, configurable: false, value: 1 }

  test.each([
    ['setting a property', (node: object) => Reflect.set(node, 'pay', 1)],
    ['deleting a property', (node: object) => Reflect.deleteProperty(node, 'pay')],
    ['defining a property', (node: object) => Object.defineProperty(node, 'pay', frozen)],
    ['changing the prototype', (node: object) => Object.setPrototypeOf(node, null)],
    ['preventing extensions', (node: object) => Object.preventExtensions(node)],
    ['assigning', (node: object) => Object.assign(node, { pay: 1 })],
    ['setting a property of an heir', (node: object) => Reflect.set(Object.create(node), 'pay', 1)],
  ])('%s throws', (_title, write) => {
    for (const node of [wxpay, wxpay.v3, wxpay.v3.pay.get]) {
      expect(() => write(node)).toThrow(/read-only/)
      expect(() => write(node)).toThrow(TypeError)
    }
  })

  test('they say so when they are asked', () => {
    expect(Object.isFrozen(wxpay.v3)).toBe(true)
    expect(Object.isExtensible(wxpay)).toBe(false)
  })
})
