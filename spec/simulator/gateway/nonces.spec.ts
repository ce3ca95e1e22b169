import { expect, it } from 'vitest'
import { Nonces } from '../../../lib/simulator/gateway/nonces.js'

it('a nonce is kept for as long as its timestamp can be accepted', () => {
  const nonces = new Nonces()
  nonces.add('a', 0)
  nonces.add('b', 600_000)
  expect(nonces.has('a')).toBe(true)
  nonces.add('c', 600_001)
  expect([nonces.has('a'), nonces.has('b'), nonces.has('c')]).toStrictEqual([false, true, true])
})

it('at most 100,000 nonces are kept', () => {
  const nonces = new Nonces()
  for (let number = 0; number <= 100_000; number += 1) nonces.add(String(number), 0)
  expect([nonces.has('0'), nonces.has('1'), nonces.has('100000')]).toStrictEqual([false, true, true])
})
