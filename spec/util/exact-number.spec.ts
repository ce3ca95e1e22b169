import { expect, it } from 'vitest'
import { inexactNumber } from '../../lib/util/exact-number.js'

it.each([0, -0, 1, -100, 0.01, 99.99, 1234567890.12345, 0.000123456789012345, Number.MAX_SAFE_INTEGER])(
  '%d is exact',
  number => {
    expect(inexactNumber(number)).toBeUndefined()
  },
)

it.each([
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  Number('-6222021234567890123'),
  0.1 + 0.2,
  1.1 * 100,
  9.8 * 100,
  1e21,
  1e-7,
  0.30000000000000004,
])('%d is not', number => {
  expect(inexactNumber(number)).toContain(String(number))
})
