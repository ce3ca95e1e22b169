import { format, inspect } from 'node:util'
import { expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { sensitive } from '../../lib/trust/sensitive.js'

it('a sensitive value is printed and serialised nowhere', () => {
  const value = sensitive('张三')
  const printed = [
    String(value),
    `${value}`,
    JSON.stringify({ value }),
    inspect(value),
    inspect({ deep: [value] }, { depth: 9, showHidden: true }),
    format('%s %o %O %j', value, value, value, value),
    JSON.stringify(structuredClone(Object.getOwnPropertyDescriptors(value))),
    Object.values(value).join(),
  ]
  expect(printed.join()).not.toContain('张三')
  expect(value.reveal()).toBe('张三')
})

it.each([[undefined], [null], [7], [['张三']]])('%j is no sensitive value', value => {
  expect(() => Reflect.apply(sensitive, undefined, [value])).toThrow(InvalidArgumentError)
})
