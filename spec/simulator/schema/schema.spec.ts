import { expect, expectTypeOf, it } from 'vitest'
import { assertValid, type Value } from '../../../lib/simulator/schema/schema.js'

const SCHEMA = {
  type: 'object',
  required: ['list', 'flag'],
  properties: {
    list: {
      type: 'array',
      title: '列表',
      items: { type: 'object', required: ['id'], properties: { id: { type: 'integer', title: '编号' } } },
    },
    flag: { type: 'boolean' },
    text: { type: 'string', title: '文本', minLength: 2, maxLength: 3 },
    free: { type: 'object' },
  },
} as const

function check(value: unknown) {
  return () => assertValid(value, SCHEMA)
}

it('a valid value has the type of its schema', () => {
  const value: unknown = { list: [{ id: 1 }], flag: false, text: '😀😀😀', free: { any: null }, unknown: 1 }
  assertValid(value, SCHEMA)
  expectTypeOf<Value<typeof SCHEMA>['list'][number]['id']>().toEqualTypeOf<number>()
  expectTypeOf<Value<typeof SCHEMA>['text']>().toEqualTypeOf<string | undefined>()
  expect(value.list[0]?.id).toBe(1)
})

it.each([
  [{ flag: true }, '/list', ''],
  [{ flag: true, list: {} }, '/list', {}],
  [{ flag: true, list: [{ id: 1 }, {}] }, '/list/1/id', ''],
  [{ flag: true, list: [{ id: 2 ** 53 }] }, '/list/0/id', 2 ** 53],
  [{ flag: 'true', list: [] }, '/flag', 'true'],
  [{ flag: true, list: [], text: 'x' }, '/text', 'x'],
  [{ flag: true, list: [], text: '四个汉字' }, '/text', '四个汉字'],
  [{ flag: true, list: [], free: [] }, '/free', []],
  [[], '', []],
  [undefined, '', undefined],
])('the error names the first invalid field: %j', (value, field, found) => {
  expect(check(value)).toThrow(
    expect.objectContaining({
      statusCode: 400,
      code: 'PARAM_ERROR',
      detail: { field, value: found, issue: expect.any(String), location: 'body' },
    }),
  )
})

it('the error contains the label of the field, if any', () => {
  expect(check({ flag: true })).toThrow('输入源“/body/list”映射到字段“列表”规则校验失败，此字段为必填项')
  expect(check({ list: [] })).toThrow('输入源“/body/flag”规则校验失败，此字段为必填项')
})
