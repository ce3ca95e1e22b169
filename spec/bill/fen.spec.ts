import { expect, it } from 'vitest'
import { fen } from '../../lib/bill/fen.js'
import { InvalidArgumentError } from '../../lib/errors.js'

it.each([
  ['12.30', 1230],
  ['0.01', 1],
  ['0.29', 29],
  ['1.1', 110],
  ['7', 700],
  ['0', 0],
  ['-0.60', -60],
  ['-0.00', 0],
  ['0.06000', 6],
  ['90071992547409.91', Number.MAX_SAFE_INTEGER],
])('%s yuan are %i fen', (yuan, expected) => {
  expect(fen(yuan)).toBe(expected)
})

it.each(['', 'abc', '1,234.00', '0.60%', '+1.00', '.5', '1.', '1.005', '0.00600', ' 1.00', '1e3', '90071992547409.92'])(
  '"%s" is not an amount in whole fen',
  text => {
    expect(() => fen(text)).toThrow(InvalidArgumentError)
  },
)
