import { describe, expect, expectTypeOf, test } from 'vitest'
import { createChain } from '../../lib/chain/proxy.js'
import type { OpenNode, OpenRoot } from '../../lib/chain/types.js'
import type { OpenOptions } from '../../lib/options.js'
import type { WechatPayResponse } from '../../lib/response.js'

// The compiler checks these as well: it fails if a line compiles that must not.
describe('the types of an open chain', () => {
  const wxpay = createChain(async (_method, template) => template.length)

  test('a verb returns the promise of send', async () => {
    const promise = wxpay.v3.get()
    expectTypeOf(promise).toEqualTypeOf<Promise<number>>()
    expect(await promise).toBe(2)
    expectTypeOf<ReturnType<OpenNode['post']>>().toEqualTypeOf<Promise<WechatPayResponse<unknown>>>()
    expectTypeOf<Parameters<OpenNode['post']>>().toEqualTypeOf<[options?: OpenOptions | undefined]>()
  })

  test('a verb is a node too, with children that a function would hide', async () => {
    expectTypeOf(wxpay.v3.delete.post.get).toExtend<OpenNode<number>>()
    expectTypeOf(wxpay.v3.delete.apply.post).toExtend<OpenNode<number>>()
    expect(await wxpay.v3.delete.apply.post()).toBe('v3/delete/apply'.length)
    expect(await wxpay.v3.get.name.get()).toBe('v3/get/name'.length)
  })

  test('a name that is not a verb cannot be called', () => {
    // @ts-expect-error
    expect(() => wxpay.v3()).toThrow(TypeError)
    // @ts-expect-error
    expect(() => wxpay.chain('v3/pay')()).toThrow(TypeError)
  })

  test('a verb takes options, and chain() a string', async () => {
    // @ts-expect-error
    await expect(wxpay.v3.get('v3/pay')).rejects.toThrow('got a string')
    // @ts-expect-error
    await expect(wxpay.v3.get({}, {})).rejects.toThrow('got 2 arguments')
    // @ts-expect-error
    expect(() => wxpay.chain(5)).toThrow('got a number')
  })

  test('the root knows only its beginnings and paths', () => {
    expectTypeOf(wxpay).toEqualTypeOf<OpenRoot<number>>()
    // @ts-expect-error
    expect(wxpay.pay).toBe(undefined)
    expectTypeOf(wxpay['v3/certificates']).toEqualTypeOf<OpenNode<number> | undefined>()
  })

  test('a node is its own awaited value', async () => {
    expectTypeOf(await wxpay.v3).toEqualTypeOf<OpenNode<number>>()
    expectTypeOf(wxpay.v3.then).toEqualTypeOf<undefined>()
  })

  test('a node is read-only', () => {
    expect(() => {
      // @ts-expect-error
      wxpay.v3.pay = wxpay.v3
    }).toThrow(TypeError)
  })
})
