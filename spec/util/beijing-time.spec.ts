import { expect, it } from 'vitest'
import { beijingDigits, beijingTime } from '../../lib/util/beijing-time.js'

it('times are written in UTC+8, to the second', () => {
  const time = Date.UTC(2018, 11, 31, 18, 34, 56, 999)
  expect(beijingTime(time)).toBe('2019-01-01T02:34:56+08:00')
  expect(new Date(beijingTime(time)).getTime()).toBe(time - 999)
  expect(beijingDigits(time)).toBe('20190101023456')
})
