import { describe, expect, it } from 'vitest'
import { memoize } from '../../lib/util/memoize.js'

describe('memoize', () => {
  it('computes the result of a key once', () => {
    const computed: string[] = []
    const result = memoize(key => {
      computed.push(key)
      return { key }
    })
    expect(result('a')).toBe(result('a'))
    expect(result('b')).toEqual({ key: 'b' })
    expect(computed).toEqual(['a', 'b'])
  })

  it('computes again after an error', () => {
    let attempts = 0
    const result = memoize(() => {
      attempts++
      if (attempts === 1) throw new Error('not yet')
      return { attempts }
    })
    expect(() => result('a')).toThrow('not yet')
    expect(result('a')).toEqual({ attempts: 2 })
  })

  it('holds at most a thousand results', () => {
    const computed = new Map<string, number>()
    const result = memoize(key => {
      computed.set(key, (computed.get(key) ?? 0) + 1)
      return {}
    })
    for (let number = 0; number < 1_000; number++) result(String(number))
    result('0')
    expect(computed.get('0')).toBe(1)
    result('one more')
    result('0')
    expect(computed.get('0')).toBe(2)
  })
})
